"""theano.compile.nanguardmode: a mode that stops at NaN and infinity."""

import importlib

from ..names import forwarding

_PLACES = ("pytensor.compile.debug.nanguardmode", "pytensor.compile.nanguardmode")  # as PyTensor moved it


def _found():
    for place in _PLACES:
        try:
            return importlib.import_module(place)
        except ImportError:
            continue
    raise ImportError(f"PyTensor has no NanGuardMode in {' or '.join(_PLACES)}")


NanGuardMode = _found().NanGuardMode

__getattr__ = forwarding("theano.compile.nanguardmode", _found().__name__)
