"""What shared layers and several losses cost: times of training steps that should be close to those of plain ones.

Run it by hand: ``python tests/benchmarks/ports.py``. It pins itself to one core, measures all steps in turn, several
rounds in one run, and prints the least processor time of each and its ratio to the plain step, with what the ratio may
be. Steps run as `train` runs them: they gather rows in shuffled order, and sum up every term.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
import pytensor

ENCODERS = {"small": (32, 64, 8), "digits": (784, 128, 16), "large": (784, 512, 32)}
HEADS = {"small": (10, 64, 8), "digits": (784, 84, 10), "large": (784, 512, 32)}
ROWS, BATCH = 64, 128  # of pairs, and of single items: the encoder sees as many
LIMITS = {"shared": 1.15, "losses": 1.3}


def runner(net, arrays, batch):
    """Return a function that trains so many steps of `net` on a batch, as `train` does."""
    from symloss.training import trainer
    from symloss.training.options import Options

    asked = Options.split("sgd", {"learning_rate": 0.01}, net.graph)
    step, _ = trainer.compiled(net, asked, validated=False)
    step.load(arrays)
    order = np.random.default_rng(2).permutation(batch)

    def steps(count):
        step.run(np.resize(order, count * batch), batch)

    return steps


def shared(sizes, mode):
    """Return runners of an encoder that is used once on 128 rows, and of others that are used twice on 64.

    One of these has the loss of the first, the mean squared error of each code; the other one that of the distance.
    """
    import symloss

    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, sizes[0])).astype("float32")
    y = rng.normal(size=(BATCH, sizes[-1])).astype("float32")
    far = (rng.uniform(size=ROWS) < 0.5).astype("float32")[:, None]
    once = symloss.Network(list(sizes), loss="mse", mode=mode)
    pair = symloss.PairEmbedding(list(sizes), mode=mode)
    twice = symloss.Network([
        {"form": "input", "name": "left", "size": sizes[0]}, {"form": "input", "name": "right", "size": sizes[0]},
        {"name": "encoder", "form": "network", "network": list(sizes), "inputs": "left"},
        {"name": "again", "form": "shared", "of": "encoder", "inputs": "right"},
    ], loss=None, outputs=["encoder", "again"], mode=mode)
    twice.set_loss({"encoder": "mse", "again": "mse"})
    return {"once on 128 rows": (once, runner(once, [x, y], BATCH)),
            "twice on 64 rows": (twice, runner(twice, [x[:ROWS], x[ROWS:], y[:ROWS], y[ROWS:]], ROWS)),
            "a pair embedding on 64 rows": (pair, runner(pair, [x[:ROWS], x[ROWS:], far], ROWS))}


def losses(sizes, mode):
    """Return runners of a network with one loss, with three, and with a network of two outputs as a fourth one."""
    import symloss

    rng = np.random.default_rng(0)
    x, y = (rng.normal(size=(BATCH, n)).astype("float32") for n in (sizes[0], sizes[-1]))
    found = {}
    for name, count in (("mse alone", 1), ("mse, mae, huber", 3), ("and a network with two outputs", 4)):
        net = symloss.Network(list(sizes), loss="mse", mode=mode)
        if count > 1:
            net.add_loss("mae", weight=0.5)
            net.add_loss("huber", weight=0.5)
        if count > 3:
            net.add_loss(symloss.Network([
                {"form": "input", "name": "input", "size": sizes[-1]},
                {"form": "input", "name": "target", "size": sizes[-1]},
                {"name": "apart", "form": "distance", "metric": "squared euclidean", "inputs": ["input", "target"]},
                {"name": "off", "form": "distance", "metric": "manhattan", "inputs": ["input", "target"]},
            ], loss=None, outputs=["apart", "off"]), weight=0.1)
        found[name] = net, runner(net, [x, y], BATCH)
    return found


def measure(runners, rounds, seconds=0.02):
    """Return the least processor time of a step of each runner, in microseconds."""
    counts, best = {}, {}
    for label, (_, run) in runners.items():
        run(2)
        start = time.process_time()
        run(4)
        counts[label] = max(2, int(seconds * 4 / (time.process_time() - start)))
    for _ in range(rounds):
        for label, (_, run) in runners.items():
            start = time.process_time()
            run(counts[label])
            each = (time.process_time() - start) / counts[label] * 1e6
            best[label] = min(best.get(label, each), each)
    return best


def main(rounds=60, mode="C", source=None):
    """Measure, print a table for each case, and return {(question, case): {what: microseconds}}."""
    pytensor.config.floatX = "float32"
    found = {}
    for question, make, cases in (("shared", shared, ENCODERS), ("losses", losses, HEADS)):
        for case, sizes in cases.items():
            runners = make(sizes, mode)
            best = found[question, case] = measure(runners, rounds)
            plain = next(iter(best.values()))
            print(f"\n{question}, {sizes}: microseconds a step, ratio to the first (at most {LIMITS[question]})")
            for label, value in best.items():
                print(f"  {label:32s} {value:10.1f} {value / plain:8.2f}")
            if source == f"{question} {case}":
                for label, (net, _) in runners.items():
                    print(f"\n{label}\n{net.c_source('sgd', learning_rate=0.01)}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", default="C", help="of symloss")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--source", help="print the C files of a case, 'shared digits' say")
    asked = parser.parse_args()
    main(asked.rounds, asked.mode, asked.source)
