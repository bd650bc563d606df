"""What looking out for NaN and for wrong labels costs: the share of the time of a training, in one run.

    python tests/benchmarks/guards.py

Pin it to one core (``taskset -c 0``). The first rows time a training's guards against NaN: copies to go back to, and
looks at terms and parameters, without what the timers cost. The last ones time the check of a batch's labels, as a
stream pays it, against a step.
"""

import time

import numpy as np
import pytensor

pytensor.config.floatX = "float32"

import symloss  # noqa: E402
from symloss.compiling import TrainingStep  # noqa: E402
from symloss.data import Field, convert  # noqa: E402
from symloss.training.rewind import Rewind  # noqa: E402

SECONDS = 5.0


class Watch:
    """Time spent in methods, without what they spend in each other. Within it, the methods are watched."""

    def __init__(self, *methods):
        self.methods = methods  # (class, name)
        self.spent, self.calls, self.nested = ({m: 0 for m in methods} for _ in range(3))
        self._originals = [vars(cls)[name] for cls, name in methods]
        self._inside = []

    def __enter__(self):
        for method, original in zip(self.methods, self._originals, strict=True):
            setattr(*method, self._timed(method, original))
        return self

    def __exit__(self, *_):
        for method, original in zip(self.methods, self._originals, strict=True):
            setattr(*method, original)

    def _timed(self, method, original):
        def timed(*arguments, **keywords):
            start = time.perf_counter()
            self._inside.append([0.0, 0])
            try:
                return original(*arguments, **keywords)
            finally:
                inner, nested = self._inside.pop()
                self.calls[method] += 1
                self.nested[method] += nested
                whole = time.perf_counter() - start
                self.spent[method] += whole - inner
                if self._inside:
                    self._inside[-1][0] += whole
                    self._inside[-1][1] += 1

        return timed


class Nothing:
    """Two methods that do nothing, to be watched."""

    def outer(self):
        self.inner()

    def inner(self):
        pass


def cost_of_watching(count=100_000):
    """Return the seconds that watching a call adds to its own time, and to that of the watched call around it."""
    def loop():
        start = time.perf_counter()
        for _ in range(count):
            nothing.outer()
        return time.perf_counter() - start

    nothing, inner, outer = Nothing(), (Nothing, "inner"), (Nothing, "outer")
    plain = loop() / count
    with Watch(inner, outer) as watch:
        loop()
    own = watch.spent[inner] / count - plain / 2
    return own, watch.spent[outer] / count - plain / 2 - own


GUARDS = [(Rewind, name) for name in ("begin", "run", "wrong", "end")]
NEEDED = [(TrainingStep, name) for name in ("begin_pass", "run")]  # in any case


def shares(rows, batch, layers):
    """Return the share of a training's time that its guards take, and the microseconds of an epoch."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, layers[0])).astype("float32"), rng.integers(0, layers[-1], rows)
    net = symloss.Classifier(layers)
    options = dict(algo="adam", batch_size=batch, patience=None)
    net.train([x, y], epochs=3, verbose=0, **options)
    own, around = cost_of_watching()
    with Watch(*GUARDS, *NEEDED) as watch:
        start = time.perf_counter()
        for _ in net.itertrain([x, y], epochs=10**9, **options):
            if time.perf_counter() - start > SECONDS:
                break
        whole = time.perf_counter() - start
    guards = sum(watch.spent[m] - watch.calls[m] * own - watch.nested[m] * around for m in GUARDS)
    whole -= sum(watch.calls.values()) * (own + around)
    return guards / whole, 1e6 * whole / watch.calls[GUARDS[0]]


def labels(batch, layers):
    """Return the share of a step's time that the check of its labels takes."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(64 * batch, layers[0])).astype("float32"), rng.integers(0, layers[-1], 64 * batch)
    net = symloss.Classifier(layers)
    records = [r["seconds"] for r in net.itertrain([x, y], algo="sgd", epochs=12, batch_size=batch, patience=None)]
    field = Field("target", "label", (None,), "int32", layers[-1])
    spent = []
    for _ in range(200):
        start = time.perf_counter()
        convert(y[:batch], field, "train")
        spent.append(time.perf_counter() - start)
    return min(spent) / (min(records) / 64)


def main():
    """Print the table."""
    print(f"symloss {symloss.__version__}, pytensor {pytensor.__version__}, float32")
    for rows, batch, layers in ((64, 64, [100, 50, 10]), (64, 64, [784, 1024, 1024, 10]), (2000, 32, [100, 50, 10]),
                                (2000, 32, [784, 1024, 1024, 10]), (20000, 256, [784, 84, 10])):
        share, epoch = shares(rows, batch, layers)
        print(f"NaN     {rows:6} rows, batch {batch:4}, {layers!s:24} {100 * share:6.2f} % of {epoch:8.0f} us an epoch")
    for batch, layers in ((256, [784, 84, 10]), (4096, [784, 84, 10])):
        print(f"labels  batch {batch:4}, {layers!s:38} {100 * labels(batch, layers):6.2f} %")


if __name__ == "__main__":
    main()
