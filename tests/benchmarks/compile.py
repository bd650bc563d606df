"""Seconds from `train` to the first step, with nothing cached and again, beside jax.jit's own first step.

Run it on a quiet machine: ``python tests/benchmarks/compile.py``. Each figure is of a process of its own, on one core.
"""

import argparse
import os
import subprocess
import sys
import tempfile

MODELS = {
    "(10, 20, 3) mae, sgd": "symloss.Regressor([10, 20, 3], loss='mae', mode=MODE), 'sgd', 64, 10, 3",
    "(784, 84, 10), adam": "symloss.Classifier([784, (84, 'relu'), 10], mode=MODE), 'adam', 256, 784, 0",
    "(784, 84, 10), adam, dropout": ("symloss.Classifier([784, (84, 'relu'), 10], mode=MODE), 'adam', 256, 784, 0, "
                                     "dict(input_dropout=0.2, hidden_dropout=0.5)"),
}
OURS = """
import time, numpy as np, pytensor
pytensor.config.floatX = "float32"
import symloss
MODE = {mode!r}
def run(net, algo, batch, width, outputs, options={{}}):
    rng = np.random.default_rng(0)
    x = rng.random((batch, width), dtype="float32")
    y = rng.random((batch, outputs), dtype="float32") if outputs else rng.integers(0, 10, batch)
    start = time.perf_counter()
    net.train([x, y], algo=algo, batch_size=batch, epochs=1, verbose=0, **options)
    print(time.perf_counter() - start)
run({model})
"""
JAX = """
import time, jax, jax.numpy as jnp, numpy as np
jax.config.update("jax_platforms", "cpu")
widths, adam, labels = {widths}, {adam}, {labels}
rng = np.random.default_rng(0)
p = [jnp.asarray(rng.normal(size=s) / 10, "float32") for a, b in zip(widths, widths[1:]) for s in ((a, b), (b,))]
m, v = [jnp.zeros_like(a) for a in p], [jnp.zeros_like(a) for a in p]
x = jnp.asarray(rng.random(({batch}, widths[0])), "float32")
y = jnp.asarray(rng.integers(0, 10, {batch})) if labels else jnp.asarray(rng.random(({batch}, widths[-1])), "float32")
jnp.ones(3).sum().block_until_ready()  # its own start
def loss(p):
    out = jax.nn.relu(x @ p[0] + p[1]) @ p[2] + p[3]
    if labels:
        return (jax.nn.logsumexp(out, axis=1) - out[jnp.arange(len(y)), y]).mean()
    return jnp.abs(out - y).mean()
@jax.jit
def step(p, m, v, t):
    value, g = jax.value_and_grad(loss)(p)
    if not adam:
        return [a - 0.01 * b for a, b in zip(p, g)], m, v, value
    m = [0.9 * a + 0.1 * b for a, b in zip(m, g)]
    v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g)]
    rate = 0.001 * jnp.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t)
    return [a - rate * b / (jnp.sqrt(c) + 1e-8) for a, b, c in zip(p, m, v)], m, v, value
start = time.perf_counter()
jax.block_until_ready(step(p, m, v, 1.0))
print(time.perf_counter() - start)
"""
PEERS = {
    "(10, 20, 3) mae, sgd": dict(widths=[10, 20, 3], adam=False, labels=False, batch=64),
    "(784, 84, 10), adam": dict(widths=[784, 84, 10], adam=True, labels=True, batch=256),
}


def seconds(code: str, environment: dict) -> float:
    """Return what a process of its own prints."""
    pinned = ["taskset", "-c", "0"] if os.path.exists("/usr/bin/taskset") else []
    found = subprocess.run([*pinned, sys.executable, "-c", code], env=os.environ | environment, check=True,
                           capture_output=True, text=True)
    return float(found.stdout.split()[-1])


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", default="C", help="modes, separated by commas (%(default)s)")
    parser.add_argument("--repeat", type=int, default=3, help="processes for each figure; the least counts")
    options = parser.parse_args()
    for name, model in MODELS.items():
        shown = []
        for mode in options.modes.split(","):
            cold, warm = [], []
            for _ in range(options.repeat):
                with tempfile.TemporaryDirectory() as folder:
                    empty = {"SYMLOSS_CACHE": folder, "OMP_NUM_THREADS": "1"}
                    if mode != "C":
                        empty["PYTENSOR_FLAGS"] = f"base_compiledir={folder}"
                    code = OURS.format(mode=mode, model=model)
                    cold.append(seconds(code, empty))
                    warm.append(seconds(code, empty))
            shown.append(f"{mode} {min(cold):.3f} s, again {min(warm):.3f} s")
        if name in PEERS:
            peer = min(seconds(JAX.format(**PEERS[name]), {}) for _ in range(options.repeat))
            shown.append(f"jax.jit {peer:.3f} s")
        print(f"{name}: {'; '.join(shown)}", flush=True)


if __name__ == "__main__":
    main()
