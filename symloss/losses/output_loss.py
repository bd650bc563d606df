"""OutputLoss: an output of a model that is minimized itself."""

from ..errors import SpecError
from .bound_loss import Loss


class OutputLoss(Loss, registered=False):
    """An output of a model as a loss: its values are summed for each item and averaged over the items.

    Parameters
    ----------
    output_name : str
        Name of the layer, or full name of the output.
    weight, weighted
        See `Loss`. There is one weight for each item.

    Raises
    ------
    SpecError
        If the output is not numeric.
    """

    takes_target = False

    def __init__(self, *, output_name=None, weight=1.0, weighted=False):
        super().__init__(weight=weight, weighted=weighted, output_name=output_name)

    @property
    def label(self):
        return self.output_name.removesuffix(":out")

    def term_name(self, main):
        return self.label

    def terms(self, outputs):
        value = outputs[self.output_name]
        if not getattr(value, "dtype", "").startswith("float"):
            raise SpecError(f"loss {self.label}: the output {self.output_name} has the type {value.type}, which "
                            "cannot be minimized. Name an output of floating-point numbers")
        return {self.label: value}

    def to_spec(self):
        return {"form": "output", "weight": self.weighing.to_spec(), "weighted": self.weighted,
                "output_name": self.output_name}
