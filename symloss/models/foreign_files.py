"""Recognize files of other programs by their first bytes and their content, for errors that say what to do."""

import io
import zipfile

TAKE_OVER = "make the same layers here, and set each parameter: net.find('hid1', 'w').set_value(array)"
_ARRAYS = "save its parameters as arrays there (np.savez), " + TAKE_OVER
_KINDS = (  # what a file begins with, what it is, and the way out
    (b"", "empty", "the program that wrote it has not finished. Use another copy"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a file of torch.save", "write the state_dict there with "
     "safetensors.torch.save_file or np.savez, " + TAKE_OVER),
    (b"\x80", "a pickle, as written by theanets, Lasagne's users or joblib",
     "symloss never unpickles files, because this could run any code; " + _ARRAYS),
    (b"\x1f\x8b", "compressed with gzip, like theanets' pickles", "symloss never unpickles files; " + _ARRAYS),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as written by Keras", "read its arrays with h5py, " + TAKE_OVER),
    (b"\x93NUMPY", "an array of numpy", "read it with np.load, " + TAKE_OVER),
    (b"version https://git-lfs", "a pointer of Git LFS instead of the file itself", "run git lfs pull"),
    (b"<", "a page in HTML or XML", "the download has failed. Use another copy"),
)
_TEXT = (b"(", b"c", b"]", b"}")  # what pickles of protocol 0 begin with


def told(content: bytes, error: Exception) -> str:
    """Say what a file is that cannot be read as one of safetensors, and what to do.

    Parameters
    ----------
    content : bytes
    error : Exception
        Why it cannot be read.
    """
    for begin, what, way in _KINDS:
        if content.startswith(begin) if begin else not content:
            return f"not a complete safetensors file, but {what}; {way}"
    if content.startswith(b"PK\x03\x04"):
        return _archive(content, error)
    if content.startswith(_TEXT) and content.rstrip().endswith(b"."):
        return f"not a safetensors file, but a pickle in text form; symloss never unpickles files; {_ARRAYS}"
    return (f"not a complete safetensors file ({type(error).__name__}: {error}). It is truncated, changed, or from "
            "another program; use another copy")


def _archive(content, error) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return f"not a safetensors file, but a damaged zip archive ({type(error).__name__}: {error})"
    if any(name.endswith("data.pkl") for name in names):
        what, way = "a file of torch.save", "write the state_dict there with safetensors.torch.save_file, "
    elif any(name.endswith(".weights.h5") for name in names):
        what, way = "a model of Keras", "take its arrays with model.get_weights(), "
    elif names and all(name.endswith(".npy") for name in names):
        what, way = "an npz file of numpy, as used for Lasagne's parameters", "read it with np.load, "
    else:
        return f"not a safetensors file, but a zip archive ({', '.join(names[:3])}); unpack it"
    return f"not a safetensors file, but {what}; {way}{TAKE_OVER}"
