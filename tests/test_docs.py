"""Every example runs: the ``python`` blocks of the README and of docs/, and each ``>>>`` of a docstring.

The blocks of one page share their names, as if they were typed one after the other. Nothing is compiled to C.
"""

import doctest
import importlib
import importlib.util
import pathlib
import pkgutil
import re
import sys
import warnings

import numpy as np
import pytensor
import pytensor.tensor as pt
import pytest

import symloss

ROOT = pathlib.Path(__file__).parent.parent
FENCED = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITTEN_BY_THE_BUILD = {"_build", "generated", "tutorials", "losses", "api"}
PAGES = [ROOT / "README.md", *sorted(p for p in (ROOT / "docs").rglob("*.md")
                                     if not WRITTEN_BY_THE_BUILD & set(p.relative_to(ROOT / "docs").parts[:-1]))]
EXAMPLES = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def modules():
    yield symloss
    for found in pkgutil.walk_packages(symloss.__path__, "symloss."):
        yield importlib.import_module(found.name)


def docstrings():
    finder = doctest.DocTestFinder(exclude_empty=True)
    found = {}
    for module in modules():
        names = vars(module) | {"symloss": symloss, "pt": pt, "np": np}
        for test in finder.find(module, module.__name__, globs=names):
            if test.examples:
                found[test.name] = test
    return list(found.values())


DOCSTRINGS = docstrings()


@pytest.fixture(autouse=True)
def quick(tmp_path, monkeypatch, registered):
    monkeypatch.chdir(tmp_path)
    with pytensor.config.change_flags(mode="FAST_COMPILE", floatX=pytensor.config.floatX):
        yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def blocks(path):
    text = path.read_text(encoding="utf-8")
    for match in FENCED.finditer(text):
        yield text.count("\n", 0, match.start(1)), match.group(1)


@pytest.mark.parametrize("path", [p for p in PAGES if any(blocks(p))], ids=lambda p: p.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_run(path):
    names = {"__name__": "page"}
    with warnings.catch_warnings():
        warnings.simplefilter("error", symloss.SymlossWarning)  # an example is not to be one of what hardly works
        for line, code in blocks(path):
            exec(compile("\n" * line + code, str(path), "exec"), names)


@pytest.mark.parametrize("example", DOCSTRINGS, ids=lambda test: test.name)
def test_the_examples_of_a_docstring_run(example):
    said = []
    result = doctest.DocTestRunner(optionflags=EXAMPLES).run(example, out=said.append, clear_globs=False)
    assert not result.failed, "".join(said)


def extension(name):
    spec = importlib.util.spec_from_file_location(name, (ROOT / "docs" / "_ext" / f"{name}.py").resolve())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_are_examples():
    assert len(DOCSTRINGS) > 20
    assert any(blocks(ROOT / "README.md"))


def test_every_loss_has_a_place_in_the_gallery():
    tasks = extension("loss_tasks")
    placed = {name for _, names in tasks.TASKS.values() for name in names}
    assert placed == set(symloss.losses.names())
    assert {name for name in tasks.AGAINST} | {other for other, _ in tasks.AGAINST.values()} <= placed
    assert all(name != other for name, (other, _) in tasks.AGAINST.items())


@pytest.mark.parametrize("path", sorted((ROOT / "tutorials").glob("*.py")), ids=lambda path: path.stem)
def test_the_figure_and_the_output_of_a_tutorial_are_kept(path):
    made = extension("../make_figures")
    figure = made.FIGURES / f"{path.stem}.png"
    assert made.is_fresh(path), f"its code has changed: python docs/make_figures.py {path.stem}"
    assert figure.stat().st_size < made.LARGEST
    assert figure.with_suffix(".txt").read_text(encoding="utf-8").strip()


def test_every_page_is_reached_from_the_index():
    listed = set()
    for page in PAGES[1:]:
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL):
            entries = [line.strip() for line in tree.splitlines() if line.strip() and not line.startswith(":")]
            listed |= {(page.parent / entry).relative_to(ROOT / "docs").as_posix() for entry in entries}
    pages = {p.relative_to(ROOT / "docs").with_suffix("").as_posix() for p in PAGES[1:]}
    assert pages - {"index"} == listed
