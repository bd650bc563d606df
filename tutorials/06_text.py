"""Text, character by character: a network learns a nursery rhyme and continues it.

Run it with ``python tutorials/06_text.py``. It takes about a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

# "This is the house that Jack built" is a nursery rhyme of the 18th century. Each entry says what someone did to the
# one in the entry before.
CHAIN = [
    "lay in the house that Jack built.",
    "ate the malt",
    "killed the rat",
    "worried the cat",
    "tossed the dog",
    "milked the cow with the crumpled horn",
    "kissed the maiden all forlorn",
    "married the man all tattered and torn",
    "waked the priest all shaven and shorn",
    "kept the cock that crowed in the morn",
]
LAST = "the farmer sowing his corn"


def rhyme() -> str:
    """Return the rhyme. Every verse is the verse before it with one more line."""
    names = [deed.split(" ", 1)[1] for deed in CHAIN[1:]] + [LAST]
    verses = ["This is the house that Jack built.\n"]
    for index, name in enumerate(names):
        verses.append(f"This is {name},\n" + ",\n".join(f"that {deed}" for deed in reversed(CHAIN[: index + 1])) + "\n")
    return "\n".join(verses)


def main(epochs: int = 15, folder=None, batches: int = 50, characters: int = 300) -> float:
    """Train for `epochs` epochs of `batches` batches, write `characters`, and return the loss in nats per character."""
    pytensor.config.floatX = "float32"

    # 1. Text turns characters into classes. Each character of the alphabet has a number, and 0 stands for all
    # characters that are too rare to learn from.
    text = symloss.recurrent.Text(rhyme())
    print(f"{len(text.text)} characters, {text.size} classes: {text.alpha!r}")

    # 2. The model reads a one-hot character and predicts the probability of each character that may come next.
    net = symloss.recurrent.Classifier([text.size, (96, "gru"), text.size])

    # 3. The batches are windows of 80 characters from anywhere in the text. The label of each character is the next
    # one.
    net.train(text.classifier_batches(steps=80, batch_size=32, rng=0), algo="adam", learning_rate=0.005, epochs=epochs,
              train_batches=batches, max_gradient_norm=1.0, patience=None)

    # 4. The loss is in nats per character. exp(loss) is the perplexity: the number of equally likely characters that
    # would leave the model in the same doubt. We measure it on the training text, which this model is meant to learn by
    # heart. Only one thing cannot be known in advance: who comes next in "This is the ...".
    loss = net.history[-1]["loss"]
    share = np.bincount(text.encode(text.text)) / len(text.text)
    alone = -(share[share > 0] * np.log(share[share > 0])).sum()
    print(f"{loss:.3f} nats per character; the frequencies of the characters alone give {alone:.3f}")

    # 5. Writing. Each character is drawn from the predicted probabilities and becomes the next input.
    for start, seed in (("This is the ", 1), ("the dog that Jack ", 2)):
        sample = text.decode(net.predict_sequence(text.encode(start), steps=characters, rng=seed))
        print(f"\n[{start}]{sample}")
    print()
    draw(net, text, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return loss


def draw(net, text, folder):
    """Draw how much each character of a verse surprised the model."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    verse = text.text[text.text.index("This is the cow") :].split("\n\n")[0]
    classes = text.encode(verse)
    chances = net.predict_proba(np.eye(text.size)[classes[:-1]][None])[0]
    surprise = [np.nan, *-np.log2(chances[np.arange(len(verse) - 1), classes[1:]])]
    lines = verse.split("\n")
    picture = np.full((len(lines), max(map(len, lines))), np.nan)
    figure = Figure(figsize=(10, 0.5 * len(lines) + 0.5), layout="constrained")
    axes, place = figure.subplots(), 0
    for row, line in enumerate(lines):
        picture[row, : len(line)] = surprise[place : place + len(line)]
        place += len(line) + 1  # and the end of the line
        for column, character in enumerate(line):
            axes.text(column, row, character, ha="center", va="center", family="monospace")
    drawn = axes.imshow(picture, cmap="Oranges", vmin=0, vmax=2, aspect="auto")
    figure.colorbar(drawn, label="bits of surprise")
    axes.set_axis_off()
    figure.savefig(folder / "06_text.png", dpi=120)
    print(f"figure: {folder / '06_text.png'}")


if __name__ == "__main__":
    main()
