"""What a training shows of outputs, parameters and gradients, and what it saves while it runs."""

import numpy as np
import pytensor
import pytest
import scipy.sparse

import symloss


@pytest.fixture
def net():
    return symloss.Regressor([5, (4, "tanh"), 3])


def train(net, points, **options):
    return net.train(points, algo="sgd", epochs=1, batch_size=40, learning_rate=0.0, verbose=0, **options)[-1]


def test_shares_below_a_level(net, points, backend):
    net.mode = backend
    record = train(net, points, monitors={"hid1:out": (-0.5, 0.5), "hid1.w": 0})
    hidden = net.feed_forward(points[0])["hid1:out"]
    assert record["hid1:out<-0.5"] == pytest.approx((hidden < -0.5).mean())
    assert record["hid1:out<0.5"] == pytest.approx((hidden < 0.5).mean())
    assert record["hid1.w<0"] == pytest.approx((net.find("hid1", "w").get_value() < 0).mean())


def test_functions_by_label_and_patterns(net, points):
    asked = [("*.w", {"norm": lambda w: (w * w).sum()}), ("out:out", [("twice", lambda y: 2 * y)])]
    record = train(net, points, monitors=asked)
    for name in ("hid1.w", "out.w"):
        assert record[f"{name}:norm"] == pytest.approx((net.graph.parameters[name].get_value() ** 2).sum())
    assert record["out:out:twice"] == pytest.approx(2 * net.predict(points[0]).mean())


def test_monitors_are_shown_for_validation_data_too(net, points):
    record = net.train(points, points, epochs=1, verbose=0, monitors={"hid1:out": 0})[-1]
    hidden = net.feed_forward(points[0])["hid1:out"]
    assert record["valid_hid1:out<0"] == pytest.approx((hidden < 0).mean())


def test_batches_of_different_size_count_by_their_items(net, points):
    record = net.train(points, algo="sgd", learning_rate=0.0, epochs=1, batch_size=32, verbose=0,
                       monitors={"hid1:out": 0})[-1]
    assert record["hid1:out<0"] == pytest.approx((net.feed_forward(points[0])["hid1:out"] < 0).mean())


@pytest.mark.parametrize("wrong, message", [
    ({"hid7:out": 1}, "nothing matches 'hid7:out'. Choose among in:out"),
    ({"hid1:out": "much"}, "a number, or a dict of functions by label"),
    ({"hid1:out": True}, "a number, or a dict of functions by label"),
    ("hid1:out", "monitors='hid1:out' is not valid; it must contain levels by pattern"),
    (3, "monitors=3 is not valid; it must contain levels by pattern"),
    (["hid1:out"], "levels by pattern"),
    ({3: 1}, "levels by pattern"),
    ({"hid1:out": {"none": lambda h: None}}, "monitor 'hid1:out:none': what its function returned is a NoneType"),
    ({"hid1.w": {"text": lambda w: "a"}}, "monitor 'hid1.w:text': what its function returned is a str, which cannot"),
])
def test_what_is_no_monitor_is_refused(net, points, wrong, message):
    with pytest.raises(symloss.SymlossError, match=message):
        net.train(points, monitors=wrong)


def test_gradients(net, points, backend):
    net.mode = backend
    record = train(net, points, monitor_gradients=True)
    x, y = points
    inputs, target = net.inputs[0], net.losses[0]._target
    total = net.losses[0](net.graph.outputs()[0])
    slopes = pytensor.function([inputs, target], pytensor.grad(total, net.params))(x, y)
    for p, slope in zip(net.params, slopes, strict=True):
        assert record[f"grad({p.name})"] == pytest.approx((np.asarray(slope) ** 2).sum())
    assert "grad(hid1.w)" not in train(net, points)


def test_the_model_is_saved_every_so_many_epochs(net, points, tmp_path):
    net.train(points, epochs=5, verbose=0, save_progress=tmp_path / "{epoch}", save_every=2)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2", "4"]
    assert symloss.load(tmp_path / "4").history[-1]["epoch"] == 4


def test_the_model_is_saved_after_minutes(net, points, tmp_path):
    net.train(points, epochs=2, verbose=0, save_progress=str(tmp_path / "model-{}"), save_every=1e-9)
    name = next(tmp_path.iterdir()).name
    assert name.startswith("model-1") and name[6:].isdigit()


def test_saving_needs_a_path(net, points):
    with pytest.raises(symloss.SpecError, match="no effect without save_progress"):
        net.train(points, save_every=2)


def test_a_sparse_input_is_no_output_that_a_pattern_means(points):
    x, y = points
    net = symloss.Regressor([{"size": 5, "sparse": "csr"}, 3], mode="PYTHON")
    assert "out:out<0" in train(net, [scipy.sparse.csr_matrix(x), y], monitors={"*:out": 0})
