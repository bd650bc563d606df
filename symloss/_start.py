"""PyTensor is imported here first, and given another cache folder where its own cannot be used."""

import contextlib
import importlib
import os
import pathlib
import sys
import tempfile
import warnings

from .errors import SymlossWarning


def start() -> None:
    """Import PyTensor; where its cache folder cannot be used, with one for temporary files, which is said once."""
    if "pytensor" not in sys.modules:
        with contextlib.suppress(OSError):
            _remove_what_is_cut_off()
    try:
        import pytensor
    except ValueError as error:  # the flags name a folder
        _use_another(error)
        return
    try:
        pytensor.config.compiledir  # noqa: B018  (it is made when it is first asked for)
    except ValueError as error:
        _use_another(error, pytensor.config)


def _remove_what_is_cut_off() -> None:
    """Remove the library that PyTensor loads while it is imported where a full disk or a kill has cut it off.

    To load such a file ends the process without a word; without it, PyTensor compiles it anew.
    """
    flags = dict(flag.split("=", 1) for flag in os.environ.get("PYTENSOR_FLAGS", "").split(",") if "=" in flag)
    base = pathlib.Path(flags.get("base_compiledir", "~/.pytensor")).expanduser()
    folders = [pathlib.Path(flags["compiledir"])] if "compiledir" in flags else base.glob("compiledir_*")
    for folder in folders:
        library = folder / "cutils_ext" / "cutils_ext.so"
        if library.is_file() and _is_cut_off(library):
            library.unlink()


def _is_cut_off(library: pathlib.Path) -> bool:
    """Return whether a shared library ends before its table of sections does, which stands at its end."""
    with library.open("rb") as file:
        head = file.read(64)
        size = file.seek(0, os.SEEK_END)
    if len(head) < 64:
        return True
    if head[:6] != b"\x7fELF\x02\x01":  # not of 64 bits on a little-endian machine: nothing is known of it
        return False
    start, length, count = (int.from_bytes(head[a:b], "little") for a, b in ((40, 48), (58, 60), (60, 62)))
    return start + length * count > size


def _use_another(error, config=None) -> None:
    """Give PyTensor another folder: in its settings, or in its flags if it could not be imported without."""
    first, folder = str(error).strip().splitlines()[0], str(_folder() / sys.implementation.cache_tag)
    if "compiledir" not in first:
        raise error
    if config is not None:
        config.compiledir = folder
    else:
        flags = [flag for flag in os.environ["PYTENSOR_FLAGS"].split(",") if not flag.startswith("compiledir=")]
        os.environ["PYTENSOR_FLAGS"] = ",".join([*flags, f"base_compiledir={folder}"])
        for name in [name for name in sys.modules if name.partition(".")[0] == "pytensor"]:
            del sys.modules[name]  # it was imported half
        importlib.import_module("pytensor")
    warnings.warn(f"PyTensor: {first} Compiled code goes to {folder} instead. To choose a folder, set "
                  f"PYTENSOR_FLAGS=base_compiledir=FOLDER", SymlossWarning, stacklevel=5)


def _folder() -> pathlib.Path:
    """Return a folder for compiled code that belongs to this user alone, the same for all processes if possible."""
    owner = os.getuid() if hasattr(os, "getuid") else None
    folder = pathlib.Path(tempfile.gettempdir()) / f"symloss-{owner if owner is not None else 'cache'}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if owner is None or (found.st_uid == owner and not found.st_mode & 0o077):
            return folder
    except OSError:
        pass
    return pathlib.Path(tempfile.mkdtemp(prefix="symloss-"))


start()
