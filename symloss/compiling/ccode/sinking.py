"""What one later kernel alone reads moves into that kernel, where it needs no memory."""

from . import ir
from .ir import Value
from .kernels import Kernel, Stage, about, reads
from .views import base_of, trace


class Sinking:
    """Moves what one later kernel alone reads into that kernel, where it needs no memory.

    Parameters
    ----------
    schedule
        A `Schedule`: its steps, places and exports are changed.
    wanted : list of Value
        What the caller reads.
    """

    def __init__(self, schedule, wanted):
        self.schedule, self.kept = schedule, {v.number for v in wanted}
        self.values = ir.reachable(wanted)
        self.users: dict[int, list[Value]] = {}
        for value in self.values:
            for place, operand in enumerate(value.inputs):
                root = trace(operand)[0]
                if root.op in ir.VIEWS or value.op == "gather" and place == 0:
                    self.kept.add(base_of(root).number)  # it is read as it lies in memory
                self.users.setdefault(root.number, []).append(value)
        self.position = {id(step): i for i, step in enumerate(schedule.steps)}
        self.kernels = [step for step in schedule.steps if isinstance(step, Kernel)]

    def run(self) -> None:
        """Move all that can be moved, the last first."""
        for value in reversed(self.values):
            home = self.schedule.place.get(value.number)
            target = self._target(value, home) if isinstance(home, Kernel) else None
            if target is not None:
                self._move(value, home, target)

    def _target(self, value, home):
        """Return the only kernel that reads a value, if that is another one, of the same space."""
        found = []
        for user in self.users.get(value.number, ()):
            place = self.schedule.place.get(user.number)
            homes = [place] if isinstance(place, Stage) else [k for k in self.kernels if user.number in k.axes]
            found += [step for step in homes if step not in found]
        found = [step for step in found if step is home or isinstance(step, Stage) or value.number not in step.axes]
        if len(found) != 1 or found[0] is home or not isinstance(found[0], Kernel):
            return None
        (target,) = found
        same = ir.size(target.dims) == value.size and self.position[id(target)] > self.position[id(home)]
        return target if same else None

    def _chain(self, value, home):
        """Return what moves together, and what has to lie in memory for it.

        Values of `home` that nobody else reads move along. Others stay, where they are in memory already or smaller.
        None: nothing would be won.
        """
        chain, exported, waiting = {}, [], {value.number: value}
        while waiting:
            one = waiting.pop(max(waiting))  # users come before what they use
            shared = one is not value and (one.number in self.schedule.exports or any(
                user.number not in chain for user in self.users[one.number]))
            if shared or one.op not in ir.POINTWISE or one.op == "copy" or one.number in self.kept:
                small = one.number in self.schedule.exports or 2 * about(one.size) <= about(value.size)
                if one is value or not small:
                    return None
                exported.append(one)
                continue
            chain[one.number] = one
            for operand in one.inputs:
                root = trace(operand)[0]
                if root.number in home.axes:
                    waiting[root.number] = root
        return chain, exported

    def _move(self, value, home, target):
        chain, exported = self._chain(value, home) or ((), ())
        along = self._along(value, target) if chain else None
        if along is None:
            return
        found = {value.number: along}
        for one in chain.values():  # the last first
            for root, mine in reads(one, found[one.number]):
                if root.number in chain and found.setdefault(root.number, mine) != mine:
                    return
        if not all(target.admits(one, found[number]) for number, one in chain.items()):
            return
        self.schedule.exports |= {one.number for one in exported if one.number not in target.axes}
        for one in reversed(chain.values()):
            if one.number not in target.axes:
                target.add(one, found[one.number])
            home.values.remove(one)
            del home.axes[one.number], home.along[one.number]
            self.schedule.exports.discard(one.number)
            self.schedule.place[one.number] = target

    def _along(self, value, target):
        """Return the dimensions of the target that the axes of a value go along; None if its users do not agree."""
        found = set()
        for user in self.users[value.number]:
            if user.number in target.along:
                found |= {along for root, along in reads(user, target.along[user.number]) if root is value}
        return found.pop() if len(found) == 1 else None
