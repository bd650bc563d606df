"""Writing down a melody: sequences and labels of different lengths, where nobody knows which step has which label.

Run it with ``python tutorials/09_ctc.py``. It takes about a minute, most of which is spent compiling.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

NOTES = {"do": (0, 1), "re": (1, 0), "mi": (0, 2), "fa": (2, 0), "so": (1, 2)}  # which strings sound, in this order


def recording(melody: list, rng) -> np.ndarray:
    """Return the loudness of three strings (steps, 3) while a melody is played on them, with noise.

    A note consists of two strings, played one after the other, each for 2 to 4 steps. Between notes there are 1 to 4
    silent steps.
    """
    parts = [np.zeros((rng.integers(1, 5), 3))]
    for note in melody:
        parts += [np.tile(np.eye(3)[string], (rng.integers(2, 5), 1)) for string in NOTES[note]]
        parts.append(np.zeros((rng.integers(1, 5), 3)))
    loudness = np.concatenate(parts)
    return loudness + 0.2 * rng.normal(size=loudness.shape)


def recordings(count: int, rng) -> tuple[list, list]:
    """Return the recordings of `count` melodies of 1 to 6 notes, and the melodies."""
    melodies = [rng.choice(list(NOTES), size=rng.integers(1, 7)).tolist() for _ in range(count)]
    return [recording(melody, rng) for melody in melodies], melodies


def main(epochs: int = 20, folder=None, count: int = 500) -> float:
    """Train on `count` melodies for `epochs` epochs, save a figure, and return the label error rate of new melodies."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)

    # 1. The data are two lists: arrays (steps, variables) of any length, and a list of labels for each of them. There
    # must be fewer labels than steps. Labels may be strings or numbers.
    sounds, melodies = recordings(count, rng)

    # 2. The model has one output more than there are notes: the blank, which means "nothing new". Here it is the last
    # output, as in Wolfram. Without blank=-1 it is the first one, as in torch. The loss adds up all ways to assign the
    # steps to the notes in their order, so nobody has to say where in the recording a note is.
    net = symloss.recurrent.Classifier([3, (32, "gru"), len(NOTES) + 1], loss={"form": "ctc", "blank": -1})

    # 3. At first, such a model predicts only blanks. Then the loss falls quickly. Every second epoch, the model writes
    # down new melodies, and we count the notes that would have to be inserted, deleted or replaced.
    new_sounds, new_melodies = recordings(200, rng)
    rates = {}
    rate = symloss.schedules.cosine(0.02, steps=epochs * -(-count // 32))
    for record in net.itertrain([sounds, melodies], algo="adam", learning_rate=rate, epochs=epochs, batch_size=32,
                                max_gradient_norm=1.0, patience=None):
        epoch = record["epoch"]
        if epoch % 2 == 0 or epoch == epochs:
            rates[epoch] = net.score(new_sounds, new_melodies, metric="label_error_rate")
            print(f"epoch {epoch}: loss {record['loss']:.3f}, wrong notes of new melodies: {rates[epoch]:.2%}")

    # 4. Greedy decoding takes the most probable class of each step, merges repeats and removes blanks. A beam search
    # adds up the ways that lead to the same labels, and ranks the other possible readings of a recording.
    for name, found in (("greedy", net.decode(new_sounds)), ("beam", net.decode(new_sounds, beam=8))):
        print(f"{name}: {symloss.decoding.label_error_rate(found, new_melodies):.2%} of the notes are wrong")
    print("a noisy recording of do mi so:")
    noisy = recording(["do", "mi", "so"], rng)
    for labels, log_probability in net.decode([noisy + 0.4 * rng.normal(size=noisy.shape)], beam=8, top=3)[0]:
        print(f"  {' '.join(labels)}, with probability {np.exp(log_probability):.3f}")
    draw(net, rates, rng, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return rates[epochs]


def draw(net, rates, rng, folder):
    """Draw the learning curve, and which note the model hears at each step of a recording."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5), layout="constrained")
    grid = figure.add_gridspec(2, 2, width_ratios=[1, 2])
    left, top, bottom = (figure.add_subplot(grid[place]) for place in ((slice(None), 0), (0, 1), (1, 1)))
    left.plot(list(rates), list(rates.values()), "o-")
    left.set(xlabel="epoch", ylabel="label error rate of new melodies", ylim=(0, None))

    melody = ["do", "re", "mi", "mi", "fa", "so"]
    loudness = recording(melody, rng)
    chances = net.predict_proba(loudness[None])[0]
    top.imshow(loudness.T, aspect="auto", cmap="gray_r", interpolation="nearest")
    top.set(yticks=range(3), ylabel="string", title=f"played: {' '.join(melody)}")
    for note, chance in zip(net.classes, chances.T, strict=True):
        style = {"color": "gray", "linestyle": ":"} if note is None else {}
        bottom.plot(chance, label=note or "blank", **style)
    positions = [net.classes.index(note) for note in melody]
    places = symloss.decoding.ctc_align([chances], [positions], blank=-1)[0]
    for place, note in enumerate(melody):  # where the most probable alignment has each note
        bottom.text(np.flatnonzero(places == place).mean(), 1.08, note, ha="center", weight="bold")
    bottom.set(xlabel="step", ylabel="probability", ylim=(-0.05, 1.25), xlim=top.get_xlim())
    bottom.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(folder / "09_ctc.png", dpi=120)
    print(f"figure: {folder / '09_ctc.png'}")


if __name__ == "__main__":
    main()
