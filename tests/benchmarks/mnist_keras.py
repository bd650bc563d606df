"""Time of an epoch of the Keras tutorial's digits: Keras on jax and on torch against symloss, by the same script.

Run it by hand: ``python tests/benchmarks/mnist_keras.py --peers python_with_keras``. Each library runs in a process of
its own, which compiles first and then trains an epoch whenever it is asked; they are asked in turn, several rounds, so
that all see the same machine. An epoch is 60,000 digits in batches of 256, Adam, sparse cross-entropy, with the
accuracy, and the validation on 10,000 digits. All cores are for everyone. The medians are printed with their ratios to
those of symloss: of the time, and of the processor time of all threads, which other programs hardly change.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time

import numpy as np

LIBRARIES = ("symloss", "keras on jax", "keras on torch")


def keras_of(library: str):
    """Return the module that plays Keras."""
    if library == "symloss":
        import symloss.compat.keras as keras
    else:
        os.environ["KERAS_BACKEND"] = library.split()[-1]
        import keras
    return keras


def digits(rows: int):
    """Return random images and labels as `load_data` does, in bytes: what they show makes no difference to the time."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (rows, 28, 28), "uint8"), rng.integers(0, 10, rows)


def serve(library: str) -> None:
    """Train an epoch for each line that comes in, and answer with its time and its processor time, in seconds.

    The first answer comes after compiling.
    """
    keras = keras_of(library)
    data, valid = digits(60_000), digits(10_000)
    model = keras.Sequential([keras.layers.Input((28, 28, 1)), keras.layers.Flatten(),
                              keras.layers.Dense(84, activation="relu"), keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["acc"])
    begun: list = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            now = time.perf_counter(), time.process_time()
            if epoch:
                print(*(a - b for a, b in zip(now, begun, strict=True)), flush=True)
            if not sys.stdin.readline():
                os._exit(0)
            begun[:] = time.perf_counter(), time.process_time()

    model.fit(*data, batch_size=256, epochs=2, validation_data=valid, verbose=0)
    print("compiled", flush=True)
    model.fit(*data, batch_size=256, epochs=10_000, validation_data=valid, verbose=0, callbacks=[Clock()])


def measure(pythons: dict, rounds: int) -> dict:
    """Return (time, processor time) of `rounds` epochs of each library, asked in turn."""
    workers = {}
    for library, python in pythons.items():
        workers[library] = subprocess.Popen([python, __file__, "--serve", library], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if workers[library].stdout.readline().strip() != "compiled":
            print(f"{library}: not there")
            del workers[library]
    seconds: dict = {library: [] for library in workers}
    for _ in range(rounds):
        for library, worker in workers.items():
            worker.stdin.write("\n")
            worker.stdin.flush()
            seconds[library].append([float(part) for part in worker.stdout.readline().split()])
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    return seconds


def main() -> None:
    """Print the times of all libraries."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--peers", default=sys.executable, help="a Python that has keras, jax and torch")
    parser.add_argument("--against", nargs="*", choices=LIBRARIES[1:], default=LIBRARIES[1:])
    parser.add_argument("--serve", choices=LIBRARIES)
    asked = parser.parse_args()
    if asked.serve:
        serve(asked.serve)
        return
    pythons = {"symloss": sys.executable} | dict.fromkeys(asked.against, asked.peers)
    seconds = measure(pythons, asked.rounds)
    medians = {library: [statistics.median(part) for part in zip(*some, strict=True)]
               for library, some in seconds.items()}
    for library, found in medians.items():
        ratios = [a / b for a, b in zip(found, medians["symloss"], strict=True)]
        print(f"{library:15s} {found[0]:7.3f} s an epoch ({ratios[0]:5.2f} of symloss), "
              f"{found[1]:7.3f} s of processor time ({ratios[1]:5.2f})")


if __name__ == "__main__":
    main()
