"""The order of the steps, so that results can be written where their old values lie; and who reads what."""

import heapq

from .kernels import Kernel, Stage
from .space import access, operands
from .views import base_of


def reads(step) -> set[int]:
    """Return the numbers of the buffers that a step reads."""
    mine = {v.number for v in step.values} if isinstance(step, Kernel) else set()
    found = set()
    for value in step.values:
        for operand in value.inputs:
            base = base_of(operand)
            if base.number not in mine:
                found.add(base.number)
    return found


def ordered(steps: list, targets: dict[int, int]) -> list:
    """Return the steps in an order in which a value is written over an argument after all that read the argument.

    Parameters
    ----------
    steps : list of Kernel or Stage
        In an order in which they can run.
    targets : dict
        By number of an output: the number of the argument that it takes the place of.
    """
    maker = {v.number: i for i, step in enumerate(steps) for v in step.values if v.number in step.stores}
    reading = [reads(step) for step in steps]
    needs = [{maker[r] for r in found if r in maker} for found in reading]
    later = [set() for _ in steps]
    for output, argument in targets.items():
        writer = maker[output]
        later[writer] |= {i for i, found in enumerate(reading) if argument in found and i != writer}
    done: set[int] = set()
    waiting = set(range(len(steps)))
    order = []
    heap = [i for i in waiting if not needs[i] and not later[i]]
    heapq.heapify(heap)
    while waiting:
        if heap:
            chosen = heapq.heappop(heap)
        else:  # what reads an argument waits for what writes it: there the old value is needed beside the new one
            chosen = min(i for i in waiting if needs[i] <= done)
        if chosen in done:
            continue
        done.add(chosen)
        waiting.discard(chosen)
        order.append(chosen)
        for i in waiting:
            if (chosen in needs[i] or chosen in later[i]) and needs[i] <= done and later[i] <= done:
                heapq.heappush(heap, i)
    return [steps[i] for i in order]


def in_place(steps: list, targets: dict[int, int]) -> dict[int, int]:
    """Return those of `targets` whose old value nobody needs when the new one is written."""
    position = {v.number: i for i, step in enumerate(steps) for v in step.values if v.number in step.stores}
    found = {}
    for output, argument in targets.items():
        writer = position[output]
        others = [i for i, step in enumerate(steps) if argument in reads(step) and i >= writer]
        if all(i == writer and _same_element(steps[i], output, argument) for i in others):
            found[output] = argument
    return found


def _same_element(step, output, argument) -> bool:
    """Return whether a step reads of an argument only what it writes: an element of a kernel in one go."""
    if isinstance(step, Stage):
        return _changes_places_of(step.value, argument)
    if step.rows or output in step.over:
        return False
    value = next(v for v in step.values if v.number == output)
    wanted = access(step, value, step.axes[output])
    for one in step.values:
        for operand, along in operands(step, one):
            if base_of(operand).number != argument:
                continue
            found = access(step, operand, along)
            elsewhere = found.strides != wanted.strides or found.offset != 0
            if elsewhere or one.number in step.over or step.varies(one) != step.varies(value):
                return False
        if one.op == "gather" and base_of(one.inputs[0]).number == argument:
            return False
    return True


def _changes_places_of(value, argument) -> bool:
    """Return whether an operation changes an argument at some places, and reads nothing else of it."""
    if value.op != "scatter":
        return False
    base, *others = value.inputs
    return base.number == argument and all(base_of(v).number != argument for v in others)
