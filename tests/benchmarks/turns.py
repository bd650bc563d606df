"""What it costs that objectives take turns: steps in turn, against the same steps of each objective by itself.

Run it by hand: ``python tests/benchmarks/turns.py``. It pins itself to one core, measures in alternation, several
rounds in one run, and prints the least processor time of a step. The last line is what a loop of calls of ``train``
costs, each of which makes the steps of one turn.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import dataclasses

import numpy as np

SIZES, BATCH, COUNTS = (10, 20, 3), 64, (5, 1)


def made(mode):
    """Return a network with two outputs, and its data."""
    import symloss

    rng = np.random.default_rng(0)
    net = symloss.Network({"in": SIZES[0], "h": SIZES[1], "a": SIZES[2], "b": SIZES[2]},
                          edges=["in -> h -> a", "h -> b"], mode=mode)
    arrays = [rng.normal(size=(BATCH * 60, n)).astype("float32") for n in (SIZES[0], SIZES[2], SIZES[2])]
    return net, arrays


def step(net, **options):
    """Return the compiled steps of a training with these options."""
    from symloss.training import trainer, turns
    from symloss.training.options import Options

    asked = Options.split("adam", options, net.graph)
    if asked.turns:
        asked = dataclasses.replace(asked, turns=turns.planned(net, asked))
    return trainer.compiled(net, asked, validated=False)[0]


def main(rounds: int = 60, mode: str = "C") -> dict:
    """Measure; returns microseconds a step by label."""
    import pytensor

    pytensor.config.floatX = "float32"
    net, arrays = made(mode)
    net._bind()
    first, second = net.losses
    together = step(net, turns=[(first, COUNTS[0]), (second, COUNTS[1])])
    alone = together.steps
    order = np.random.default_rng(1).permutation(len(arrays[0]))
    share = len(order) * COUNTS[0] // sum(COUNTS)

    def apart():
        for one, rows in zip(alone, np.split(order, [share]), strict=True):
            one.load(arrays)
            one.run(rows, BATCH)

    def in_turn():
        together.load(arrays)
        together.run(order, BATCH)

    best = {"each objective by itself": np.inf, "in turn": np.inf}
    for _ in range(rounds):
        for label, run in zip(best, (apart, in_turn), strict=True):
            start = time.process_time()
            run()
            best[label] = min(best[label], (time.process_time() - start) / 60 * 1e6)

    def calls(number):
        for turn, count in list(zip((first, second), COUNTS, strict=True)) * number:
            other = second if turn is first else first
            other.weight, turn.weight = 0.0, 1.0
            net.train([a[: count * BATCH] for a in arrays], algo="adam", batch_size=BATCH, epochs=1, verbose=0)

    calls(1)  # compiles
    start = time.process_time()
    calls(10)
    best["calls of train"] = (time.process_time() - start) / (10 * sum(COUNTS)) * 1e6
    for label, value in best.items():
        print(f"{label:28s} {value:10.1f} us a step {value / best['each objective by itself']:8.2f}")
    return best


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", default="C", help="of symloss")
    parser.add_argument("--rounds", type=int, default=60)
    asked = parser.parse_args()
    main(asked.rounds, asked.mode)
