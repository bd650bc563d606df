"""What a newcomer asks of a loss: which task it is for, and what it is compared with.

The gallery and the pages of losses are made of this and of the docstrings. A loss that is in no task is listed under
``OTHERS``; `compared` finds the others of a task for a loss without a line of its own.
"""

OTHERS = "Other losses"

# task -> (what the data are, its losses, the usual choice first)
TASKS = {
    "Numbers": (
        "Targets are numbers, and all of them are trustworthy.",
        ["squared_error", "half_squared_error", "absolute_error", "huber", "smooth_l1", "log_cosh",
         "absolute_percentage_error", "symmetric_percentage_error", "squared_log_error"]),
    "Outliers": (
        "Some targets are far off. Large errors should count less than their square, or not at all.",
        ["huber", "absolute_error", "pseudo_huber", "charbonnier", "log_cosh", "smooth_l1", "fair", "cauchy", "tukey",
         "general_robust", "epsilon_insensitive", "student_t_nll", "laplace_nll"]),
    "Counts and amounts": (
        "Targets are counts, rates, durations or sums of money: never negative, and more spread where they are larger.",
        ["poisson_nll", "negative_binomial_nll", "tweedie", "gamma_deviance", "gamma_nll", "inverse_gaussian",
         "squared_log_error"]),
    "Quantiles and intervals": (
        "You want an interval, or a prediction that is too low as often as you say.",
        ["quantile", "multi_quantile", "expectile", "epsilon_insensitive", "squared_epsilon_insensitive"]),
    "Uncertainty": (
        "The model predicts a distribution: how sure it is, besides what it expects.",
        ["gaussian_nll", "beta_nll", "crps_gaussian", "laplace_nll", "student_t_nll", "negative_binomial_nll",
         "mixture_density", "multi_quantile"]),
    "Probabilities of classes": (
        "Each item belongs to one of several classes, and the probabilities should be true ones.",
        ["cross_entropy", "label_cross_entropy", "categorical_cross_entropy", "binary_cross_entropy",
         "negative_log_likelihood", "brier", "poly1", "sparsemax", "binary_sparsemax"]),
    "Rare classes": (
        "One class is rare. Try weights of classes with a cross-entropy first, then these.",
        ["binary_focal", "categorical_focal", "asymmetric", "poly1", "tversky", "focal_tversky", "dice"]),
    "Noisy labels": (
        "Some labels are wrong, and the model should not learn them by heart.",
        ["generalized_cross_entropy", "symmetric_cross_entropy", "brier", "cross_entropy", "modified_huber"]),
    "Margins": (
        "The class should be right by a margin; scores need not be probabilities.",
        ["hinge", "binary_hinge", "squared_hinge", "multiclass_hinge", "weston_watkins", "categorical_hinge",
         "modified_huber", "soft_margin", "exponential", "perceptron", "multiclass_perceptron"]),
    "Several labels for one item": (
        "An item can have any number of labels at once.",
        ["binary_cross_entropy", "multilabel_soft_margin", "multilabel_margin", "asymmetric", "binary_focal"]),
    "Ordered classes": (
        "Labels are grades: 'low' is nearer to 'medium' than to 'high'.",
        ["coral", "cumulative_logit"]),
    "Distributions": (
        "Prediction and target are distributions, or whole samples of them.",
        ["kl_divergence", "kl_from_logs", "reverse_kl", "jensen_shannon", "total_variation", "squared_hellinger",
         "generalised_kl", "wasserstein_1d", "sinkhorn", "energy_distance", "maximum_mean_discrepancy"]),
    "Segmentation": (
        "Every pixel has a label, and most pixels are background.",
        ["dice", "jaccard", "tversky", "focal_tversky", "generalised_dice", "binary_cross_entropy", "binary_focal"]),
    "Ranking": (
        "What matters is the order of things, such as search results or recommendations.",
        ["pairwise_logistic", "lambdarank", "listnet", "listmle", "bpr", "margin_ranking"]),
    "Sequences": (
        "A sequence of labels belongs to a sequence of inputs, and nobody knows which step belongs to which label.",
        ["ctc", "label_cross_entropy"]),
    "Embeddings and similarity": (
        "Items that belong together should lie close to each other.",
        ["contrastive", "squared_contrastive", "triplet", "cosine_embedding", "hinge_embedding", "cosine_distance",
         "info_nce", "nt_xent", "supervised_contrastive", "circle", "arcface", "cosface"]),
    "Very many classes": (
        "There are so many classes that computing the score of each of them takes too long.",
        ["sampled_softmax", "nce", "negative_sampling"]),
    "Time until an event": (
        "Targets are times, and some events had not happened when the study ended.",
        ["cox"]),
    "Generative models": (
        "A model learns to make new items.",
        ["vae", "gaussian_kl", "minimax", "non_saturating", "hinge_gan", "lsgan", "lsgan_generator",
         "wasserstein_critic", "wasserstein_generator", "gradient_penalty", "r1", "mixture_density"]),
}

# loss -> the one to compare it with, and what decides between both
AGAINST = {
    "squared_error": ("absolute_error", "predicts the median instead of the mean, and outliers pull it less"),
    "half_squared_error": ("squared_error", "is twice as large, so its gradients are, too"),
    "absolute_error": ("huber", "is smooth at 0, so that optimizers settle there"),
    "huber": ("absolute_error", "has no `delta` to choose, and a kink at 0"),
    "smooth_l1": ("huber", "is the same times `beta`: its slope far away is `delta` instead of 1"),
    "pseudo_huber": ("huber", "is exactly a parabola and exactly a line, with a jump of the curvature between them"),
    "charbonnier": ("pseudo_huber", "is 0 for a perfect prediction, and rounds the kink as widely as `delta` says"),
    "log_cosh": ("huber", "has a `delta` that you can choose"),
    "fair": ("cauchy", "forgets large errors sooner"),
    "cauchy": ("tukey", "gives far outliers no influence at all"),
    "tukey": ("cauchy", "still pulls far errors in, so it can start from bad initial parameters"),
    "general_robust": ("huber", "is convex, and has one option less"),
    "absolute_percentage_error": ("symmetric_percentage_error", "stays bounded where targets are near 0"),
    "symmetric_percentage_error": ("absolute_percentage_error", "is the usual figure of reports, but infinite at 0"),
    "squared_log_error": ("poisson_nll", "is the likelihood of counts, and predicts their mean"),
    "poisson_nll": ("negative_binomial_nll", "also fits counts that are more spread than a Poisson distribution"),
    "negative_binomial_nll": ("poisson_nll", "has no second port, and suffices where variance is about the mean"),
    "tweedie": ("gamma_deviance", "is for amounts that are never exactly 0"),
    "gamma_deviance": ("tweedie", "also takes amounts that are exactly 0"),
    "gamma_nll": ("gamma_deviance", "is 0 for a perfect prediction"),
    "inverse_gaussian": ("gamma_deviance", "expects large amounts to spread less"),
    "quantile": ("expectile", "is smooth, but predicts no quantile"),
    "multi_quantile": ("quantile", "learns one quantile alone"),
    "expectile": ("quantile", "has a meaning that is easy to tell: a share of the targets lies below"),
    "epsilon_insensitive": ("absolute_error", "counts small errors as well"),
    "squared_epsilon_insensitive": ("epsilon_insensitive", "is pulled less by outliers"),
    "gaussian_nll": ("beta_nll", "learns the mean better where the variance is large"),
    "beta_nll": ("gaussian_nll", "is the likelihood itself"),
    "crps_gaussian": ("gaussian_nll", "punishes a distribution that is too narrow far harder"),
    "laplace_nll": ("gaussian_nll", "fits the mean and a variance, and outliers pull it more"),
    "student_t_nll": ("gaussian_nll", "has no heavy tails, so outliers pull it more"),
    "mixture_density": ("gaussian_nll", "has a single peak, and is easier to train"),
    "cross_entropy": ("brier", "is bounded, so single items that are surely wrong weigh less"),
    "brier": ("cross_entropy", "punishes without limit what is surely wrong, and learns faster"),
    "poly1": ("cross_entropy", "has no option, and is the likelihood"),
    "binary_focal": ("binary_cross_entropy", "keeps probabilities true; give it `class_weight` for rare classes"),
    "categorical_focal": ("cross_entropy", "keeps probabilities true; give it `class_weight` for rare classes"),
    "asymmetric": ("binary_focal", "treats yes and no alike"),
    "generalized_cross_entropy": ("symmetric_cross_entropy", "adds a robust term instead of one between both"),
    "symmetric_cross_entropy": ("generalized_cross_entropy", "has one option, from cross-entropy to absolute error"),
    "sparsemax": ("cross_entropy", "never gives a probability of exactly 0"),
    "binary_hinge": ("soft_margin", "is smooth, and its scores are logits of probabilities"),
    "squared_hinge": ("binary_hinge", "is pulled less by outliers"),
    "modified_huber": ("squared_hinge", "grows as a square without end"),
    "soft_margin": ("binary_hinge", "ignores what is right by the margin"),
    "exponential": ("soft_margin", "is pulled far less by wrong labels"),
    "perceptron": ("binary_hinge", "asks for a margin"),
    "multiclass_hinge": ("weston_watkins", "counts every class that violates the margin, and not the worst alone"),
    "weston_watkins": ("multiclass_hinge", "counts only the worst of the wrong classes"),
    "categorical_hinge": ("multiclass_hinge", "takes labels, and is the same otherwise"),
    "coral": ("cumulative_logit", "learns thresholds for the grades with a single score"),
    "cumulative_logit": ("coral", "has one yes-or-no output for every step between grades"),
    "kl_divergence": ("jensen_shannon", "is symmetric and bounded"),
    "reverse_kl": ("kl_divergence", "covers all that the target covers, instead of one of its peaks"),
    "jensen_shannon": ("kl_divergence", "is the likelihood, up to a constant"),
    "wasserstein_1d": ("energy_distance", "is for samples of several dimensions"),
    "sinkhorn": ("energy_distance", "is quicker, and has no option"),
    "energy_distance": ("maximum_mean_discrepancy", "looks at a scale that you choose"),
    "maximum_mean_discrepancy": ("energy_distance", "has no bandwidth to choose"),
    "dice": ("jaccard", "punishes a region that is mostly wrong more"),
    "jaccard": ("dice", "is the usual measure of reports in medicine"),
    "tversky": ("dice", "weighs false alarms and misses alike"),
    "focal_tversky": ("tversky", "has one option less"),
    "generalised_dice": ("dice", "does not weigh classes by their size"),
    "pairwise_logistic": ("lambdarank", "cares most for the top of the list"),
    "lambdarank": ("pairwise_logistic", "is a smooth loss whose value you can watch"),
    "listnet": ("pairwise_logistic", "looks at pairs, and is the usual choice for few relevances"),
    "listmle": ("listnet", "takes ties into account"),
    "bpr": ("pairwise_logistic", "takes lists with several relevances"),
    "margin_ranking": ("bpr", "is smooth, and needs no margin"),
    "contrastive": ("squared_contrastive", "is the one of Hadsell: squared, and with the other meaning of the target"),
    "squared_contrastive": ("triplet", "needs no absolute distance: like items have to be nearer than unlike ones"),
    "triplet": ("info_nce", "compares with all other items of the batch at once"),
    "info_nce": ("nt_xent", "compares the views of both sides with each other as well"),
    "nt_xent": ("supervised_contrastive", "uses labels, where you have them"),
    "supervised_contrastive": ("nt_xent", "needs no labels"),
    "arcface": ("cosface", "has its margin on the cosine, and is easier to train"),
    "cosface": ("arcface", "has its margin on the angle"),
    "cosine_embedding": ("contrastive", "looks at distances instead of angles"),
    "sampled_softmax": ("nce", "teaches the scores to be normalized by themselves"),
    "nce": ("sampled_softmax", "approximates the cross-entropy over all classes"),
    "negative_sampling": ("nce", "learns probabilities, and not only good embeddings"),
    "minimax": ("hinge_gan", "ignores what the discriminator is already sure of"),
    "non_saturating": ("wasserstein_generator", "goes with a critic, and tells how far the distributions are apart"),
    "hinge_gan": ("minimax", "is a cross-entropy, so the discriminator gives probabilities"),
    "lsgan": ("minimax", "is a cross-entropy, and its gradients can vanish"),
    "wasserstein_critic": ("hinge_gan", "needs no penalty on the gradient of the critic"),
    "gradient_penalty": ("r1", "looks at real items only, and wants a gradient of 0"),
    "r1": ("gradient_penalty", "goes with a Wasserstein critic"),
    "vae": ("gaussian_kl", "is the divergence alone, for a reconstruction loss of your choice"),
    "gaussian_kl": ("vae", "has the cross-entropy of the reconstruction with it"),
}


def tasks(name: str) -> list[str]:
    """Return the tasks that a loss is for."""
    return [task for task, (_, losses) in TASKS.items() if name in losses] or [OTHERS]


def compared(name: str) -> list[str]:
    """Return the other losses of its first task."""
    return [other for other in TASKS.get(tasks(name)[0], ("", []))[1] if other != name]
