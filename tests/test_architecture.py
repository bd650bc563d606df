"""The layering, held by reading the imports of every module."""

import ast
import functools
import pathlib
import re

import pytest

import symloss

ROOT = pathlib.Path(symloss.__file__).parent
MODULES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py"))
LINES = 450

PURE = {"losses", "metrics", "activations", "initializers", "regularizers", "schedules", "updates"}

# Lower numbers are further down. A module imports from further down only; within a package there is no rule.
HEIGHT = {
    "errors": 0, "_registry": 1, "_checks": 2,
    "metrics": 3, "activations": 3, "initializers": 3, "updates": 3, "schedules": 3,
    "losses": 4, "regularizers": 4, "layers": 4, "spec": 4,
    "graph": 5, "measures": 5, "monitors": 5, "objective": 6, "compiling": 7, "data": 7, "evaluate": 8, "explain": 8,
    "check": 9,
    "training": 8,
    "options": 9, "scoring": 9, "trainer": 10, "network": 11, "models": 12, "recurrent": 13, "convolution": 13,
    "saving": 14, "plotting": 14, "console": 14, "pretraining": 14, "experiment": 15,
    "compat": 15, "doctor": 15, "demo": 15, "__main__": 16,
}
# methods of the front door that import what stands above them when they are called, and not before
DOORS = {("network", "saving"), ("network", "pretraining"), ("training", "plotting")}


@functools.cache
def tree(module):
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def unit(module):
    """The package or module directly below symloss that a file belongs to."""
    first = pathlib.PurePosixPath(module).parts[0]
    return first.removesuffix(".py")


@functools.cache
def imports(module):
    """Return (full dotted name, whether it is imported when the module is) for every import in a file."""
    found = []
    here = ["symloss", *pathlib.PurePosixPath(module).with_suffix("").parts]
    package = here[:-1] if here[-1] != "__init__" else here[:-1]
    parsed = tree(module)
    inside = {n for f in ast.walk(parsed) if isinstance(f, ast.FunctionDef | ast.Lambda) for n in ast.walk(f)}
    for node in ast.walk(parsed):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found.append((alias.name, node not in inside))
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                found.append((f"{base}.{alias.name}", node not in inside))
    return found


def internal(module):
    """Yield (unit imported, whether at the top) for imports of symloss itself."""
    for name, at_top in imports(module):
        parts = name.split(".")
        if parts[0] == "symloss" and len(parts) > 1:
            yield parts[1], at_top


@functools.cache
def calls(module):
    return [(node, ast.unparse(node.func)) for node in ast.walk(tree(module)) if isinstance(node, ast.Call)]


def outside(*units):
    return [m for m in MODULES if unit(m) not in units]


def test_every_module_has_a_height():
    assert {unit(m) for m in MODULES} - {"__init__"} <= set(HEIGHT)


@pytest.mark.parametrize("module", outside("__init__"))
def test_imports_point_down(module):
    me = unit(module)
    for other, at_top in internal(module):
        if other in HEIGHT and other != me and (at_top or (me, other) not in DOORS):
            assert HEIGHT[other] < HEIGHT[me], f"{module} imports {other}"


@pytest.mark.parametrize("module", outside("__init__"))
def test_no_two_modules_import_each_other(module):
    me = unit(module)
    for other, at_top in internal(module):
        if at_top and other != me and other in HEIGHT:
            back = [m for m in MODULES if unit(m) == other and me in {o for o, top in internal(m) if top}]
            assert not back, f"{module} and {back}"


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) in PURE])
def test_pure_functions_do_not_import_one_another(module):
    assert not {other for other, _ in internal(module)} & (PURE - {unit(module)})


@pytest.mark.parametrize("module", outside("compiling"))
def test_only_compiling_calls_pytensor_function(module):
    wrong = {"pytensor.function", "pytensor.compile.function", "pytensor.compile.function.function", "pytensor.pfunc"}
    assert not [text for _, text in calls(module) if text in wrong or text.endswith(".pfunc")]
    assert not {name for name, _ in imports(module)} & wrong


@pytest.mark.parametrize("module", outside("compiling"))
def test_nothing_compiles_behind_the_back_by_eval(module):
    assert not [text for _, text in calls(module) if text.endswith(".eval")]


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) == "data"])
def test_data_know_no_pytensor(module):
    assert not [name for name, _ in imports(module) if name.split(".")[0] == "pytensor"]
    assert {other for other, _ in internal(module)} <= {"errors", "_registry", "data"}


KNOW_EPOCHS = ("schedules", "training", "options", "trainer", "network", "models", "recurrent", "saving", "plotting",
               "pretraining",
               "compat",
               "console", "demo", "doctor", "__main__")


@pytest.mark.parametrize("module", outside(*KNOW_EPOCHS))
def test_only_training_knows_epochs(module):
    names = set()
    for node in ast.walk(tree(module)):
        names |= {getattr(node, field, None) for field in ("id", "attr", "arg", "name")}
    assert not [name for name in names if isinstance(name, str) and "epoch" in name.lower()]


@pytest.mark.parametrize("module", outside("compat"))
def test_nothing_in_the_core_imports_compat(module):
    assert "compat" not in {other for other, _ in internal(module)}


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_too_long(module):
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= LINES


def test_there_is_no_drawer_for_odds_and_ends():
    stems = {pathlib.PurePosixPath(m).stem for m in outside("compat")}  # which has the names of others
    assert not stems & {"util", "utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_pickled(module):
    wrong = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not {name.split(".")[0] for name, _ in imports(module)} & wrong
    for node, text in calls(module):
        assert text not in ("np.load", "numpy.load", "np.save", "numpy.save", "torch.load")
        assert "allow_pickle" not in {k.arg for k in node.keywords}


@pytest.mark.parametrize("module", MODULES)
def test_no_import_of_everything(module):
    assert not [name for name, _ in imports(module) if name.endswith(".*")]


@pytest.mark.parametrize("module", outside("__main__"))
def test_the_library_does_not_print(module):
    assert not [text for _, text in calls(module) if text == "print"]


@pytest.mark.parametrize("module", MODULES)
def test_randomness_comes_in_as_an_argument(module):
    """No global generator is drawn from or seeded."""
    allowed = {"default_rng", "Generator", "SeedSequence", "PCG64"}
    allowed |= {"RandomState"} if unit(module) == "compat" else set()  # old numbers come out of it, by a seed
    for _, text in calls(module):
        if re.fullmatch(r"(np|numpy)\.random\.\w+", text):
            assert text.rsplit(".", 1)[1] in allowed, text
    assert "random" not in {name.split(".")[0] for name, _ in imports(module)}


def test_the_public_names_are_there():
    assert [name for name in symloss.__all__ if not hasattr(symloss, name)] == []
    assert len(set(symloss.__all__)) == len(symloss.__all__)
