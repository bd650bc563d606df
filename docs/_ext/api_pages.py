"""The API reference: a page for each public module, with its functions, and a page for each class.

`MODULES` names what is public. A thing has one page, under the first name by which it is listed; the pages of modules
that have it as well link there. Functions of losses have their pages in the gallery.
"""

import functools
import importlib
import inspect

from pages import write, write_all

import symloss
from symloss import losses, updates

ALL = None  # all names of a module's ``__all__``, or what is defined in it

# group -> module -> the heading of its page, and names (ALL: its public ones)
MODULES = {
    "Models and training": {
        "symloss": ("Models and first steps", [
            "Network", "Regressor", "Classifier", "Autoencoder", "PairEmbedding", "TripletEmbedding", "Experiment",
            "load", "loss", "loss_from", "Loss", "report", "check", "latex", "train_in_turn", "Turn", "Layer",
            "Activation", "Regularizer"]),
        "symloss.recurrent": ("Recurrent models", ALL),
        "symloss.convolution": ("Convolutional models", ALL),
        "symloss.training": ("Training: history, results and callbacks", [
            "History", "Results", "Reason", "EarlyStopping", "ReduceLearningRate", "Checkpoint", "TimeLimit",
            "CSVHistory", "JSONHistory", "TensorBoard", "MLflow"]),
        "symloss.updates": ("Update rules", ["update", "options", "hyperparameters", *sorted(updates.registry)]),
        "symloss.schedules": ("Schedules", ALL),
        "symloss.regularizers": ("Regularizers", ["Regularizer", "from_options", "contractive"]),
    },
    "Losses and metrics": {
        "symloss.losses": ("Losses: registration, reduction, moving weights", [
            "LossSpec", "Range", "Choice", "OutputLoss", "Uncertainty", "GradNorm", "SampledSoftmax", "NCE",
            "NegativeSampling", "reduce", "get", "names"]),
        "symloss.evaluate": ("Losses and metrics of arrays", [
            "value", "grad", "value_and_grad", "hessian_diagonal", "metric"]),
        "symloss.metrics": ("Metrics", ALL),
        "symloss.decoding": ("Decoding of sequences", ALL),
        "symloss.check": ("Checks of gradients", ["Report"]),
        "symloss.reports": ("Reports about losses", ALL),
    },
    "Layers and data": {
        "symloss.layers": ("Layers", ["Input", "Feedforward", "Tied", "Embedding", "Context"]),
        "symloss.layers.spec": ("The layer language", ["parse"]),
        "symloss.activations": ("Activations", ["activation"]),
        "symloss.initializers": ("Initializers", ["draw"]),
        "symloss.data": ("Data", ["pairs", "triplets", "Labels"]),
        "symloss.data.mnist": ("Handwritten digits", ["digits", "load"]),
        "symloss.objective.monitors": ("Monitors", ["build"]),
    },
    "Figures and other libraries": {
        "symloss.plotting": ("Figures", ALL),
        "symloss.formulas.formula": ("Formulas", ["Formula"]),
        "symloss.export": ("Losses in other libraries", ALL),
        "symloss.sklearn": ("Estimators for scikit-learn", ALL),
    },
    "Below the surface": {
        "symloss.compiling": ("Compiling", [
            "resolve", "function", "TrainingStep", "Evaluation", "Backend", "diagnose"]),
        "symloss.errors": ("Errors", ["SymlossError", "UnknownNameError", "ShapeError", "SpecError", "DataError",
                                      "TrainingError", "SymlossWarning"]),
    },
}
TABLES = {"symloss.updates": "updates", "symloss.activations": "activations", "symloss.initializers": "initializers",
          "symloss.regularizers": "regularizers"}


def public(module) -> list[str]:
    """Return the public functions and classes of a module."""
    if hasattr(module, "__all__"):
        names = list(module.__all__)
    else:
        names = [name for name, thing in vars(module).items()
                 if getattr(thing, "__module__", None) == module.__name__ and not name.startswith("_")]
    return [name for name in names if callable(getattr(module, name)) and inspect.getdoc(getattr(module, name))]


def is_class(thing) -> bool:
    """Return whether something has a page of its own."""
    return inspect.isclass(thing) and not issubclass(thing, BaseException)


def heading(text: str, sign: str = "=") -> list[str]:
    """Return a heading in reStructuredText."""
    return [text, sign * len(text), ""]


def first_line(thing) -> str:
    """Return the first line of a docstring, without markup."""
    line = (inspect.getdoc(thing) or "").partition("\n")[0]
    return line.replace("``", "").replace("`", "").replace("*", "\\*").replace("|", "\\|").replace("_ ", "\\_ ")


def class_page(name: str, homes: dict) -> str:
    """Return the page of a class: its parameters and methods, and links to the methods of classes that have pages."""
    module, _, title = name.rpartition(".")
    thing = getattr(importlib.import_module(module), title)
    seen, links = members(thing, homes), []
    for base in thing.__mro__[1:]:
        new = sorted(members(base, homes) - seen) if id(base) in homes else []
        if new:
            home = homes[id(base)]
            named = ", ".join(f":py:obj:`{one} <{home}.{one}>`" for one in new)
            links += [f"Inherited from :py:class:`{base.__name__} <{home}>`: {named}.", ""]
            seen |= set(new)
    shown = ", ".join(one for one in vars_in_order(thing) if one in members(thing, homes))
    options = [f"   :members: {shown}"] if shown else []
    return "\n".join([*heading(title), f".. autoclass:: {name}", *options, "", *links])


def vars_in_order(thing) -> list[str]:
    """Return the names in a class and its bases, in the order of the source."""
    return list(dict.fromkeys(name for base in thing.__mro__ for name in vars(base)))


def members(thing, homes: dict) -> set[str]:
    """Return the methods and properties on the page of a class: its own, and those of bases up to one with a page."""
    found = set()
    for base in thing.__mro__:
        if base is not thing and id(base) in homes:
            break
        found |= {name for name, value in vars(base).items() if is_member(base, name, value)}
    return found


def is_member(base, name: str, value) -> bool:
    """Return whether the page of a class has an entry for a value of it or of a base."""
    kinds = (property, functools.cached_property, staticmethod, classmethod)
    own = base.__module__.startswith("symloss") and not name.startswith("_") and not name.endswith("_request")
    return own and (inspect.isroutine(value) or isinstance(value, kinds)) and bool(inspect.getdoc(value))


def module_page(module: str, title: str, names: list[str], homes: dict) -> str:
    """Return the page of a module: what it is, a table of its names, its functions."""
    source = importlib.import_module(module)
    about = (inspect.getdoc(source) or "").partition("\n\n")[0]
    is_function = callable(getattr(symloss, module.partition(".")[2], None))  # which has the same name
    hidden = ["   :no-index:"] if is_function else []
    parts = [*heading(title), f"``{module}``", "", f".. py:module:: {module}", *hidden, ""]
    parts += [about.replace("`", "``").replace("````", "``"), ""]
    parts += [".. list-table::", "   :widths: 30 70", ""]
    for name in names:
        home, thing = homes[id(getattr(source, name))], getattr(source, name)
        role = "exc" if isinstance(thing, type) and issubclass(thing, BaseException) else \
            "class" if inspect.isclass(thing) else "func"
        parts += [f"   * - :{role}:`{name} <{home}>`", f"     - {first_line(thing)}"]
    parts += [""]
    if module in TABLES:
        parts += [*heading("By name", "-"), f".. include:: ../generated/{TABLES[module]}.md",
                  "   :parser: myst_parser.sphinx_", ""]
    own = [name for name in names if homes[id(getattr(source, name))] == f"{module}.{name}"]
    functions = [name for name in own if not is_class(getattr(source, name))]
    if functions:
        parts += heading("Exceptions" if module == "symloss.errors" else "Functions", "-")
    for name in functions:
        kind = "autoexception" if inspect.isclass(getattr(source, name)) else "autofunction"
        parts += [f".. {kind}:: {module}.{name}", ""]
    classes = [f"{module}.{name}" for name in own if is_class(getattr(source, name))]
    if classes:
        entries = [f"   {name.rpartition('.')[2]} <{name}>" for name in classes]
        parts += [".. toctree::", "   :hidden:", "", *entries, ""]
    return "\n".join(parts)


def generate() -> None:
    """Write the pages, and the list of modules."""
    chosen, homes = {}, {}
    for group in MODULES.values():
        for module, (_, names) in group.items():
            source = importlib.import_module(module)
            found = public(source) if names is ALL else [name for name in names if hasattr(source, name)]
            found = [name for name in found if not is_loss(getattr(source, name))]
            chosen[module] = found
            for name in found:
                homes.setdefault(id(getattr(source, name)), f"{module}.{name}")
    pages = {}
    for group in MODULES.values():
        for module, (title, _) in group.items():
            source = importlib.import_module(module)
            pages[module] = module_page(module, title, chosen[module], homes)
            for name in chosen[module]:
                thing, path = getattr(source, name), f"{module}.{name}"
                if is_class(thing) and homes[id(thing)] == path:
                    pages[path] = class_page(path, homes)
    write_all("api", pages, ".rst")
    write("generated/api.md", index())


def is_loss(thing) -> bool:
    """Return whether something is a function of the gallery of losses."""
    return any(losses.get(name).function is thing for name in losses.names())


def index() -> str:
    """Return the modules by group, and the tree of their pages."""
    parts = []
    for group, modules in MODULES.items():
        rows = [f"| [{title}](../api/{module}.rst) | `{module}` |" for module, (title, _) in modules.items()]
        parts += [f"## {group}", "", "| page | module |", "|---|---|", *rows, "", "```{toctree}", ":hidden:", "",
                  *(f"api/{module}" for module in modules), "```", ""]
    return "\n".join(parts).replace("(../api/", "(api/")
