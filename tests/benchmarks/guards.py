"""What looking out for NaN and for wrong labels costs: the share of the time of a training, in one run.

    python tests/benchmarks/guards.py

Pin it to one core (``taskset -c 0``). The first rows time a training's guards against NaN: copies to go back to, and
looks at terms and parameters. The last ones time the check of a batch's labels, as a stream pays it, against a step.
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
    """Time spent in methods of a class, without what they spend in each other."""

    def __init__(self):
        self.spent, self._inside = {}, []

    def over(self, cls, name):
        original = getattr(cls, name)

        def timed(*arguments, **keywords):
            start, self._inside = time.perf_counter(), [*self._inside, 0.0]
            try:
                return original(*arguments, **keywords)
            finally:
                whole, inner = time.perf_counter() - start, self._inside.pop()
                self.spent[name] = self.spent.get(name, 0.0) + whole - inner
                if self._inside:
                    self._inside[-1] += whole

        setattr(cls, name, timed)


GUARDS = ("_keep", "parameters_are_finite", "wrong_terms", "begin", "end")


def shares(rows, batch, layers):
    """Return the share of a training's time that its guards take."""
    watch, kept, begin = Watch(), dict(vars(Rewind)), TrainingStep.begin_pass
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, layers[0])).astype("float32"), rng.integers(0, layers[-1], rows)
    net = symloss.Classifier(layers)
    options = dict(algo="adam", batch_size=batch, patience=None)
    net.train([x, y], epochs=3, verbose=0, **options)
    for name in GUARDS:
        watch.over(Rewind, name)
    watch.over(TrainingStep, "begin_pass")  # which is needed in any case
    start = time.perf_counter()
    try:
        for _ in net.itertrain([x, y], epochs=10**9, **options):
            if time.perf_counter() - start > SECONDS:
                break
    finally:
        TrainingStep.begin_pass = begin
        for name in GUARDS:
            setattr(Rewind, name, kept[name])
    return sum(watch.spent[name] for name in GUARDS) / (time.perf_counter() - start)


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
        print(f"NaN     {rows:6} rows, batch {batch:4}, {layers!s:24} {100 * shares(rows, batch, layers):6.2f} %")
    for batch, layers in ((256, [784, 84, 10]), (4096, [784, 84, 10])):
        print(f"labels  batch {batch:4}, {layers!s:38} {100 * labels(batch, layers):6.2f} %")


if __name__ == "__main__":
    main()
