"""Models of Keras' classes, against numbers that Keras itself made (keras_models_golden.py)."""

import json
import pathlib

import keras_models_golden
import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss
from symloss import ShapeError, SpecError
from symloss.compat import keras
from symloss.compat.keras import layers
from symloss.compat.keras.precision import precise
from symloss.compiling import function, resolve

GOLDEN = json.loads(pathlib.Path(keras_models_golden.__file__).with_suffix(".json").read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def python_mode(monkeypatch):
    monkeypatch.setattr(keras.Model, "mode", "PYTHON")


def sequential(*some, **compiled):
    model = keras.Sequential(list(some))
    if compiled:
        model.compile(**compiled)
    return model


@pytest.fixture
def xy():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(30, 4)).astype("float32")
    return x, (x[:, :2] ** 2).astype("float32")


# ------------------------------------------------------------------------------------------ numbers


@pytest.fixture(scope="module")
def cases():
    return keras_models_golden.models(keras)


@pytest.mark.parametrize("name", GOLDEN["models"])
def test_fit_evaluate_and_weights_are_those_of_keras(name, cases):
    found, wanted = keras_models_golden.run(keras, *cases[name]), GOLDEN["models"][name]
    for part in ("history", "evaluate"):
        assert set(found[part]) == set(wanted[part])
        for key, value in wanted[part].items():
            np.testing.assert_allclose(found[part][key], value, rtol=3e-5, atol=2e-6, err_msg=key)
    for mine, value in zip(found["weights"], wanted["weights"], strict=True):
        np.testing.assert_allclose(mine, value, rtol=3e-5, atol=2e-6)


def test_optimizers_and_schedules_move_weights_as_those_of_keras_do():
    """All of them in one function, on gradients that are given."""
    made, changes, weights = keras_models_golden.optimizers(keras), {}, {}
    with precise():
        count = pytensor.shared(np.float32(0))
        slopes = [pt.tensor(dtype="float32", shape=s.shape) for s in keras_models_golden.start()]
        for name, optimizer in made.items():
            plan = optimizer.plan(())
            weights[name] = [pytensor.shared(w, name=f"w{i}", shape=w.shape)
                             for i, w in enumerate(keras_models_golden.start())]
            gradients = dict(zip(weights[name], slopes, strict=True))
            for limit, most in plan.limits().items():
                gradients = getattr(symloss.compiling.gradients, limit)(gradients, np.float32(most))
            rate = plan.options["learning_rate"]
            rate = rate(count) if callable(rate) else np.float32(rate)
            changes |= plan.rule(gradients, learning_rate=rate)
        changes[count] = count + 1
        step = function(slopes, [], resolve("PYTHON"), updates=changes)
        for gradients in keras_models_golden.slopes():
            step(*gradients)
    for name, wanted in GOLDEN["optimizers"].items():
        for mine, value in zip(weights[name], wanted, strict=True):
            np.testing.assert_allclose(mine.get_value(), value, rtol=2e-5, atol=2e-6, err_msg=name)


def test_a_batch_at_a_time_gives_the_figures_of_the_batch_and_the_weights_of_fit(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(2), optimizer="adam", loss="mse", metrics=["mae"])
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.compile("adam", "mse", metrics=["mae"])
    first = np.square(model.predict(x[:10], verbose=0) - y[:10]).mean()
    losses = [model.train_on_batch(x[i : i + 10], y[i : i + 10])[0] for i in range(0, 30, 10)]
    history = twin.fit(x, y, batch_size=10, shuffle=False, verbose=0).history
    assert losses[0] == pytest.approx(first, rel=1e-5)
    assert np.mean(losses) == pytest.approx(history["loss"][0], rel=1e-5)
    for mine, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


def test_a_second_fit_goes_on_with_the_state_of_the_optimizer(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(2), optimizer="adam", loss="mse")
    start = model.get_weights()
    model.fit(x, y, epochs=4, shuffle=False, verbose=0)
    whole = model.get_weights()
    model.set_weights(start)
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    model.fit(x, y, epochs=4, initial_epoch=2, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == 4
    for mine, other in zip(model.get_weights(), whole, strict=True):
        np.testing.assert_array_equal(mine, other)


def test_weights_that_come_later_keep_the_state_of_the_optimizer(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(2), optimizer="adam", loss="mse")
    twin = keras.models.clone_model(model)
    twin.set_weights(model.get_weights())
    twin.compile("adam", "mse")
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    twin.fit(x, y, shuffle=False, verbose=0)
    twin.fit(x, y, shuffle=False, verbose=0, sample_weight=np.ones(30))
    for mine, other in zip(model.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-5, atol=1e-7)


def test_a_list_of_losses_on_one_output_trains_all_of_them(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(2), optimizer="sgd", loss=["mse", "mae"], loss_weights=[1, 0.5])
    error = model.predict(x, verbose=0) - y
    wanted = np.square(error).mean() + 0.5 * np.abs(error).mean()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(wanted, rel=1e-5)


def test_class_weights_go_with_several_outputs(xy):
    x, _ = xy
    labels = (x[:, 0] > 0).astype(int)
    entry = keras.Input((4,))
    model = keras.Model(entry, [layers.Dense(2, activation="softmax", name="a")(entry),
                                layers.Dense(2, activation="softmax", name="b")(entry)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    losses = [-np.log(p[np.arange(30), labels]) for p in model.predict(x, verbose=0)]
    weights = {0: 1.0, 1: 3.0}
    found = model.train_on_batch(x, [labels, labels], class_weight={"a": weights}, return_dict=True)
    assert found["a_loss"] == pytest.approx((losses[0] * np.where(labels, 3, 1)).mean(), rel=1e-4)
    assert found["b_loss"] == pytest.approx(losses[1].mean(), rel=1e-4)


# ------------------------------------------------------------------------------------------ layers


def test_summary_of_the_tutorials_model_has_66790_parameters(capsys):
    model = sequential(layers.Input((28, 28, 1)), layers.Flatten(), layers.Dense(84, "relu"),
                       layers.Dense(10, "softmax"))
    model.summary()
    said = capsys.readouterr().out
    assert "Total params: 66,790 (260.90 KB)" in said and "65,940" in said and "(None, 784)" in said
    assert model.count_params() == 66790 and [w.shape for w in model.weights][:2] == [(784, 84), (84,)]
    assert [layer.name.split("_")[0] for layer in model.layers] == ["flatten", "dense", "dense"]


def test_layers_are_added_and_taken_away_and_without_input_the_data_tell_the_shape(xy):
    x, y = xy
    model = keras.Sequential()
    model.add(layers.Dense(3, activation="relu"))
    model.add(layers.Dense(7))
    assert model.pop().units == 7
    model.add(layers.Dense(2))
    model.compile("adam", "mse")
    assert len(model.fit(x, y, epochs=2, verbose=0).history["loss"]) == 2
    assert model.input_shape == (None, 4) and model.output_shape == (None, 2) and len(model.get_weights()) == 4


def test_layers_called_with_arrays_compute(xy):
    x, _ = xy
    dense = layers.Dense(3, activation="tanh")
    made = dense(x)
    kernel, bias = dense.get_weights()
    np.testing.assert_allclose(made.numpy(), np.tanh(x @ kernel + bias), rtol=1e-5)
    assert (layers.Dropout(0.5)(np.ones((50, 9)), training=True).numpy() == 0).any()
    np.testing.assert_array_equal(layers.Dropout(0.5)(x).numpy(), x)


def test_noise_and_dropout_act_in_training_alone(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.GaussianNoise(5.0), layers.Dense(2), layers.Dropout(0.9),
                       optimizer="sgd", loss="mse")
    loss = model.evaluate(x, y, verbose=0)
    assert loss == pytest.approx(np.square(model.predict(x, verbose=0) - y).mean(), rel=1e-5)
    assert abs(model.train_on_batch(x, y) - loss) > 1e-3


def test_normalization_adapts():
    data = np.random.default_rng(0).normal(3, 2, (100, 4)).astype("float32")
    layer = layers.Normalization()
    layer.adapt(data)
    made = sequential(layers.Input((4,)), layer).predict(data, verbose=0)
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(made.std(axis=0), 1, atol=1e-4)


def test_a_users_layer_with_weights_and_a_loss_of_its_own_trains(xy):
    x, y = xy

    class Scaled(layers.Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(shape=(input_shape[-1],), initializer="ones", name="factor")

        def call(self, inputs):
            self.add_loss(0.5 * keras.ops.sum(keras.ops.square(self.factor)))
            return inputs * self.factor

    model = sequential(layers.Input((4,)), Scaled(), layers.Dense(2), optimizer="sgd", loss="mse")
    error = np.square(model.predict(x, verbose=0) - y).mean()
    assert model.evaluate(x, y, verbose=0) == pytest.approx(error + 2.0, rel=1e-5)
    model.fit(x, y, epochs=2, verbose=0)
    assert (model.layers[0].get_weights()[0] < 1).all()


def test_a_subclass_of_model_with_a_method_call_trains(xy):
    x, y = xy

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.first, self.second = layers.Dense(3, activation="relu"), layers.Dense(2)

        def call(self, inputs, training=False):
            return self.second(self.first(inputs))

    model = Net()
    model.compile("adam", "mse")
    assert np.isfinite(model.fit(x, y, verbose=0).history["loss"][0]) and len(model.weights) == 4


def test_weights_that_are_not_trainable_stay(xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(3, name="still"), layers.Dense(2))
    model.get_layer("still").trainable = False
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(x, y, epochs=2, verbose=0)
    moved = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert moved == [False, False, True, True] and len(model.non_trainable_weights) == 2


# ------------------------------------------------------------------------------------------ files


def test_a_saved_model_comes_back_with_weights_and_the_state_of_its_optimizer(xy, tmp_path):
    x, y = xy
    entry = keras.Input((4,), name="entry")
    hidden = layers.Dense(3, activation="relu", kernel_regularizer="l2")(entry)
    model = keras.Model(entry, layers.Concatenate()([layers.BatchNormalization()(hidden), layers.Dropout(0.0)(hidden)]))
    model = keras.Model(entry, layers.Dense(2)(model(entry)))
    model.compile(keras.optimizers.Adam(0.02), "mse", metrics=["mae"])
    model.fit(x, y, epochs=2, shuffle=False, verbose=0)
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    figures = [one.fit(x, y, epochs=2, shuffle=False, verbose=0).history for one in (model, again)]
    assert figures[0] == figures[1] and "mae" in figures[1]


def test_weights_are_saved_and_loaded(xy, tmp_path):
    x, _ = xy
    model, other = (sequential(layers.Input((4,)), layers.Dense(3), layers.Dense(2)) for _ in range(2))
    model.save_weights(tmp_path / "w.weights")
    other.load_weights(tmp_path / "w.weights")
    np.testing.assert_array_equal(model.predict(x, verbose=0), other.predict(x, verbose=0))


# ------------------------------------------------------------------------------------------ mistakes


@pytest.mark.parametrize(("wrong", "said"), [
    (lambda: layers.Dense(3, activaton="relu"), "activation"),
    (lambda: layers.Dense(3, kernel_constraint="max_norm"), "kernel_regularizer"),
    (lambda: layers.Dense(0), "at least 1"),
    (lambda: layers.Embedding(3, 2, mask_zero=True), "symloss.recurrent"),
    (lambda: layers.Dropout(1.5), "less than 1"),
    (lambda: layers.Dropout(0.5, seed=3), "set_random_seed"),
    (lambda: layers.MultiHeadAttention, "keras.ops"),
    (lambda: keras.Sequential([layers.Dense]), "is a class"),
    (lambda: keras.optimizers.Adam(lr=0.1), "learning_rate"),
    (lambda: keras.optimizers.Adam(use_ema=True), "average"),
    (lambda: keras.optimizers.get("adamm"), "adam"),
    (lambda: keras.Input(shape=4), "tuple"),
    (lambda: keras.Model(keras.Input((3,)), layers.Dense(2)(keras.Input((3,)))), "not one of the inputs"),
], ids=range(13))
def test_what_is_not_supported_raises_and_says_what_to_write(wrong, said):
    with pytest.raises((symloss.SymlossError, AttributeError), match=said):
        wrong()


@pytest.mark.parametrize(("compiled", "fitted", "said"), [
    ({"loss": "mse", "run_eagerly": True}, {}, "always compiled"),
    ({"loss": "mze"}, {}, "mse"),
    ({"loss": "mse", "metrics": ["acuracy"]}, {}, "accuracy"),
    ({"loss": "mse"}, {"epoch": 3}, "epochs"),
    ({"loss": "mse"}, {"shuffle": "batch"}, "shuffle"),
    ({"loss": "mse"}, {"validation_split": 1.5}, "between 0 and 1"),
    ({"loss": "mse"}, {"class_weight": {0: 1.0}}, "one class per item"),
    ({"loss": "mse"}, {"callbacks": [keras.callbacks.EarlyStopping]}, "is a class"),
    ({"loss": "mse"}, {"verbose": 7}, "verbose"),
], ids=range(9))
def test_a_wrong_argument_of_compile_or_fit_raises(compiled, fitted, said, xy):
    x, y = xy
    model = sequential(layers.Input((4,)), layers.Dense(2))
    with pytest.raises(symloss.SymlossError, match=said):
        model.compile("adam", **compiled)
        model.fit(x, y + 0.5, **{"verbose": 0} | fitted)


def test_data_of_the_wrong_shape_are_refused(xy):
    x, y = xy
    model = sequential(layers.Input((5,)), layers.Dense(2), optimizer="adam", loss="mse")
    with pytest.raises(ShapeError, match=r"items of shape \(5,\)"):
        model.fit(x, y, verbose=0)
    with pytest.raises(SpecError, match="call compile before fit"):
        sequential(layers.Input((4,)), layers.Dense(2)).fit(x, y)


def test_labels_where_vectors_are_wanted_are_refused_in_keras_words(xy):
    model = sequential(layers.Input((4,)), layers.Dense(3, activation="softmax"), optimizer="adam",
                       loss="categorical_crossentropy")
    with pytest.raises(ShapeError, match=r"to_categorical\(y, 3\)"):
        model.fit(xy[0], np.arange(30) % 3, verbose=0)


LABELS = np.arange(30) % 3
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


@pytest.mark.parametrize(("units", "loss", "y", "said"), [
    (3, "sparse_categorical_crossentropy", ONE_HOT, r"\(30, 3\).*categorical_crossentropy.*pass y.argmax"),
    (3, keras.losses.SparseCategoricalCrossentropy(from_logits=True), ONE_HOT.astype(int), "y.argmax"),
    (1, "sparse_categorical_crossentropy", LABELS, "has 1 column.*binary_crossentropy.*Dense\\(2"),
    (1, "categorical_crossentropy", LABELS, "has 1 column.*binary_crossentropy.*Dense\\(2"),
    (3, "categorical_crossentropy", LABELS[:, None], r"\(30, 1\).*sparse_.*to_categorical\(y, 3\)"),
    (1, "binary_crossentropy", ONE_HOT[:, :2], r"1 column, but y has shape \(30, 2\).*y\[:, 1\].*Dense\(2\)"),
    (1, keras.losses.BinaryFocalCrossentropy(), ONE_HOT[:, :2], r"y\[:, 1\]"),
    (2, "binary_crossentropy", LABELS % 2, r"Dense\(1, activation='sigmoid'\).*to_categorical\(y, 2\)"),
    (3, "mse", LABELS, r"end the model in Dense\(1\)"),
], ids=range(9))
def test_targets_in_another_form_than_the_loss_wants_are_refused_with_the_way_out(units, loss, y, said, xy):
    """In Keras 3 they raise, too, except for some shapes that broadcast."""
    logits = getattr(loss, "options", {}).get("from_logits")
    last = layers.Dense(units, activation=None if logits or loss == "mse" else "sigmoid" if units == 1 else "softmax")
    model = sequential(layers.Input((4,)), last, optimizer="sgd", loss=loss)
    for call in (model.fit, model.evaluate):
        with pytest.raises(ShapeError, match=said):
            call(xy[0], y, verbose=0)


def test_labels_and_one_hot_vectors_that_fit_train(xy):
    for loss, y in (("sparse_categorical_crossentropy", LABELS[:, None]), ("crossentropy", ONE_HOT),
                    ("crossentropy", LABELS), ("categorical_crossentropy", ONE_HOT)):
        model = sequential(layers.Input((4,)), layers.Dense(3, activation="softmax"), optimizer="sgd", loss=loss)
        assert np.isfinite(model.evaluate(xy[0], y, verbose=0))


def test_a_sparse_metric_refuses_one_hot_vectors():
    with pytest.raises(ShapeError, match="3 columns.*or use categorical_accuracy"):
        keras.metrics.sparse_categorical_accuracy(ONE_HOT, ONE_HOT)
    assert keras.metrics.sparse_categorical_accuracy(LABELS[:, None], ONE_HOT).numpy().tolist() == [1] * 30


@pytest.mark.parametrize("asked", [
    {"loss": "mze"}, {"loss": lambda t, p: t.no_such_method()}, {"loss": "mse", "metrics": ["acuracy"]},
    {"loss": "mse", "loss_weights": "heavy"}, {"loss": "mse", "optimizer": "adma"},
    {"loss": ["mse", keras.losses.CategoricalCrossentropy(from_logits=True, reduction=None)]},
], ids=range(6))
def test_a_compile_that_is_refused_leaves_the_model_compiled_as_before(asked, xy):
    model = sequential(layers.Input((4,)), layers.Dense(2), optimizer="sgd", loss="mae", metrics=["mse"])
    expected, optimizer = model.evaluate(*xy, verbose=0), model.optimizer
    losses = list(model.network.losses)
    with pytest.raises(symloss.SymlossError):
        model.compile(**{"optimizer": "adam"} | asked)
    assert model.evaluate(*xy, verbose=0) == expected
    assert model.loss == "mae"
    assert model.optimizer is optimizer
    assert model.network.losses == losses
    model.fit(*xy, epochs=1, verbose=0)
    fresh = sequential(layers.Input((4,)), layers.Dense(2))
    with pytest.raises(symloss.SymlossError):
        fresh.compile(**{"optimizer": "adam"} | asked)
    with pytest.raises(SpecError, match="call compile before fit"):
        fresh.fit(*xy)


# ------------------------------------------------------------------------------------------ C


@pytest.mark.c
def test_in_c_a_classifier_learns_and_shows_its_accuracy(monkeypatch):
    monkeypatch.setattr(keras.Model, "mode", "C")
    keras.utils.set_random_seed(1)
    images, labels = symloss.data.mnist.digits()
    model = sequential(layers.Input((784,)), layers.Rescaling(1 / 255), layers.Dense(32, activation="relu"),
                       layers.Dropout(0.1), layers.Dense(10, activation="softmax"), optimizer="adam",
                       loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images[:3000], labels[:3000], batch_size=64, epochs=3, verbose=0,
                        validation_data=(images[3000:4000], labels[3000:4000])).history
    assert history["val_accuracy"][-1] > 0.85 and history["loss"][2] < history["loss"][0]
    probabilities = model.predict(images[3000:4000], verbose=0)
    right = (probabilities.argmax(axis=1) == labels[3000:4000]).mean()
    assert right == pytest.approx(history["val_accuracy"][-1], abs=1e-6)
    assert model._built_model.step.backend.name == "C"
