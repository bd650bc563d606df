"""Time of small calls: `predict` of one row and of 2,000 rows beside torch eager, and `train` of one tiny epoch.

Run it by hand: ``python tests/benchmarks/small_calls.py``. It pins itself to one core, calls symloss and torch in turn
with the same float32 numbers, several rounds in one run, and prints the least time of each. Torch is measured where it
is installed.
"""

import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np
import pytensor

pytensor.config.floatX = "float32"
import symloss  # noqa: E402

ROUNDS, SECONDS = 30, 0.02  # of each measurement


def least(calls: dict) -> dict:
    """Return the least time of each call in microseconds; all are measured in turn."""
    counts, found = {}, {}
    for name, call in calls.items():
        call()
        start = time.perf_counter()
        call()
        counts[name] = max(1, int(SECONDS / (time.perf_counter() - start)))
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                call()
            seconds = (time.perf_counter() - start) / counts[name]
            found[name] = min(found.get(name, np.inf), seconds)
    return {name: 1e6 * seconds for name, seconds in found.items()}


def in_torch(net, x):
    """Return the same prediction in torch eager, from numpy to numpy."""
    import torch

    torch.set_num_threads(1)
    weights = [torch.tensor(p.get_value()) for p in net.params]
    (w1, b1), (w2, b2) = (sorted(pair, key=lambda p: -p.ndim) for pair in (weights[:2], weights[2:]))
    data = torch.tensor(x)

    def call():
        with torch.no_grad():
            return (torch.relu(data @ w1 + b1) @ w2 + b2).numpy()

    np.testing.assert_allclose(call(), net.predict(x), rtol=1e-4, atol=1e-5)
    return call


def main() -> None:
    """Print the times."""
    rng = np.random.default_rng(0)
    net = symloss.Regressor([20, (64, "relu"), 2], seed=0)
    for rows in (1, 2_000):
        x = rng.normal(size=(rows, 20)).astype("float32")
        calls = {"symloss": lambda x=x: net.predict(x)}
        try:
            calls["torch"] = in_torch(net, x)
        except ImportError:
            print("torch is not installed")
        found = least(calls)
        ratio = f", torch {found['torch']:8.1f} us ({found['symloss'] / found['torch']:.2f} of it)" * ("torch" in found)
        print(f"predict, {rows:5d} rows: {found['symloss']:8.1f} us{ratio}")
    x, y = rng.normal(size=(64, 10)).astype("float32"), rng.normal(size=(64, 3)).astype("float32")
    small = symloss.Regressor([10, 20, 3], loss="mae", seed=0)
    found = least({"train": lambda: small.train([x, y], algo="sgd", batch_size=64, epochs=1, verbose=0)})
    print(f"train, one epoch of 64 rows, (10, 20, 3): {found['train'] / 1000:.2f} ms")


if __name__ == "__main__":
    main()
