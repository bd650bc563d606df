"""Settings of the tests of losses, which do not depend on the user's."""

import pytensor
import pytest


@pytest.fixture(autouse=True)
def in_float64():
    """Graphs are built with floatX=float64, and compile without C, unless a test says otherwise."""
    with pytensor.config.change_flags(floatX="float64", mode="FAST_COMPILE"):
        yield


@pytest.fixture
def as_written():
    """A mode that computes graphs as they are: no rewrite hides what they do by themselves, or takes time."""
    from .case import AS_WRITTEN

    return AS_WRITTEN


def pytest_collection_modifyitems(items):
    """Keep the tests of one case in one process: they share its compiled functions."""
    for item in items:
        case = getattr(item, "callspec", None) and item.callspec.params.get("case")
        if hasattr(case, "id"):  # other tests call theirs so, too
            item.add_marker(pytest.mark.xdist_group(case.id))
