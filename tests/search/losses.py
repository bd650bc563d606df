"""Drawing the losses of a model, and with them its last layers and its targets."""

import contextlib
import re

import symloss

from . import wiring

OWN = ["a function", "a function that reduces", "a registered function", "a class", "a class with weights"]
EVERY = [*wiring.names(), *OWN, *OWN]
SYSTEMS = ["keras", "torch", "optax", "sklearn", "numpy_ml", "wolfram", "lasagne", "theanets"]
WEIGHTS = ["0.5", "2", "0.0", "1e-3", "symloss.schedules.linear(0.0, 1.0, steps=4)", "'uncertainty'",
           "symloss.schedules.per_epoch(symloss.schedules.cosine(1.0, steps=3))", "lambda step: 1 / (1 + step)",
           "symloss.schedules.cyclic(0.1, 1.0, period=3)", "symloss.schedules.warm_up(2, 0.5)",
           "symloss.losses.Uncertainty(start=2.0)", "-0.25"]
LIST = [  # what may be done to the list of losses; `of` is a name
    "net.losses.reverse()", "net.losses[:] = net.losses[::-1]", "net.losses.append(symloss.Loss({of!r}, weight=0.5))",
    "net.losses.insert(0, symloss.Loss({of!r}))", "net.losses[0] = symloss.Loss({of!r})",
    "net.losses[0].weight = 0.25",
    "net.set_loss([{of!r}, {{'form': {of!r}, 'weight': 0.5}}])", "net.losses += model_of_others().losses",
    "net.losses.extend(net.losses[:0])", "net.losses.append(net.losses.pop(0))",
    "net.losses.append(0.5 * net.losses[0])",
    "net.losses = [net.losses[0]]", "net.losses.sort(key=lambda loss: loss.name)",
    "net.losses = tuple(net.losses)",
]
BALANCED = ["'gradnorm'", "symloss.losses.GradNorm(alpha=0.5)"]


def draw(scene) -> None:
    """Draw what is trained: the kind of network is drawn before, see `models`."""
    chance = scene.chance
    name = chance.even("loss", EVERY)
    if name in wiring.OF_ITEMS and len(scene.lead) > 1:
        scene.inside, scene.module, scene.lead = "dense", "symloss", scene.lead[:1]
    if name == "ctc":
        scene.inside, scene.module, scene.lead = "rnn", "symloss.recurrent", (scene.lead[0], 5)
    kind = "real" if name in OWN else wiring.target_of(name)
    scene.size = _width(chance, name, kind)
    if kind == "labels" and name not in wiring.TABLES and chance.so(0.9):
        scene.family = "Classifier"
    arguments = [_own(scene, name)] if name in OWN else [repr(chance.of(_spellings(name)))]
    scene.losses.append(", ".join(arguments + _options(chance, name)))
    scene.main = name
    if kind is not None:
        source = wiring.CLASSES if name in wiring.TABLES else scene.size
        scene.columns["target"] = _made("labels" if kind == "one class" else kind, scene.lead,
                                        3 if kind == "one class" else source)
        scene.targets["target"] = kind
    _second(scene, name, kind)


def _width(chance, name, kind) -> int:
    if kind in ("one number", "grade"):
        return 3 if name == "multi_quantile" else 2
    if name == "cox" or kind == "one class":
        return 1
    if kind == "label sequences":
        return chance.whole(3, 4)
    if kind in ("labels", "shares", "logs"):
        return chance.whole(2, 4) if name not in wiring.TABLES else 2
    return max(chance.whole(1, 3), wiring.LEAST.get(name, 1))


def _made(kind, lead, k) -> str:
    return wiring.KINDS[kind].format(s=(*lead, k), lead=lead, k=k, n=lead[0])


def _spellings(name) -> list:
    return [name, name, *symloss.losses.registry.aliases(name)]


def _options(chance, name) -> list[str]:
    """Return arguments of `add_loss` behind the loss itself."""
    found = []
    for option, values in wiring.OPTIONS.get(name, {}).items():
        if chance.so(0.35):
            value = chance.of(values)
            if isinstance(value, float) and option not in ("alpha", "smoothing", "power") and chance.so(0.3):
                value = f"symloss.schedules.linear({value}, {2 * value}, steps=4)"
            found.append(f"{option}={value}")
    if chance.so(0.15) and name not in OWN[3:]:
        found.append(f"how={chance.of(['mean', 'sum', 'count', 'batch mean'])!r}")
    if name in wiring.FROM_INPUT:
        found.append("ports={'at': 'in'}")
    elif name not in OWN and chance.so(0.08):
        found = [f"like={system!r}" for system in chance.some(_systems(name), 1)]
    if name == "cumulative_logit" and not any(one.startswith("thresholds") for one in found):
        found.append("thresholds=(-1.0, 0.3)")
    return [*found, f"weight={chance.of(WEIGHTS)}"] if chance.so(0.35) else found


def _systems(name) -> list[str]:
    """Return the systems that have a loss."""
    found = []
    for system in SYSTEMS:
        with contextlib.suppress(symloss.SymlossError):
            symloss.Loss(name, like=system)
            found.append(system)
    return found


def _own(scene, name) -> str:
    """Define a loss of the user's, and return what `add_loss` is given."""
    if name == "a function":
        scene.define("""
            def mine(prediction, target):
                return pt.log1p(pt.sqr(prediction - target))
        """)
        return "mine"
    if name == "a function that reduces":
        scene.define("""
            def mine(prediction, target):
                return pt.sqr(prediction - target).mean(axis=-1)
        """)
        return "mine"
    if name == "a registered function":
        scene.define("""
            @symloss.loss("steep")
            def steep(prediction, target, *, factor=3.0):
                \"\"\"A loss of the user's, per element.\"\"\"
                return pt.abs(prediction - target) * factor
        """)
        return scene.chance.of(["'steep'", "'steep', factor=0.5"])
    if name == "a class":
        scene.define("""
            class Powered(symloss.Loss):
                def __init__(self, power=2.0, **keywords):
                    super().__init__(**keywords)
                    self.power = power

                def __call__(self, outputs):
                    return (abs(outputs[self.output_name] - self._target) ** self.power).mean()
        """)
        return scene.chance.of(["Powered", "'powered'", "'powered', power=3.0", "Powered(power=1.5)"])
    scene.define("""
        class Justly(symloss.Loss):
            def __call__(self, outputs):
                values = abs(outputs[self.output_name] - self._target)
                if self._weights is not None:
                    return (self._weights * values).sum() / pt.maximum(self._weights.sum(), 1e-6)
                return values.mean()
    """)
    return "Justly"


def _second(scene, name, kind) -> None:
    """Now and then, draw more losses: of the same output, or of a hidden layer, with targets of its own."""
    chance = scene.chance
    mates = wiring.mates(name) if name not in OWN else ["mae", "huber", *OWN]
    while mates and chance.so(0.3) and len(scene.losses) < 4:
        other = chance.of(mates)
        text = _own(scene, other) if other in OWN else repr(other)
        scene.losses.append(", ".join([text, *_options(chance, other)]))
    if len(scene.losses) > 1 and chance.so(0.2):
        rule = chance.of(BALANCED)
        scene.losses[:] = [f"{re.sub(', weight=.*', '', loss)}, weight={rule}" for loss in scene.losses]
    if chance.so(0.25) and name not in OWN and name not in wiring.PORTS and name not in wiring.FROM_INPUT:
        _on_the_list(scene, name)
    scene.hidden_loss = chance.so(0.1) and scene.inside in ("dense", "rnn", "sequence")


def _on_the_list(scene, name) -> None:
    """Do something to the list of losses."""
    text = scene.chance.even("list of losses", LIST)
    if "model_of_others" in text:
        scene.define(f"""
            def model_of_others():
                return symloss.Regressor([3, 2], loss=[{name!r}])
        """ if wiring.target_of(name) == "real" else """
            def model_of_others():
                return symloss.Regressor([3, 2])
        """)
    scene.after.append(text.format(of=name))


def hidden(scene, width: int) -> None:
    """Add a loss of the hidden layer called 'body', with targets of its own."""
    scene.losses.append(f"'mse', output_name='body', weight={scene.chance.of(['0.5', '2'])}")
    scene.columns["body:target"] = _made("real", scene.lead, width)
    scene.targets["body:target"] = "real"
