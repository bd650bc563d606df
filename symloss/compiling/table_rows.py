"""Tables of which a step reads a few rows: gradients and updates of only these rows.

A parameter that the total reads only at places that are computed, ``table[ids]``, has a gradient of 0 in all other
rows. So a rule that leaves a row alone where its gradient is 0 needs to be told of the rows that were read, and a step
costs the same however many rows there are.
"""

import dataclasses

import pytensor.tensor as pt
from pytensor.graph.replace import clone_replace
from pytensor.graph.traversal import ancestors, applys_between
from pytensor.tensor.elemwise import Elemwise
from pytensor.tensor.shape import Shape, Shape_i

from ..errors import SpecError

TAKES = ("AdvancedSubtensor", "AdvancedSubtensor1")


@dataclasses.dataclass
class Reading:
    """The places where a total reads rows of one parameter.

    Parameters
    ----------
    parts : list of tensor
        The rows that are read, each in the form ``parameter[ids]``.
    slope : tensor
        Stands for the gradient of the whole parameter, until `only_rows` replaces it.
    """

    parts: list
    slope: object

    def ids(self):
        """Return the numbers of all rows that are read, as one vector."""
        return _joined([part.owner.inputs[1].ravel() for part in self.parts])

    def slopes(self, by_part: dict):
        """Return the gradients of these rows in the same order."""
        return _joined([by_part[part].reshape((-1, *self.slope.type.shape[1:]), ndim=self.slope.ndim)
                        for part in self.parts])


def _joined(parts: list):
    return parts[0] if len(parts) == 1 else pt.concatenate(parts, axis=0)


class Tables:
    """The parameters of a training step that are tables, and those of them whose rows are updated one by one.

    Parameters
    ----------
    total : scalar expression
    parameters : list of shared variable
        Those that move.
    plan : Plan

    Attributes
    ----------
    by_rows : dict
        `Reading` by parameter, for tables of which a step updates the rows that it reads.
    as_a_whole : dict
        The reason by parameter, for tables that are updated as a whole.

    Raises
    ------
    SpecError
        If the plan is ``lazy``, and its rule does not treat each element by itself.
    """

    def __init__(self, total, parameters, plan):
        self.plan, self.by_rows, self.as_a_whole = plan, {}, {}
        reason = why_whole(plan)
        for parameter, (parts, others) in _readings(total, parameters).items():
            if others:
                self.as_a_whole[parameter] = f"the total also reads all of it, by {', '.join(others)}"
            elif reason is not None:
                self.as_a_whole[parameter] = reason
            else:
                self.by_rows[parameter] = Reading(parts, parameter.type(f"slope of {parameter.name}"))

    def parts(self) -> list:
        """Return all rows that are read. Their gradients are taken instead of those of the tables."""
        return [part for reading in self.by_rows.values() for part in reading.parts]

    def slopes(self) -> dict:
        """Return what stands for the gradient of each table."""
        return {parameter: reading.slope for parameter, reading in self.by_rows.items()}

    def only_rows(self, moved: dict, by_part: dict) -> dict:
        """Return the updates of a rule, with those of tables, and of the rule's memory of them, by rows."""
        found = dict(moved)
        for parameter, reading in self.by_rows.items():
            changed = {v: new for v, new in moved.items() if reading.slope in set(ancestors([new]))}
            ids, slopes = reading.ids(), reading.slopes(by_part)
            if _memory(self.plan.rule) == "none":
                (step,) = _replaced([changed[parameter]], {parameter: pt.zeros_like(slopes), reading.slope: slopes})
                found[parameter] = pt.inc_subtensor(parameter[ids], step)
                continue
            self._check(parameter, reading, changed)
            read, written, slopes = summed(ids, slopes, parameter.shape[0])
            rows = {v: v[read] for v in changed}
            for v, new in zip(changed, _replaced(changed.values(), rows | {reading.slope: slopes}), strict=True):
                found[v] = pt.set_subtensor(v[written], new)
        return found

    def _check(self, parameter, reading, changed):
        """Refuse a rule that computes anything from several elements of a table."""
        roots = [*changed, reading.slope]
        touched = set(roots)
        alike = all(v.type.shape == parameter.type.shape for v in changed)
        for node in applys_between(roots, list(changed.values())):
            if touched & set(node.inputs):
                alike &= isinstance(node.op, Elemwise)
                touched |= set(node.outputs)
        if not alike:
            raise SpecError(f"lazy: the rule {self.plan.rule.__name__} computes each element of {parameter.name} from "
                            "others, so it cannot change only some rows. Leave lazy out")

    def told(self) -> list[str]:
        """Return how each table is updated, in words."""
        lazy = f" (lazy: what {self.plan.rule.__name__} remembers of other rows stands still)"
        lines = [f"updates the rows of {p.name} {_shape(p)} that a step reads, and no others" +
                 lazy * _is_lazy(self.plan) for p in self.by_rows]
        return lines + [f"updates all of {p.name} {_shape(p)}, because {reason}"
                        for p, reason in self.as_a_whole.items()]


def why_whole(plan) -> str | None:
    """Return why a plan has to update tables as a whole; None if it can do so by rows."""
    for name in plan.limits():
        return f"{name} needs the whole gradient"
    if plan.accumulate > 1:
        return "accumulate sums up whole gradients"
    if plan.average is not None:
        return "average takes all parameters into account"
    name = plan.rule.__name__
    if _memory(plan.rule) in ("none", "exact"):
        return None
    if not plan.lazy:
        return f"{name} may move rows whose gradient is 0, too; with lazy=True it moves only those that a step reads"
    if name == "esgd":
        raise SpecError("lazy: esgd uses products with the whole Hessian, so it cannot change only some rows. Use "
                        "algo='adam', or leave lazy out")
    return None


def _memory(rule) -> str | None:
    return getattr(rule, "memory", None)


def _is_lazy(plan) -> bool:
    return plan.lazy and _memory(plan.rule) not in ("none", "exact")


def _shape(parameter) -> str:
    return " x ".join(f"{n:,}" for n in parameter.type.shape).join("()")


def _readings(total, parameters) -> dict:
    """Return by parameter the rows that a total reads, and the operations that read all of it.

    Parameters that are only read as a whole are left out.
    """
    found: dict = {p: ([], []) for p in parameters}
    for variable in ancestors([total]):
        node = variable.owner
        for parameter in (v for v in dict.fromkeys(node.inputs) if v in found) if node is not None else ():
            parts, others = found[parameter]
            if _takes_rows(node, parameter):
                parts.append(variable)
            elif not isinstance(node.op, Shape | Shape_i):
                others.append(str(node.op))
    return {p: (parts, sorted(set(others))) for p, (parts, others) in found.items() if parts}


def _takes_rows(node, parameter) -> bool:
    if type(node.op).__name__ not in TAKES or len(node.inputs) != 2 or node.inputs[0] is not parameter:
        return False
    ids = node.inputs[1]
    return getattr(node.op, "idx_list", (0,)) == (0,) and ids.dtype.startswith(("int", "uint"))


def summed(ids, slopes, count):
    """Return the numbers of rows in ascending order, twice, and for each the sum of all gradients of its row.

    A row that was read several times stands there as often, with the same sum: what is computed from it is the same,
    and may be written several times.

    Parameters
    ----------
    ids : vector of integers
        Negative ones count from the end.
    slopes : tensor
        Gradients of the rows.
    count : scalar
        How many rows the table has.

    Returns
    -------
    read, written : vector of integers
        The numbers as they came, and without negative ones. Rows are to be read at the former and set at the latter:
        PyTensor makes an addition of ``set_subtensor(x[ids], x[ids] + y)``, which adds y once for each repetition.
    sums : tensor
    """
    ids = ids.astype("int64")
    positive = pt.switch(pt.lt(ids, 0), ids + count, ids)
    order = pt.argsort(positive, kind="mergesort")  # which is stable, and known to NUMBA by this name
    written = positive[order]
    before = written[pt.maximum(pt.arange(ids.shape[0]) - 1, 0)]
    place = pt.cumsum(pt.neq(written, before).astype("int64"))
    return ids[order], written, pt.inc_subtensor(pt.zeros_like(slopes)[place], slopes[order])[place]


def _replaced(expressions, others: dict) -> list:
    return clone_replace(list(expressions), others, rebuild_strict=False)
