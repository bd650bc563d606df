"""Embeddings of 50,000 words: skip-grams learned with sampled softmax, NCE and negative sampling.

Run it with ``python tutorials/15_embeddings.py``. It takes about a minute.
"""

import importlib.util
import pathlib
import tempfile

import numpy as np
import pytensor

import symloss

WORDS, TOPICS = 50_000, 100
STAY = 0.95  # probability that the next word belongs to the same topic
WINDOW = 2  # how far away a neighbor may be
SIZE = 32  # size of the vector of a word


def frequencies():
    """Return the probability of each word within its topic. Word w belongs to topic w % TOPICS; word 0 comes first."""
    return 1 / np.arange(1, WORDS // TOPICS + 1) / (1 / np.arange(1, WORDS // TOPICS + 1)).sum()


def language(count: int, rng):
    """Return a text of `count` words: a topic lasts for a while, and its words follow Zipf's law."""
    changes = rng.uniform(size=count) > STAY
    changes[0] = True
    topics = rng.integers(TOPICS, size=count)[np.maximum.accumulate(np.where(changes, np.arange(count), 0))]
    return rng.choice(len(frequencies()), size=count, p=frequencies()) * TOPICS + topics


def skip_grams(text, rng):
    """Return each word of a text together with one of its neighbors."""
    away = rng.choice([-2, -1, 1, 2], size=len(text))
    centers = np.arange(WINDOW, len(text) - WINDOW)
    return [text[centers].astype("int32"), text[centers + away[centers]].astype("int32")]


def best_loss(rng) -> tuple[float, float]:
    """Return the best possible cross-entropy, and the cross-entropy if you know only the frequencies of the words."""
    p = frequencies()
    within = -(p * np.log(p)).sum()
    away = np.array([1, 2])
    same = STAY**away + (1 - STAY**away) / TOPICS  # probability that a neighbor has the same topic
    known = np.mean(-(same * np.log(same) + (1 - same) * np.log((1 - same) / (TOPICS - 1))))
    return known + within, np.log(TOPICS) + within


def main(epochs: int = 4, folder=None, count: int = 400_000) -> float:
    """Train on a text of `count` words, save a figure, and return the share of neighbors with the same topic."""
    pytensor.config.floatX = "float32"
    rng = np.random.default_rng(0)
    pairs, held_out = skip_grams(language(count, rng), rng), skip_grams(language(1000, rng), rng)
    known, unigram = best_loss(rng)
    print(f"cross-entropy of the next word: {unigram:.2f} nats if you only know frequencies, {known:.2f} at best")

    # 1. The input is one number, the id of a word, and the embedding layer returns a row of a table. The loss itself
    # has the weights for all 50,000 words, so the network ends with the embedding. Words are numbered by frequency,
    # most frequent first, so 'log_uniform' draws the classes of each step about as often as they occur. Negative
    # sampling draws them by their counts to the power of 0.75, as word2vec does.
    word = {"size": 1, "dtype": "int32"}
    layers = [word, {"form": "embedding", "ids": WORDS, "size": SIZE}]
    counts = np.bincount(pairs[1], minlength=WORDS) + 1
    samplers = {"sampled_softmax": {"sampler": "log_uniform"}, "nce": {"sampler": "log_uniform"},
                "negative_sampling": {"sampler": "unigram", "counts": counts, "power": 0.75}}
    curves = {}
    for form, sampler in samplers.items():
        net = symloss.Network(layers, loss={"form": form, "classes": WORDS, "samples": 64, **sampler})
        # 2. Adagrad updates only the rows of both tables that a step reads. The training loss uses 64 sampled classes.
        # The validation loss of all three is the cross-entropy of the softmax over all classes.
        history = net.train(pairs, held_out, algo="adagrad", learning_rate=0.3, epochs=epochs, batch_size=256,
                            patience=None, verbose=0)
        curves[form] = [record["valid_loss"] for record in history]
        print(f"{form}: validation loss {curves[form][-1]:.2f}, {milliseconds(history, count):.2f} ms per step")
        if form == "sampled_softmax":
            chosen = net
    print()
    print(chosen.explain())
    print()

    # 3. What was learned: words of one topic lie close together, although the network was never told about topics.
    table = chosen.find("out", "w").get_value()
    share = show_neighbors(table)

    # 4. You can still compute the probabilities of all classes when you need them.
    likely = chosen.losses[0].probabilities(chosen.predict([7]))[0].argsort()[::-1][:5]
    print(f"the most probable words after word 7 (topic 7): {', '.join(f'{w} (topic {w % TOPICS})' for w in likely)}")

    # 5. With ten or a hundred times as many classes, a step takes as long as before.
    times = {}
    for classes in (1_000, 10_000, 100_000, 1_000_000):
        if classes <= 10 * count:
            times[classes] = step_time(classes, pairs)
            print(f"{classes:9,} classes: {times[classes]:.3f} ms per step")
    draw(curves, known, unigram, table, times, pathlib.Path(folder or tempfile.mkdtemp(prefix="symloss-")))
    return share


def milliseconds(history, count) -> float:
    """Return the milliseconds per step in the fastest epoch."""
    return 1000 * min(record["seconds"] for record in history) / -(-count // 256)


def step_time(classes: int, pairs) -> float:
    """Return the milliseconds per step with this number of classes, and as many ids."""
    some = [column[:50_000] % classes for column in pairs]
    net = symloss.Network([{"size": 1, "dtype": "int32"}, {"form": "embedding", "ids": classes, "size": SIZE}],
                          loss=symloss.losses.SampledSoftmax(classes=classes, samples=64))
    history = net.train(some, algo="adagrad", learning_rate=0.3, epochs=3, batch_size=256, patience=None, verbose=0)
    return milliseconds(history, len(some[0]))


def show_neighbors(table, frequent: int = 1000, k: int = 5) -> float:
    """Print the nearest neighbors of some words, and return the share of neighbors with the topic of their word."""
    unit = table[:frequent] / np.linalg.norm(table[:frequent], axis=1, keepdims=True)
    nearest = (unit @ unit.T - 2 * np.eye(frequent)).argsort(axis=1)[:, ::-1][:, :k]
    for w in (0, 101, 542):
        print(f"word {w} of topic {w % TOPICS}, neighbors: {', '.join(f'{n} ({n % TOPICS})' for n in nearest[w])}")
    share = float((nearest % TOPICS == np.arange(frequent)[:, None] % TOPICS).mean())
    print(f"of the {k} nearest of the {frequent:,} most frequent words, {share:.0%} share the topic of their word")
    return share


def draw(curves, known, unigram, table, times, folder):
    """Draw the validation losses, a map of the words of eight topics, and the time per step by classes."""
    if not importlib.util.find_spec("matplotlib"):
        return
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 4.5), layout="constrained")
    losses, chart, curve = figure.subplots(1, 3)
    for form, values in curves.items():
        losses.plot(range(1, len(values) + 1), values, marker="o", label=form)
    losses.axhline(unigram, color="gray", linestyle=":", label="frequencies alone")
    losses.axhline(known, color="C4", linestyle=":", label="the language itself")
    losses.set(xlabel="epoch", ylabel="nats", title="softmax over all words, held-out text")
    losses.legend()
    words = np.array([w for w in range(2000) if w % TOPICS < 8])
    rows = table[words] - table[words].mean(axis=0)
    places = rows @ np.linalg.svd(rows, full_matrices=False)[2][:2].T
    spots = chart.scatter(*places.T, c=words % TOPICS, cmap="tab10", s=14, vmin=-0.5, vmax=9.5)
    figure.colorbar(spots, ax=chart, ticks=range(8), label="topic")
    chart.set(title="words of eight topics, seen from where they differ most")
    if times:
        curve.semilogx(list(times), list(times.values()), marker="o")
        curve.set_ylim(0, 2 * max(times.values()))
    curve.set(xlabel="classes", ylabel="milliseconds", title="time of a step of 256 pairs")
    figure.savefig(folder / "15_embeddings.png", dpi=120)
    print(f"figure: {folder / '15_embeddings.png'}")


if __name__ == "__main__":
    main()
