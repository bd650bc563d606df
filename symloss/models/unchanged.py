"""A model whose losses are as before if a change of them is refused: all or nothing."""

import contextlib

from ..losses import Loss


@contextlib.contextmanager
def unless_refused(model, *asked):
    """Within, the losses of a model may change. If an error is raised, they are as they were before.

    This includes what is bound to the model (outputs, targets, weights and their names), and the attributes of losses
    that the user passed.

    Parameters
    ----------
    model : Network
    *asked : anything that `add_loss` takes
        What is about to be added.
    """
    entries, kept = model.losses, list(model.losses)
    states = [_state(loss) for loss in dict.fromkeys([*filter(_is_loss, kept), *_losses_in(asked)])]
    variables = [(v, v.name) for loss in filter(_is_loss, kept) for v in loss.variables]
    tables = [(table, dict(table)) for table in (model.bound_targets, model.bound_weights)]
    graph = {name: value for name, value in vars(model.graph).items() if name in ("lent", "lent_others")}
    try:
        yield
    except BaseException:
        entries[:] = kept
        model.losses = entries
        for restore in states:
            restore()
        for variable, name in variables:
            variable.name = name
        for table, content in tables:
            table.clear()
            table.update(content)
        vars(model.graph).update(graph)
        raise


def _is_loss(entry) -> bool:
    return isinstance(entry, Loss)


def _losses_in(asked) -> list:
    """Return the losses among what the user passed."""
    if isinstance(asked, dict):
        return _losses_in(list(asked.values()))
    if isinstance(asked, list | tuple):
        return [loss for one in asked for loss in _losses_in(one)]
    return [asked] if _is_loss(asked) else []


def _state(loss):
    """Return a function that makes a loss as it is now."""
    weighing = loss.weighing
    attributes, weight, number = dict(vars(loss)), dict(vars(weighing)), weighing.variable.get_value()

    def restore():
        vars(loss).clear()
        vars(loss).update(attributes)
        vars(weighing).clear()
        vars(weighing).update(weight)
        weighing.variable.set_value(number)

    return restore
