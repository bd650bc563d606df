"""What PyTensor does with every node of a graph, and no test asks for: a test builds thousands of them."""

from pytensor.graph import utils
from pytensor.tensor.elemwise import DimShuffle


def quicken() -> None:
    """Let variables forget the lines that made them, and the operation that swaps axes read its C file once."""
    utils.add_tag_trace.__code__ = _as_it_is.__code__  # as with traceback__limit=0, which takes its time all the same
    if hasattr(DimShuffle, "load_c_code"):  # PyTensor 3.0
        read = DimShuffle(input_ndim=1, new_order=(0,))

        def load_c_code(self, files):
            self.func_codes, self.code_sections = read.func_codes, read.code_sections

        DimShuffle.load_c_code = load_c_code


def _as_it_is(thing, user_line=None):
    return thing
