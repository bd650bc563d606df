"""Time of one training step that is written with `compat.lasagne` and ``function``, against the core's and torch's.

Run it by hand: ``python tests/benchmarks/lasagne_step.py``. 'mlp' is (784, 84, 10), batch 256, for each of three update
rules, against the core's own step without its sums. 'normalised' has batch normalisation between, 'images' are 32
filters of 5 x 5, pooling, 64 of 5 x 5, pooling, 256 units, 10 classes, batch 64; both against torch, eagerly, where it
is installed. A step is forward, gradients and update, in float32, on one core. The least of several rounds counts,
measured in turn.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

CASES = ("mlp", "normalised", "images")
RULES = {"sgd": "sgd", "nesterov_momentum": "nag", "adam": "adam"}
WANTED = {"core": 1.1, "torch": 1.5}


def data(case):
    """Return a batch of inputs and labels."""
    rng = np.random.default_rng(0)
    shape = (64, 1, 28, 28) if case == "images" else (256, 784)
    return rng.normal(size=shape).astype("float32"), rng.integers(0, 10, shape[0]).astype("int32")


def network(case, x):
    """Return the output layer."""
    from symloss.compat.lasagne import layers
    from symloss.compat.lasagne.nonlinearities import rectify, softmax

    net = layers.InputLayer((None, *data(case)[0].shape[1:]), x)
    if case == "images":
        for count in (32, 64):
            net = layers.Conv2DLayer(net, count, 5, nonlinearity=rectify)
            net = layers.MaxPool2DLayer(net, 2)
    net = layers.DenseLayer(net, 256 if case == "images" else 84, nonlinearity=rectify)
    if case == "normalised":
        net = layers.batch_norm(net)
    return layers.DenseLayer(net, 10, nonlinearity=softmax)


def lasagne_steps(case, rule="sgd", mode=None):
    """Return a function that makes so many steps, as a script does."""
    from symloss.compat import lasagne, theano

    theano.config.floatX = "float32"
    x, t = theano.tensor.tensor4("x") if case == "images" else theano.tensor.matrix("x"), theano.tensor.ivector("t")
    net = network(case, x)
    loss = lasagne.objectives.categorical_crossentropy(lasagne.layers.get_output(net), t).mean()
    params = lasagne.layers.get_all_params(net, trainable=True)
    updates = getattr(lasagne.updates, rule)(loss, params, learning_rate=0.01)
    start = time.perf_counter()
    step = theano.function([x, t], loss, updates=updates, mode=mode)
    batch = data(case)
    step(*batch)
    print(f"{case}, {rule}: compiled in {time.perf_counter() - start:.1f} s")

    def steps(count):
        for _ in range(count):
            step(*batch)

    return steps


def core_steps(rule, mode=None):
    """Return a function that makes so many steps of the core's, without its sums."""
    import pytensor

    pytensor.config.floatX = "float32"
    import symloss
    from symloss.compiling import function, resolve
    from symloss.compiling.plan import Updates
    from symloss.objective import Objective
    from symloss.stability import stable
    from symloss.training.options import Options

    net = symloss.Classifier([784, 84, 10], mode=mode)
    asked = Options.split(RULES[rule], {"learning_rate": 0.01}, net.graph)
    objective = stable(Objective(net.graph, net.losses))
    made = Updates(asked.plan, objective, 0)
    step = function(objective.variables, [objective.total], resolve(mode), updates=made.changes)
    batch = data("mlp")

    def steps(count):
        for _ in range(count):
            step(*batch)

    return steps


def torch_steps(case):
    """Return a function that makes so many steps with torch, eagerly."""
    import torch

    torch.set_num_threads(1)
    nn = torch.nn
    parts = {
        "images": lambda: [nn.Conv2d(1, 32, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 5), nn.ReLU(),
                           nn.MaxPool2d(2), nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 10)],
        "normalised": lambda: [nn.Linear(784, 84, bias=False), nn.BatchNorm1d(84), nn.ReLU(), nn.Linear(84, 10)],
    }
    net = nn.Sequential(*parts[case]())
    measure, optimizer = nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.01)
    x, y = map(torch.from_numpy, data(case))
    y = y.long()

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            measure(net(x), y).backward()
            optimizer.step()

    return steps


def runners(case, rule, mode):
    """Return what is measured in turn, by name."""
    found = {"lasagne": lasagne_steps(case, rule, mode)}
    if case == "mlp":
        return found | {"core": core_steps(rule, mode)}
    try:
        return found | {"torch": torch_steps(case)}
    except ImportError:
        print(f"{case}: torch is not installed; pip install torch")
        return found


def measured(runs, count, rounds):
    """Return the least time of a step, in milliseconds, by name."""
    best = dict.fromkeys(runs, np.inf)
    for _ in range(rounds):
        for label, run in runs.items():
            start = time.perf_counter()
            run(count)
            best[label] = min(best[label], (time.perf_counter() - start) / count * 1e3)
    return best


def main(cases=CASES, mode=None, rounds=30):
    """Measure, print a line for each case, and return {(case, rule, other): ratio to the other}."""
    ratios = {}
    for case in cases:
        for rule in RULES if case == "mlp" else ["sgd"]:
            best = measured(runners(case, rule, mode), 3 if case == "images" else 20, rounds)
            text = ", ".join(f"{label} {ms:.3f} ms" for label, ms in best.items())
            for other in best.keys() - {"lasagne"}:
                ratios[case, rule, other] = best["lasagne"] / best[other]
                text += f"; {ratios[case, rule, other]:.2f} of the time of {other}"
            print(f"{case}, {rule}: {text}")
    return ratios


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--mode")
    given = parser.parse_args()
    slow = [case for case, ratio in main(given.cases or CASES, given.mode).items() if ratio > WANTED[case[2]]]
    raise SystemExit(f"slower than wanted: {slow}" if slow else 0)
