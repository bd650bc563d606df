"""Two recurrent layers over the same sequences, one in each direction of time."""

import pytensor.tensor as pt

from ..errors import SpecError
from . import hints
from .base import Layer, registry
from .recurrent import Recurrent

SIDES = {"fw": "forward", "bw": "backward"}


def workers() -> list[str]:
    """Return the forms of layers that can run in both directions."""
    return [form for form in registry if issubclass(registry.get(form), Recurrent)]


class Bidirectional(Layer):
    """A layer that runs through time in both directions. Each half of its units is a layer of its own.

    Both halves are aligned: the output at a step belongs to that step, in either direction. The parameters are those of
    the halves, with 'fw_' or 'bw_' before their names. So are the outputs. 'out' and all others also exist with both
    halves concatenated.

    Parameters
    ----------
    worker : str
        Form of the halves: 'rnn', 'lstm', ... You can pass its options, too. ``"bilstm"`` is short for
        ``{"form": "bidirectional", "worker": "lstm"}``.
    """

    forms = ("bidirectional",)
    default_worker = "rnn"
    wants_mask = True

    def __init__(self, *, worker=None, **options):
        self.worker = worker or self.default_worker
        cls = self._worker_class(self.worker)
        own = set(cls.options()) - set(Layer.options()) - {"direction"}
        given = {k: v for k, v in options.items() if k in own}
        draws = {k: v for k, v in options.items() if k not in own and k not in _LAYER}
        super().__init__(**{k: v for k, v in options.items() if k in _LAYER})
        if "direction" in options:
            raise SpecError(f"layer {self.name!r}: direction={options['direction']!r} has no effect, because a "
                            "bidirectional layer reads both ways. Leave it out")
        for option in draws:
            if option in self.options() and option not in Layer.options():
                who = f"option of layer {self.name!r} ({self.worker} both ways):"
                raise hints.unknown(who, option, {*own, *_LAYER})
        probe = cls(name=f"{self.name}_fw", inputs=self.inputs, size=2, **given)
        self.inputs = probe.inputs  # with the layers that initial states come from
        self._given = given | draws

    @property
    def backward_units(self):
        return self.size // 2

    @staticmethod
    def _worker_class(worker) -> type:
        cls = registry.get(worker)
        if not issubclass(cls, Recurrent):
            raise SpecError(f"bidirectional layer: worker={worker!r} is not valid; it must be one of the recurrent "
                            f"forms {', '.join(workers())}")
        return cls

    @classmethod
    def options(cls):
        return sorted({*super().options(), *(o for form in workers() for o in registry.get(form).options())})

    @classmethod
    def chosen_activation(cls, keywords):
        return cls._worker_class(keywords.get("worker") or cls.default_worker).default_activation

    def bind(self, sources, rng):
        size = self.need_size()
        if size % 2:
            raise SpecError(f"layer {self.name!r}: size={size} is odd, but half of the units read each way. Use "
                            f"{size + 1}, for example")
        self.halves = {}
        for side, direction in SIDES.items():
            half = self._worker_class(self.worker)(
                name=f"{self.name}_{side}", inputs=self.inputs[:1], size=size // 2, activation=self.activation,
                direction=direction, **self._of_side(side),
            )
            self.halves[side] = half.bind(sources, rng)
            for short, shared in half.params.items():
                shared.name = f"{self.name}.{side}_{short}"
                self.params[f"{side}_{short}"] = shared
            self.weight_names |= {f"{side}_{short}" for short in half.weight_names}
        self.activate = self.halves["fw"].activate
        return self

    def _of_side(self, side):
        """Return the options of a half; of a list of rates, one a unit, each takes its part."""
        rate = self._given.get("rate")
        if not isinstance(rate, list | tuple):
            return self._given
        middle = len(rate) // 2
        return self._given | {"rate": rate[:middle] if side == "fw" else rate[middle:]}

    def connect(self, values):
        made = {}
        for side, half in self.halves.items():
            half.mask = self.mask
            made[side] = half.connect(values)
        joined = {k: pt.concatenate([v, made["bw"][k]], axis=-1) for k, v in made["fw"].items() if k != "out"}
        single = {f"{side}_{k}": v for side in SIDES for k, v in made[side].items()}
        return joined | single | {"out": pt.concatenate([made["fw"]["out"], made["bw"]["out"]], axis=-1)}

    def to_spec(self):
        spec = self.halves["fw"].to_spec()
        del spec["direction"]
        if isinstance(spec.get("rate"), list):
            spec["rate"] = [*spec["rate"], *self.halves["bw"].rate]
        return spec | super().to_spec() | {"worker": self.worker, "inputs": spec["inputs"]}


_LAYER = ("name", "inputs", "size", "shape", "activation")


class BiRNN(Bidirectional):
    """A bidirectional rnn."""

    forms = ("birnn",)


class BiLSTM(Bidirectional):
    """A bidirectional lstm."""

    forms = ("bilstm",)
    default_worker = "lstm"


class BiGRU(Bidirectional):
    """A bidirectional gru."""

    forms = ("bigru",)
    default_worker = "gru"
