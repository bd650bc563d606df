"""Every loss by its name: the outputs it wants, what its targets look like, and the options it may have."""

import symloss

KINDS = {  # of a target -> what makes one of the shape s = (*lead, k)
    "real": "rng.normal(size={s})",
    "positive": "rng.uniform(0.3, 3, size={s})",
    "count": "rng.integers(0, 5, size={s}).astype(float)",
    "unit": "rng.uniform(size={s})",
    "binary": "rng.integers(0, 2, size={s}).astype(float)",
    "sign": "rng.choice([-1.0, 1.0], size={s})",
    "sign of items": "rng.choice([-1.0, 1.0], size={lead})",
    "shares": "rng.dirichlet(np.ones({k}), size={lead})",
    "logs": "np.log(rng.dirichlet(np.ones({k}), size={lead}))",
    "grades": "rng.integers(0, 3, size={s}).astype(float)",
    "labels": "rng.integers(0, {k}, size={lead})",
    "grade": "rng.integers(0, {k} + 1, size={lead})",
    "one number": "rng.normal(size=(*{lead}, 1))",
    "times and events": "np.stack([rng.integers(1, 4, size={n}), rng.integers(0, 2, size={n})], axis=1).astype(float)",
    "label sequences": "rng.integers(1, {k} - 1, size=({n}, 2))",
}
OF_NUMBERS = ("real", "positive", "count", "unit", "binary", "sign", "shares", "logs", "grades", "one number")

TARGETS = {  # by loss, where it is not what the registry says
    **dict.fromkeys(["squared_log_error", "gamma_nll", "gamma_deviance", "inverse_gaussian", "tweedie",
                     "generalised_kl"], "positive"),
    **dict.fromkeys(["poisson_nll", "negative_binomial_nll"], "count"),
    **dict.fromkeys(["contrastive", "squared_contrastive", "multilabel_margin", "categorical_hinge"], "binary"),
    **dict.fromkeys(["listmle", "listnet", "lambdarank", "pairwise_logistic"], "grades"),
    "kl_from_logs": "logs", "cosine_embedding": "sign of items", "cox": "times and events", "ctc": "label sequences",
    "multi_quantile": "one number", "mixture_density": "one number", "coral": "grade", "cumulative_logit": "one class",
}
POSITIVE = {"squared_log_error", "contrastive", "squared_contrastive", "hinge_embedding"}  # distances, and logarithms
LOGS = {"kl_from_logs", "negative_log_likelihood"}

LINEAR, ABOVE = "'linear'", "'softplus'"
PORTS = {  # losses of several outputs: (port, its length or None for that of the main output, its activation)
    **dict.fromkeys(["gaussian_nll", "beta_nll", "crps_gaussian"],
                    [("mean", None, LINEAR), ("variance", None, ABOVE)]),
    **dict.fromkeys(["laplace_nll", "student_t_nll"], [("mean", None, LINEAR), ("scale", None, ABOVE)]),
    "negative_binomial_nll": [("mean", None, ABOVE), ("concentration", None, ABOVE)],
    "bpr": [("positive", 1, LINEAR), ("negative", 1, LINEAR)],
    "info_nce": [("query", None, LINEAR), ("key", None, LINEAR)],
    **dict.fromkeys(["nt_xent", "margin_ranking", "cosine_embedding"],
                    [("first", None, LINEAR), ("second", None, LINEAR)]),
    "triplet": [("anchor", None, LINEAR), ("positive", None, LINEAR), ("negative", None, LINEAR)],
    **dict.fromkeys(["hinge_gan", "lsgan", "wasserstein_critic"], [("real", 1, LINEAR), ("fake", 1, LINEAR)]),
    "minimax": [("real", 1, "'sigmoid'"), ("fake", 1, "'sigmoid'")],
    "gaussian_kl": [("mean", 2, LINEAR), ("log_variance", 2, LINEAR)],
    "vae": [("mean", 2, LINEAR), ("log_variance", 2, LINEAR), ("prediction", None, "'sigmoid'")],
    "mixture_density": [("mixture", 2, "'softmax'"), ("mean", 2, LINEAR), ("variance", 2, ABOVE)],
}
FROM_INPUT = {"gradient_penalty", "r1"}  # of which the port 'at' is the input
TABLES = {"arcface": ["centers"], "cosface": ["centers"], "negative_sampling": ["matrix", "bias", "samples"],
          "nce": ["matrix", "bias", "samples", "log_noise"],
          "sampled_softmax": ["matrix", "bias", "samples", "log_noise"]}
CLASSES = 4  # of a table
OF_ITEMS = {"cox", "circle", "supervised_contrastive", "info_nce", "nt_xent", "energy_distance", "sinkhorn",
            "maximum_mean_discrepancy", "wasserstein_1d", *FROM_INPUT, *TABLES}  # not at home in sequences
LEAST = {"listmle": 2, "listnet": 2, "lambdarank": 2, "pairwise_logistic": 2, "multilabel_margin": 2}  # columns

OPTIONS = {  # that are worth asking for; numbers among them may be moved by a schedule
    "asymmetric": {"gamma_negative": [2.0], "shift": [0.0, 0.1]}, "beta_nll": {"beta": [0.0, 1.0]},
    "binary_cross_entropy": {"smoothing": [0.1], "pos_weight": [2.5]}, "binary_focal": {"gamma": [0.0, 1.5],
    "alpha": [0.25]}, "binary_hinge": {"margin": [0.5, 2.0]}, "categorical_cross_entropy": {"smoothing": [0.2]},
    "categorical_focal": {"gamma": [0.5], "alpha": [0.5]}, "cauchy": {"c": [0.3]}, "charbonnier": {"eps": [0.1]},
    "circle": {"scale": [8.0]}, "contrastive": {"margin": [2.0]}, "cosface": {"scale": [8.0], "margin": [0.1]},
    "arcface": {"scale": [8.0], "margin": [0.1]}, "cox": {"ties": ["'efron'"]}, "cumulative_logit": {
    "thresholds": ["(-1.0, 0.3)"]}, "cross_entropy": {"smoothing": [0.1], "ignore_index": [-1, 1]},
    "ctc": {"blank": [0, -1], "zero_infinity": ["True"]}, "dice": {"smooth": [0.1]}, "epsilon_insensitive": {
    "epsilon": [0.0, 0.5]}, "expectile": {"q": [0.1, 0.9]}, "fair": {"c": [2.0]}, "focal_tversky": {"gamma": [1.0]},
    "gaussian_kl": {"beta": [4.0], "free_bits": [0.3]}, "gaussian_nll": {"eps": [0.1]}, "general_robust": {
    "alpha": [0.0, 2.0, -2.0], "c": [0.5]}, "generalized_cross_entropy": {"q": [0.9]}, "gradient_penalty": {
    "penalty": [0.3], "norm": [0.5]}, "hinge": {"margin": [0.5]}, "hinge_embedding": {"margin": [2.0]},
    "huber": {"delta": [0.1, 3.0]}, "info_nce": {"temperature": [0.5]}, "label_cross_entropy": {"ignore_index": [-1],
    "smoothing": [0.1]}, "lambdarank": {"sigma": [0.4]}, "margin_ranking": {"margin": [0.5]},
    "maximum_mean_discrepancy": {"bandwidth": [0.5]}, "multi_quantile": {"q": ["(0.2, 0.5, 0.8)"]},
    "multiclass_hinge": {"margin": [0.5]}, "negative_log_likelihood": {"ignore_index": [-1]}, "nt_xent": {
    "temperature": [0.2]}, "poisson_nll": {"full": ["True"]}, "poly1": {"epsilon": [0.5]}, "pseudo_huber": {
    "delta": [0.3]}, "quantile": {"q": [0.1, 0.9]}, "r1": {"gamma": [1.0]}, "sinkhorn": {"iterations": [5],
    "debiased": ["True"]}, "smooth_l1": {"beta": [0.3]}, "student_t_nll": {"degrees": [2.5]},
    "symmetric_cross_entropy": {"alpha": [1.0]}, "tukey": {"c": [1.0]}, "triplet": {"margin": [0.2],
    "distance": ["'cosine'", "'manhattan'"], "squared": ["True"], "swap": ["True"]}, "tversky": {"alpha": [0.2]},
    "tweedie": {"power": [1.2]}, "vae": {
    "beta": [0.5]}, "wasserstein_1d": {"power": [2.0]}, "weston_watkins": {"power": [2]},
}


def names() -> list[str]:
    """Return the losses that the library brings, whatever else has been registered in this process."""
    registry = symloss.losses.registry
    return [name for name in registry if getattr(getattr(registry.get(name), "function", None), "__module__", "")
            .startswith("symloss.losses.")]


def target_of(name: str) -> str | None:
    """Return the kind of target of a loss, None for one that has none."""
    spec = symloss.losses.get(name)
    if name in TARGETS or spec.target == "none":
        return TARGETS.get(name)
    if spec.target.startswith("label"):
        return "labels"
    return {"sign": "sign", "unit": "unit", "distribution": "shares", "nonnegative": "count",
            "positive": "positive"}.get(spec.domain, "real")


def activation_of(name: str) -> str:
    """Return the activation of the output that a loss of one output compares with its target."""
    if name in POSITIVE or symloss.losses.get(name).positive:
        return ABOVE
    if name in LOGS:
        return "logs"
    return repr(symloss.losses.get(name).activation or "linear")


def mates(name: str) -> list[str]:
    """Return the losses that take the same output and the same targets."""
    if name in PORTS or name in FROM_INPUT or name in TABLES:
        return []
    alike = target_of(name), activation_of(name)
    return [other for other in names() if other != name and other not in PORTS and other not in FROM_INPUT
            and other not in TABLES and (target_of(other), activation_of(other)) == alike]
