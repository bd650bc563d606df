"""Losses over many classes with weights of their own: what a step draws, what it minimises, and what is evaluated."""

import copy

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest
from pytensor.compile.mode import Mode

import symloss
from symloss.compiling import resolve
from symloss.errors import DataError, ShapeError, SpecError, UnknownNameError
from symloss.layers import Context
from symloss.losses import NCE, NegativeSampling, SampledSoftmax, samplers

C, D, N, K = 9, 3, 12, 5
COUNTS = np.arange(C, 0, -1) ** 2.0
KINDS = {"sampled_softmax": SampledSoftmax, "nce": NCE, "negative_sampling": NegativeSampling}
SAMPLERS = {"uniform": {}, "log_uniform": {}, "unigram": {"counts": COUNTS, "power": 0.5}}


def probabilities(name) -> np.ndarray:
    """The distribution of a sampler, by its definition."""
    if name == "uniform":
        return np.full(C, 1 / C)
    if name == "log_uniform":
        return np.diff(np.log(np.arange(1, C + 2))) / np.log(C + 1)
    return COUNTS**0.5 / (COUNTS**0.5).sum()


@pytest.fixture
def batch():
    rng = np.random.default_rng(4)
    return rng.normal(size=(N, D)), rng.integers(0, C, size=N).astype("int32")


class Given:
    """A context whose random numbers are given."""

    training = True

    def __init__(self, numbers):
        self.numbers = np.asarray(numbers)

    def within(self, name):
        return self

    def uniform(self, size, dtype):
        assert size == (1, len(self.numbers)) and dtype == "float64"
        return pt.constant(self.numbers[None, :])


def met(form, **options):
    """A loss with weights, and the variables of a batch."""
    loss = symloss.Loss.build(form, classes=C, **{"samples": K} | options)
    x, y = pt.tensor("x", dtype="float64", shape=(None, D)), pt.ivector("y")
    loss.meet(x, np.random.default_rng(0))
    for parameter in loss.parameters.values():
        parameter.set_value(np.random.default_rng(1).normal(size=parameter.get_value().shape))
    return loss.bind(y), x, y


def term(loss, x, context=None):
    ((_, (numerator, denominator)),) = loss.named_terms({"out:out": x}, context).items()
    return numerator / denominator


def calculate(inputs, outputs, values):
    return pytensor.function(inputs, outputs, mode=resolve("PYTHON").mode, on_unused_input="ignore")(*values)


# ------------------------------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize("name", SAMPLERS)
def test_labels_are_drawn_as_often_as_their_probability_says(name):
    made = samplers.build(name, C, **{"counts": None, "power": 1.0} | SAMPLERS[name], who="test")
    numbers = (np.arange(90_000) + 0.5) / 90_000
    u, labels = pt.dvector(), pt.lvector()
    drawn, known = calculate([u, labels], [made.labels(u), made.probability(labels)], [numbers, np.arange(C)])
    assert drawn.dtype == "int64" and drawn.min() == 0 and drawn.max() == C - 1
    np.testing.assert_allclose(np.bincount(drawn) / len(drawn), probabilities(name), atol=1e-4)
    np.testing.assert_allclose(known, probabilities(name), rtol=1e-12)
    np.testing.assert_allclose(made.probability(np.arange(C)), known, rtol=1e-14)


@pytest.mark.parametrize("count", [1, 2, 3, 50, 4000])
@pytest.mark.parametrize("kind", ["even", "zipf", "wild"])
def test_alias_tables_hold_the_distribution_exactly(kind, count):
    rng = np.random.default_rng(count)
    wanted = {"even": np.ones(count), "zipf": 1 / np.arange(1.0, count + 1),
              "wild": rng.permutation(rng.pareto(0.4, count) + 1e-9)}[kind]
    wanted /= wanted.sum()
    thresholds, aliases = samplers.alias_tables(wanted)
    found = (thresholds + np.bincount(aliases, 1 - thresholds, minlength=count)) / count
    assert thresholds.min() >= 0 and thresholds.max() <= 1
    np.testing.assert_allclose(found, wanted, rtol=1e-10)


# ------------------------------------------------------------------------------------------------- what is minimised


def by_hand(form, loss, x, labels, drawn, q):
    """Each formula of the papers, item by item."""
    w, b = (loss.parameters[short].get_value() for short in "wb")
    found = []
    for features, label in zip(x, labels, strict=True):
        s = w @ features + b
        if form == "sampled_softmax":
            present = 1 - (1 - q) ** K
            candidates = [label, *sorted(set(drawn) - {label})]
            logits = s[candidates] - np.log(present[candidates])
            found.append(np.log(np.exp(logits).sum()) - logits[0])
            continue
        s = s - np.log(K * q) if form == "nce" else s
        noise = [j for j in drawn if not (loss.drop_hits and j == label)]
        found.append(np.log1p(np.exp(-s[label])) + np.log1p(np.exp(s[noise])).sum())
    return np.mean(found)


@pytest.mark.parametrize("form, options", [("sampled_softmax", {}), ("nce", {}), ("nce", {"drop_hits": True}),
                                           ("negative_sampling", {}), ("negative_sampling", {"drop_hits": True})],
                         ids=lambda value: value if isinstance(value, str) else "-".join(value))
@pytest.mark.parametrize("sampler", ["log_uniform", "unigram"])
def test_a_step_minimises_the_formula_of_the_paper(form, options, sampler, batch):
    loss, x, y = met(form, sampler=sampler, **options, **SAMPLERS[sampler])
    numbers = np.array([0.02, 0.97, 0.4, 0.41, 0.03])
    drawn, found = calculate([x, y], [loss._sampler.labels(pt.constant(numbers)), term(loss, x, Given(numbers))], batch)
    assert len(set(drawn)) < K and set(drawn) & set(batch[1])  # repetitions and hits are among them
    np.testing.assert_allclose(found, by_hand(form, loss, *batch, drawn, probabilities(sampler)), rtol=1e-12)


def cross_entropy(loss, x, y):
    w, b = (loss.parameters[short] for short in "wb")
    return -pt.log(pt.special.softmax(pt.dot(x, w.T) + b, axis=-1)[pt.arange(y.shape[0]), y]).mean()


def test_sampled_softmax_of_all_classes_is_the_softmax(batch):
    loss, x, y = met("sampled_softmax", samples=4000, sampler="uniform")
    terms = [term(loss, x, Given((np.arange(4000) + 0.5) / 4000)), cross_entropy(loss, x, y)]
    slopes = [pytensor.grad(one, loss.parameters["w"]) for one in terms]
    sampled, whole, slope, wanted = calculate([x, y], [*terms, *slopes], batch)
    np.testing.assert_allclose(sampled, whole, rtol=1e-12)
    np.testing.assert_allclose(slope, wanted, rtol=1e-10, atol=1e-14)


def test_the_gradient_of_nce_becomes_that_of_the_softmax_with_many_samples(batch):
    """Where scores are logarithms of probabilities (Mnih & Teh 2012, section 3)."""
    many, one = 20_000, [part[:1] for part in batch]
    loss, x, y = met("nce", samples=many)
    scores = loss.scores(one[0])[0]
    loss.parameters["b"].set_value(loss.parameters["b"].get_value() - np.log(np.exp(scores).sum()))
    terms = [term(loss, x, Given((np.arange(many) + 0.5) / many)), cross_entropy(loss, x, y)]
    found, wanted = calculate([x, y], [pytensor.grad(t, loss.parameters["w"]) for t in terms], one)
    np.testing.assert_allclose(found, wanted, atol=5e-4)
    assert abs(wanted).max() > 0.1


# ------------------------------------------------------------------------------------------------- what is evaluated


@pytest.mark.parametrize("form", KINDS)
def test_an_evaluation_takes_the_softmax_over_all_classes(form, batch):
    loss, x, y = met(form)
    w, b = (loss.parameters[short].get_value() for short in "wb")
    scores = batch[0] @ w.T + b + (np.log(probabilities("log_uniform")) if form == "negative_sampling" else 0)
    wanted = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    found, shown = calculate([x, y], [term(loss, x, Context(False)), loss.probabilities(x)], batch)
    np.testing.assert_allclose(found, -np.log(wanted[np.arange(N), batch[1]]).mean(), rtol=1e-12)
    np.testing.assert_allclose(shown, wanted, rtol=1e-12)
    np.testing.assert_allclose(loss.probabilities(batch[0]), wanted, rtol=1e-12)
    np.testing.assert_allclose(loss.scores(batch[0]), scores, rtol=1e-12)


def network(form="sampled_softmax", layers=(D, (4, "tanh")), mode="PYTHON", seed=0, weighted=False, **options):
    return symloss.Network(list(layers), loss={"form": form, "classes": C, "samples": K, **options}, mode=mode,
                           seed=seed, weighted=weighted)


def values(net):
    return {name: p.get_value() for name, p in net.parameters_by_name.items()}


def test_measure_and_score_take_all_classes_and_weights_count(batch):
    net = network(weighted=True)
    (loss,), (x, y) = net.losses, batch
    shown = loss.probabilities(net.predict(x))
    costs, weights = -np.log(shown[np.arange(N), y]), np.arange(N) * 1.0
    assert net.measure([x, y, weights])["loss"] == pytest.approx((weights * costs).sum() / weights.sum(), rel=1e-9)
    np.testing.assert_allclose(net.measure([x, y, weights + 1], each=True)["sampled_softmax"], costs, rtol=1e-9)
    assert net.score(x, y) == np.mean(shown.argmax(axis=1) == y)
    top = np.mean([label in row.argsort()[-3:] for row, label in zip(shown, y, strict=True)])
    assert net.score(x, y, metric={"form": "top_k", "k": 3}) == pytest.approx(top)
    with pytest.raises(SpecError, match=r"out:out has features.*net\.score\(x, y, metric='acc'\)"):
        net.train([x, y, weights], metrics=["acc"], epochs=1, verbose=0)


def test_steps_of_sequences_are_items(batch):
    net = symloss.recurrent.Regressor([D, (4, "rnn")], loss={"form": "nce", "classes": C, "samples": K}, mode="PYTHON")
    x, y = batch[0].reshape(3, 4, D), batch[1].reshape(3, 4)
    shown = net.losses[0].probabilities(net.predict(x))
    costs = -np.log(np.take_along_axis(shown, y[..., None], axis=-1))
    assert net.measure([x, y])["loss"] == pytest.approx(costs.mean(), rel=1e-9)


# ------------------------------------------------------------------------------------------------- in a model


def test_a_run_repeats_with_its_seed_and_a_resumed_one_goes_on_as_if_nothing_had_been(tmp_path, batch):
    options = {"algo": "adagrad", "batch_size": 4, "verbose": 0, "patience": None}
    whole, parts, other = network("nce"), network("nce"), network("nce", seed=1)
    losses = [r["loss"] for r in whole.train([*batch], epochs=3, **options)]
    first = [r["loss"] for r in parts.train([*batch], epochs=2, **options)]
    parts.save(tmp_path / "net", training=True)
    loaded = symloss.Network.load(tmp_path / "net")
    loaded.mode = "PYTHON"
    rest = [r["loss"] for r in loaded.train([*batch], epochs=3, resume=True, **options)]
    assert first + rest[-1:] == losses
    for name, value in values(whole).items():
        np.testing.assert_array_equal(values(loaded)[name], value, err_msg=name)
    assert [r["loss"] for r in other.train([*batch], epochs=1, **options)][0] != losses[0]


def test_weights_of_classes_are_counted_saved_copied_frozen_and_named(tmp_path, batch):
    net = network("negative_sampling", **{"sampler": "unigram", **SAMPLERS["unigram"]})
    assert net.parameters_by_name["negative_sampling.w"].get_value().shape == (C, 4)
    assert net.num_params == D * 4 + 4 + C * 4 + C and "45" in net.summary()
    assert "<9 counts>" in repr(net) and "<9 counts>" in repr(net.losses[0])
    assert "draws 5 classes (by their counts to the power of 0.5), an evaluation takes the softmax over all 9" in str(
        net.explain())
    before = values(net)
    net.train([*batch], algo="sgd", epochs=1, verbose=0, freeze="negative_sampling.w", weight_l2={"*": 0.1})
    after = values(net)
    assert [name for name in before if np.array_equal(before[name], after[name])] == ["negative_sampling.w"]
    net.save(tmp_path / "net")
    for twin in (symloss.Network.load(tmp_path / "net"), copy.deepcopy(net)):
        assert all(np.array_equal(values(twin)[name], value) for name, value in after.items())
        np.testing.assert_array_equal(twin.losses[0].scores(np.eye(4)), net.losses[0].scores(np.eye(4)))
    assert twin.losses[0].parameters["w"] is not net.losses[0].parameters["w"]


def test_a_loss_in_two_models_has_weights_for_each():
    net = network()
    other = symloss.Network([2, 6], loss=net.losses[0], mode="PYTHON")
    assert [x.losses[0].parameters["w"].get_value().shape for x in (net, other)] == [(C, 4), (C, 6)]


def test_it_takes_turns_with_other_losses(batch):
    net = symloss.Network({"in": D, "words": 4, "sign": (2, "softmax")}, edges=["in -> words -> sign"],
                          outputs=["words", "sign"], mode="PYTHON", loss=[
        {"form": "nce", "classes": C, "output_name": "words"}, {"form": "xe", "output_name": "sign"}])
    before = values(net)
    record = net.train([*batch, batch[1] % 2], turns=["nce(words)", ("xe(sign)", 1, {"moves": "sign"})], algo="sgd",
                       epochs=1, batch_size=4, verbose=0)[-1]
    assert np.isfinite([record["nce(words)"], record["xe(sign)"]]).all()
    assert all(not np.array_equal(value, values(net)[name]) for name, value in before.items())


def test_initial_weights_are_as_asked():
    first = {form: network(form).losses[0] for form in KINDS}
    for loss in first.values():
        loss.parameters["w"].set_value(np.zeros((C, 4)))
    np.testing.assert_allclose(first["sampled_softmax"].probabilities(np.ones(4)), np.full(C, 1 / C))
    np.testing.assert_allclose(np.exp(first["nce"].scores(np.ones(4))), probabilities("log_uniform"))
    np.testing.assert_allclose(np.exp(first["negative_sampling"].scores(np.ones(4))) * K, probabilities("log_uniform"))
    wide = symloss.Network([2, 400], loss=SampledSoftmax(classes=50), mode="PYTHON").losses[0].parameters["w"]
    assert wide.get_value().std() == pytest.approx(0.05, rel=0.05)
    assert not network(std=0).losses[0].parameters["w"].get_value().any()


@pytest.mark.parametrize("options, error, match", [
    ({"classes": 1}, SpecError, "classes=1 is not valid; it must be an integer of at least 2"),
    ({"samples": 0}, SpecError, "samples=0 is not valid; it must be an integer of at least 1"),
    ({"sampler": "log-uniform"}, UnknownNameError, "did you mean 'log_uniform'"),
    ({"sampler": "unigram"}, SpecError, r"counts=np\.bincount"),
    ({"counts": COUNTS}, SpecError, "takes none. Write sampler='unigram'"),
    ({"sampler": "unigram", "counts": COUNTS[1:]}, SpecError, r"shape \(8,\), but there are 9 classes"),
    ({"sampler": "unigram", "counts": COUNTS * 0}, SpecError, r"count of class 0 is 0, .*9 are not.*counts \+ 1"),
    ({"sampler": "unigram", "counts": COUNTS, "power": -1}, SpecError, "power=-1"),
    ({"smaples": 5}, UnknownNameError, "did you mean 'samples'"),
    ({"drop_hits": True}, UnknownNameError, "option of loss sampled_softmax: 'drop_hits'"),
    ({"std": -1}, SpecError, "std=-1"),
], ids=lambda value: None if not isinstance(value, dict) else "-".join(value))
def test_wrong_options_are_refused_with_the_way_out(options, error, match):
    with pytest.raises(error, match=match):
        network(**options)


def test_mistakes_are_told(batch):
    net = network()
    with pytest.raises(DataError, match="target, row 2: 9 is out of range. Pass labels from 0 to 8"):
        net.measure([batch[0], np.where(np.arange(N) == 2, 9, batch[1])])
    with pytest.raises(SpecError, match="sampler cannot change. Make another loss"):
        net.losses[0].sampler = "uniform"
    with pytest.raises(SpecError, match="'form': 'nce', 'classes': 50000"):
        symloss.Network([2, 3], loss="nce")
    with pytest.raises(UnknownNameError, match=r"losses\.SampledSoftmax\(classes=50000\)"):
        symloss.Loss("nce", classes=9)
    with pytest.raises(SpecError, match="before you add it to a model"):
        NCE(classes=5).scores(np.eye(2))
    with pytest.raises(ShapeError, match=r"features have shape \(2, 2\), .* \(n, 4\)"):
        net.losses[0].scores(np.eye(2))
    with pytest.raises(ShapeError, match="its weights are for 4 features, but hid1:out has 6"):
        symloss.Network([2, 6, 1], loss=None, mode="PYTHON").add_loss(unbound_with(net), output_name="hid1")


def unbound_with(net):
    twin = net.losses[0]._copy()
    twin.owner, twin.anywhere = None, True
    return twin


def test_rewrites_of_pytensor_leave_the_steps_as_they_are(batch):
    found = []
    for one in (Mode("vm", "fast_run"), "PYTHON"):
        net = network(mode=one, sampler="unigram", counts=COUNTS)
        net.train([*batch], algo="adagrad", epochs=1, batch_size=4, verbose=0)
        found.append(values(net))
    for name in found[0]:
        np.testing.assert_allclose(found[0][name], found[1][name], rtol=1e-9, err_msg=name)


@pytest.mark.c
def test_c_knows_all_of_a_step_and_its_memory_does_not_grow_with_the_classes(batch):
    sizes = []
    for classes in (50, 5000):
        net = network("sampled_softmax", mode="C", classes=classes, sampler="unigram", counts=np.ones(classes))
        history = net.train([*batch], algo="adagrad", epochs=30, learning_rate=0.3, batch_size=4, verbose=0)
        assert history[-1]["loss"] < history[0]["loss"] / 2
        (line,) = [one for one in net.explain().splitlines() if "training step: one C file" in one]
        sizes.append(int(line.split(", ")[-1].split(" bytes")[0].replace(",", "")))
    assert sizes[0] == sizes[1]
