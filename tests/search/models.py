"""Drawing a network: its class, and its layers."""

from . import losses, wiring

INSIDE = ["dense", "dense", "dense", "dense", "deep", "merge", "sequence", "rnn", "over time", "images", "series",
          "dense"]
ACTIVATIONS = ["tanh", "relu", "sigmoid", "softplus", "linear", "prelu", "maxout:2", "norm:z", "norm:mean", "norm:max",
               "norm:std", "norm:z+relu", "rect:min", "rect:minmax", "lgrelu", "elu", "silu", "gelu", "selu", "exp",
               "softsign", "softmax", "swish", "hard_sigmoid01"]
FORMS = ["rnn", "lstm", "gru", "birnn", "rrnn", "mrnn", "mut1", "scrn", "bilstm", "bigru", "clockwork", "bcrnn"]


def begin(scene) -> None:
    """Draw the kind of network and how many items there are."""
    chance = scene.chance
    scene.inside = chance.even("inside", INSIDE)
    items = chance.whole(4, 9)
    timed = scene.inside in ("sequence", "rnn")
    scene.lead = (items, chance.whole(3, 4)) if timed else (items,)
    scene.module = {"sequence": "symloss.recurrent", "rnn": "symloss.recurrent", "over time": "symloss.recurrent",
                    "images": "symloss.convolution", "series": "symloss.convolution"}.get(scene.inside, "symloss")
    if chance.so(0.25):
        scene.arguments["weighted"] = "True"
    if chance.so(0.5):
        scene.arguments["seed"] = str(chance.whole(1, 99))


def draw(scene) -> None:
    """Draw the layers, once it is known what the outputs must be, and the columns of the inputs."""
    if _is_autoencoder(scene):
        return
    layers, columns = _hidden(scene)
    scene.layers = [*layers, *_outputs(scene, scene.main)]
    scene.columns = columns | scene.columns
    if scene.hidden_loss:
        losses.hidden(scene, 3)


def _is_autoencoder(scene) -> bool:
    """Draw an autoencoder, where the loss can compare an output with the input."""
    chance, kind = scene.chance, scene.targets.get("target")
    many = scene.main in wiring.PORTS or scene.main in wiring.FROM_INPUT or scene.main in wiring.TABLES
    fits = kind in wiring.OF_NUMBERS[:-1] and not many
    if not fits or scene.inside not in ("dense", "deep", "sequence", "rnn") or scene.family != "Regressor":
        return False
    if not chance.so(0.35):
        return False
    scene.family, scene.hidden_loss, size = "Autoencoder", False, scene.size
    middle = f'{{"name": "body", "size": 3, "activation": {chance.of(ACTIVATIONS[:4])!r}}}'
    if scene.inside == "rnn":
        middle = '{"form": "rnn", "name": "body", "size": 3}'
    activation = _activation(scene, scene.main)
    last = f'({size}, {activation})'
    if scene.inside != "rnn" and chance.so(0.4):
        last = f'{{"form": "tied", "partner": "body", "activation": {activation}}}'
    scene.layers = [str(size), middle, last]
    scene.columns["in"] = scene.columns.pop("target")
    scene.targets["in"] = scene.targets.pop("target")
    return True


def _activation(scene, name) -> str:
    activation = "'linear'" if name in losses.OWN else wiring.activation_of(name)
    if activation == "logs":
        scene.define("""
            def logs(x):
                return pt.special.log_softmax(x, axis=-1)
        """)
    return activation


def _outputs(scene, name) -> list[str]:
    """Return the last layers: one for each port of the loss."""
    if name in wiring.PORTS:
        return [f'{{"name": "{port}", "size": {width or scene.size}, "activation": {activation}, "inputs": "body"}}'
                for port, width, activation in wiring.PORTS[name]]
    tables = wiring.TABLES.get(name, [])
    if tables:
        scene.define(TABLE)
    side = [f'{{"form": "table", "name": "{port}", "inputs": "body", "rows": {wiring.CLASSES}, "size": {scene.size}, '
            f'"what": "{port}"}}' for port in tables]
    activation = _activation(scene, name)
    plain = f"({scene.size}, {activation})" if not tables else \
        f'{{"size": {scene.size}, "activation": {activation}, "inputs": "body"}}'
    usual = {"Classifier": "'softmax'", "Regressor": "'linear'"}[scene.family]
    return [*side, str(scene.size) if activation == usual and not tables and scene.chance.so(0.5) else plain]


TABLE = """
class Table(symloss.Layer):
    def __init__(self, *, rows=4, what="matrix", **keywords):
        super().__init__(**keywords)
        self.rows, self.what = rows, what

    def setup(self, sources):
        if self.what in ("matrix", "centers"):
            self.add_weights("w", (self.rows, self.size))
        if self.what == "bias":
            self.add_bias("b", (self.rows,))

    def connect(self, values):
        made = {"samples": pt.constant(np.array([0, 2], "int32")),
                "log_noise": pt.constant(np.full(self.rows, -np.log(self.rows)))}
        return {"out": made[self.what] if self.what in made else next(iter(self.params.values()))}
"""


# ------------------------------------------------------------------------------------------------- hidden layers


def _hidden(scene) -> tuple[list[str], dict]:
    """Return the input and the hidden layers, the last of them called 'body', and the columns of the inputs."""
    chance, width = scene.chance, scene.chance.whole(1, 4)
    lead = scene.lead if scene.inside != "over time" else (scene.lead[0], chance.whole(2, 4))
    plain = {"in": f"rng.normal(size={(*lead, width)})"}
    if scene.inside == "merge":
        return _merged(scene, width), plain | {"in2": f"rng.normal(size={(*lead, 2)})"}
    if scene.inside in ("images", "series"):
        return _convolved(scene)
    if scene.inside == "rnn":
        return [str(width), _loop(scene)], plain
    if scene.inside == "over time":
        first = [_loop(scene, "before")] if chance.so(0.5) else []
        form = chance.of(["last", "mean", "max"])
        return [str(width), *first, f'{{"form": "{form}", "name": "pooled"}}', _dense(scene)], plain
    deep = [str(chance.whole(1, 4)) for _ in range(chance.whole(1, 3))] if scene.inside == "deep" else []
    return [str(width), *deep, _dense(scene)], plain


def _dense(scene) -> str:
    activation = repr(scene.chance.even("activation", ACTIVATIONS))
    if scene.chance.so(0.05):
        activation = scene.chance.of(["pt.tanh", "lambda x: pt.maximum(x, 0.1 * x)"])
    extra = scene.chance.of(["", "", "", ', "std": 0.5', ', "init": "orthogonal"', ', "sparsity": 0.5',
                             ', "mean_b": 0.1'])
    return f'{{"name": "body", "size": 3, "activation": {activation}{extra}}}'


def _loop(scene, name="body") -> str:
    chance, form = scene.chance, scene.chance.even("form", FORMS)
    size = 4 if form.startswith("bi") and name != "body" else 3
    if form.startswith("bi") or form in ("clockwork", "bcrnn"):
        size = 4
    if name == "body" and size != 3:
        scene.hidden_loss = False
    extra = {"clockwork": ', "periods": (1, 2)', "bcrnn": ', "num_modules": 2'}.get(form, "")
    if form in ("rnn", "lstm", "gru", "rrnn") and chance.so(0.3):
        extra += chance.of([', "direction": "backward"', ', "bptt_limit": 2', ', "radius": 0.9'])
    return f'{{"form": "{form}", "name": "{name}", "size": {size}{extra}}}'


def _merged(scene, width) -> list[str]:
    scene.hidden_loss = False
    form = scene.chance.of(["product", "concatenate"])
    return [str(width), '{"form": "input", "name": "in2", "size": 2}',
            '{"name": "left", "size": 3, "inputs": "in", "activation": "tanh"}',
            '{"name": "right", "size": 3, "inputs": "in2", "activation": "sigmoid"}',
            f'{{"form": "{form}", "name": "both", "inputs": ["left", "right"]}}', _dense(scene)]


def _convolved(scene) -> tuple[list[str], dict]:
    chance = scene.chance
    scene.hidden_loss = False
    if scene.inside == "images":
        item, form, pool = (chance.whole(4, 6), chance.whole(4, 6), chance.whole(1, 2)), "conv2", "pool2"
    else:
        item, form, pool = (chance.whole(5, 8), chance.whole(1, 2)), "conv1", "pool1"
    extra = chance.of(["", "", ', "stride": 2', ', "border_mode": "same"', ', "border_mode": "full"'])
    layers = [str(item), f'{{"form": "{form}", "size": 2, "filter_size": 2{extra}}}']
    layers += [f'"{pool}"'] if chance.so(0.4) else []
    return [*layers, '"flatten"', _dense(scene)], {"in": f"rng.normal(size={(scene.lead[0], *item)})"}
