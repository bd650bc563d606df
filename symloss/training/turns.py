"""Training with several objectives that take turns: what each turn minimizes, and which parameters it changes."""

import dataclasses

from .. import updates
from .._options import declared, integer
from ..compiling import Plan, gradients, matches, turn_steps
from ..errors import SpecError, UnknownNameError, unknown
from ..losses import Loss
from ..objective.objective import main_name
from . import METHODS
from .options import OWN, Options, rule_of

FORMS = "(losses, steps), (losses, steps, {options}) or symloss.Turn"


class Turn:
    """One of several objectives that are trained in turn; see `train_in_turn`.

    Parameters
    ----------
    losses : str, Loss or list of them
        The losses of the model that this turn minimizes: their names in the records, or the objects themselves.
    steps : int
        Number of steps (batches) before the next turn begins.
    moves : str, Network, list of them or None
        The parameters that this turn updates: patterns such as "critic" or "generator.*", or networks within the
        model. None: all parameters that its losses depend on, except those that another turn names.
    algo : str, function or None
        The update rule of this turn. None: the update rule of the whole training.
    **options
        Hyperparameters of the rule, `freeze`, limits of gradients, `accumulate`, `average`, and penalties such as
        weight_l2=1e-4. By default, each is as in the whole training.

    Examples
    --------
    >>> symloss.Turn("critic_loss", 5, moves="critic", learning_rate=1e-4)
    Turn('critic_loss', 5, moves='critic', learning_rate=0.0001)
    """

    def __init__(self, losses, steps=1, *, moves=None, algo=None, **options):
        self.losses = list(losses) if isinstance(losses, list | tuple) else [losses]
        self.steps, self.algo, self.options = integer(1)("steps", steps, "turn"), algo, options
        self.moves = moves if moves is None else tuple(moves) if isinstance(moves, list | tuple) else (moves,)
        if not self.losses or not all(isinstance(one, str | Loss) for one in self.losses):
            raise SpecError(f"turn: losses={losses!r} must be the name of a loss, a Loss, or a list of them")
        known = [isinstance(one, str) and bool(one) or hasattr(one, "parameters_by_name") for one in self.moves or ()]
        if self.moves is not None and not (known and all(known)):
            raise SpecError(f"turn: moves={moves!r} must be a pattern of parameters such as 'critic.*', a "
                            f"network, or a list of them")

    def __repr__(self):
        def one(values):
            values = [value if isinstance(value, str) else value.name for value in values]
            return repr(values[0] if len(values) == 1 else values)

        said = {} if self.moves is None else {"moves": self.moves[0] if len(self.moves) == 1 else list(self.moves)}
        said |= ({} if self.algo is None else {"algo": self.algo}) | self.options
        return f"Turn({one(self.losses)}, {self.steps}{''.join(f', {k}={v!r}' for k, v in said.items())})"


@dataclasses.dataclass(frozen=True)
class Planned:
    """A turn of a model, with all that it leaves to the training filled in.

    Parameters
    ----------
    losses : list of Loss
    steps : int
    moves : tuple of str or None
    asked : Options
        Its rule, its hyperparameters and its penalties; the rest is that of the training.
    """

    losses: list
    steps: int
    moves: tuple | None
    asked: object

    def key(self) -> tuple:
        """Return what compiled functions depend on."""
        return (tuple(id(loss) for loss in self.losses), self.steps, self.moves, self.asked.plan.key(),
                tuple(r.key() for r in self.asked.regularizers))


def read(value) -> list[Turn]:
    """Return what the option `turns` describes; SpecError if it is something else."""
    found = []
    for one in value:
        if isinstance(one, tuple | list) and 2 <= len(one) <= 3 and isinstance(one[1], int):
            losses, steps, options = (*one, {})[:3]
            one = {"losses": losses, "steps": steps} | dict(options)
        elif isinstance(one, str | Loss):
            one = {"losses": one}
        if isinstance(one, dict) and "losses" in one:
            one = Turn(**one)
        if not isinstance(one, Turn):
            raise SpecError(f"train: turn {one!r} is not valid; it must be {FORMS}")
        found.append(one)
    if len(found) < 2:
        raise SpecError(f"train: turns={found} is not valid; it must contain at least two turns. To minimize one sum "
                        "of losses, leave turns out")
    return found


def planned(model, asked) -> list[Planned]:
    """Return the turns of a training, with their losses found and their options filled in."""
    turns = read(asked.turns)
    _refuse(asked)
    found = [_planned(model, asked, turn) for turn in turns]
    used = {id(loss) for one in found for loss in one.losses}
    main = main_name(model.graph)
    left = [loss.term_name(main) for loss in model.losses if id(loss) not in used]
    if left:
        raise SpecError(f"train: no turn minimizes {', '.join(left)}. Add a turn for it, or remove it from net.losses")
    return found


def _refuse(asked):
    if asked.monitor_gradients:
        raise SpecError("train: monitor_gradients does not work with turns, because every turn has its own gradient. "
                        "Leave it out")


def _planned(model, asked, turn) -> Planned:
    plan, algo = asked.plan, asked.algo if turn.algo is None else turn.algo
    common = {name: getattr(plan, name) for name in declared(Plan) if name in asked.given}
    if isinstance(algo, str) and algo in METHODS:
        raise SpecError(f"train: {turn!r}: algo={algo!r} takes the whole data set at once. Choose an update rule, "
                        "such as 'adam'")
    rule = rule_of(algo, turn.options)
    common |= {name: value for name, value in plan.options.items()
               if turn.algo is None or name in updates.hyperparameters(rule)}
    own = Options.split(algo, common | turn.options, model.graph)
    strange = sorted(name for name in turn.options if name in OWN)
    if strange:
        raise SpecError(f"train: {turn!r}: {strange[0]} is an option of the whole training. Pass it to train")
    noises = [r.name for r in own.regularizers if r.on_graph]
    if noises:
        raise SpecError(f"train: {turn!r}: {noises[0]} is noise on the graph, which all turns share. Pass it to train")
    own = dataclasses.replace(asked, plan=own.plan, regularizers=own.regularizers, given=own.given, algo=algo)
    return Planned([_loss(model, one) for one in turn.losses], turn.steps, _patterns(model, turn.moves), own)


def _patterns(model, moves):
    """Return patterns of parameters, with the names of the parameters in place of networks."""
    if moves is None:
        return None
    names = {parameter: name for name, parameter in model.parameters_by_name.items()}
    found = []
    for one in moves:
        own = [] if isinstance(one, str) else one.parameters_by_name.values()
        if any(parameter not in names for parameter in own):
            raise SpecError(f"train: a turn moves {one!r}, which is not part of the model. Pass one of its networks, "
                            f"or patterns of {', '.join(names.values())}")
        found += [one] if isinstance(one, str) else [names[parameter] for parameter in own]
    return tuple(found)


def _loss(model, wanted) -> Loss:
    """Return a loss of the model, by its name or as the object that it is."""
    if isinstance(wanted, Loss):
        if not any(wanted is loss for loss in model.losses):
            raise SpecError(f"train: a turn has the loss {wanted.name}, which is not in net.losses. Add it first with "
                            "net.add_loss(...)")
        return wanted
    names = [loss.term_name(main_name(model.graph)) for loss in model.losses]
    for places in (names, [loss.label for loss in model.losses], [loss.name for loss in model.losses]):
        found = [loss for name, loss in zip(places, model.losses, strict=True) if name == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise SpecError(f"train: a turn has the loss {wanted!r}, but {len(found)} losses have this name. Name one "
                            f"of {', '.join(names)}, or pass the Loss itself")
    raise unknown("loss of a turn:", wanted, names)


def parts(turns: list[Planned], objective, common: list) -> list[tuple]:
    """Return (objective, plan, steps) of each turn.

    Parameters
    ----------
    turns : list of Planned
    objective : Objective
        Of all losses.
    common : list of Regularizer
        Those of the whole training.
    """
    names = list(objective.parameters)
    explicit = [_matching(names, one.moves) for one in turns]
    found = []
    for index, one in enumerate(turns):
        own = objective.only(one.losses, [*common, *one.asked.regularizers])
        moved = explicit[index]
        if moved is None:
            reached = gradients.reachable(own.total)
            elsewhere = {name for i, other in enumerate(explicit) if i != index for name in other or ()}
            moved = {name for name, p in own.parameters.items() if p in reached and name not in elsewhere}
        if not moved:
            raise SpecError(f"train: turn {index + 1} ({', '.join(loss.name for loss in one.losses)}) moves no "
                            "parameter. Choose its parameters with moves, for example 'hid1.*'. There are "
                            f"{', '.join(names)}")
        still = [name for name in names if name not in moved]
        plan = dataclasses.replace(one.asked.plan, freeze=(*one.asked.plan.freeze, *still))
        found.append((own, plan, one.steps))
    return found


def _matching(names, patterns):
    """Return the names that patterns match, or None where there are no patterns."""
    if patterns is None:
        return None
    found = set()
    for pattern in patterns:
        some = {name for name in names if matches(name, pattern)}
        if not some:
            raise UnknownNameError(f"train: moves={pattern!r} of a turn matches no parameter. There are "
                                   f"{', '.join(names)}")
        found |= some
    return found


def numbers(asked) -> dict:
    """Return every hyperparameter's value by name; with turns, names begin with that of the turn."""
    if not asked.turns:
        return asked.plan.numbers()
    return {f"{turn_steps.prefix(i)}{name}": value for i, turn in enumerate(asked.turns)
            for name, value in turn.asked.plan.numbers().items()}


def train_in_turn(turns, train, valid=None, algo="rmsprop", **options):
    """Train a model whose losses are minimized in turn, a few steps each, within one training.

    This calls ``net.train(train, valid, algo, turns=turns, **options)`` on the model that the losses belong to. Every
    turn has its own update rule with its own state, its own parameters, and its own number of steps. Then the next
    turn begins. In the mode C, all turns run within one compiled call.

    Parameters
    ----------
    turns : list
        For each turn, ``(losses, steps)``, ``(losses, steps, {options})`` or a `Turn`. The losses are `Loss` objects
        of one model.
    train, valid, algo, **options
        See `Network.train`. The options of a `Turn` override the options that you pass here.

    Returns
    -------
    History or Results
        As in `Network.train`. Every record contains the value of each loss, averaged over the steps of its own turns.

    Raises
    ------
    SpecError
        If the losses do not belong to one and the same model, or if a loss has no turn.

    Examples
    --------
    A critic takes five steps for each one of the generator::

        critic, generator = game.losses
        symloss.train_in_turn([(critic, 5, {"moves": "critic"}), (generator, 1, {"moves": "generator"})], x,
                              algo="adam", learning_rate=1e-4, beta1=0.5)
    """
    losses = [loss for turn in read(turns) for loss in turn.losses]
    owners = list({id(one.owner): one.owner for one in losses if isinstance(one, Loss)}.values())
    if len(owners) != 1 or owners[0] is None:
        raise SpecError(f"train_in_turn: the losses belong to {len(owners) if None not in owners else 'no'} "
                        f"model{'s' if len(owners) > 1 else ''}. Pass losses of a single model, such as "
                        "net.losses[0], or write net.train(..., turns=[...])")
    return owners[0].train(train, valid, algo, turns=turns, **options)
