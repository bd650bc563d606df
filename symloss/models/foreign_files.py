"""Files of other programs, told apart by their first bytes and by what is inside: for errors that say the way out."""

import io
import zipfile

TAKE_OVER = "make the same layers here, and set each parameter: net.find('hid1', 'w').set_value(array)"
_ARRAYS = "save its parameters as arrays there (np.savez), " + TAKE_OVER
_KINDS = (  # what a file begins with, what it is, and the way out
    (b"", "empty", "the program that wrote it has not finished; take another copy"),
    (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a file of torch.save", "write the state_dict there with "
     "safetensors.torch.save_file or np.savez, " + TAKE_OVER),
    (b"\x80", "a pickle, as theanets, Lasagne's users or joblib write it", "nothing is unpickled here, because "
     "that runs code of the file; " + _ARRAYS),
    (b"\x1f\x8b", "compressed by gzip, as theanets' pickles are", "nothing is unpickled here; " + _ARRAYS),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, of Keras say", "read its arrays with h5py, " + TAKE_OVER),
    (b"\x93NUMPY", "an array of numpy", "read it with np.load, " + TAKE_OVER),
    (b"version https://git-lfs", "a pointer of Git LFS, and not the file itself", "run git lfs pull"),
    (b"<", "a page in HTML or XML", "the download went wrong; take another copy"),
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
            return f"no whole safetensors file, but {what}; {way}"
    if content.startswith(b"PK\x03\x04"):
        return _archive(content, error)
    if content.startswith(_TEXT) and content.rstrip().endswith(b"."):
        return f"no whole safetensors file, but a pickle in text; nothing is unpickled here; {_ARRAYS}"
    return (f"no whole safetensors file ({type(error).__name__}: {error}); it is cut off, changed, or of another "
            f"program; take another copy")


def _archive(content, error) -> str:
    try:
        names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    except (zipfile.BadZipFile, OSError, ValueError):
        return f"no whole safetensors file, but a zip archive that is damaged ({type(error).__name__}: {error})"
    if any(name.endswith("data.pkl") for name in names):
        what, way = "a file of torch.save", "write the state_dict there with safetensors.torch.save_file, "
    elif any(name.endswith(".weights.h5") for name in names):
        what, way = "a model of Keras", "take its arrays with model.get_weights(), "
    elif names and all(name.endswith(".npy") for name in names):
        what, way = "an npz of numpy, as Lasagne's parameters are kept in", "read it with np.load, "
    else:
        return f"no whole safetensors file, but a zip archive ({', '.join(names[:3])}); unpack it"
    return f"no whole safetensors file, but {what}; {way}{TAKE_OVER}"
