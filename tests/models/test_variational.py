"""A variational autoencoder made of the layers and losses that there are: the bound, its terms, and its parts."""

import numpy as np
import pytest

import symloss
from symloss import Autoencoder, schedules

X = (np.random.default_rng(0).uniform(size=(40, 12)) < 0.3).astype(float)
TERMS = [{"form": "bce", "how": "batch mean"}, {"form": "vae_kl", "weight": schedules.linear(0.0, 1.0, steps=8)}]


def vae(loss=TERMS, in_prediction=True, **options):
    return Autoencoder(
        {"in": 12, "encoder": 6, "mean": 2, "log_variance": 2, "z": {"form": "sample", "in_prediction": in_prediction},
         "decoder": 6, "image": (12, "sigmoid")},
        edges=["in -> encoder -> mean", "encoder -> log_variance", (["mean", "log_variance"], "z"),
               "z -> decoder -> image"], loss=loss, mode="PYTHON", seed=1, **options)


@pytest.fixture(scope="module")
def trained():
    net = vae()
    net.train(X, X, algo="adam", epochs=5, batch_size=20, patience=None, verbose=0)
    return net


def test_the_two_terms_are_the_bound_and_its_weight_grows(trained):
    assert [record["weights"]["vae_kl"] for record in trained.history] == [0.25, 0.5, 0.75, 1.0, 1.0]
    last = trained.history[-1]
    assert np.isclose(last["loss"], last["bce"] + last["vae_kl"])
    both, alone = (vae(loss, in_prediction=False) for loss in ([TERMS[0], "vae_kl"], "vae"))
    found = both.measure(X)
    assert np.isclose(found["bce"] + found["vae_kl"], alone.measure(X)["vae"])


def test_it_draws_in_prediction_where_that_is_asked_for_and_repeats_with_the_seed(trained):
    assert not np.array_equal(trained.predict(X), trained.predict(X))
    silent = vae(in_prediction=False)
    assert np.array_equal(silent.predict(X), silent.predict(X))
    again = vae()
    again.train(X, X, algo="adam", epochs=5, batch_size=20, patience=None, verbose=0)
    assert all(np.array_equal(a.get_value(), b.get_value()) for a, b in zip(again.params, trained.params, strict=True))


def test_its_parts_encode_without_chance_and_decode_what_was_never_encoded(trained, tmp_path):
    encoder, decoder = trained.take("in", "mean"), trained.part("z", "image")
    assert np.array_equal(encoder.predict(X), encoder.predict(X))
    assert np.allclose(decoder.predict(np.zeros((3, 2))), trained.decode(np.zeros((3, 2)), "z"))
    trained.save(tmp_path / "model")
    loaded = symloss.load(tmp_path / "model")
    assert loaded.losses[1].moving == TERMS[1]["weight"]
    assert np.array_equal(loaded.part("z", "image").predict(np.ones((1, 2))), decoder.predict(np.ones((1, 2))))
