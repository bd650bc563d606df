"""Write torch.json: the losses of torch.nn on small arrays, and their gradients by the first port or by each.

Run ``python make_torch.py`` where torch is installed.
"""

import json
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional

ROWS, COLUMNS = 4, 3
ITEM = np.array([0.5, 2.0, 0.0, 1.25])  # a weight for each item
CLASS = [0.5, 2.0, 1.25]  # a weight for each class
REDUCTION = {None: "mean", "sum": "sum", "none": "none", "batch mean": "batchmean"}
ABSENT = {
    "AdaptiveLogSoftmaxWithLoss": "a layer with parameters of its own (a tree of classes), which also returns a loss",
}
WEIGHTLESS = ["categorical_cross_entropy", "cosine_embedding", "ctc", "gaussian_nll", "hinge_embedding",
              "kl_divergence", "kl_from_logs", "margin_ranking", "multilabel_margin", "poisson_nll", "smooth_l1",
              "soft_margin", "triplet"]
cases = []


def tensors(arrays, wrt):
    """Return arrays as tensors, of which number `wrt` wants a gradient."""
    made = [torch.tensor(np.asarray(a)) for a in arrays]
    if made[wrt].dtype == torch.float64:
        made[wrt].requires_grad_(True)
    return made


def case(loss, own, call, *arrays, options=None, activation=None, weights=None, how=None, gradient=True, wrt=0):
    """Add one case: ``call(*tensors, reduction=...)`` gives torch's value."""
    arrays = [np.asarray(a).round(5) if np.asarray(a).dtype == "float64" else np.asarray(a) for a in arrays]
    given = tensors(arrays, wrt)
    value = call(*given, reduction=REDUCTION[how])
    slope = None
    if gradient:
        value.sum().backward()
        slope = given[wrt].grad.tolist()
    cases.append({
        "loss": loss, "own": own, "options": options or {}, "activation": activation,
        "ports": [a.tolist() for a in arrays], "dtypes": [str(a.dtype) for a in arrays],
        "weights": None if weights is None else np.asarray(weights).tolist(), "how": how, "wrt": wrt,
        "value": value.detach().tolist(), "gradient": slope})


def reductions(loss, own, call, *arrays, hows=(None, "sum", "none"), **more):
    """Add one case for each reduction."""
    for how in hows:
        case(loss, own, call, *arrays, how=how, **more)


def module(name, **options):
    """Return a call of a class of torch.nn."""
    return lambda *ports, reduction: getattr(nn, name)(reduction=reduction, **options)(*ports)


def weighted(values, weights, reduction):
    """Return values times weights, reduced as torch does where weights do not divide."""
    found = values * weights
    return found if reduction == "none" else getattr(found, reduction)()


def vector(values):
    """Return numbers as a tensor, None as None."""
    return None if values is None else torch.tensor(values, dtype=torch.float64)


def of_numbers(rng):
    p, t, weights = rng.normal(0, 2, (3, ROWS, COLUMNS))
    weights = np.abs(weights).round(5)
    weights[1, 1] = 0
    t[0, 0] = p[0, 0]
    for loss, own, function in (("squared_error", "MSELoss", functional.mse_loss),
                                ("absolute_error", "L1Loss", functional.l1_loss),
                                ("huber", "HuberLoss", functional.huber_loss)):
        reductions(loss, own, module(own), p, t)
        reductions(loss, own, lambda a, b, reduction, f=function: f(a, b, reduction=reduction, weight=vector(weights)),
                   p, t, weights=weights)
    for delta in (0.3, 2.0):
        case("huber", "HuberLoss", module("HuberLoss", delta=delta), p, t, options={"delta": delta})
        case("smooth_l1", "SmoothL1Loss", module("SmoothL1Loss", beta=delta), p, t, options={"beta": delta})
    case("smooth_l1", "SmoothL1Loss", module("SmoothL1Loss", beta=0), p, t, options={"beta": 0})
    reductions("smooth_l1", "SmoothL1Loss", module("SmoothL1Loss"), p, t)


def of_densities(rng):
    r = rng.normal(0, 1, (ROWS, COLUMNS))
    t = rng.poisson(2.0, (ROWS, COLUMNS)).astype("float64")
    t[0] = [0.0, 1.0, 0.5]
    name = "PoissonNLLLoss"
    for full in (False, True):
        options = {"full": full}
        case("poisson_nll", name, module(name, full=full), r, t, options=options, activation="exp")
        case("poisson_nll", name, module(name, full=full), r, t, options=options | {"log_input": True})
        mean = np.abs(r)
        case("poisson_nll", name, module(name, log_input=False, full=full, eps=0.01), mean, t,
             options=options | {"eps": 0.01})
    mean[1] = 0
    reductions("poisson_nll", name, module(name, log_input=False), mean, t)

    name, (m, y) = "GaussianNLLLoss", rng.normal(0, 1, (2, ROWS, COLUMNS))
    v = np.exp(rng.normal(0, 1, (ROWS, COLUMNS)))
    v[0, :2] = 0.0, 1e-3

    def call(mean, variance, target, reduction, **options):
        return nn.GaussianNLLLoss(reduction=reduction, **options)(mean, target, variance)

    for wrt in (0, 1):
        reductions("gaussian_nll", name, call, m, v, y, wrt=wrt)
        for options in ({"full": True}, {"eps": 0.01}):
            case("gaussian_nll", name, lambda *a, reduction, o=options: call(*a, reduction, **o), m, v, y,
                 options=options, wrt=wrt)


def of_divergences(rng):
    z, y = rng.normal(0, 1, (2, ROWS, COLUMNS))
    t = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    t[0] = [0.0, 0.25, 0.75]
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    hows, name = (None, "batch mean", "sum", "none"), "KLDivLoss"
    for target, log_target in ((t, False), (np.log(np.abs(t[1:]).round(5)), True)):
        options, rows = {"log_target": log_target}, slice(-len(target), None)

        def call(x, target, reduction, log=log_target):
            return nn.KLDivLoss(reduction=reduction, log_target=log)(x, target)

        reductions("kl_from_logs", name, call, np.log(p[rows]), target, options=options, hows=hows)
        reductions("kl_divergence", name, lambda x, *a, c=call, **k: c(x.log_softmax(-1), *a, **k), z[rows], target,
                   options=options, hows=hows, activation="softmax")
        case("kl_divergence", name, lambda x, *a, c=call, **k: c(x.log(), *a, **k), p[rows], target, options=options)


def of_labels(rng):
    z, labels = rng.normal(0, 2, (6, 3)), np.array([0, 2, 1, 1, 0, 2])
    some = np.where(np.arange(6) % 3, labels, -100)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    name = "CrossEntropyLoss"
    for loss in ("cross_entropy", "label_cross_entropy"):
        for smoothing in (0.0, 0.1):
            for weight in (None, CLASS):
                for t in (labels, some):
                    hows = (None, "sum", "none") if loss == "label_cross_entropy" and t is some else (None,)
                    reductions(loss, name, module(name, weight=vector(weight), label_smoothing=smoothing), z, t,
                               options={"smoothing": smoothing, "class_weight": weight}, hows=hows,
                               activation="softmax")
        case(loss, name, module(name, ignore_index=1), z, labels, options={"ignore_index": 1}, activation="softmax")
        case(loss, name, module(name, weight=vector(CLASS)), z, labels, weights=np.array(CLASS)[labels],
             activation="softmax")
        nowhere = np.full(6, -100)
        reductions(loss, name, module(name), z, nowhere, hows=("sum", "none"), activation="softmax")
        case(loss, name, lambda x, t, reduction: functional.nll_loss(x.log(), t, reduction=reduction), p, some)
    pixels, t = rng.normal(0, 1, (2, 4, 3)), rng.integers(0, 3, (2, 4))
    of_axis_1 = module(name, weight=vector(CLASS))
    case("cross_entropy", name, lambda x, t, reduction: of_axis_1(x.movedim(-1, 1), t, reduction=reduction), pixels, t,
         options={"class_weight": CLASS}, activation="softmax")
    case("label_cross_entropy", name, module(name), 400 * z, labels, activation="softmax")
    for options in ({}, {"ignore_index": 1}, {"class_weight": CLASS}, {"class_weight": CLASS, "ignore_index": 2}):
        theirs = {("weight" if key == "class_weight" else key): vector(o) if key == "class_weight" else o
                  for key, o in options.items()}
        t = labels if "ignore_index" in options else some
        reductions("negative_log_likelihood", "NLLLoss", module("NLLLoss", **theirs), np.log(p), t, options=options)
    case("negative_log_likelihood", "NLLLoss", module("NLLLoss", weight=vector(CLASS)), np.log(p), labels,
         weights=np.array(CLASS)[labels])
    of_a_linear_layer(rng, labels)


def of_a_linear_layer(rng, labels):
    """Add LinearCrossEntropyLoss: the cross-entropy of what its own linear layer makes of these numbers."""
    x, matrix = torch.tensor(rng.normal(0, 1, (6, 2)).round(3)), torch.tensor(rng.normal(0, 1, (3, 2)).round(2))
    own = nn.LinearCrossEntropyLoss(2, 3, dtype=torch.float64)
    with torch.no_grad():
        dict(own.named_parameters())[next(iter(dict(own.named_parameters())))].copy_(matrix)

    def call(z, labels, reduction):
        assert torch.allclose(z, x @ matrix.T)
        return own(x, labels)

    case("label_cross_entropy", "LinearCrossEntropyLoss", call, (x @ matrix.T).numpy(), labels, activation="softmax",
         gradient=False)


def of_shares(rng):
    z, y = rng.normal(0, 1, (2, ROWS, COLUMNS))
    t = np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
    t[0] = [0.0, 1.0, 0.0]
    name = "CrossEntropyLoss"
    for loss in ("cross_entropy", "categorical_cross_entropy"):
        for smoothing in (0.0, 0.2):
            for weight in (None, CLASS):
                hows = (None, "sum", "none") if smoothing and weight else (None,)
                reductions(loss, name, module(name, weight=vector(weight), label_smoothing=smoothing), z, t,
                           options={"smoothing": smoothing, "class_weight": weight}, activation="softmax", hows=hows)


def of_yes_or_no(rng):
    z, t = rng.normal(0, 2, (ROWS, COLUMNS)), rng.integers(0, 2, (ROWS, COLUMNS)).astype("float64")
    t[1] = [0.25, 0.5, 1.0]
    p, weights = 1 / (1 + np.exp(-z)), np.abs(rng.normal(0, 1, (ROWS, COLUMNS))).round(5)
    weights[2, 0] = 0
    edges = np.array([[0.0, 1.0, 0.0, 1.0, 1e-5, 0.5], [0.0, 1.0, 0.0, 1.0, 1.0, 0.0]])
    for loss, name in (("binary_cross_entropy", "BCEWithLogitsLoss"), ("cross_entropy", "BCEWithLogitsLoss")):
        case(loss, name, module(name), z, t, activation="sigmoid")
    loss = "binary_cross_entropy"
    for weight in (None, weights):
        reductions(loss, name, module(name, weight=vector(weight)), z, t, weights=weight, activation="sigmoid")
        reductions(loss, "BCELoss", module("BCELoss", weight=vector(weight)), p, t, weights=weight)
    for pos_weight in ([2.0, 0.5, 3.0], 4.0):
        case(loss, name, module(name, pos_weight=vector(pos_weight)), z, t, options={"pos_weight": pos_weight},
             activation="sigmoid")
    case(loss, name, module(name), 300 * z, t, activation="sigmoid")
    probabilities = edges[:1].round(5)
    for target in (edges[1:], 1 - edges[1:], edges[1:] * 0.75):
        reductions(loss, "BCELoss", module("BCELoss"), probabilities, target)
    signs = np.where(t > 0.3, 1.0, -1.0)
    reductions("soft_margin", "SoftMarginLoss", module("SoftMarginLoss"), z, signs)
    reductions("hinge_embedding", "HingeEmbeddingLoss", module("HingeEmbeddingLoss"), np.abs(z), signs)
    case("hinge_embedding", "HingeEmbeddingLoss", module("HingeEmbeddingLoss", margin=3.0), np.abs(z), signs,
         options={"margin": 3.0})


def of_margins(rng):
    z, labels = rng.normal(0, 1, (ROWS, COLUMNS)), np.array([0, 2, 1, 1])
    z[0], z[1] = [1.0, 0.0, 0.5], [1.0, 1.0, 1.0]  # a margin that is just kept, and scores that are equal
    name = "MultiMarginLoss"
    for power in (1, 2):
        for margin in (1.0, 0.4):
            options = {"power": power, "margin": margin}
            reductions("weston_watkins", name, module(name, p=power, margin=margin), z, labels, options=options)
    for how in (None, "sum", "none"):
        case("weston_watkins", name, module(name, weight=vector(CLASS)), z, labels, how=how,
             weights=np.array(CLASS)[labels])
    y = np.array([[1, 0, 1], [0, 0, 1], [0, 0, 0], [1, 1, 1]])
    name = "MultiLabelMarginLoss"

    def of_lists(z, y, reduction):
        lists = torch.full(y.shape, -1)
        for row, holds in zip(lists, y, strict=True):
            row[: int(holds.sum())] = torch.nonzero(holds)[:, 0]
        return nn.MultiLabelMarginLoss(reduction=reduction)(z, lists)

    reductions("multilabel_margin", name, of_lists, z, y)
    name = "MultiLabelSoftMarginLoss"
    for options in ({}, {"class_weight": CLASS}):
        reductions("multilabel_soft_margin", name, module(name, weight=vector(options.get("class_weight"))), z,
                   y.astype("float64"), options=options, activation="sigmoid")
    for how in (None, "sum", "none"):
        case("multilabel_soft_margin", name, module(name, weight=vector(ITEM)[:, None]), z, y.astype("float64"),
             activation="sigmoid", weights=ITEM, how=how)
    case("multilabel_soft_margin", name, lambda p, t, reduction: module(name)(p.logit(), t, reduction=reduction),
         1 / (1 + np.exp(-z)), y.astype("float64"))
    a, b = rng.normal(0, 1, (2, ROWS, COLUMNS))
    signs = np.where(y > 0, 1.0, -1.0)
    for margin in (0.0, 0.5):
        for wrt in (0, 1):
            reductions("margin_ranking", "MarginRankingLoss", module("MarginRankingLoss", margin=margin), a, b, signs,
                       options={"margin": margin}, wrt=wrt, hows=(None, "sum", "none") if margin else (None,))


def of_embeddings(rng):
    a, b, c = rng.normal(0, 1, (3, ROWS, COLUMNS))
    signs, name = np.array([1.0, -1.0, -1.0, 1.0]), "CosineEmbeddingLoss"
    a[2], b[1] = b[2] + 0.1, a[1] * 2 + 0.1
    for margin in (0.0, 0.5):
        for wrt in (0, 1):
            reductions("cosine_embedding", name, module(name, margin=margin), a, b, signs, options={"margin": margin},
                       wrt=wrt, hows=(None, "sum", "none") if margin else (None,))
    short = a * np.array([[0.0], [1e-5], [1.0], [1.0]])
    case("cosine_embedding", name, module(name), short, b, signs)
    own = "TripletMarginLoss"
    for options in ({}, {"p": 1.0}, {"p": 3.0, "eps": 0.01}, {"p": float("inf")}, {"swap": True, "margin": 2.5}):
        for wrt in (0, 1, 2) if options.get("swap") else (0,):
            reductions("triplet", own, module(own, **options), a, b, c, options=options, wrt=wrt,
                       hows=(None, "sum", "none") if not options else (None,))
    case("triplet", own, module(own), a, a, c)  # the positive is the anchor itself: eps alone is left
    own = "TripletMarginWithDistanceLoss"
    for swap in (False, True):
        case("triplet", own, module(own, swap=swap, margin=2.0), a, b, c, options={"swap": swap, "margin": 2.0})
        case("triplet", own, module(own, swap=swap, distance_function=lambda x, y: (x - y).square().sum(-1)), a, b, c,
             options={"swap": swap, "squared": True})


def of_sequences(rng):
    z = rng.normal(0, 1, (3, 5, 4))
    t = np.array([[1, 1, 2], [3, -1, -1], [2, 1, -1]])
    impossible = np.array([[1, 1, 1], [3, 2, -1], [2, -1, -1]])

    def call(x, target, reduction, blank=0, **options):
        lengths = (target >= 0).sum(dim=1)
        logs = x.log_softmax(-1).movedim(0, 1)
        steps = torch.full((x.shape[0],), x.shape[1])
        target = torch.where(target < 0, 0, target)
        return nn.CTCLoss(reduction=reduction, blank=blank, **options)(logs, target, steps, lengths)

    reductions("ctc", "CTCLoss", call, z, t, activation="softmax")
    case("ctc", "CTCLoss", lambda *a, **k: call(*a, blank=3, **k), z, np.where(t == 3, 0, t),
         options={"blank": 3}, activation="softmax")
    reductions("ctc", "CTCLoss", call, z, np.array([[1, 2, -1], [-1, -1, -1], [2, 1, 3]]), activation="softmax")
    short = z[:, :4]
    case("ctc", "CTCLoss", call, short, impossible, activation="softmax", how="none", gradient=False)
    reductions("ctc", "CTCLoss", lambda *a, **k: call(*a, zero_infinity=True, **k), short, impossible,
               options={"zero_infinity": True}, activation="softmax")
    p = np.exp(z[:2]) / np.exp(z[:2]).sum(axis=-1, keepdims=True)
    case("ctc", "CTCLoss", lambda x, *a, **k: call(x.log(), *a, **k), p, t[:2], gradient=False)


def main():
    torch.manual_seed(7)
    rng = np.random.default_rng(7)
    for part in (of_numbers, of_densities, of_divergences, of_labels, of_shares, of_yes_or_no, of_margins,
                 of_embeddings, of_sequences):
        part(rng)
    file = {"made by": "make_torch.py", "versions": {"torch": torch.__version__},
            "public": sorted(n for n in dir(nn) if n.endswith("Loss")), "absent": ABSENT,
            "no weights": WEIGHTLESS, "options without figures": {"ctc": {
                "steps": "ctc_steps.json has torch's figures with input lengths"}}, "cases": cases}
    text = json.dumps(file).replace('{"loss"', '\n{"loss"')
    pathlib.Path(__file__).with_name("torch.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
