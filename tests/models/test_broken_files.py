"""Files that are truncated, changed, foreign, hostile or too new: each gives a DataError."""

import gzip
import io
import json
import pickle
import time
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as to_bytes

import symloss
from symloss.models.saving import _checksum


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """Return the bytes of a checkpoint."""
    path = tmp_path_factory.mktemp("files") / "net"
    net = symloss.Classifier([3, (4, "prelu"), 2])
    rng = np.random.default_rng(0)
    net.train([rng.normal(size=(20, 3)), rng.integers(0, 2, 20)], epochs=1, algo="adam", verbose=0)
    net.save(path, training=True)
    return path.read_bytes()


def loads(content, folder):
    """Return whether such a file is loaded; anything but a DataError fails the test."""
    path = folder / "file"
    path.write_bytes(content)
    try:
        symloss.load(path)
    except symloss.DataError as error:
        assert str(path) in str(error)
        return False
    return True


def test_five_thousand_flipped_bytes_are_found_or_change_nothing(content, tmp_path):
    rng = np.random.default_rng(1)
    (tmp_path / "whole").write_bytes(content)
    whole = symloss.load(tmp_path / "whole")
    passed = 0
    for _ in range(5000):
        broken = bytearray(content)
        for place in rng.integers(0, len(content), rng.integers(1, 4)):
            broken[place] ^= int(rng.integers(1, 256))
        if loads(bytes(broken), tmp_path):  # one kind of white space for another in the header's padding
            passed += 1
            same = symloss.load(tmp_path / "file")
            for a, b in zip(same.params, whole.params, strict=True):
                assert np.array_equal(a.get_value(), b.get_value())
            assert same.history == whole.history
    assert passed < 10


def test_a_file_that_ends_early_never_passes(content, tmp_path):
    for end in np.random.default_rng(2).integers(0, len(content), 300):
        assert not loads(content[:end], tmp_path)


def test_the_whole_file_passes(content, tmp_path):
    assert loads(content, tmp_path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(junk=st.binary(max_size=300))
def test_foreign_bytes_never_pass(junk, tmp_path):
    assert not loads(junk, tmp_path)


def disguised(description):
    """Return a file with a right checksum whose description is not what `save` writes."""
    tensors = {"model/hid1.w": np.zeros((2, 2), "float32")}
    text = description if isinstance(description, str) else json.dumps(description)
    return to_bytes(tensors, metadata={"symloss": text, "checksum": _checksum(text, tensors)})


GOOD = {"format": 1, "class": "Regressor", "described": [2, 2], "losses": [], "weighted": False, "seed": 0,
        "history": [], "classes": None, "callbacks": [],
        "layers": [{"form": "input", "name": "in", "size": 2}, {"form": "ff", "name": "out", "size": 2}]}


@pytest.mark.parametrize("change, words", [
    ({"format": 99}, "Update symloss"),
    ({"class": "os.system"}, "is not known"),
    ({"layers": [{"form": "input", "name": "in", "size": 10**12}, 2]}, ""),
    ({"layers": [{"form": "input", "size": 2}, {"form": "ff", "size": 2, "activation": "maxout:99999999"}]}, "size"),
    ({"layers": [{"form": "ff", "size": 2}]}, "at least an input"),
    ({"layers": 7}, ""),
    ({"losses": [{"form": "eval"}]}, "unknown loss"),
    ({"losses": 3}, ""),
    ({"history": 3}, ""),
    ({"seed": "x"}, ""),
    ({}, "parameters do not fit"),
])
def test_a_hostile_description_is_refused(change, words, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(disguised(GOOD | change))
    with pytest.raises(symloss.DataError, match=words or None):
        symloss.load(path)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_hypothesis_finds_no_description_that_breaks_load(data, tmp_path):
    plain = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                         lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner,
                                                                                    max_size=3), max_leaves=6)
    key = data.draw(st.sampled_from(sorted(GOOD)))
    assert not loads(disguised(GOOD | {key: data.draw(plain)}), tmp_path)


def test_tensors_without_a_model_are_foreign(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(to_bytes({"w": np.zeros(3)}))
    with pytest.raises(symloss.DataError, match="not a model of symloss"):
        symloss.load(path)


def zipped(*names):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, b"\x93NUMPY")
    return content.getvalue()


@pytest.mark.parametrize("content, words", [
    (pickle.dumps({"w": [1.0]}), "a pickle, as written by theanets.*net.find.*set_value"),
    (pickle.dumps({"w": [1.0]}, protocol=0), "a pickle in text"),
    (gzip.compress(pickle.dumps([1.0]), mtime=0), "gzip, like theanets'"),
    (zipped("arr_0.npy", "arr_1.npy"), "npz file of numpy, .*Lasagne's.*np.load.*set_value"),
    (zipped("archive/data.pkl", "archive/data/0"), "file of torch.save.*safetensors.torch.save_file"),
    (zipped("config.json", "model.weights.h5"), "model of Keras.*get_weights"),
    (zipped("readme"), "zip archive .readme.; unpack"),
    (b"PK\x03\x04 and no more", "damaged zip archive"),
    (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "HDF5 file.*h5py"),
    (b"\x93NUMPY\x01\x00", "array of numpy.*np.load"),
    (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "pointer of Git LFS.*git lfs pull"),
    (b"<!DOCTYPE html><html></html>", "HTML.*another copy"),
    (b"", "empty.*another copy"),
    (b"hello", "truncated, changed, or from another program"),
    (to_bytes({"w": np.zeros(3)}, metadata={"format": "pt"}), "not a model of symloss; make the same layers"),
], ids=lambda value: value if isinstance(value, str) else "bytes")
def test_a_file_of_another_program_is_told_by_name_with_the_way_out(content, words, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(symloss.DataError, match=f"load: {path} .*{words}"):
        symloss.load(path)


def test_an_activation_of_twenty_thousand_names_does_not_hold_load_up(tmp_path):
    chain = "+".join(["tanh"] * 20_000)
    path = tmp_path / "file"
    path.write_bytes(disguised(GOOD | {"layers": [{"form": "input", "size": 2}, {"size": 2, "activation": chain}]}))
    start = time.perf_counter()
    with pytest.raises(symloss.DataError, match="chains 20000 activations"):
        symloss.load(path)
    assert time.perf_counter() - start < 2
