"""The headers of PyTensor's C modules, compiled once for all of them: a module then takes half the time."""

import contextlib
import functools
import hashlib
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import pytensor
from pytensor.link.c import cmodule

INCLUDED = ("Python.h", "pytensor_mod_helper.h", "math.h", "numpy/arrayobject.h", "numpy/arrayscalars.h",
            "numpy/npy_math.h", "vector", "algorithm")
TEXT = "".join(f"#include <{name}>\n" for name in INCLUDED)


def precompiled() -> None:
    """Let PyTensor's modules begin with headers that are compiled already. They get all flags that they had."""
    compile_str = cmodule.GCC_compiler.compile_str
    place = pathlib.Path(pytensor.config.compiledir).parent

    @functools.wraps(compile_str)
    def quicker(*arguments, **keywords):
        if "#include <numpy/arrayobject.h>" in keywords.get("src_code", "") and keywords.get("preargs"):
            folders = [*(f for f in keywords.get("include_dirs") or () if f), *cmodule.std_include_dirs()]
            header = _header(pytensor.config.cxx, tuple(keywords["preargs"]), tuple(folders), place)
            if header is not None:
                keywords["preargs"] = [*keywords["preargs"], "-include", header]
        return compile_str(*arguments, **keywords)

    cmodule.GCC_compiler.compile_str = staticmethod(quicker)


@functools.cache
def _header(compiler, flags, folders, place) -> str | None:
    """Return a header that g++ finds compiled for these flags, None if it cannot be compiled."""
    versions = sys.version, np.__version__, pytensor.__version__  # of what the headers are from
    key = hashlib.sha256(repr((compiler, flags, folders, versions)).encode()).hexdigest()[:16]
    header = place / f"headers-{key}" / "headers.h"
    if not header.exists():
        with contextlib.suppress(OSError, subprocess.SubprocessError), tempfile.TemporaryDirectory(dir=place) as folder:
            made = pathlib.Path(folder) / "made"
            made.mkdir()
            (made / header.name).write_text(TEXT)
            command = [compiler, "-g", *flags, *(f"-I{folder}" for folder in folders), "-fvisibility=hidden", "-fPIC",
                       "-x", "c++-header", header.name, "-o", f"{header.name}.gch"]
            subprocess.run(command, cwd=made, check=True, capture_output=True, timeout=100)
            made.rename(header.parent)  # whole, or not at all
    return str(header) if header.exists() else None
