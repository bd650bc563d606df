"""Losses as the loss layers of the Wolfram Language compute them (14): means over all entries, without weights.

Labels start at 0 here as everywhere in symloss. Those of the Wolfram Language start at 1. A label of no class is
refused.
"""

from ..sequence import ctc as ours
from .registration import System

system = System("wolfram", how="count", first_label=1)

system.same("squared_error", "MeanSquaredLossLayer")
system.same("absolute_error", "MeanAbsoluteLossLayer")
for _name in ("cross_entropy", "label_cross_entropy"):
    system.same(_name, 'CrossEntropyLossLayer["Index"]')
system.same("categorical_cross_entropy", 'CrossEntropyLossLayer["Probabilities"]')
system.same("binary_cross_entropy", 'CrossEntropyLossLayer["Binary"]')
system.same("contrastive", "ContrastiveLossLayer", options=("margin",))


@system.differs("ctc", "CTCLossLayer")
def ctc(prediction, target, *, blank=-1, steps=None):
    """Return the loss with the last class as the blank."""
    return ours(prediction, target, blank=blank, steps=steps)
