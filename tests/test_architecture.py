"""The layering, held by reading the imports of every module."""

import ast
import functools
import graphlib
import pathlib
import re

import pytest

import symloss

ROOT = pathlib.Path(symloss.__file__).parent
MODULES = sorted(p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*.py"))
LINES = 450

PURE = {"losses", "metrics", "activations", "initializers", "regularizers", "schedules", "updates"}

# Lower numbers are further down. A module imports from further down only; within a package there is no rule.
FLOORS = [
    {"errors"},
    {"_start", "_registry", "_repr", "_fingerprint", "_files", "_packages"},
    {"_checks", "formulas"},
    {"_options"},
    {"metrics", "activations", "initializers", "updates", "schedules", "data", "decoding"},
    {"losses", "regularizers", "layers"},
    {"objective"},
    {"compiling"},
    {"stability"},
    {"evaluate", "explain", "latex", "plotting"},
    {"check", "training", "reports"},
    {"models"},
    {"recurrent", "convolution", "compat", "export"},
    {"command", "sklearn"},
    {"__main__"},
]
HEIGHT = {name: height for height, names in enumerate(FLOORS) for name in names}


@functools.cache
def tree(module):
    return ast.parse((ROOT / module).read_text(encoding="utf-8"), module)


def unit(module):
    """The package or module directly below symloss that a file belongs to."""
    first = pathlib.PurePosixPath(module).parts[0]
    return first.removesuffix(".py")


@functools.cache
def imports(module):
    """Return the full dotted name of every import in a file, also of those within functions."""
    found = []
    package = ["symloss", *pathlib.PurePosixPath(module).parts[:-1]]
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            found += [f"{base}.{alias.name}" for alias in node.names]
    return found


def internal(module):
    """Return the units of symloss itself that a file imports."""
    return {name.split(".")[1] for name in imports(module) if name.startswith("symloss.")}


def modules_imported(module):
    """Return the files of symloss that a file imports."""
    found = set()
    for name in imports(module):
        parts = name.split(".")[1:]
        paths = [f"{'/'.join(parts)}.py", f"{'/'.join(parts)}/__init__.py", f"{'/'.join(parts[:-1])}.py",
                 f"{'/'.join(parts[:-1])}/__init__.py"]
        if name.startswith("symloss."):
            found |= {next((path for path in paths if path in MODULES), module)}
    return found - {module}


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
    for other in internal(module):
        if other in HEIGHT and other != me:
            assert HEIGHT[other] < HEIGHT[me], f"{module} imports {other}"


def test_no_modules_import_each_other_in_a_circle_not_even_within_functions():
    graph = {module: modules_imported(module) for module in MODULES if module != "__init__.py"}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # CycleError names the circle


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) in PURE])
def test_pure_functions_do_not_import_one_another(module):
    assert not internal(module) & (PURE - {unit(module)})


@pytest.mark.parametrize("module", outside("compiling"))
def test_only_compiling_calls_pytensor_function(module):
    wrong = {"pytensor.function", "pytensor.compile.function", "pytensor.compile.function.function", "pytensor.pfunc"}
    assert not [text for _, text in calls(module) if text in wrong or text.endswith(".pfunc")]
    assert not set(imports(module)) & wrong


@pytest.mark.parametrize("module", outside("compiling"))
def test_nothing_compiles_behind_the_back_by_eval(module):
    assert not [text for _, text in calls(module) if text.endswith(".eval")]


@pytest.mark.parametrize("module", [m for m in MODULES if unit(m) == "data"])
def test_data_know_no_pytensor(module):
    assert not [name for name in imports(module) if name.split(".")[0] == "pytensor"]
    assert internal(module) <= {"errors", "_registry", "data"}


KNOW_EPOCHS = ("schedules", "training", "models", "plotting", "compat", "sklearn", "command", "__main__")


@pytest.mark.parametrize("module", outside(*KNOW_EPOCHS))
def test_only_training_knows_epochs(module):
    names = set()
    for node in ast.walk(tree(module)):
        names |= {getattr(node, field, None) for field in ("id", "attr", "arg", "name")}
    assert not [name for name in names if isinstance(name, str) and "epoch" in name.lower()]


@pytest.mark.parametrize("module", outside("compat"))
def test_nothing_in_the_core_imports_compat(module):
    assert "compat" not in internal(module)


@pytest.mark.parametrize("module", MODULES)
def test_no_module_is_too_long(module):
    assert len((ROOT / module).read_text(encoding="utf-8").splitlines()) <= LINES


def test_there_is_no_drawer_for_odds_and_ends():
    stems = {pathlib.PurePosixPath(m).stem for m in outside("compat")}  # which has the names of others
    assert not stems & {"util", "utils", "helpers", "common", "misc"}


@pytest.mark.parametrize("module", MODULES)
def test_nothing_is_pickled(module):
    wrong = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not {name.split(".")[0] for name in imports(module)} & wrong
    for node, text in calls(module):
        assert text not in ("np.load", "numpy.load", "np.save", "numpy.save", "torch.load")
        assert "allow_pickle" not in {k.arg for k in node.keywords}


@pytest.mark.parametrize("module", MODULES)
def test_no_import_of_everything(module):
    assert not [name for name in imports(module) if name.endswith(".*")]


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
    assert "random" not in {name.split(".")[0] for name in imports(module)}


def test_the_public_names_are_there():
    assert [name for name in symloss.__all__ if not hasattr(symloss, name)] == []
    assert len(set(symloss.__all__)) == len(symloss.__all__)


def named_modules():
    """Return folder -> names of modules in its table on the page about the architecture."""
    text = (ROOT.parent / "docs" / "architecture.md").read_text(encoding="utf-8")
    tree, _, rest = text.partition("## Imports point down")
    compiler = rest.partition("## The compiler of symloss")[2].partition("```text")[2].partition("```")[0]
    parts = re.split(r"^\*\*`symloss/(.*?)/?`\*\*", tree.partition("**Beside the package**")[0], flags=re.MULTILINE)
    found = {folder: re.findall(r"`(\w+\.py)`", table) for folder, table in zip(parts[1::2], parts[2::2], strict=True)}
    return {**found, "compiling/ccode": re.findall(r"\w+\.py", compiler)}


NAMED = named_modules()


@pytest.mark.parametrize("folder", NAMED)
def test_the_tree_of_the_architecture_names_every_module_and_no_other(folder):
    others = [name for name in NAMED if name != folder and name.startswith(f"{folder}/")]
    paths = [pathlib.PurePosixPath(m) for m in MODULES]
    inside = [path for path in paths if (path.is_relative_to(folder) if folder else len(path.parts) == 1)]
    there = {path.name for path in inside if not any(path.is_relative_to(other) for other in others)}
    assert set(NAMED[folder]) - {"__init__.py"} == there - {"__init__.py"}


def test_the_tree_of_the_architecture_has_every_folder():
    folders = {pathlib.PurePosixPath(m).parent for m in MODULES} - {pathlib.PurePosixPath(".")}
    assert [f for f in sorted(folders) if not any(f.is_relative_to(name) for name in NAMED if name)] == [
        pathlib.PurePosixPath("compat")]


def test_test_modules_have_names_of_their_own():
    """Two of one name in folders that are no packages cannot be collected together."""
    tests = pathlib.Path(__file__).parent
    names = [path.name for path in tests.rglob("test_*.py") if not (path.parent / "__init__.py").exists()]
    assert sorted(names) == sorted(set(names))
