"""Packages of others, imported when they are needed."""

import importlib


def needed(package: str, who: str, extra: str):
    """Return an imported package, or raise ImportError that says what to install.

    Parameters
    ----------
    package : str
        What is imported.
    who : str
        Who needs it.
    extra : str
        The extra of symloss that brings it.
    """
    try:
        return importlib.import_module(package)
    except ModuleNotFoundError as error:
        raise ImportError(f"{who} needs {package.partition('.')[0]}, which is not installed. "
                          f"Run pip install 'symloss[{extra}]'") from error
