"""Numbers of Keras itself for models and optimizers: ``python keras_models_golden.py``, where Keras 3 is installed.

They are written to keras_models_golden.json beside this file, by Keras 3.15.1 on jax 0.10.2. The tests run `models` and
`optimizers` with symloss.compat.keras in the place of Keras.
"""

import json
import pathlib

import numpy as np

STEPS = 5


def numbers(*shape, seed=0):
    """Return normal random numbers, float32."""
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def optimizers(keras) -> dict:
    """Return all optimizers by a name for their arguments."""
    o, s = keras.optimizers, keras.optimizers.schedules
    return {
        "sgd": o.SGD(), "momentum": o.SGD(0.1, momentum=0.9), "nesterov": o.SGD(0.1, momentum=0.9, nesterov=True),
        "adam": o.Adam(0.01), "amsgrad": o.Adam(0.01, amsgrad=True), "adam, decay": o.Adam(0.01, weight_decay=0.1),
        "adamw": o.AdamW(0.01), "nadam": o.Nadam(0.01), "adamax": o.Adamax(0.01), "rmsprop": o.RMSprop(),
        "rmsprop, centered": o.RMSprop(0.01, momentum=0.9, centered=True), "adagrad": o.Adagrad(0.1),
        "adadelta": o.Adadelta(1.0), "lion": o.Lion(0.01), "adafactor": o.Adafactor(0.01), "ftrl": o.Ftrl(0.1),
        "ftrl, all": o.Ftrl(0.1, l1_regularization_strength=0.01, l2_regularization_strength=0.02,
                            l2_shrinkage_regularization_strength=0.03, beta=0.1),
        "clipnorm": o.SGD(0.1, clipnorm=0.5), "clipvalue": o.SGD(0.1, clipvalue=0.3),
        "global_clipnorm": o.SGD(0.1, global_clipnorm=0.5),
        "exponential": o.SGD(s.ExponentialDecay(0.1, 3, 0.5)),
        "staircase": o.SGD(s.ExponentialDecay(0.1, 3, 0.5, staircase=True)),
        "polynomial": o.SGD(s.PolynomialDecay(0.1, 4, power=2.0)),
        "cycle": o.SGD(s.PolynomialDecay(0.1, 2, cycle=True)),
        "inverse": o.SGD(s.InverseTimeDecay(0.1, 3, 0.5)),
        "piecewise": o.SGD(s.PiecewiseConstantDecay([1, 3], [0.1, 0.05, 0.01])),
        "cosine": o.SGD(s.CosineDecay(0.1, 4, alpha=0.1)),
        "warm-up": o.SGD(s.CosineDecay(0.0, 4, warmup_target=0.1, warmup_steps=2)),
        "restarts": o.SGD(s.CosineDecayRestarts(0.1, 2)),
    }


def start() -> list:
    """Return what the weights of the optimizers' cases start at."""
    return [numbers(3, 2, seed=1), numbers(2, seed=2)]


def slopes() -> list:
    """Return the gradients of each step."""
    return [[numbers(3, 2, seed=10 + step), numbers(2, seed=20 + step)] for step in range(STEPS)]


def _sequential(keras, *layers):
    return keras.Sequential(list(layers))


def models(keras) -> dict:
    """Return models with what they are compiled and trained with, by name."""
    la = keras.layers
    x, y, labels = numbers(20, 5), numbers(20, 3, seed=1), np.random.default_rng(3).integers(0, 4, 20)
    image, sequence, target = numbers(8, 6, 6, 2), numbers(8, 4, 2), numbers(8, 3, seed=1)

    def classes():
        return _sequential(keras, la.Input((5,)), la.Dense(6, "relu"), la.Dense(4, "softmax"))

    a, b = keras.Input((5,), name="a"), keras.Input((2,), name="b")
    hidden = la.Dense(4, activation="tanh", name="h")(a)
    one = la.Dense(3, name="one")(la.Concatenate()([hidden, b]))
    two = la.Dense(4, activation="softmax", name="two")(hidden)
    shared, left, right = la.Dense(3, activation="tanh", name="shared"), keras.Input((5,)), keras.Input((5,))
    code = keras.Input((5,))
    encoder = keras.Model(code, la.Dense(2, "relu")(code), name="encoder")
    whole = keras.Input((5,))
    names = {"loss": "sparse_categorical_crossentropy", "metrics": ["acc"]}
    return {
        "penalties": (_sequential(
            keras, la.Input((5,)),
            la.Dense(4, activation="tanh", kernel_regularizer="l2", bias_regularizer=keras.regularizers.L1(0.1),
                     activity_regularizer=keras.regularizers.L2(0.05)), la.Dense(3)),
            x, y, {"loss": "mse", "metrics": ["mae"]}, {"validation_split": 0.3}),
        "normalization": (_sequential(keras, la.Input((5,)), la.Dense(4, use_bias=False), la.BatchNormalization(),
                                      la.LeakyReLU(), la.LayerNormalization(), la.Dense(3)),
                          x, y, {"loss": "mse"}, {"validation_data": (x[:7], y[:7])}),
        "labels": (classes(), x, labels, names | {"optimizer": "adam"}, {}),
        "sample weights": (classes(), x, labels, names | {"weighted_metrics": None},
                           {"sample_weight": np.linspace(0.1, 2, 20).astype("float32")}),
        "class weights": (classes(), x, labels, names, {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5, 3: 3.0}}),
        "two outputs": (keras.Model([a, b], [one, two]), {"a": x, "b": x[:, :2]}, {"one": y, "two": labels},
                        {"loss": {"one": "mse", "two": "sparse_categorical_crossentropy"},
                         "loss_weights": {"one": 1.0, "two": 0.3}, "metrics": {"two": "acc"}, "optimizer": "adam"}, {}),
        "shared layers": (keras.Model([left, right], la.Dense(3)(la.Subtract()([shared(left), shared(right)]))),
                          [x, x[::-1].copy()], y, {"loss": "mse"}, {}),
        "models in models": (keras.Model(whole, la.Dense(5)(encoder(whole))), x, x, {"loss": "mse"}, {}),
        "convolution": (_sequential(keras, la.Input((6, 6, 2)), la.Conv2D(3, 3, activation="relu", padding="same"),
                                    la.MaxPooling2D(), la.Conv2D(2, 2, strides=2), la.Flatten(), la.Dense(3)),
                        image, target, {"loss": "mse"}, {}),
        "loops": (_sequential(keras, la.Input((4, 2)), la.LSTM(3, return_sequences=True), la.GRU(2), la.Dense(3)),
                  sequence, target, {"loss": "mse"}, {}),
    }


def run(keras, model, x, y, compiled, fitted) -> dict:
    """Return what two epochs without shuffling make of a model: history, evaluation and weights."""
    rng = np.random.default_rng(5)
    values = [0.3 * rng.normal(size=w.shape) + ("variance" in getattr(v, "path", v.name))
              for v, w in zip(model.weights, model.get_weights(), strict=True)]
    model.set_weights([value.astype("float32") for value in values])
    model.compile(**{"optimizer": "sgd"} | compiled)
    history = model.fit(x, y, batch_size=6, epochs=2, shuffle=False, verbose=0, **fitted).history
    return {"history": history, "evaluate": model.evaluate(x, y, verbose=0, return_dict=True),
            "weights": [np.asarray(w).tolist() for w in model.get_weights()]}


def main():
    import keras

    found = {"keras": keras.__version__, "models": {}, "optimizers": {}}
    for name, case in models(keras).items():
        found["models"][name] = run(keras, *case)
    for name, optimizer in optimizers(keras).items():
        weights = [keras.Variable(value) for value in start()]
        for gradients in slopes():
            optimizer.apply([keras.ops.convert_to_tensor(g) for g in gradients], weights)
        found["optimizers"][name] = [np.asarray(w.value).tolist() for w in weights]
    place = pathlib.Path(__file__).with_suffix(".json")
    place.write_text(json.dumps(found, default=float), encoding="utf-8")


if __name__ == "__main__":
    main()
