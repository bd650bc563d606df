"""Time of value and gradient of every loss, against torch eager.

Run it by hand: ``python tests/benchmarks/losses.py``, or with names of losses after it. It pins itself to one core,
gives both the same float32 numbers, checks that both compute the same (mean and gradients), measures both in turn,
several rounds in one run, and prints the least time of each, largest ratio first. What is measured is the sum and the
number of the values, as `train` keeps them, and the gradients of the mean by all that a model would put out or learn.
Data lie in shared variables, as with `train`.

A ratio above 2 is marked. `--profile` prints where the time of a loss goes, op by op: what Elemwise takes there for
exp, log1p and the like is PyTensor's generated code, which calls libm number by number (torch computes eight at a
time), and so is what Max and Sum take over rows.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
import pytensor
import pytensor.tensor as pt
import torch
from losses_in_torch import CASES as OF_ITEMS
from pairs_in_torch import PAIRS

pytensor.config.floatX = "float32"
import symloss  # noqa: E402
from symloss import compiling  # noqa: E402

CASES = OF_ITEMS + PAIRS
LEARNT = ("real", "small", "positive", "sigmoid", "softmax", "log_softmax", "rising", "critic", "parameter", "bias")
GIVEN = {
    "sigmoid": pt.sigmoid,
    "softmax": lambda z: pt.special.softmax(z, axis=-1),
    "log_softmax": lambda z: pt.special.log_softmax(z, axis=-1),
    "critic": lambda x: (x * pt.tanh(x)).sum(axis=-1),
}


def simplex(rng, shape):
    """Return rows above 0 that add up to 1."""
    shares = rng.uniform(0.01, 1, shape)
    return shares / shares.sum(axis=-1, keepdims=True)


def draw(rng, kind, shape):
    """Return an array of a kind: 'label', say, or 'label of 10'."""
    kind, _, of = kind.partition(" of ")
    if of == "items":
        shape = shape[:-1]
    k = int(of) if of.isdigit() else shape[-1]
    found = {
        "positive": lambda: rng.uniform(0.3, 3, shape),
        "count": lambda: rng.integers(0, 6, shape),
        "binary": lambda: rng.integers(0, 2, shape),
        "sign": lambda: rng.choice([-1, 1], shape),
        "simplex": lambda: simplex(rng, shape),
        "one hot": lambda: np.eye(k)[rng.integers(0, k, shape[:-1])],
        "rising": lambda: np.cumsum(rng.uniform(0.2, 1, shape), axis=-1) - 0.3 * k,
        "small": lambda: 0.3 * rng.normal(size=shape),
        "parameter": lambda: 0.1 * rng.normal(size=(k, shape[-1])),
        "bias": lambda: rng.normal(size=k),
        "log noise": lambda: np.log(simplex(rng, (k,))),
        "label": lambda: rng.integers(0, k, shape[:-1]).astype("int32"),
        "grade": lambda: rng.integers(0, k + 1, shape[:-1]).astype("int32"),
        "samples": lambda: rng.integers(0, k, shape[0]).astype("int32"),
        "sequence": lambda: rng.integers(1, k, (shape[0], 20)).astype("int32"),
    }.get(kind, lambda: rng.normal(size=shape[:-1] + (k,) if of.isdigit() else shape))()
    return found if found.dtype == "int32" else found.astype("float32")


def arrays_of(case):
    """Return what is fed, by port; 'itself' feeds nothing."""
    rng = np.random.default_rng(0)
    return {port: draw(rng, kind, case.shape) for port, kind in case.ports.items() if kind != "itself"}


def learnt(case):
    """Return the ports whose gradients are wanted."""
    return [p for p, kind in case.ports.items() if p != "target" and kind.partition(" of ")[0] in LEARNT]


def of_symloss(case, arrays, mode="C", profile=False):
    """Return a function without arguments: sum and number of values, and the gradients of the mean."""
    fed, given = {}, []
    for port, kind in case.ports.items():
        if kind == "itself":
            given.append(next(iter(fed.values())))
            continue
        known = 0 if kind.startswith(("parameter", "bias", "log noise")) else 1  # the number of items is not known
        shape = (None,) * known + arrays[port].shape[known:]
        fed[port] = pytensor.shared(arrays[port], name=port, shape=shape)
        given.append(GIVEN.get(kind, lambda x: x)(fed[port]))
    numerator, count = symloss.losses.fraction(symloss.losses.get(case.name).function(*given))
    outputs = [numerator, count, *pytensor.grad(numerator / count, [fed[port] for port in learnt(case)])]
    backend = compiling.modes.resolve(mode)
    kept = outputs if backend.own else [pytensor.Out(x, borrow=True) for x in outputs]
    with pytensor.config.change_flags(profile=profile):
        return compiling.function([], kept, backend)


def of_torch(case, arrays):
    """Return a function without arguments: the mean and its gradients, computed eagerly."""
    fed = {p: torch.from_numpy(a).long() if a.dtype == "int32" else torch.from_numpy(a) for p, a in arrays.items()}
    by = [fed[port].requires_grad_() for port in learnt(case)]
    given = list(fed.values()) + [None] * ("itself" in case.ports.values())
    if case.prepare is not None:
        given = case.prepare(*given)

    def run():
        total = case.torch(*given)
        total = total.mean() if total.ndim else total
        return [total.detach(), *torch.autograd.grad(total, by)]

    return run


def check(case, found, expected):
    """Raise unless both computed the same, up to what float32 leaves."""
    for what, ours, theirs in zip(["mean", *learnt(case)], found, expected, strict=True):
        ours, theirs = np.asarray(ours, "float64"), theirs.numpy().astype("float64")
        apart = np.linalg.norm(ours - theirs) / max(np.linalg.norm(theirs), 1e-6)
        if not apart < 2e-2:  # an item more or less beyond a kink
            raise AssertionError(f"{case.name}: {what} differs from torch's by a share of {apart:.2g}")


def least(runners, seconds):
    """Return the least time of each function in milliseconds, measured in turn in short rounds.

    It is the processor's time, which other programs on the machine disturb less than a clock's.
    """
    best, counts = dict.fromkeys(runners, np.inf), {}
    for name, run in runners.items():
        run()
        start = time.process_time()
        run()
        counts[name] = max(1, int(0.01 / (time.process_time() - start)))
    start = time.process_time()
    while time.process_time() - start < seconds:
        for name, run in runners.items():
            before = time.process_time()
            for _ in range(counts[name]):
                run()
            best[name] = min(best[name], (time.process_time() - before) / counts[name] * 1e3)
    return best


def measure(case, seconds, mode):
    """Return milliseconds of symloss and of torch."""
    arrays = arrays_of(case)
    runners = {"symloss": of_symloss(case, arrays, mode), "torch": of_torch(case, arrays)}
    (numerator, count, *slopes), expected = (run() for run in runners.values())
    check(case, [numerator / count, *slopes], expected)
    best = least(runners, seconds)
    return best["symloss"], best["torch"]


def profile(case, calls=20):
    """Print where the time of a loss goes, op by op."""
    run = of_symloss(case, arrays_of(case), profile=True)
    for _ in range(calls):
        run()
    print(f"{case.name}, {case.shape}")
    pytensor.printing.debugprint(run, print_type=False)
    run.profile.summary(sys.stdout, n_ops_to_print=12, n_apply_to_print=12)


def main(names=(), seconds=1.0, mode="C"):
    """Measure, print the table, and return {(name, shape): (milliseconds of symloss, of torch)}."""
    torch.set_num_threads(1)
    found = {}
    for case in CASES:
        if not names or case.name in names:
            found[case.name, case.shape] = measure(case, seconds, mode)
    rows = sorted(found.items(), key=lambda pair: -pair[1][0] / pair[1][1])
    print("| loss | shape | symloss ms | torch ms | ratio |\n|---|---|---|---|---|")
    for (name, shape), (ours, theirs) in rows:
        flag = " **" if ours > 2 * theirs else ""
        print(f"| {name} | {' x '.join(map(str, shape))} | {ours:.3f} | {theirs:.3f} | {ours / theirs:.2f}{flag} |")
    missing = sorted(set(symloss.losses.names()) - {case.name for case in CASES})
    if missing:
        print(f"without a case: {', '.join(missing)}")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="of losses; all, if there is none")
    parser.add_argument("--seconds", type=float, default=1.0, help="of measuring, a loss")
    parser.add_argument("--mode", default="C", help="of symloss (%(default)s)")
    parser.add_argument("--profile", action="store_true", help="where the time of these losses goes, op by op")
    asked = parser.parse_args()
    if asked.profile:
        for one in CASES:
            if one.name in asked.names:
                profile(one)
    else:
        main(asked.names, asked.seconds, asked.mode)
