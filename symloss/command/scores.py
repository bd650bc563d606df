"""How good the predictions of a table are, in the units of the table and compared with a constant prediction."""

import numpy as np


def of_classes(prediction, actual, usual) -> dict[str, str]:
    """Return the accuracy of predicted classes, compared with always predicting the class `usual`."""
    return {"accuracy": f"{np.mean(prediction == actual):.4f}, against {np.mean(actual == usual):.4f} for always "
                        f"{usual!r}"}


def of_numbers(prediction, actual, targets, usual) -> dict[str, str]:
    """Return the absolute error and R^2 of each target.

    Parameters
    ----------
    prediction, actual : float array (n, k)
    targets : list of str
        The names of the k columns.
    usual : list of float
        The constant prediction of each target: its mean in the training.
    """
    found = {}
    for i, name in enumerate(targets):
        error, from_usual = prediction[:, i] - actual[:, i], actual[:, i] - usual[i]
        share = 1 - np.square(error).sum() / max(np.square(from_usual).sum(), 1e-300)
        found[f"{name}: absolute error"] = (f"{np.abs(error).mean():.4g} on average, against "
                                            f"{np.abs(from_usual).mean():.4g} for always the mean")
        found[f"{name}: R^2"] = f"{share:.4f}"
    return found


def of_quantiles(prediction, actual, outputs) -> dict[str, str]:
    """Return for each predicted quantile (n, k) of one target (n, 1) the share of rows below it."""
    return {f"{name}: rows below": f"{share:.4f}" for name, share in
            zip(outputs, np.mean(actual < prediction, axis=0), strict=True)}


def of_outputs(known, prediction, actual) -> dict[str, str]:
    """Return the scores of what a model of numbers predicts: a number for each target, or quantiles of one target."""
    if known.outputs == known.targets:
        return of_numbers(prediction, actual, known.targets, known.usual)
    return of_quantiles(prediction, actual, known.outputs)
