"""What a loss knows of its own target."""

import pytest

import symloss

from .case import CASES


@pytest.mark.parametrize("case", [c for c in CASES if "target" in c.ports], ids=lambda case: case.id)
def test_loss_knows_the_shape_of_its_own_target(case):
    fed = case.sample()
    shapes = {port: a.shape for port, a in fed.items() if port != "target"}
    shape = case.spec.target_shape(shapes, case.row.options[0])
    if case.labelled and case.spec.target != "label":  # which models of classes ask for
        shape = shape[:-1]
    target = fed["target"].shape
    target = target if len(target) == len(shape) else (*target, 1)  # (n,) and (n, 1) are read as each other
    assert all(known in (None, n) for known, n in zip(shape, target, strict=True))


@pytest.mark.parametrize("name, shapes, expected", [
    ("multi_quantile", {"prediction": (None, 5, 3)}, (None, 5, 1)),
    ("mixture_density", {"mixture": (None, 3), "mean": (None, 3), "variance": (None, 3)}, (None, 1)),
    ("mixture_density", {"mixture": (None, 3), "mean": (None, 3, 2), "variance": (None, 3, 2)}, (None, 2)),
    ("mixture_density", {"mixture": (None, None, 3), "mean": (None, None, 3), "variance": (None, None, 3)},
     (None, None, 1)),
    ("ctc", {"prediction": (None, 9, 4)}, (None, None)),
    ("cosine_embedding", {"first": (None, 4), "second": (None, 4)}, (None,)),
    ("xe", {"prediction": (None, 4)}, (None, 4)),
    ("label_cross_entropy", {"prediction": (None, 6, 4)}, (None, 6)),
    ("mse", {"prediction": (None, 4)}, (None, 4)),
])
def test_shape_of_the_target_that_a_model_makes(name, shapes, expected):
    assert symloss.losses.get(name).target_shape(shapes, {}) == expected


def test_shape_of_a_registered_loss_of_a_users_own():
    try:
        @symloss.loss(per="item", shape=lambda shapes, options: (*shapes["prediction"][:-1], options["columns"]))
        def of_columns(prediction, target, *, columns=2):
            """Return a thing, per item."""
            return target.sum(axis=-1) - prediction[..., 0]

        assert symloss.losses.get("of_columns").target_shape({"prediction": (None, 9)}, {"columns": 4}) == (None, 4)
    finally:
        symloss.losses.registry._entries.pop("of_columns", None)
        symloss.losses.registry._names.pop("ofcolumns", None)
        symloss.losses.registry._spelt.pop("ofcolumns", None)
