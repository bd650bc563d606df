"""The state while layers make their expressions: for training or not, and the source of random numbers."""

import contextlib

from ....layers import Context

_contexts: list = []  # the innermost last
_added: list = []  # what `add_loss` was given, in the innermost call of a layer of a model


@contextlib.contextmanager
def entered(context: Context, added: list):
    """Within, layers make expressions for `context`, and what they add to the loss goes to `added`."""
    _contexts.append(context)
    _added.append(added)
    try:
        yield
    finally:
        _contexts.pop()
        _added.pop()


def current() -> Context | None:
    """Return the context of the expressions that are being made; None outside of all layers."""
    return _contexts[-1] if _contexts else None


def in_training() -> bool:
    """Return whether the expressions are those of training."""
    return bool(_contexts) and _contexts[-1].training


def add(value) -> bool:
    """Add a scalar to the loss of the model that is being built; return whether there is one."""
    if _added:
        _added[-1].append(value)
    return bool(_added)
