"""A layer of embeddings: rows of a table by ids, in any shape; ids that are out of range are refused."""

import numpy as np
import pytest

import symloss
from symloss.errors import DataError, ShapeError, SpecError

ONE = {"size": 1, "dtype": "int32"}
TABLE = {"form": "embedding", "ids": 7, "size": 3}


def network(*layers, **options):
    return symloss.Network(list(layers), mode="PYTHON", **options)


def test_ids_become_rows_of_the_table():
    net = network(ONE, TABLE)
    table = net.find("out", "w").get_value()
    assert table.shape == (7, 3)
    np.testing.assert_array_equal(net.predict([6, 0, 6]), table[[6, 0, 6]])
    np.testing.assert_array_equal(net.predict(np.array([[2], [5]], "int32")), table[[2, 5]])


def test_several_ids_of_an_item_become_a_vector_each():
    net = network({"size": 2, "dtype": "int64"}, TABLE)
    ids = np.array([[1, 4], [0, 0], [6, 2]])
    np.testing.assert_array_equal(net.predict(ids), net.find("out", "w").get_value()[ids])
    again = symloss.Network(net.graph.to_spec(), loss=None, mode="PYTHON")
    assert again.layers[-1].shape == (2, 3)


def test_steps_of_a_sequence_have_an_id_each():
    net = symloss.recurrent.Regressor([ONE, TABLE | {"name": "words"}, (4, "rnn"), 2], mode="PYTHON")
    assert net.graph.outputs()[0]["words:out"].type.shape == (None, None, 3)
    assert net.predict(np.array([[[1], [2], [3]], [[4], [5], [6]]])).shape == (2, 3, 2)


def test_a_shared_embedding_is_one_table():
    left, right = ({**ONE, "form": "input", "name": name} for name in ("left", "right"))
    net = network(left, right, {**TABLE, "name": "words", "inputs": "left"},
                  {"form": "shared", "of": "words", "name": "same", "inputs": "right"}, outputs=["words", "same"])
    assert [p.name for p in net.params] == ["words.w"]
    found = net.predict([[1, 2], [2, 1]])
    np.testing.assert_array_equal(found["words"], found["same"][::-1])
    with pytest.raises(DataError, match="right, row 1, column 0: 7 is out of range"):
        net.predict([[1, 2], [2, 7]])


def test_the_table_starts_as_asked():
    assert abs(network(ONE, {**TABLE, "ids": 4000, "size": 16}).params[0].get_value().std() - 0.25) < 0.01
    assert abs(network(ONE, {**TABLE, "ids": 4000, "std": 2}).params[0].get_value().std() - 2) < 0.1
    assert not network(ONE, {**TABLE, "init": "zeros"}).params[0].get_value().any()


@pytest.mark.parametrize("ids, match", [
    ([0, 7], r"row 1, column 0: 7 is out of range. Pass integers from 0 to 6"),
    (np.array([[3], [-1]], "int32"), r"row 1, column 0: -1 is out of range"),
    ([0.5, 1], r"row 0, column 0: 0\.5 is not a class index. Pass integers from 0 to 6"),
    ([1, 7], "begin with 1: pass x - 1"),
], ids=["above", "below", "fraction", "from 1"])
def test_ids_out_of_range_are_refused_with_their_row(ids, match):
    with pytest.raises(DataError, match=match):
        network(ONE, TABLE).predict(ids)


def test_an_embedding_within_a_network_within_knows_its_ids():
    net = network(ONE, {"form": "network", "network": [ONE, TABLE]}, 1)
    with pytest.raises(DataError, match="in, row 0, column 0: 9 is out of range. Pass integers from 0 to 6"):
        net.predict([9])


@pytest.mark.parametrize("layers, error, match", [
    ([1, TABLE], SpecError, "its input 'in' has dtype float.*ids must be integers.*'dtype': 'int32'"),
    ([ONE, {"form": "embedding", "size": 3}], SpecError, "ids=None is not valid; it must be the number"),
    ([ONE, {"form": "embedding", "ids": 0, "size": 3}], SpecError, "ids=0"),
    ([ONE, {"form": "embedding", "ids": 7}], SpecError, "has no size"),
    ([ONE, {**TABLE, "num_embeddings": 7}], LookupError, "'ids': 50000"),
], ids=["floats", "no ids", "0 ids", "no size", "torch"])
def test_what_is_described_wrongly_is_refused_with_the_way_out(layers, error, match):
    with pytest.raises(error, match=match):
        network(*layers)


def test_a_wrong_shape_of_ids_is_an_error():
    with pytest.raises(ShapeError, match="model needs"):
        network(ONE, TABLE).predict(np.zeros((4, 2), "int32"))
