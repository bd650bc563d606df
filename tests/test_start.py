"""The first import of PyTensor, where something is wrong with what its cache holds."""

import time

import pytest

from symloss import _start


def library(size, end):
    """Return a shared library of so many bytes, whose table of sections ends at `end`."""
    head = bytearray(64)
    head[:6] = b"\x7fELF\x02\x01"
    head[40:48] = (end - 10 * 64).to_bytes(8, "little")
    head[58:62] = bytes([64, 0, 10, 0])
    return bytes(head).ljust(size, b"\0")[:size]


@pytest.mark.parametrize("content, stays", [
    (library(5000, 5000), True), (library(4096, 5000), False), (library(4999, 5000), False),
    (library(30, 5000), False), (b"", False), (b"MZ" + bytes(100), True),
])
@pytest.mark.parametrize("flag", ["base_compiledir", "compiledir"])
def test_a_library_that_is_cut_off_is_removed_before_pytensor_loads_it(content, stays, flag, tmp_path, monkeypatch):
    path = tmp_path / "compiledir_Linux" / "cutils_ext" / "cutils_ext.so"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    folder = tmp_path if flag == "base_compiledir" else path.parents[1]
    monkeypatch.setenv("PYTENSOR_FLAGS", f"floatX=float64,{flag}={folder}")
    begin = time.perf_counter()
    _start._remove_what_is_cut_off()
    assert time.perf_counter() - begin < 0.1  # well under a millisecond, on a machine that does nothing else
    assert path.exists() == stays
