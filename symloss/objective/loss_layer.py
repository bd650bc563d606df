"""LossLayer: a loss within a network, whose value for each item is an output."""

import pytensor

from .. import losses
from ..errors import SpecError, SymlossError
from ..layers import Layer
from ..losses.option_values import OptionValues


class LossLayer(Layer):
    """A loss of its inputs. The output is one number for each item: the mean of the loss over the item.

    Parameters
    ----------
    loss : str or function
        A registered loss, or a function of (prediction, target).
    like : str or None
        The library whose definition of the loss is used; see `Loss`.
    options : dict or None
        Hyperparameters of the loss.

    Notes
    -----
    The inputs of the layer are the ports of the loss, in their order: the prediction, then the target. An input with
    the name of a port, such as 'target' or 'variance', feeds this port, whatever its position. A target of class
    labels is an input of integers: ``{"form": "input", "size": 1, "dtype": "int32"}``. A single column of integers is
    read as labels of shape (n,).
    """

    forms = ("loss",)
    default_activation = "linear"
    sized = False
    is_loss = compares = True

    def __init__(self, *, loss="mse", like=None, options=None, **rest):
        super().__init__(**rest)
        self.loss, self.like, self.options = loss, like, dict(options or {})
        self._bound = losses.Loss(loss, like=like, **self.options)
        self.spec = self._bound.spec

    @classmethod
    def arranged(cls, keywords):
        """Put hyperparameters that stand beside the other options among 'options'."""
        loss = keywords.get("loss")
        spec = losses.get(loss) if isinstance(loss, str) and loss in losses.registry else None
        own = {k: v for k, v in keywords.items() if k in getattr(spec, "options", ()) and k not in cls.options()}
        rest = {k: v for k, v in keywords.items() if k not in own}
        return rest | {"options": {**rest.get("options", {}), **own}} if own else rest

    def setup(self, sources):
        ports = self.spec.ports
        if len(sources) != len(ports):
            raise SpecError(f"layer {self.name!r}: it has {len(sources)} inputs, but the loss {self.spec.name} takes "
                            f"{len(ports)}: {', '.join(ports)}. Name as many in 'inputs', in this order")
        self.shape = (1,)
        others = iter([name for name in self.inputs if name not in ports])
        self.inputs_by_port = {port: port if port in self.inputs else next(others) for port in ports}

    def connect(self, values):
        given = dict(zip(self.inputs, values, strict=True))
        values = [self._as_labels(port, given[name]) for port, name in self.inputs_by_port.items()]
        options = OptionValues(self.spec, self.options)
        try:
            made = options.for_function(lambda numbers: self.spec.function(*values, **numbers))
        except SymlossError as error:
            raise type(error)(f"layer {self.name!r}: {error}") from None
        if made.ndim == 0:
            raise SpecError(f"layer {self.name!r}: the loss {self.spec.name} is a single number for the whole batch, "
                            "but a layer needs one per item. Pass it to net.set_loss instead")
        per_item = made if made.ndim == 1 else made.mean(axis=tuple(range(1, made.ndim)))
        return {"out": self.activate(per_item[:, None].astype(pytensor.config.floatX))}

    def _as_labels(self, port, value):
        """Return labels that come as a column of integers as labels for each item."""
        label = port == "target" and "label" in self.spec.target and value.dtype.startswith(("int", "uint"))
        return value[..., 0] if label and value.type.shape[-1] == 1 else value

    def to_spec(self):
        if not isinstance(self.loss, str):
            raise SpecError(f"layer {self.name!r}: its loss is a function. Register it with @symloss.loss() and use "
                            "its name")
        return super().to_spec() | {"loss": self.loss, "like": self.like, "options": self.options}
