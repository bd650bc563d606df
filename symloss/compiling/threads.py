"""Compiled functions in a program of several threads: calls and compilations one at a time, and not too many kept."""

import collections
import functools
import threading

_building = threading.RLock()


def alone(build):
    """Return `build` with a lock, so that no two threads of the process build or compile at the same time.

    For what builds or compiles graphs: PyTensor changes settings of the whole process while it does so, and rewriters
    are shared by all functions of a mode.
    """

    @functools.wraps(build)
    def guarded(*arguments, **keywords):
        with _building:
            return build(*arguments, **keywords)

    return guarded


class Function:
    """A compiled function that any number of threads may call.

    PyTensor keeps the arguments and the results of a call in the function, so calls wait for each other here. All that
    the compiled function has besides (``vm``, ``maker``, ``trust_input``) can be read and set here.

    Parameters
    ----------
    compiled : callable
    """

    def __init__(self, compiled):
        self._compiled, self._lock = compiled, threading.Lock()

    def __call__(self, *arguments):
        with self._lock:
            return self._compiled(*arguments)

    def __setattr__(self, name, value):
        if name in ("_compiled", "_lock"):
            super().__setattr__(name, value)
        else:
            setattr(self._compiled, name, value)

    def __getattr__(self, name):
        if name in ("_compiled", "_lock"):  # while it is made
            raise AttributeError(name)
        return getattr(self._compiled, name)


class Cache:
    """The compiled functions that were used last, by what they depend on; the others are given back.

    Parameters
    ----------
    size : int
        How many are kept.
    """

    def __init__(self, size: int):
        self.size = size
        self._entries: collections.OrderedDict = collections.OrderedDict()
        self._lock = threading.Lock()

    def get(self, key, make):
        """Return the entry of `key`; if there is none, ``make()`` makes it, once for all threads that want it."""
        try:
            return self[key]
        except KeyError:
            pass
        with _building:  # which another thread may have held because it made this very entry
            if key not in self:
                self[key] = make()
            return self[key]

    def __getitem__(self, key):
        with self._lock:
            self._entries.move_to_end(key)
            return self._entries[key]

    def __setitem__(self, key, entry):
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self.size:
                self._entries.popitem(last=False)

    def __contains__(self, key) -> bool:
        return key in self._entries

    def __iter__(self):
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)


def cached(size: int):
    """Return a decorator: results are kept by their arguments, as in a `Cache` of this size."""

    def decorate(build):
        cache = Cache(size)

        @functools.wraps(build)
        def found(*arguments):
            return cache.get(arguments, lambda: build(*arguments))

        found.cache = cache
        return found

    return decorate
