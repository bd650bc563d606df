"""Models of images and series: real digits, saving, pixel by pixel labels, and C."""

import numpy as np
import pytest

import symloss
from symloss.compiling.ccode import building
from symloss.data import mnist

LAYERS = [(28, 28, 1), {"form": "conv2", "size": 6, "filter_size": 5, "stride": 2}, "pool2", "flatten", 10]
LEARNING = "PYTHON" if building.find() is None else "C"  # of trainings that are long enough to learn


def digits(count):
    """Return some of the shipped digits: images (n, 28, 28, 1) from 0 to 1, and labels."""
    images, labels = mnist.digits()
    return images[:count].reshape(-1, 28, 28, 1) / 255.0, labels[:count]


def test_a_small_model_learns_digits():
    x, y = digits(900)
    net = symloss.convolution.Classifier(LAYERS, mode=LEARNING)
    net.train([x[:700], y[:700]], algo="adam", learning_rate=0.01, epochs=12, patience=None, verbose=0)
    assert net.score(x[700:], y[700:]) > 0.85
    assert [la.shape for la in net.layers] == [(28, 28, 1), (12, 12, 6), (6, 6, 6), (216,), (10,)]
    assert net.num_params == 25 * 6 + 6 + 216 * 10 + 10


def test_a_file_gives_the_same_predictions_and_trains_on(tmp_path):
    x, y = digits(60)
    net = symloss.convolution.Classifier(LAYERS)
    net.train([x, y], epochs=1, verbose=0)
    net.save(tmp_path / "net", training=True)
    again = symloss.load(tmp_path / "net")
    assert type(again) is symloss.convolution.Classifier
    assert np.array_equal(again.predict_proba(x), net.predict_proba(x))
    assert repr(again) == repr(net)
    for model in (net, again):
        model.train([x, y], epochs=2, resume=True, verbose=0)
    assert np.array_equal(again.predict_proba(x), net.predict_proba(x))


def test_images_larger_than_every_weight_are_saved(tmp_path, rng):
    net = symloss.convolution.Regressor([(40, 40, 1), {"form": "pool2", "pool_size": 20}, "flatten", 1])
    x = rng.normal(size=(2, 40, 40, 1))
    net.save(tmp_path / "net")
    again = symloss.convolution.Regressor.load(tmp_path / "net")
    assert np.array_equal(again.predict(x), net.predict(x))


def test_grey_images_need_no_axis_of_channels(rng):
    net = symloss.convolution.Classifier(LAYERS)
    x = rng.uniform(size=(3, 28, 28))
    assert np.array_equal(net.predict_proba(x), net.predict_proba(x[..., None]))
    with pytest.raises(symloss.ShapeError, match="28 x 28 x 1"):
        net.predict(rng.uniform(size=(3, 28, 27, 1)))


def test_a_series_is_regressed(rng):
    """The strength of a pattern in a noisy series, wherever it is, weighted."""
    layers = [(20, 2), {"form": "conv1", "size": 4, "filter_size": 5}, {"form": "pool1", "pool_size": 16}, "flat", 1]
    net = symloss.convolution.Regressor(layers, weighted=True, mode=LEARNING)
    pattern, strength = np.array([1.0, -1, 2, -1, 1]), rng.uniform(size=300)
    x = 0.05 * rng.normal(size=(300, 20, 2))
    for row, at in enumerate(rng.integers(0, 16, 300)):
        x[row, at : at + 5, 0] += strength[row] * pattern
    net.train([x, strength, np.ones(300)], algo="adam", learning_rate=0.02, epochs=60, patience=None, verbose=0)
    assert net.score(x, strength) > 0.9


def test_every_pixel_can_have_a_label(rng):
    """Which pixels are brighter than their left neighbour: filters of one column cannot know it, of two can."""
    x = rng.normal(size=(60, 6, 7, 1))
    y = (x[:, :, 1:, 0] > x[:, :, :-1, 0]).astype(int)
    layers = [(6, 7, 1), {"form": "conv2", "size": 2, "filter_size": (1, 2)}]
    net = symloss.convolution.Classifier(layers, mode=LEARNING)
    net.train([x, y], algo="adam", learning_rate=0.05, epochs=30, patience=None, verbose=0)
    assert net.predict(x).shape == (60, 6, 6)
    assert net.score(x, y) > 0.97


def test_dropout_noise_and_penalties_reach_images(rng):
    x, y = rng.normal(size=(30, 6, 6, 1)), rng.integers(0, 2, 30)
    layers = [(6, 6, 1), {"form": "conv2", "size": 2, "filter_size": 3}, "pool2", "flat", 2]
    net = symloss.convolution.Classifier(layers)
    record = net.train([x, y], epochs=2, input_noise=0.1, hidden_dropout=0.2, weight_l2=0.01, hidden_l1=0.01,
                       contractive=0.001, verbose=0)[-1]
    assert {"weight_l2", "hidden_l1", "contractive"} <= set(record)
    assert np.isfinite(record["loss"])


@pytest.mark.c
def test_c_trains_as_python_does(rng):
    x, y = rng.normal(size=(40, 8, 7, 1)), rng.integers(0, 3, 40)
    layers = [(8, 7, 1), {"form": "conv2", "size": 3, "filter_size": 3}, {"form": "pool2", "pool_size": (2, 5)}, "flat"]
    found = []
    for mode in ("C", "PYTHON"):
        net = symloss.convolution.Classifier([*layers, 3], mode=mode)
        net.train([x, y], algo="adam", epochs=3, batch_size=16, verbose=0)
        found.append(net.predict_proba(x))
    np.testing.assert_allclose(*found, rtol=1e-9)


def test_rows_that_become_images_in_a_model_of_images_are_refused():
    """PyTensor's words for it were once all there was."""
    layers = [64, {"form": "reshape", "shape": (8, 8, 1)}, {"form": "conv2", "size": 2, "filter_size": 3}, "flatten", 3]
    with pytest.raises(symloss.SpecError, match="'hid2'.*batches with 6 axes, but it needs 4.*a plain model"):
        symloss.convolution.Classifier(layers)
    assert symloss.Classifier(layers).layers[2].shape == (6, 6, 2)
