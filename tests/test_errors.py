"""What a user reads: names that are nearly right, and the language of errors and warnings."""

import ast
import pathlib
import re

import pytest

import symloss
from symloss.errors import unknown

ROOT = pathlib.Path(symloss.__file__).parent
MODULES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py"))

# telegraphic phrases of errors -> what to write instead
TELEGRAPHIC = {
    r"\b(is|are) wanted\b": "it must be ..., it needs ..., pass ...",
    r", say\b|\bsay($|[,;.:)])": "for example, such as",
    r"\bsay it\b": "pass only one of them",
    r"\bgo(es)? (with|together)\b": "works with, fits together",
    r"\balone\b": "only",
    r"(?<!there )\b(is|are) no (?!longer\b|such\b)": "is not a",
    r"\bno whole\b": "not a complete",
    r"\bone (\w+ )?an? (item|sample|class|example|step|row)\b": "one per item",
    r"\bas (many|much) (for|of) (each|them)\b": "pass the same number",
    r"\bwants?\b": "needs",
    r"\b(anew|at most so many)\b": "again, at most that number",
    r"(minim|normal|regular|initial|optim)is(e|i|a)|\b(colour|behaviour|centre)": "American spelling",
}


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


def messages(module: str) -> list[tuple[int, str]]:
    """Return (line, text) for each string in the raise statements and warnings of a module; {} stands for a value."""
    found = []
    for node in ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Raise) or isinstance(node, ast.Call) and ast.unparse(node.func).endswith("warn"):
            texts = [text for text in ast.walk(node) if isinstance(text, ast.JoinedStr | ast.Constant)]
            inner = {id(part) for text in texts if isinstance(text, ast.JoinedStr) for part in text.values}
            found += [(text.lineno, _text(text)) for text in texts if id(text) not in inner]
    return found


def _text(node) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
    return node.value if isinstance(node.value, str) else ""


def test_messages_are_whole_sentences_and_no_telegrams():
    wrong = [f"{module}:{line}: {text!r}; write {better!r}" for module in MODULES for line, text in messages(module)
             for phrase, better in TELEGRAPHIC.items() if re.search(phrase, text)]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("text", ["train: epochs=0; an integer is wanted", "write (20, 'relu'), say", "{} is no loss",
                                  "a loss goes with an output", "one score an item", "the loss wants labels"])
def test_telegrams_are_found(text):
    assert any(re.search(phrase, text) for phrase in TELEGRAPHIC)
