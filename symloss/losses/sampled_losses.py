"""Losses over many classes with weights of their own: training samples some classes, evaluation uses all of them."""

import numpy as np
import pytensor
import pytensor.tensor as pt
from pytensor.graph.basic import Variable

from .._checks import is_number
from ..errors import ShapeError, SpecError, unknown
from .bound_loss import Loss
from .classification import nan_outside, of_label
from .reduction import fraction
from .sampled import among_drawn, inside, scores, yes_or_no
from .samplers import build, checked_counts
from .similarity import log_sum


class SampledLoss(Loss, registered=False):
    r"""Base of the losses that sample some of many classes in each training step.

    The loss contains the last layer of the model: a row of weights and a bias for each class. The score of class c for
    features x is :math:`s_c = w_c \cdot x + b_c`. A training step computes only the scores of the right classes and of
    the sampled ones, which are the same for the whole batch. Its cost does not grow with the number of classes. In
    validation, `measure` and `score`, the loss is the cross-entropy of the softmax over all classes.

    Parameters
    ----------
    classes : int
        Number of classes. Targets are labels from 0 to ``classes - 1``.
    samples : int
        How many classes a step samples, with replacement.
    sampler : 'log_uniform', 'uniform' or 'unigram'
        Distribution of the samples. `log_uniform` is for classes in the order of their frequency, the most frequent
        first. `unigram` uses `counts`.
    counts : array (classes,) or None
        How often each class occurs, for the sampler 'unigram'.
    power : float
        Power to which `counts` are raised.
    std : float or None
        Standard deviation of the initial weights. None means 1 / sqrt(number of features).
    weight, weighted, output_name, how
        See `Loss`.

    Attributes
    ----------
    parameters : dict
        'w' (classes, d) and 'b' (classes,). They are created when the loss is bound to a model whose output has d
        units.

    Raises
    ------
    SpecError, UnknownNameError
        If an option is unknown or has an impossible value.
    """

    formula = ""  # name of the function whose formula it has
    differs_in_training = True
    takes_hits = False  # whether it can be told to leave drawn classes out that are the right one

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(registered=False, **keywords)
        Loss.with_tables[cls.formula] = cls

    def __init__(self, *, classes, samples=64, sampler="log_uniform", counts=None, power=0.75, drop_hits=None, std=None,
                 how=None, weight=1.0, weighted=False, output_name=None, **options):
        known = ["classes", "samples", "sampler", "counts", "power", "std", "how", "weight", "weighted", "output_name",
                 *(["drop_hits"] if self.takes_hits else [])]
        options |= {} if drop_hits is None or self.takes_hits else {"drop_hits": drop_hits}
        for option in options:
            raise unknown(f"option of loss {self.formula}:", option, known)
        super().__init__(weight=weight, weighted=weighted, output_name=output_name, how=how)
        self.form = self.formula
        self.count, self.samples = self._whole("classes", classes, 2), self._whole("samples", samples, 1)
        self.sampler, self.power, self.drop_hits, self.std = sampler, power, drop_hits, std
        if std is not None and (not is_number(std) or not 0 <= std < np.inf):
            raise SpecError(f"loss {self.formula}: std={std!r} is not valid; it must be a finite number of at least 0")
        self.counts = counts if counts is None else checked_counts(counts, self.count, self.formula)
        self.parameters = {}
        self._sampler = build(sampler, self.count, self.counts, power, self.formula)

    def __setattr__(self, name, value):
        if "_sampler" in vars(self) and name in ("classes", "count", "sampler", "counts", "power", "std"):
            raise SpecError(f"loss {self.formula}: {name} cannot change. Make another loss with {name}=...")
        super().__setattr__(name, value)

    def _whole(self, option, value, least) -> int:
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
            raise SpecError(f"loss {self.formula}: {option}={value!r} is not valid; it must be an integer of at least "
                            f"{least}")
        return int(value)

    # ------------------------------------------------------------------------------------------ the model

    @property
    def name(self) -> str:
        return self.formula

    @property
    def fixed_variables(self):
        return self._sampler.shared

    def meet(self, output, rng):
        size = output.type.shape[-1] if output.ndim > 1 and output.dtype.startswith("float") else None
        if size is None:
            raise ShapeError(f"loss {self.formula}: the output {self.output_name} has the type {output.type}, but it "
                             "must have features (n, d) with a known number d")
        self._axes = output.type.shape[:-1]
        if not self.parameters:
            dtype, std = pytensor.config.floatX, size**-0.5 if self.std is None else self.std
            w = np.asarray(rng.normal(0, std, size=(self.count, size)), dtype)
            b = np.asarray(self._first_biases(), dtype)
            self.parameters = {"w": pytensor.shared(w, name=f"{self.formula}.w", shape=w.shape),
                               "b": pytensor.shared(b, name=f"{self.formula}.b", shape=b.shape)}
        have = self.parameters["w"].get_value(borrow=True).shape[1]
        if have != size:
            raise ShapeError(f"loss {self.formula}: its weights are for {have} features, but {self.output_name} has "
                             f"{size}. Make another loss for this output")

    def _first_biases(self):
        return np.zeros(self.count)

    def unbound(self):
        twin = super().unbound()
        twin.parameters = {}  # it learns for another model
        return twin

    def own_target(self):
        return pt.tensor(name="target", dtype="int32", shape=self._axes)

    def own_weights(self):
        return {"w": self.parameters["w"]} if self.parameters else {}

    def classes(self, outputs):
        return self.count

    @property
    def numbers_an_item(self) -> int:
        return self.count

    # ------------------------------------------------------------------------------------------ values

    def terms(self, outputs, context=None):
        output = outputs[self.output_name]
        if not self.parameters:
            self.meet(output, np.random.default_rng(0))
        labels = self._target
        x, flat = output.reshape((-1, output.shape[-1])), labels.ravel()
        if context is not None and context.training:
            numbers = context.within(self.label).uniform((1, self.samples), dtype="float64")[0]
            values = self._sampled(x, flat, self._sampler.labels(numbers))
        else:
            logits = self.scores(x)
            values = log_sum(logits) - of_label(logits, flat)
        values = nan_outside(values, flat, self.count).reshape(labels.shape, ndim=labels.ndim)
        return {self.label: fraction(values, self.weights, how=self.how, negative=self.negative_weights)}

    def _sampled(self, x, labels, drawn):
        """Return the values of items with features `x` (n, d), from the labels that were drawn."""
        raise NotImplementedError

    def _scores_of(self, x, labels, drawn):
        """Return the scores of the right classes and of the drawn ones, and the right labels, all of them in range."""
        found = scores(x, self.parameters["w"], self.parameters["b"], labels, drawn)
        return *found, inside(labels, self.count)

    def _log_q(self, labels, like):
        return self._sampler.log_probability(labels).astype(like.dtype)

    def scores(self, features):
        """Return the scores of all classes. Their softmax is the distribution over the classes.

        Parameters
        ----------
        features : array or tensor (..., d)
            The prediction of the model at the output that this loss belongs to.

        Returns
        -------
        array or tensor (..., classes)
        """
        if not self.parameters:
            raise SpecError(f"loss {self.formula}: it has no weights before you add it to a model. Write "
                            "net.add_loss(...)")
        if isinstance(features, Variable):
            w, b = self.parameters["w"], self.parameters["b"]
            return pt.dot(features, w.T) + (b if self._shift() is None else b + self._shift().astype(b.dtype))
        w, b = (self.parameters[short].get_value(borrow=True) for short in ("w", "b"))
        features = np.asarray(features, w.dtype)
        if features.shape[-1:] != w.shape[1:]:
            raise ShapeError(f"loss {self.formula}: the features have shape {features.shape}, but they must have "
                             f"shape (n, {w.shape[1]})")
        found = features @ w.T + b
        return found if self._shift() is None else found + self._shift(np.arange(self.count)).astype(w.dtype)

    def _shift(self, labels=None):
        """Return what is added to scores before they are those of a softmax: by class, or None."""
        return None

    def probabilities(self, features):
        """Return the probability of every class, of shape (..., classes); see `scores`."""
        found = self.scores(features)
        if isinstance(found, Variable):
            return pt.special.softmax(found, axis=-1)
        found = np.exp(found - found.max(axis=-1, keepdims=True))
        return found / found.sum(axis=-1, keepdims=True)

    def class_outputs(self, outputs):
        return outputs | {self.output_name: self.probabilities(outputs[self.output_name])}

    def described(self, outputs):
        size = outputs[self.output_name].type.shape[-1]
        kind = {"unigram": f"by their counts to the power of {self.power:g}"}.get(self.sampler, self.sampler)
        return (f"{self.sentence}, with weights ({self.count:,} x {size}) and biases of its own; a step of training "
                f"draws {self.samples} classes ({kind}), an evaluation takes the softmax over all {self.count:,} "
                f"(output {self.output_name})")


class SampledSoftmax(SampledLoss):
    r"""Sampled softmax: the cross-entropy over the right class and the sampled ones.

    .. math:: \ell = \log\Big(e^{s_t'} + \sum_{j \in S, j \ne t} e^{s_j'}\Big) - s_t',
              \quad s_c' = s_c - \log \pi_c, \quad \pi_c = 1 - (1 - q_c)^k

    S are the distinct classes among the k samples, and :math:`\pi_c` is the probability that class c is one of them. A
    sampled class that is the right one is ignored. With more and more samples the loss approaches the softmax over all
    classes.

    The other parameters are those of `Loss`.

    References
    ----------
    Jean et al. (2015), "On Using Very Large Target Vocabulary for Neural Machine Translation", ACL. The correction is
    that of TensorFlow's sampled_softmax_loss with samplers of unique classes.
    """

    formula = "sampled_softmax"
    sentence = "cross-entropy over the right class and some that were drawn"

    def _sampled(self, x, labels, drawn):
        drawn = pt.sort(drawn)
        before = drawn[pt.maximum(pt.arange(self.samples) - 1, 0)]
        again = pt.eq(drawn, before) & pt.gt(pt.arange(self.samples), 0)
        right, wrong, at = self._scores_of(x, labels, drawn)
        absent = again[None, :] | pt.eq(drawn[None, :], at[:, None])
        return among_drawn(right - self._log_present(at, right), wrong - self._log_present(drawn, wrong), absent)

    def _log_present(self, labels, like):
        """Return the logarithm of the probability that a class is among those that were drawn."""
        never = self.samples * pt.log1p(-self._sampler.probability(labels))
        return pt.log1mexp(never).astype(like.dtype)


class NCE(SampledLoss):
    r"""Noise-contrastive estimation: telling the right class from k sampled ones.

    .. math:: \ell = -\log \sigma(s_t - \log k q_t) - \sum_j \log \sigma(-(s_j - \log k q_j))

    The scores learn to be log-probabilities. They start as those of the sampler's distribution: the initial biases are
    :math:`\log q_c`.

    Parameters
    ----------
    drop_hits : bool
        Whether to ignore a sampled class that is the right one. By default it counts as noise, as in the theory.

    The other parameters are those of `Loss`.

    References
    ----------
    Gutmann & Hyvarinen (2010), "Noise-contrastive estimation: A new estimation principle for unnormalized statistical
    models", AISTATS. Mnih & Teh (2012), "A fast and simple algorithm for training neural probabilistic language
    models", ICML.
    """

    formula = "nce"
    sentence = "noise-contrastive estimation: the right class is told from some that were drawn"
    takes_hits = True

    def _first_biases(self):
        return self._sampler.log_probability(np.arange(self.count))

    def _sampled(self, x, labels, drawn):
        right, wrong, at = self._scores_of(x, labels, drawn)
        right = right - np.log(self.samples).astype(right.dtype) - self._log_q(at, right)
        wrong = wrong - np.log(self.samples).astype(right.dtype) - self._log_q(drawn, wrong)
        return yes_or_no(right, wrong, pt.eq(drawn[None, :], at[:, None]) if self.drop_hits else None)


class NegativeSampling(SampledLoss):
    r"""Negative sampling: the right class is a yes, each of the k sampled ones is a no.

    .. math:: \ell = -\log \sigma(s_t) - \sum_j \log \sigma(-s_j)

    Use it for embeddings. The scores learn to be log-probabilities minus :math:`\log k q_c`, so evaluation uses the
    softmax of :math:`s_c + \log q_c`. The initial biases are -log k, for which the probabilities are q. Since each
    class has a bias, which can take up :math:`\log k q_c`, `NCE` learns the same with the same sampler. The two differ
    in what a score means, and in the effect of penalties.

    Parameters
    ----------
    drop_hits : bool
        Whether to ignore a sampled class that is the right one, as word2vec does. By default it counts as a no.

    The other parameters are those of `Loss`.

    References
    ----------
    Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their Compositionality", NIPS. Levy &
    Goldberg (2014), "Neural Word Embedding as Implicit Matrix Factorization", NIPS.
    """

    formula = "negative_sampling"
    sentence = "negative sampling: the right class is a yes, each of some that were drawn is a no"
    takes_hits = True

    def _first_biases(self):
        return np.full(self.count, -np.log(self.samples))

    def _sampled(self, x, labels, drawn):
        right, wrong, at = self._scores_of(x, labels, drawn)
        return yes_or_no(right, wrong, pt.eq(drawn[None, :], at[:, None]) if self.drop_hits else None)

    def _shift(self, labels=None):
        return self._sampler.log_probability(pt.arange(self.count) if labels is None else labels)
