"""theano.scan_module: loops."""

import warnings

import pytensor

from ..names import forwarding
from ..updates import OrderedUpdates
from . import scan_utils

__all__ = ["foldl", "foldr", "map", "reduce", "scan", "scan_utils"]


def scan(fn, sequences=None, outputs_info=None, non_sequences=None, n_steps=None, truncate_gradient=-1,
         go_backwards=False, mode=None, name=None, profile=False, allow_gc=None, strict=False, return_list=False):
    """Return (outputs, updates) of a loop over `sequences`, as in Theano.

    The arguments go to ``pytensor.scan``; updates come back in order, and can be added.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Scan return signature will change")  # PyTensor 4 will need `return_updates`
        outputs, updates = pytensor.scan(
            fn, sequences=sequences, outputs_info=outputs_info, non_sequences=non_sequences, n_steps=n_steps,
            truncate_gradient=truncate_gradient, go_backwards=go_backwards, mode=mode, name=name, profile=profile,
            allow_gc=allow_gc, strict=strict, return_list=return_list)
    return outputs, OrderedUpdates(updates)


def map(fn, sequences, non_sequences=None, truncate_gradient=-1, go_backwards=False, mode=None, name=None):
    """Return (outputs, updates): `fn` of each step of `sequences`."""
    return scan(fn, sequences, [], non_sequences, None, truncate_gradient, go_backwards, mode, name)


def reduce(fn, sequences, outputs_info, non_sequences=None, go_backwards=False, mode=None, name=None):
    """Return (the last output, updates) of a loop that starts at `outputs_info`."""
    outputs, updates = scan(fn, sequences, outputs_info, non_sequences, go_backwards=go_backwards, mode=mode,
                            name=name)
    last = [x[-1] for x in outputs] if isinstance(outputs, list | tuple) else outputs[-1]
    return last, updates


def foldl(fn, sequences, outputs_info, non_sequences=None, mode=None, name=None):
    """Return `reduce`, from the first step to the last."""
    return reduce(fn, sequences, outputs_info, non_sequences, False, mode, name)


def foldr(fn, sequences, outputs_info, non_sequences=None, mode=None, name=None):
    """Return `reduce`, from the last step to the first."""
    return reduce(fn, sequences, outputs_info, non_sequences, True, mode, name)


__getattr__ = forwarding("theano.scan_module", "pytensor.scan", "pytensor.scan.utils", "pytensor.scan.op")
