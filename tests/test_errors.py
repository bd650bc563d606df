"""What a person reads who mistyped a name."""

import pytest

import symloss
from symloss.errors import unknown


@pytest.mark.parametrize("name", ["hubber", "qqq", "", "mean", 3])
def test_error_for_a_name_shows_five_others_at_most(name):
    known = symloss.losses.names()
    text = str(unknown("loss", name, known, symloss.losses.registry.spellings()))
    shown = [word.strip("'\"") for word in text.replace(",", " ").split()]
    assert 1 <= len(set(shown) & set(symloss.losses.registry.spellings()) - {name}) <= 5
    assert str(len(known)) in text


def test_few_names_are_all_shown():
    assert str(unknown("way", "nowhere", ["up", "down"])) == "unknown way 'nowhere' (known: down, up)"
    assert "did you mean 'huber'?" in str(unknown("loss", "hubber", symloss.losses.names()))
