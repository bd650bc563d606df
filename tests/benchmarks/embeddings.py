"""Time of a training step by the number of classes: embeddings under losses that draw some of them.

Run it by hand: ``python tests/benchmarks/embeddings.py``. It pins itself to one core, and prints the least processor
time of a step over several rounds, for 1,000 to 1,000,000 ids and classes. The time must not grow with their number:
the last column is the ratio of the slowest to the fastest. Steps run as `train` runs them. Where torch is installed,
the same model is measured in torch, with the same number of drawn classes and sparse gradients.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
import pytensor

CLASSES = (1_000, 10_000, 100_000, 1_000_000)
BATCH, SIZE, SAMPLES, ROWS = 256, 64, 64, 50_000
RULES = {"sgd": {}, "adagrad": {}, "adam": {"lazy": True, "learning_rate": 1e-3}}
WHOLE = 10_000  # classes up to which the softmax over all of them is measured, too


def pairs(classes: int):
    """Return ids and labels by Zipf's law, as a text has them."""
    drawn = np.exp(np.random.default_rng(0).uniform(size=(2, ROWS)) * np.log(classes + 1)).astype("int64") - 1
    return drawn.clip(0, classes - 1).astype("int32")


def ours(classes: int, form: str, rule: str, mode=None):
    """Return a function that makes so many steps of symloss."""
    import symloss
    from symloss.training import trainer
    from symloss.training.options import Options

    layers = [{"size": 1, "dtype": "int32"}, {"form": "embedding", "ids": classes, "size": SIZE}]
    if form == "softmax":
        net = symloss.Network([*layers, (classes, "softmax")], loss="xe", mode=mode)
    else:
        net = symloss.Network(layers, loss={"form": form, "classes": classes, "samples": SAMPLES}, mode=mode)
    options = {"learning_rate": 0.1} | ({} if form == "softmax" and rule == "adam" else RULES[rule])
    step, _ = trainer.compiled(net, Options.split(rule, options, net.graph), validated=False)
    x, y = pairs(classes)
    step.load([x[:, None], y])
    order = np.random.default_rng(2).permutation(ROWS)

    def steps(count):
        step.run(np.resize(order, count * BATCH), BATCH)

    return steps


def torchs(classes: int, rule: str):
    """Return a function that makes so many steps of torch: sampled softmax, written as its users write it."""
    import torch
    import torch.nn.functional as F  # noqa: N812

    torch.set_num_threads(1)
    table = torch.nn.Embedding(classes, SIZE, sparse=True)
    weights, biases = torch.nn.Embedding(classes, SIZE, sparse=True), torch.nn.Embedding(classes, 1, sparse=True)
    parameters = [*table.parameters(), *weights.parameters(), *biases.parameters()]
    make = {"sgd": torch.optim.SGD, "adagrad": torch.optim.Adagrad, "adam": torch.optim.SparseAdam}[rule]
    optimizer = make(parameters, lr=1e-3 if rule == "adam" else 0.1)
    x, y = (torch.as_tensor(column.astype("int64")) for column in pairs(classes))
    generator, order = torch.Generator().manual_seed(0), torch.randperm(ROWS, generator=torch.Generator())
    top = float(np.log(classes + 1))

    def log_present(labels):
        q = torch.log1p(1 / (labels.double() + 1)) / top
        return torch.log(-torch.expm1(SAMPLES * torch.log1p(-q))).float()

    def one(rows):
        ids, labels = x[rows], y[rows]
        drawn = (torch.exp(torch.rand(SAMPLES, generator=generator, dtype=torch.float64) * top).long() - 1).unique()
        h = table(ids)
        right = (h * weights(labels)).sum(1) + biases(labels)[:, 0] - log_present(labels)
        wrong = h @ weights(drawn).T + biases(drawn)[:, 0] - log_present(drawn)
        wrong = wrong.masked_fill(drawn[None, :] == labels[:, None], -1e30)
        scores = torch.cat([right[:, None], wrong], dim=1)
        loss = F.cross_entropy(scores, torch.zeros(len(rows), dtype=torch.long))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def steps(count):
        for number in range(count):
            start = number * BATCH % (ROWS - BATCH)
            one(order[start : start + BATCH])

    return steps


def measure(run, rounds: int, seconds: float) -> float:
    """Return the least processor time of a step in microseconds."""
    run(4)
    start = time.process_time()
    run(8)
    count = max(8, int(seconds * 8 / (time.process_time() - start)))
    best = np.inf
    for _ in range(rounds):
        start = time.process_time()
        run(count)
        best = min(best, (time.process_time() - start) / count * 1e6)
    return best


def main(rounds: int = 8, seconds: float = 0.1, mode=None, classes=CLASSES) -> dict:
    """Measure, print a table, and return {(who, rule): {classes: microseconds}}."""
    pytensor.config.floatX = "float32"
    found: dict = {}
    print(f"microseconds a step of {BATCH} pairs, {SIZE} numbers a word, {SAMPLES} drawn classes")
    print(f"{'':34s}" + "".join(f"{n:>12,}" for n in classes) + f"{'ratio':>8s}")
    makers = {f"{form}, {rule}": (lambda n, form=form, rule=rule: ours(n, form, rule, mode))
              for form in ("sampled_softmax", "nce", "negative_sampling", "softmax")
              for rule in (RULES if form == "sampled_softmax" else ["sgd"])}
    try:
        import torch  # noqa: F401

        makers |= {f"torch, {rule}": (lambda n, rule=rule: torchs(n, rule)) for rule in RULES}
    except ImportError:
        pass
    for name, make in makers.items():
        times = {n: measure(make(n), rounds, seconds) for n in classes if name != "softmax, sgd" or n <= WHOLE}
        found[name] = times
        ratio = max(times.values()) / min(times.values())
        print(f"{name:34s}" + "".join(f"{times[n]:12.1f}" if n in times else f"{'':12s}" for n in classes)
              + f"{ratio:8.2f}", flush=True)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mode", help="of symloss")
    parser.add_argument("--rounds", type=int, default=8)
    asked = parser.parse_args()
    main(asked.rounds, mode=asked.mode)
