"""The files of MNIST: read, verified, and refused."""

import gzip
import hashlib
import shutil
import struct

import numpy as np
import pytest

import symloss
from symloss.data import mnist


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Four small files in the original format, with their own checksums in the place of the true ones."""
    rng = np.random.default_rng(0)
    files = {}
    for kind, count in (("train", 6), ("t10k", 3)):
        images = rng.integers(0, 256, size=(count, 28, 28), dtype="uint8")
        labels = rng.integers(0, 10, size=count, dtype="uint8")
        files[f"{kind}-images-idx3-ubyte"] = struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes()
        files[f"{kind}-labels-idx1-ubyte"] = struct.pack(">II", 2049, count) + labels.tobytes()
    sums = {name: (len(content), hashlib.md5(content).hexdigest()) for name, content in files.items()}
    monkeypatch.setattr(mnist, "FILES", sums)
    for name, content in files.items():
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(content))
    return tmp_path


LABELS = "t10k-labels-idx1-ubyte"


def test_images_are_rows_and_labels_numbers(folder):
    (x, y), (x_test, y_test) = mnist.load(folder)
    assert (x.shape, y.shape, x_test.shape, y_test.shape) == ((6, 784), (6,), (3, 784), (3,))
    assert x.dtype == y.dtype == "uint8"
    rng = np.random.default_rng(0)
    assert np.array_equal(x, rng.integers(0, 256, size=(6, 28, 28), dtype="uint8").reshape(6, 784))
    assert np.array_equal(y, rng.integers(0, 10, size=6, dtype="uint8"))


def test_plain_files_are_read_as_packed_ones_are(folder):
    packed = mnist.load(str(folder))
    for path in list(folder.glob("*.gz")):
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()
    for a, b in zip(packed, mnist.load(folder), strict=True):
        assert all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def test_a_missing_file_says_which_and_where_to_get_it(folder):
    (folder / f"{LABELS}.gz").unlink()
    with pytest.raises(symloss.DataError, match=f"{LABELS}.*https?://"):
        mnist.load(folder)


def test_a_missing_folder_says_where_to_get_the_files(tmp_path):
    with pytest.raises(symloss.DataError, match="https?://"):
        mnist.load(tmp_path / "nowhere")


def test_a_truncated_packed_file_is_refused(folder):
    path = folder / f"{LABELS}.gz"
    path.write_bytes(path.read_bytes()[:-6])
    with pytest.raises(symloss.DataError, match=LABELS):
        mnist.load(folder)


def test_a_damaged_packed_file_is_refused(folder):
    path = folder / "train-images-idx3-ubyte.gz"
    content = bytearray(path.read_bytes())
    content[50:80] = b"\xff" * 30
    path.write_bytes(bytes(content))
    with pytest.raises(symloss.DataError, match="train-images.*Download it again"):
        mnist.load(folder)


@pytest.mark.parametrize("change", ["shorter", "longer", "other", "empty", "no gzip"])
def test_another_content_is_refused(change, folder):
    path = folder / f"{LABELS}.gz"
    content = gzip.decompress(path.read_bytes())
    other = {"shorter": content[:-1], "longer": content + b"0", "other": content[:-1] + bytes([content[-1] ^ 1]),
             "empty": b""}
    path.write_bytes(b"no gzip" if change == "no gzip" else gzip.compress(other[change]))
    with pytest.raises(symloss.DataError, match=f"{LABELS}.*Download it again"):
        mnist.load(folder)


def test_the_digits_inside_the_package_are_verified_and_complete():
    images, labels = mnist.digits()
    assert images.shape == (10000, 784) and images.dtype == "uint8"
    assert np.bincount(labels).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


def test_the_original_files_are_60000_and_10000(shared):
    (x, y), (x_test, y_test) = mnist.load(shared / "data" / "mnist")
    assert x.shape == (60000, 784) and x_test.shape == (10000, 784)
    assert np.bincount(y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    images, labels = mnist.digits()
    assert np.array_equal(images, x_test) and np.array_equal(labels, y_test)


def test_one_original_file_that_is_cut_off_is_refused(shared, tmp_path):
    for path in (shared / "data" / "mnist").glob("*.gz"):
        shutil.copy(path, tmp_path / path.name)
    path = tmp_path / f"{LABELS}.gz"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(symloss.DataError, match=LABELS):
        mnist.load(tmp_path)
