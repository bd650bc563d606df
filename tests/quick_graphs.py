"""What PyTensor does with every node of a graph, and no test asks for: a test builds thousands of them."""

import functools
import types

import numpy as np
from pytensor.graph import utils
from pytensor.scalar import basic
from pytensor.tensor.elemwise import DimShuffle


def quicken() -> None:
    """Let variables forget the lines that made them, and let what is the same for each node be found once."""
    utils.add_tag_trace.__code__ = _as_it_is.__code__  # as with traceback__limit=0, which takes its time all the same
    names = getattr(getattr(np, "_core", None), "_dtype", None)
    for function in filter(None, (getattr(names, "_name_get", None), getattr(names, "__str__", None))):
        _remember(function, "dtype", "dtype")
    _remember(basic.upcast, "dtype, *dtypes", "dtype, *dtypes", "config.floatX, config.cast_policy")
    if hasattr(DimShuffle, "load_c_code"):  # PyTensor 3.0
        read = DimShuffle(input_ndim=1, new_order=(0,))

        def load_c_code(self, files):
            self.func_codes, self.code_sections = read.func_codes, read.code_sections

        DimShuffle.load_c_code = load_c_code


def _as_it_is(thing, user_line=None):
    return thing


def _remember(function, parameters, arguments, setting="") -> None:
    """Let a function remember its results for each setting, wherever it has been imported already."""
    plain = types.FunctionType(function.__code__, function.__globals__)
    function.__globals__["remembered_" + function.__name__] = functools.cache(lambda setting, *given: plain(*given))
    space = {}
    exec(f"def quick({parameters}): return remembered_{function.__name__}(({setting}), {arguments})", space)
    function.__code__ = space["quick"].__code__
