"""Part of the data set aside for validation: each item on one side, in whatever form the data are."""

import numpy as np
import pytest
import scipy.sparse

import symloss
from symloss.data import Field, open_source, split

FIELDS = [Field("in", "input", (None, 2), "float64"), Field("target", "target", (None, 1), "float64")]
X = np.arange(40.0).reshape(20, 2)
Y = np.arange(20.0)


@pytest.mark.parametrize("form", ["list", "tuple", "dict", "lists", "sparse", "memory map", "frame"])
def test_each_item_is_on_one_side_with_its_target(form, tmp_path):
    data = {"list": [X, Y], "tuple": (X, Y), "dict": {"target": Y, "in": X}, "lists": [X.tolist(), Y.tolist()],
            "sparse": [scipy.sparse.csr_matrix(X), Y]}.get(form)
    if form == "memory map":
        mapped = np.memmap(tmp_path / "x", dtype="float64", mode="w+", shape=X.shape)
        mapped[:] = X
        data = [mapped, Y]
    elif form == "frame":
        pandas = pytest.importorskip("pandas")
        data = [pandas.DataFrame(X, index=range(100, 120)), pandas.Series(Y)]
    parts = [open_source(part, FIELDS, "train").take(np.arange(n))
             for part, n in zip(split(data, FIELDS, 0.2, 3), (16, 4), strict=True)]
    for x, y in parts:
        assert (x[:, :1] == 2 * y).all()
    assert sorted(np.concatenate([y for _, y in parts]).ravel()) == Y.tolist()


def test_a_seed_draws_the_same_items_and_another_one_others():
    first, again, other = (split([X, Y], FIELDS, 0.2, seed)[1]["target"].tolist() for seed in (1, 1, 2))
    assert first == again != other


def test_sequences_of_different_lengths_stay_lists():
    fields = [Field("in", "input", (None, None, 1), "float64")]
    sequences = [np.full((n, 1), n) for n in range(1, 11)]
    train, valid = split(sequences, fields, 0.3, 0)
    assert sorted(len(s) for part in (train, valid) for s in part["in"]) == list(range(1, 11))
    assert isinstance(valid["in"], list)


@pytest.mark.parametrize("share", [0, 1, -0.1, 10, True, "a", None])
def test_a_share_that_is_none_is_refused(share):
    with pytest.raises(symloss.SpecError, match="between 0 and 1"):
        split([X, Y], FIELDS, share, 0)


@pytest.mark.parametrize("data", [lambda: [X, Y], iter([[X, Y]]), [(X, Y), (X, Y)]],
                         ids=["function", "iterator", "list"])
def test_batches_cannot_be_split(data):
    with pytest.raises(symloss.SpecError, match="in batches. Pass validation data"):
        split(data, FIELDS, 0.1, 0)


def test_too_few_items_or_arrays_say_so():
    with pytest.raises(symloss.DataError, match="1 item. Pass at least two"):
        split([X[:1], Y[:1]], FIELDS, 0.1, 0)
    with pytest.raises(symloss.DataError, match="got 1 array, but the model needs 2 arrays"):
        split(X, FIELDS, 0.1, 0)
