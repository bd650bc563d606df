"""Time of one training step of a convolutional network against torch, both on one core, in one run.

Run it by hand: ``python tests/benchmarks/convolution_step.py``. 'layer' is (1, 28, 28) -> 32 filters of 5 x 5 -> 10
classes; 'network' has pooling, and a second layer of 64 filters of 5 x 5, whose input needs a gradient too. A step is
forward, gradients and an sgd update, in float32. The least of several rounds counts, measured in turn.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

CASES = ("layer", "network")
WANTED = 3.0  # times torch's time, at most, for 'layer'


def data(batch):
    """Return a batch of images (n, 28, 28, 1) and labels."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, 28, 28, 1)).astype("float32"), rng.integers(0, 10, batch).astype("int32")


def symloss_steps(case, batch, mode=None):
    """Return a function that trains so many steps, as `train` does."""
    import pytensor

    pytensor.config.floatX = "float32"
    import symloss
    from symloss.training import options, trainer

    layers = [(28, 28, 1), {"form": "conv2", "size": 32, "filter_size": 5}]
    if case == "network":
        layers += ["pool2", {"form": "conv2", "size": 64, "filter_size": 5}, "pool2"]
    net = symloss.convolution.Classifier([*layers, "flatten", 10], mode=mode)
    asked = options.Options.split("sgd", {"learning_rate": 0.01}, net.graph)
    start = time.perf_counter()
    step, _ = trainer.compiled(net, asked, validated=False)
    print(f"{case}: compiled in {time.perf_counter() - start:.1f} s")
    step.load(list(data(batch)))
    order = np.random.default_rng(2).permutation(batch)

    def steps(count):
        step.run(np.resize(order, count * batch), batch)

    return steps


def torch_steps(case, batch):
    """Return a function that trains so many steps with torch, eagerly."""
    import torch

    torch.set_num_threads(1)
    parts = [torch.nn.Conv2d(1, 32, 5), torch.nn.ReLU()]
    if case == "network":
        parts += [torch.nn.MaxPool2d(2), torch.nn.Conv2d(32, 64, 5), torch.nn.ReLU(), torch.nn.MaxPool2d(2)]
    flat = 32 * 24 * 24 if case == "layer" else 64 * 4 * 4
    net = torch.nn.Sequential(*parts, torch.nn.Flatten(), torch.nn.Linear(flat, 10))
    measure, optimizer = torch.nn.CrossEntropyLoss(), torch.optim.SGD(net.parameters(), lr=0.01)
    x, y = data(batch)
    x, y = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()), torch.from_numpy(y).long()

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            measure(net(x), y).backward()
            optimizer.step()

    return steps


def main(cases=CASES, batches=(32, 64), rounds=20):
    """Measure, print a line for each case and batch, and return {(case, batch): ratio to torch}."""
    ratios = {}
    for case in cases:
        for batch in batches:
            runners = {"symloss": symloss_steps(case, batch), "torch": torch_steps(case, batch)}
            best = dict.fromkeys(runners, np.inf)
            for _ in range(rounds):
                for label, run in runners.items():
                    start = time.perf_counter()
                    run(3)
                    best[label] = min(best[label], (time.perf_counter() - start) / 3 * 1e3)
            ratios[case, batch] = best["symloss"] / best["torch"]
            text = ", ".join(f"{label} {ms:.2f} ms" for label, ms in best.items())
            print(f"{case}, batch {batch}: {text}; symloss takes {ratios[case, batch]:.2f} of torch's time")
    return ratios


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    found = main(parser.parse_args().cases or CASES)
    slow = [case for case, ratio in found.items() if case[0] == "layer" and ratio > WANTED]
    raise SystemExit(f"more than {WANTED} of torch's time: {slow}" if slow else 0)
