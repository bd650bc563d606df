"""Time of one whole training step (forward, gradients, sgd update) against the products alone and against peers.

Run it by hand: ``python tests/benchmarks/training_step.py``. It pins itself to one core, measures everything in turn,
several rounds in one run, and prints the least time of each and its ratio to 'the floor': only the step's matrix
products, in numpy. Peers (torch, jax) are measured where they are installed. Everybody gets one batch of data, again
and again; symloss runs as `train` runs it: it gathers the rows in shuffled order, and sums up every term and metric.
"""

import argparse
import functools
import os
import tempfile
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

CASES = {
    "small": ((10, 20, 3), "mae", 64),
    "digits": ((784, 84, 10), "xe", 256),
    "large": ((784, 1024, 1024, 10), "xe", 256),
}


def data(sizes, loss, batch):
    """Return a batch of inputs and targets, float32 and int32."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(batch, sizes[0])).astype("float32")
    if loss == "mae":
        return x, rng.normal(size=(len(x), sizes[-1])).astype("float32")
    return x, rng.integers(0, sizes[-1], len(x)).astype("int32")


def floor(sizes, loss, batch):
    """Return a function that does the products of so many steps in numpy, and nothing else."""
    rng = np.random.default_rng(1)
    weights = [rng.normal(size=pair).astype("float32") for pair in zip(sizes, sizes[1:], strict=False)]
    values = [rng.normal(size=(batch, n)).astype("float32") for n in sizes]
    pairs = [(np.empty_like(w), w) for w in weights]
    forward = [np.empty_like(v) for v in values]

    def steps(count):
        for _ in range(count):
            for k, (_, w) in enumerate(pairs):
                np.dot(values[k], w, out=forward[k + 1])
            for k in reversed(range(len(pairs))):
                slope, w = pairs[k]
                np.dot(values[k].T, values[k + 1], out=slope)
                if k:
                    np.dot(values[k + 1], w.T, out=forward[k])

    return steps


OPTIONS = {
    "symloss": ("sgd", {}), "symloss adam": ("adam", {}),
    "symloss adam, l2, l1": ("adam", {"weight_l2": 1e-4, "hidden_l1": 1e-3}),
    "symloss adam, dropout": ("adam", {"input_dropout": 0.2, "hidden_dropout": 0.5}),
}


def symloss_steps(sizes, loss, batch, mode=None, algo="sgd", options=None):
    """Return a function that trains so many steps, as `train` does."""
    import pytensor

    pytensor.config.floatX = "float32"
    import symloss
    from symloss.training import trainer
    from symloss.training.options import Options

    model = symloss.Regressor if loss == "mae" else symloss.Classifier
    net = model(list(sizes), loss=loss, mode=mode)
    asked = Options.split(algo, {"learning_rate": 0.01} | (options or {}), net.graph)
    step, _ = trainer.compiled(net, asked, validated=False)
    x, y = data(sizes, loss, batch)
    step.load([x, y])
    order = functools.cache(functools.partial(np.resize, np.random.default_rng(2).permutation(len(x))))

    def steps(count):
        step.run(order(count * batch), batch)

    return steps


def torch_steps(sizes, loss, batch):
    """Return a function that trains so many steps with torch, eagerly."""
    import torch

    torch.set_num_threads(1)
    parts = []
    for a, b in zip(sizes, sizes[1:], strict=False):
        parts += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    net = torch.nn.Sequential(*parts[:-1])
    measure = torch.nn.L1Loss() if loss == "mae" else torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    x, y = (torch.from_numpy(a) for a in data(sizes, loss, batch))
    y = y if loss == "mae" else y.long()

    def steps(count):
        for _ in range(count):
            optimizer.zero_grad()
            measure(net(x), y).backward()
            optimizer.step()

    return steps


def jax_steps(sizes, loss, batch):
    """Return a function that trains so many steps with a jitted step of jax."""
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(1)
    params = [(jnp.asarray(rng.normal(size=(a, b)).astype("float32") / a**0.5), jnp.zeros(b, "float32"))
              for a, b in zip(sizes, sizes[1:], strict=False)]

    def total(params, x, y):
        for w, b in params[:-1]:
            x = jnp.maximum(x @ w + b, 0)
        z = x @ params[-1][0] + params[-1][1]
        if loss == "mae":
            return jnp.abs(z - y).mean()
        return -jnp.take_along_axis(jax.nn.log_softmax(z), y[:, None], 1).mean()

    def one(params, x, y):
        value, slopes = jax.value_and_grad(total)(params, x, y)
        return jax.tree.map(lambda p, g: p - 0.01 * g, params, slopes), value

    jitted = jax.jit(one, donate_argnums=0)
    x, y = (jnp.asarray(a) for a in data(sizes, loss, batch))
    state = [params]

    def steps(count):
        for _ in range(count):
            state[0], value = jitted(state[0], x, y)
        value.block_until_ready()

    return steps


def enough(run, seconds) -> int:
    """Return how many steps take so long, when they are warm: the first ones take many times as long."""
    count, taken = 2, 0.0
    while taken < seconds / 2:
        count = max(2 * count, int(count * seconds / taken / 2) if taken else 0)
        run(count)
        start = time.perf_counter()
        run(count)
        taken = time.perf_counter() - start
    return max(2, int(count * seconds / taken))


def main(names=tuple(CASES), rounds=100, seconds=0.02, mode=None):
    """Measure, print one table for each case, and return {case: {what: microseconds}}."""
    found = {}
    for name in names:
        sizes, loss, batch = CASES[name]
        runners = {}
        ours = {label: functools.partial(symloss_steps, mode=mode, algo=algo, options=options)
                for label, (algo, options) in OPTIONS.items()}
        for label, make in {"floor (numpy)": floor, **ours, "torch eager": torch_steps, "jax.jit": jax_steps}.items():
            try:
                runners[label] = make(sizes, loss, batch)
            except ImportError as error:
                print(f"{label}: skipped ({error})")
        counts, best = {}, {}
        for label, run in runners.items():
            counts[label] = enough(run, seconds)
        for _ in range(rounds):
            for label, run in runners.items():
                start = time.perf_counter()
                run(counts[label])
                each = (time.perf_counter() - start) / counts[label] * 1e6
                best[label] = min(best.get(label, each), each)
        print(f"\n{sizes}, {loss}, batch {batch}: microseconds a step, ratio to the floor, ratio to symloss")
        for label, value in best.items():
            print(f"  {label:22s} {value:10.1f} {value / best['floor (numpy)']:8.2f} {value / best['symloss']:8.2f}")
        found[name] = best
    return found


def crossing(widths=(8, 16, 24, 32, 48, 64, 96), batch=64, rounds=40):
    """Print the time of a step with products written out, rows side by side, and with products of BLAS."""
    import symloss.compiling.ccode.layout as layout

    print(f"(width, width, 10), mae, batch {batch}: microseconds a step")
    print("  width   written out        BLAS")
    for width in widths:
        runners = []
        for largest in (10**9, 0):
            layout.LARGEST = largest
            with tempfile.TemporaryDirectory() as os.environ["SYMLOSS_CACHE"]:  # plans are of one layout
                runners.append(symloss_steps((width, width, 10), "mae", batch))
                runners[-1](4)
        best = [float("inf"), float("inf")]
        for _ in range(rounds):
            for place, run in enumerate(runners):
                start = time.perf_counter()
                run(200)
                best[place] = min(best[place], (time.perf_counter() - start) / 200 * 1e6)
        print(f"  {width:5d} {best[0]:13.1f} {best[1]:11.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    parser.add_argument("--mode", help="of symloss; C if there is none")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--crossing", action="store_true", help="where products by BLAS become faster")
    asked = parser.parse_args()
    crossing() if asked.crossing else main(asked.cases or tuple(CASES), asked.rounds, mode=asked.mode)
