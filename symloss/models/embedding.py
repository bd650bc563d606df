"""PairEmbedding and TripletEmbedding: one network for all elements, so that distances between them mean something."""

import dataclasses
import typing

from ..data import is_mapping
from ..errors import DataError, SpecError
from ..explain import Text
from ..layers.graph import Graph, graph_of, is_network
from ..losses import Loss, LossSpec, registry
from ..losses.loss_inputs import prediction_names
from ..training.options import named
from .network import Network

SAME = "same"  # a pair that belongs together
FAR = "far"  # a pair that does not
TRUE = {"contrastive": FAR, "squared_contrastive": SAME, "hinge_embedding": SAME, "cosine_embedding": SAME}
WORDS = {SAME: "same, a pair that belongs together", FAR: "far, a pair that does not belong together"}
OF_TRIPLETS = {"euclidean": {}, "squared euclidean": {"squared": True}, "manhattan": {"distance": "manhattan"},
               "cosine": {"distance": "cosine"}}  # the options of the loss `triplet` for each metric


class Embedded:
    """The base of networks that embed several elements with one shared network, called 'embedding'."""

    elements: tuple[str, ...] = ()  # the inputs, one for each element
    compared: typing.ClassVar[dict] = {}  # names of distances, and the two embeddings of each

    def _begin(self, layers, distance, loss, margin, weighted, seed, mode):
        graph = self._joined(layers, distance, seed)
        Network.__init__(self, None, None, weighted, seed, mode, graph=graph)
        self._described = layers if isinstance(layers, dict) or is_network(layers) else list(layers)
        if margin is not None and (loss is None or isinstance(loss, dict) and "margin" in loss):
            raise SpecError(f"{type(self).__name__}: got margin={margin!r} with loss={loss!r}. Pass a loss, and its "
                            "margin only once")
        if loss is not None:
            self.add_loss(loss, **({} if margin is None else {"margin": margin}))

    @classmethod
    def embeddings(cls) -> list[str]:
        """Return the names of the layers that hold the embeddings of the elements, in order."""
        return ["embedding", *(f"{name}_embedding" for name in cls.elements[1:])]

    def _joined(self, layers, distance, seed) -> Graph:
        """Return the graph of all elements, with one embedding for them and the distances between what it makes."""
        who, names = type(self).__name__, [*self.elements, *self.embeddings(), *self.compared]
        if isinstance(layers, list | tuple) and [la.get("name") for la in layers if isinstance(la, dict)] == names:
            made = Graph(layers, seed=seed)  # as a file has it
        else:
            made = Graph(self._described_with(layers, distance, seed), seed=seed)
        metrics = {made[name].metric for name in self.compared}
        if len(made["embedding"].shape) != 1:
            raise SpecError(f"{who}: the embedding of an item has shape {made['embedding'].shape}, but it must be a "
                            f"vector. End the network in a layer of units, or in 'flatten'")
        if made.mask is not None:
            raise SpecError(f"{who}: the embedding network reads sequences with their lengths, but all elements would "
                            "share one length. Pass sequences of equal length, and end the network in 'flatten'")
        if distance != "euclidean" and metrics != {distance}:
            raise SpecError(f"{who}: got distance={distance!r}, but the layers already have {', '.join(metrics)}. "
                            "Write it in one place only")
        return made

    def _described_with(self, layers, distance, seed) -> list[dict]:
        """Return the layers of the whole, made from those of the embedding."""
        who = type(self).__name__
        inner = graph_of(layers) if is_network(layers) else Graph(layers, "linear", 2, seed)
        if len(inner.inputs) != 1 or len(inner.output_layers()) != 1:
            raise SpecError(f"{who}: the network needs one input and one output, but has "
                            f"{len(inner.inputs)} and {len(inner.output_layers())}. Take a part of it, such as "
                            f"net.part('in', 'hid1')")
        enter = inner.inputs[0].to_spec()
        first, *others = self.elements
        twins = [{"name": f"{name}_embedding", "form": "shared", "of": "embedding", "inputs": name} for name in others]
        return [*({**enter, "name": name} for name in self.elements),
                {"name": "embedding", "form": "network", "network": inner, "inputs": first}, *twins,
                *({"name": name, "form": "distance", "metric": distance, "inputs": list(pair)}
                  for name, pair in self.compared.items())]

    @property
    def metric(self) -> str:
        """The distance: 'euclidean', 'squared euclidean', 'manhattan' or 'cosine'."""
        return self.graph[next(iter(self.compared))].metric

    # ------------------------------------------------------------------------------------------ losses

    def add_loss(self, loss="auto", **options):
        """Add a loss and return it; see `Network.add_loss`.

        A loss of two or three embeddings, such as 'cosine_embedding' or 'triplet', takes the embeddings of the
        elements in their order, unless you pass ``ports``.

        Raises
        ------
        SpecError
            If two losses interpret the same target in opposite ways.
        """
        before = list(self.losses)
        made = super().add_loss(self._wired(loss, options), **options)
        try:
            self._meaning()
        except SpecError:
            self.losses[:] = before
            raise
        return made

    def _wired(self, loss, options):
        """Return a loss as it was asked for, with the embeddings as its ports where it takes several predictions."""
        if isinstance(loss, list | tuple):
            return [self._wired(one, options) for one in loss]
        if isinstance(loss, dict) and "form" not in loss:
            return {port: self._wired(one, options) for port, one in loss.items()}
        if isinstance(loss, str) and loss == "auto":
            return self._automatic(options)
        asked = loss if isinstance(loss, dict) else {"form": loss}
        form = asked["form"]
        spec = form.spec if isinstance(form, Loss) else None
        if isinstance(form, str) and form in registry and f"{form}:out" not in self.graph.outputs()[0]:
            spec = registry.get(form)
        several = isinstance(spec, LossSpec) and len(spec.predictions) == len(self.embeddings())
        if not several or asked.get("ports") or options.get("ports") or getattr(form, "ports", None):
            return loss
        ports = dict(zip(spec.predictions, self.embeddings(), strict=True))
        if isinstance(form, Loss):
            form.ports = ports
            return loss
        return {**asked, "ports": ports}

    def _meaning(self) -> str | None:
        """Return the meaning of a target of 1 for the losses: 'same', 'far', or None if it is unknown."""
        found = {TRUE[loss.name]: loss for loss in self.losses if loss.name in TRUE}
        if len(found) > 1:
            one, other = (f"{loss.label} (1 is {meaning})" for meaning, loss in found.items())
            raise SpecError(f"{type(self).__name__}: {one} and {other} read targets in opposite ways. Use one of "
                            "them, or train two models that share the embedding")
        return next(iter(found), None)

    def _options(self):
        found = {} if self.metric == "euclidean" else {"distance": self.metric}
        found |= super()._options()
        asked = found.pop("loss", "auto")
        several = isinstance(asked, list)
        plain = [self._without_ports(one) for one in (asked if several else [asked])]
        if several or plain[0] not in ("auto", self._usual()):
            found["loss"] = plain if several else plain[0]
        return found

    def _without_ports(self, asked):
        """Return the description of a loss without the ports that it has anyway, and by its name if nothing is left."""
        if not isinstance(asked, dict) or list(asked.get("ports", {}).values()) != self.embeddings():
            return asked
        plain = {key: value for key, value in asked.items() if key != "ports"}
        return plain["form"] if list(plain) == ["form"] else plain

    # ------------------------------------------------------------------------------------------ data

    def itertrain(self, train, valid=None, algo="rmsprop", *, verbose=0, **options):
        """Train as `train` does, and yield the record of each epoch as soon as it is complete."""
        meaning = self._meaning()
        for who, data in (("train", train), ("valid", valid)):
            opposite = {SAME: FAR, FAR: SAME}.get(meaning)
            if opposite is not None and is_mapping(data) and opposite in list(data.keys()):
                other = "hadsell" if meaning == FAR else "contrastive"
                raise DataError(f"{who}: the target is named {opposite!r}, but for the loss {self._reads()} a target "
                                f"of 1 (True) means {WORDS[meaning]}. Pass {{{meaning!r}: ~{opposite}}}, or "
                                f"set_loss({other!r})")
        return super().itertrain(train, valid, algo, verbose=verbose, **options)

    def _reads(self) -> str:
        return next(loss.label for loss in self.losses if loss.name in TRUE)

    def _fields(self, also=()):
        found = super()._fields(also)  # which gives targets their names
        targets = {loss._target.name: TRUE[loss.name] for loss in self.losses if loss.name in TRUE}
        return [dataclasses.replace(f, also=(*f.also, targets[f.name]), domain=f.domain or "unit")
                if f.name in targets else f for f in found]

    # ------------------------------------------------------------------------------------------ what it computes

    @named
    def embed(self, x):
        """Return the embedding of each item of `x`, an array (n, size).

        ``net["embedding"]`` is the network that computes it, with the same parameters.
        """
        return self._evaluate(["embedding:out"], x)[0]

    @named
    def predict(self, x):
        """Return the distance of each pair, an array (n,); for several distances, a dict of such arrays by name.

        Parameters
        ----------
        x : list of arrays, or dict
            The elements, in the order of the inputs or by their names.
        """
        found = super().predict(x)
        return {name: d[:, 0] for name, d in found.items()} if isinstance(found, dict) else found[:, 0]

    def explain(self) -> Text:
        """Return a text that explains what was chosen and why, and what a target of 1 means."""
        lines, outputs = super().explain().splitlines(), self.graph.outputs()[0]
        fed = {name for loss in self.losses for name in prediction_names(loss, outputs)}
        if fed & {f"{name}:out" for name in self.embeddings()}:  # such a loss moves the distances, too
            lines = [line for line in lines if not line.startswith("has no loss for")]
        lines += [f"to {loss.label}, a target of 1 (True) means {WORDS[TRUE[loss.name]]}" for loss in self.losses
                  if loss.name in TRUE]
        return Text("\n".join(lines))


class PairEmbedding(Embedded, Network):
    r"""A network that embeds both elements of a pair and computes the distance between the embeddings.

    .. math:: d = \| f(x_{\text{left}}) - f(x_{\text{right}}) \|

    Parameters
    ----------
    layers : list, dict, Graph or Network
        The embedding network f, with one input and one output, which is a vector for each item: ``[784, 64, 2]``. Its
        last layer is linear by default. If you pass a network, its parameters are shared.
    distance : 'euclidean', 'squared euclidean', 'manhattan' or 'cosine'
        The cosine distance is 1 minus the cosine of the angle. Where a distance is not differentiable, its gradient is
        taken as 0: between equal vectors, and at a zero vector.
    loss : str, Loss, dict, list of these, or None
        'auto' is 'contrastive' in Wolfram's convention: a target of 1 (True) means that the pair should be *far*
        apart. 'hadsell' (`squared_contrastive`) is the loss of Hadsell, Chopra & LeCun, with the target that most
        libraries use: 1 (True) means that the pair belongs together. The paper's Y is the opposite, 1 - target.
        'cosine_embedding' takes both embeddings, and targets of 1 and -1.
    margin : float or None
        Distance from which a pair is far enough apart. None: the default of the loss, 0.5 for 'contrastive' and 1 for
        'hadsell'.
    weighted, seed, mode
        See `Network`.

    Raises
    ------
    SpecError
        If the network has several inputs or outputs, if an embedding is not a vector, or if two losses interpret the
        target in opposite ways.

    Notes
    -----
    The data are (left, right, target). In a dict, you may name the target after the meaning of 1, 'far' or 'same'. A
    name that contradicts the loss is rejected. `explain` tells you which one is right.

    References
    ----------
    Wolfram Language, NetPairEmbeddingOperator (2019),
    https://reference.wolfram.com/language/ref/NetPairEmbeddingOperator.html; Hadsell, Chopra & LeCun (2006),
    "Dimensionality Reduction by Learning an Invariant Mapping", CVPR.

    >>> net = symloss.PairEmbedding([4, 8, 2])
    >>> net.embed(np.ones((3, 4))).shape, net.predict([np.ones((3, 4)), np.ones((3, 4))]).tolist()
    ((3, 2), [0.0, 0.0, 0.0])
    """

    elements = ("left", "right")
    compared = {"distance": ("embedding", "right_embedding")}

    @named
    def __init__(self, layers, distance="euclidean", loss="auto", margin=None, weighted=False, seed=0, mode=None):
        self._begin(layers, distance, loss, margin, weighted, seed, mode)

    def _usual(self):
        return "contrastive"

    def _automatic(self, options):
        return {"form": "contrastive"} if "margin" in options else "auto"


class TripletEmbedding(Embedded, Network):
    r"""A network that embeds an anchor, a positive and a negative item, and keeps the positive one closer by a margin.

    .. math:: \ell = \max(0, d(f(a), f(p)) - d(f(a), f(n)) + m)

    Parameters
    ----------
    layers : list, dict, Graph or Network
        The embedding network f; see `PairEmbedding`.
    distance : 'euclidean', 'squared euclidean', 'manhattan' or 'cosine'
        The distance d. FaceNet uses the squared Euclidean distance.
    loss : str, Loss, dict, list of these, or None
        'auto' is the loss `triplet` of the three embeddings, with this distance. Pass a dict to set its other options:
        ``{"form": "triplet", "swap": True}``.
    margin : float or None
        How much further away the negative item should be, in the unit of the distances. None: the default of the loss,
        1.
    weighted, seed, mode
        See `Network`. There is one weight for each triplet.

    Raises
    ------
    SpecError
        As `PairEmbedding` does.

    Notes
    -----
    The data are (anchor, positive, negative), in this order or as a dict with these names. There is no target.

    References
    ----------
    Schroff, Kalenichenko & Philbin (2015), "FaceNet: A Unified Embedding for Face Recognition and Clustering", CVPR.

    >>> net = symloss.TripletEmbedding([4, 8, 2])
    >>> x = np.ones((3, 4))
    >>> net.predict([x, x, x])["positive_distance"].tolist()
    [0.0, 0.0, 0.0]
    """

    elements = ("anchor", "positive", "negative")
    compared = {
        "positive_distance": ("embedding", "positive_embedding"),
        "negative_distance": ("embedding", "negative_embedding"),
    }

    @named
    def __init__(self, layers, distance="euclidean", loss="auto", margin=None, weighted=False, seed=0, mode=None):
        self._begin(layers, distance, loss, margin, weighted, seed, mode)

    def _usual(self):
        options = OF_TRIPLETS[self.metric]
        return {"form": "triplet", **options} if options else "triplet"

    def _automatic(self, options):
        return self._wired(self._usual(), options)
