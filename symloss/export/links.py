"""Links: what turns a raw score, which may be any number, into the prediction that a loss is defined for."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytensor.tensor as pt
from scipy import special

from .._registry import Registry
from ..errors import SpecError

TRANSFORMS = ("softmax", "log_softmax")  # they look at all columns of a row together


@dataclasses.dataclass(frozen=True)
class Link:
    """A function from raw scores to predictions, as a PyTensor expression and in NumPy.

    Parameters
    ----------
    name : str
    symbolic, numeric : function
        Of a tensor, or an array, whose last axis has the columns.
    """

    name: str
    symbolic: Callable
    numeric: Callable


links: Registry[Link] = Registry("link")
for _name, _aliases, _symbolic, _numeric in (
    ("identity", ("linear",), lambda score: score, lambda score: score),
    ("exp", ("log",), pt.exp, np.exp),
    ("softplus", (), pt.softplus, lambda score: np.logaddexp(0, score)),
    ("sigmoid", ("logit", "logistic"), pt.sigmoid, special.expit),
    ("softmax", (), lambda score: pt.special.softmax(score, axis=-1), lambda score: special.softmax(score, axis=-1)),
    ("log_softmax", (), lambda score: pt.special.log_softmax(score, axis=-1),
     lambda score: special.log_softmax(score, axis=-1)),
):
    links.add(_name, Link(_name, _symbolic, _numeric), _aliases)


def choose(spec, link=None) -> dict[str, Link]:
    """Return the link of each prediction port of a loss.

    A loss that expects an activation gets it; a positive mean, a variance or a scale gets 'exp'; all others are the
    raw score itself.

    Parameters
    ----------
    spec : LossSpec
    link : str, dict or None
        A link for the prediction, or a dict of them by port.

    Raises
    ------
    SpecError, UnknownNameError
        For a link that does not exist, or a port that the loss does not have.

    >>> from symloss import losses
    >>> {port: link.name for port, link in choose(losses.get("gaussian_nll")).items()}
    {'mean': 'identity', 'variance': 'exp'}
    """
    ports = spec.predictions
    given = link if isinstance(link, dict) else {} if link is None else {ports[0]: link}
    if link is not None and not isinstance(link, dict) and len(ports) > 1:
        raise SpecError(f"link={link!r} is ambiguous, because the loss {spec.name!r} has the ports "
                        f"{', '.join(ports)}. Pass a dict, such as link={{{ports[0]!r}: {link!r}}}")
    if wrong := [port for port in given if port not in ports]:
        raise SpecError(f"link: the loss {spec.name!r} has no port {wrong[0]!r}. Its ports are {', '.join(ports)}")
    usual = {port: spec.ending(port) for port in ports}
    return {port: links.get(given.get(port, end if end in links else "identity")) for port, end in usual.items()}
