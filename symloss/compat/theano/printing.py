"""theano.printing: graphs as text and as figures."""

from pytensor.printing import Print, debugprint, pp, pprint, pydotprint

from .names import forwarding

__all__ = ["Print", "debugprint", "pp", "pprint", "pydotprint"]


__getattr__ = forwarding("theano.printing", "pytensor.printing")
