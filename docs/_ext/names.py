"""Names in single quotes in docstrings: links where there is a page, code where there is none and none is expected.

Sphinx finds a name only if it is written in full or stands next to what it names. Here it is also found by its end
(``compiling.resolve``), in the base classes (``train`` on the page of `Regressor`), and as a loss of the gallery. The
names of parameters and of options are code. Everything else is a broken link, which fails the build.
"""

import importlib
import inspect
import re

from docutils.nodes import literal
from sphinx.util.nodes import make_refnode

from symloss import Network, losses, updates
from symloss.training import options as training_options

QUOTED = re.compile(r"(?<![`:])`(\w+)`(?!`)")


def quoted(app, what, name, thing, options, lines) -> None:
    """Write names of parameters and of options as code."""
    known = parameters(thing) | attributes(name, what, lines) | PARAMETERS
    for index, line in enumerate(lines):
        lines[index] = QUOTED.sub(lambda found: f"``{found[1]}``" if found[1] in known else found[0], line)


def parameters(thing) -> set[str]:
    """Return the names of a function's parameters; of a class those of all its methods."""
    functions = [thing, *(vars(thing).values() if inspect.isclass(thing) else ())]
    found = set()
    for one in map(inspect.unwrap, filter(callable, functions)):
        try:
            found |= set(inspect.signature(one).parameters)
        except (TypeError, ValueError):  # something built in
            continue
    return found


def attributes(name: str, what: str, lines) -> set[str]:
    """Return the parameters and attributes that a docstring lists, and those of the class that it belongs to."""
    listed = {one for line in lines if re.match(r"\w+(, \w+)* : ", line)
              for one in line.partition(" : ")[0].split(", ")}
    path = name.rpartition(".")[0] if what in ("method", "property", "attribute") else name
    module, _, owner = path.rpartition(".")
    thing = getattr(importlib.import_module(module), owner, None) if "." in path else None
    if not inspect.isclass(thing):
        return listed
    plain = {key for base in thing.__mro__ for key, value in vars(base).items()
             if not callable(value) and not isinstance(value, property | classmethod | staticmethod)}
    return listed | plain | set(getattr(thing, "__dataclass_fields__", ()))


def everywhere() -> set[str]:
    """Return the names of all options of ``train``, and of the hyperparameters of update rules."""
    rules = {name for rule in updates.registry for name in updates.hyperparameters(updates.registry.get(rule))}
    return set(training_options.DECLARED) | rules


LOSSES = {name: one for one in losses.names() for name in [one, *losses.registry.aliases(one)]}
PARAMETERS = everywhere() - set(losses.names())


def resolve(app, env, node, content):
    """Return a link for a name that Sphinx has not found itself, or None."""
    if node.get("refdomain") != "py" or node["reftype"] != "obj":
        return None
    name, home = node["reftarget"].removesuffix("()"), node.get("refdoc")
    if name in LOSSES:
        return make_refnode(app.builder, home, f"losses/{LOSSES[name]}", "", literal(name, name, classes=["xref"]))
    objects = env.domains["py"].objects
    for full in candidates(name, node.get("py:module"), node.get("py:class"), objects):
        if full in objects:
            return make_refnode(app.builder, home, objects[full].docname, objects[full].node_id, content, full)
    return None


def candidates(name: str, module, owner, objects) -> list[str]:
    """Return the full names that a name may stand for, the likeliest first."""
    found = [f"symloss.{name}"]
    if owner and "." not in name:
        bases = getattr(importlib.import_module(module), owner).__mro__ if module else ()
        found += [f"{place}.{base.__name__}.{name}" for base in bases for place in places(base)]
    found += [f"symloss.Network.{name}"] if hasattr(Network, name.partition(".")[0]) else []
    if "." in name or name[0].isupper():
        ends = [full for full in objects if full.endswith(f".{name}")]
        found += ends if len({objects[full].node_id for full in ends}) == 1 else []
    return found


def places(base) -> list[str]:
    """Return the modules under which a class may have its page: its own, and those above it."""
    parts = base.__module__.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]
