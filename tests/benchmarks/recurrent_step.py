"""Time of one whole training step of recurrent models against torch, which runs its own fused layers eagerly.

Run it by hand: ``python tests/benchmarks/recurrent_step.py``. It pins itself to one core, measures everything in turn,
several rounds in one run, and prints the least time of each and its ratio to torch. Both sides do a forward pass
through time, the mean squared error with weights, the gradients and an sgd update, on the same batch again and again;
symloss runs as `train` runs it: it gathers the rows in shuffled order, and sums up every term.
"""

import argparse
import os
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1")
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

import numpy as np

CASES = {  # form of layer, activation, inputs, units, steps, batch
    "rnn": ("rnn", "tanh", 3, 10, 50, 32),
    "relu": ("rnn", "relu", 3, 10, 50, 32),
    "gru": ("gru", "tanh", 3, 10, 50, 32),
    "lstm": ("lstm", "tanh", 3, 10, 50, 32),
    "bilstm": ("bilstm", "tanh", 3, 20, 50, 32),
    "wide": ("lstm", "tanh", 32, 128, 50, 32),
}


def data(inputs, steps, batch):
    """Return sequences and weights of their elements, float32."""
    rng = np.random.default_rng(0)
    shape = batch, steps, inputs
    return rng.normal(size=shape).astype("float32"), rng.uniform(size=shape).astype("float32")


def symloss_steps(form, activation, inputs, units, steps, batch):
    """Return a function that trains so many steps, as `train` does."""
    import pytensor

    pytensor.config.floatX = "float32"
    import symloss
    from symloss.training import options, trainer

    net = symloss.recurrent.Autoencoder([inputs, (units, form, activation), inputs], weighted=True)
    asked = options.Options.split("sgd", {"learning_rate": 0.01}, net.graph)
    step, _ = trainer.compiled(net, asked, validated=False)
    arrays = list(data(inputs, steps, batch))
    step.load([arrays[0], np.ones((batch, steps), "int8"), arrays[1]] if net.graph.mask is not None else arrays)
    order = np.random.default_rng(2).permutation(batch)

    def run(count):
        step.run(np.resize(order, count * batch), batch)

    return run


def torch_steps(form, activation, inputs, units, steps, batch):
    """Return a function that trains so many steps with torch, eagerly."""
    import torch

    torch.set_num_threads(1)
    kind = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU}.get(form, torch.nn.LSTM)
    both = form.startswith("bi")
    extra = {"nonlinearity": activation} if kind is torch.nn.RNN else {"bidirectional": both}
    layer = kind(inputs, units // 2 if both else units, batch_first=True, **extra)
    last = torch.nn.Linear(units, inputs)
    optimizer = torch.optim.SGD([*layer.parameters(), *last.parameters()], lr=0.01)
    x, w = (torch.from_numpy(a) for a in data(inputs, steps, batch))

    def run(count):
        for _ in range(count):
            optimizer.zero_grad()
            ((last(layer(x)[0]) - x).square() * w).sum().div(w.sum()).backward()
            optimizer.step()

    return run


def main(names=tuple(CASES), rounds=60, seconds=0.02):
    """Measure, print one line for each case, and return {case: {what: microseconds}}."""
    found = {}
    for name in names:
        runners = {"symloss": symloss_steps(*CASES[name])}
        try:
            runners["torch eager"] = torch_steps(*CASES[name])
        except ImportError as error:
            print(f"torch: skipped ({error})")
        counts, best = {}, {}
        for label, run in runners.items():
            run(2)
            start = time.perf_counter()
            run(4)
            counts[label] = max(2, int(seconds * 4 / (time.perf_counter() - start)))
        for _ in range(rounds):
            for label, run in runners.items():
                start = time.perf_counter()
                run(counts[label])
                each = (time.perf_counter() - start) / counts[label] * 1e6
                best[label] = min(best.get(label, each), each)
        ratio = best["symloss"] / best.get("torch eager", float("nan"))
        text = ", ".join(f"{label} {value:.0f}" for label, value in best.items())
        print(f"{name:8s} {CASES[name]}: microseconds a step: {text}; ratio {ratio:.2f}")
        found[name] = best
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", choices=[[], *CASES], default=[])
    main(parser.parse_args().cases or tuple(CASES))
