"""One training of a model at a time, because two would change the same parameters."""

import contextlib
import threading
import weakref

from ..errors import TrainingError

_lock = threading.Lock()
_training: weakref.WeakSet = weakref.WeakSet()  # the models that are being trained


def check(model) -> None:
    """Raise TrainingError if the model is being trained, in any thread or by a generator that waits."""
    if model in _training:
        raise TrainingError("train: this model is being trained already. Let that training end, close its generator "
                            "(records = net.itertrain(...); records.close()), or train a copy: copy.deepcopy(net)")


@contextlib.contextmanager
def training(model):
    """In this context, no other thread trains the model."""
    with _lock:
        check(model)
        _training.add(model)
    try:
        yield
    finally:
        _training.discard(model)
