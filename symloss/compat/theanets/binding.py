"""The targets and weights of a network's losses, which are bound here each time they are needed."""

from pytensor.graph.basic import Variable

from ...losses.loss_inputs import weights_variable
from .losses import Loss
from .util import ConfigurationError


def bind(network) -> list[Loss]:
    """Give each loss of a network its variables, and return the losses.

    Target variables that a user passed are kept. All other targets of the same type share one variable, whatever the
    order of the losses is and whichever model they come from. The same holds for weights.

    Raises
    ------
    ConfigurationError
        If something in ``net.losses`` is not a loss. The message says what to write instead.
    """
    losses, names = checked(network), {layer.name for layer in network.layers}
    for loss in losses:
        if "output_name" in loss._of_model and loss.output_name.split(":")[0] not in names:
            loss.output_name = network.layers[-1].output_name
        own = loss._made[0]
        if own is not None and any(loss._target is v for v in (own, loss._bound[0])):
            if "target" in loss._of_model and own.ndim != network.OUTPUT_NDIM:
                own = loss._new_target(network.OUTPUT_NDIM)
            loss._target = network.target_of(loss, shared(network, own))
            loss._bound = loss._target, loss._bound[1]
        own = loss._made[1]
        if own is not None and any(loss._weights is v for v in (own, loss._bound[1])):
            fresh = own if own.type == weights_variable(loss._target).type else weights_variable(loss._target)
            loss._weights = shared(network, fresh)
            loss._bound = loss._bound[0], loss._weights
    return losses


def shared(network, variable: Variable) -> Variable:
    """Return the variable of this name and type that all losses of a network share."""
    return network._shared.setdefault((variable.name, variable.type), variable)


def checked(network) -> list[Loss]:
    """Return the losses of a network as a list, or raise ConfigurationError with what to write."""
    if not isinstance(network.losses, list | tuple):
        raise ConfigurationError(f"net.losses is {network.losses!r}, but it must be a list of losses. Write "
                                 f"net.set_loss(...), or net.losses = [theanets.Loss.build('mse', target=2)]")
    for index, loss in enumerate(network.losses):
        if not isinstance(loss, Loss):
            raise ConfigurationError(f"net.losses[{index}] is {loss!r}; {_way_out(loss)}")
    return list(network.losses)


def _way_out(found) -> str:
    """Say what to write for what was found among the losses."""
    if isinstance(found, type) and issubclass(found, Loss):
        return f"it is a class, but it must be a loss. Write net.add_loss({found.__name__.lower()!r})"
    if isinstance(found, str | dict):
        return f"it must be a loss. Write net.add_loss({found!r})"
    if hasattr(found, "spec"):
        return "it is a loss of symloss itself. Write a loss of theanets, such as theanets.Loss.build('mse', target=2)"
    return ("it must be a loss. Write net.add_loss('mse'), or a subclass of theanets.Loss whose __call__(self, "
            "outputs) returns a scalar expression")
