"""theano.gof.graph: walks over graphs."""

from pytensor.graph import replace as _replace
from pytensor.graph.basic import Apply, Constant, equal_computations
from pytensor.graph.basic import Variable as _Variable

from ..names import forwarding

__all__ = ["Apply", "Constant", "Variable", "ancestors", "clone", "inputs", "is_same_graph"]


class _AnyVariable(type):
    """Makes every variable of PyTensor an instance."""

    def __instancecheck__(cls, instance):
        return isinstance(instance, _Variable)

    def __subclasscheck__(cls, subclass):
        return issubclass(subclass, _Variable)


class Variable(metaclass=_AnyVariable):
    """A variable of PyTensor, which may be made of its type alone, as in Theano.

    Parameters
    ----------
    type : Type
    owner : Apply or None
        What computes it, and as which of its outputs (`index`).
    index : int or None
    name : str or None

    Raises
    ------
    TypeError
        If you subclass it.
    """

    def __new__(cls, type, owner=None, index=None, name=None):
        return _Variable(type, owner, index, name)

    def __init_subclass__(cls):
        raise TypeError(f"{cls.__name__} is a subclass of theano.Variable; make it a subclass of "
                        f"pytensor.graph.basic.Variable")


def _walk(variables, blockers=()) -> list:
    """Return all that `variables` are made of, each once: the last of them first, the inputs of a node in order."""
    waiting, seen, found = list(variables), set(), []
    while waiting:
        variable = waiting.pop()
        if variable in seen:
            continue
        seen.add(variable)
        found.append(variable)
        if variable.owner is not None and variable not in blockers:
            waiting += reversed(variable.owner.inputs)
    return found


def inputs(variable_list, blockers=None) -> list:
    """Return the variables that `variable_list` is computed from and that nothing computes, in Theano's order.

    The last variable of the list comes first, and the inputs of each node from left to right.
    """
    return [v for v in _walk(variable_list, blockers or ()) if v.owner is None]


def ancestors(variable_list, blockers=None) -> list:
    """Return all variables that `variable_list` is computed from, and these themselves."""
    return _walk(variable_list, blockers or ())


def clone(output, replace=None, strict=True, share_inputs=True, copy_inputs=None):
    """Return a copy of `output` (a variable or a list) in which some variables are replaced.

    Parameters
    ----------
    output : variable or list
    replace : dict or list of pairs
        Replacements of variables.
    strict : bool
        Whether a replacement must be of the type of what it replaces.
    share_inputs : bool
        Whether the copy is computed from the same inputs (False: from copies of them).
    copy_inputs : bool
        The older name of `share_inputs`.
    """
    shared = share_inputs if copy_inputs is None else copy_inputs
    several = isinstance(output, list | tuple)
    made = _replace.clone_replace(list(output) if several else [output], dict(replace or {}), rebuild_strict=strict,
                                  copy_inputs_over=shared)
    return made if several else made[0]


def is_same_graph(var1, var2, givens=None) -> bool:
    """Return whether two variables are one computation; `givens` says which variables stand for which."""
    pairs = dict(givens or {}).items()
    return equal_computations([var1], [var2], [a for a, _ in pairs], [b for _, b in pairs])


__getattr__ = forwarding("theano.gof.graph", "pytensor.graph.basic", "pytensor.graph.traversal",
                         "pytensor.graph.replace")
