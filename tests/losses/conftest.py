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


def case_of(item):
    """Return the case of the reference table that a test is about, if it is about one."""
    from .case import Case

    case = item.callspec.params.get("case") if hasattr(item, "callspec") else None
    return case if isinstance(case, Case) else None


def pytest_collection_modifyitems(items):
    """Put the tests of one case side by side: they share its graphs and its compiled functions."""
    places, numbers = [], {}
    for place, item in enumerate(items):
        if (case := case_of(item)) is not None:
            places.append(place)
            numbers.setdefault(case, len(numbers))
    ordered = sorted((items[place] for place in places), key=lambda item: numbers[case_of(item)])
    for place, item in zip(places, ordered, strict=True):
        items[place] = item


def pytest_runtest_teardown(item, nextitem):
    """Give back the memory of a case after its last test."""
    case = case_of(item)
    if case is not None and (nextitem is None or case_of(nextitem) is not case):
        case.forget()
