"""Metrics of Keras as measures of symloss (stand-in)."""

import dataclasses

from ....objective import measures


def core_metrics(identifier, loss, *, network, weighted=False, prefix=""):
    """Return measures."""
    names = {"accuracy": "acc", "mae": "mae", "mse": "mse"}
    form = names.get(identifier, identifier)
    asked = {"form": form, "name": f"{prefix}{identifier}", "output_name": loss.output_name}
    made = measures.bound(asked, [loss], network.graph.outputs()[0], loss.output_name)
    return [made if weighted else dataclasses.replace(made, weights=None)]
