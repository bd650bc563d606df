"""Drawing the data: weights, what is missing, and the form in which arrays are passed."""

import symloss

from . import losses, wiring

FORMS = ["list", "list", "list", "list", "tuple", "dict", "dict", "function", "generator function", "iterator",
         "batches", "nested lists", "sparse", "mapping", "masked",
         "float32", "fortran", "objects", "ragged", "by name, and its keys", "integers"]
VALIDATION = ["none", "none", "same", "some", "split", "function"]
MASKS = ('"form": "bi', "backward", "pooled")  # layers that want to know where sequences end
LABELS = ["numbers", "numbers", "words", "ints from 5", "floats", "bools"]


def draw(scene) -> None:
    """Draw what the columns hold beside plain numbers, and how they are passed."""
    _weights(scene)
    _labels(scene)
    _flat(scene)
    _form(scene, scene.chance.even("form of data", FORMS))
    _validation(scene)


def _weights(scene) -> None:
    chance = scene.chance
    if not scene.weighted:
        return
    pairs = [(name, name.replace("target", "weights") if name != "in" else "weights") for name in scene.targets]
    if not pairs:
        pairs = [(None, "weights")]
    found, order = {}, list(scene.columns.items())
    for name, value in order:
        found[name] = value
        for target, weights in pairs:
            if target == name:
                found[weights] = _weights_for(scene, target)
    if pairs[0][0] is None:
        found["weights"] = f"rng.uniform(size={scene.lead})"
    scene.columns = found
    for target, weights in pairs:
        if target not in (None, "in") and chance.so(0.3):
            _nothing_there(scene, target, weights)


def _weights_for(scene, target) -> str:
    chance, whole = scene.chance, f"c[{target!r}].shape"
    spec = None if scene.main in losses.OWN else symloss.losses.get(scene.main)
    if scene.main == "a function that reduces" or spec is not None and spec.per != "element":
        whole = str(scene.lead if scene.main != "ctc" else scene.lead[:1])
    shape = chance.of([whole, whole, f"c[{target!r}].shape[:1]"])
    return chance.of([f"rng.uniform(size={shape})", f"rng.integers(0, 3, size={shape})",
                      f"(rng.uniform(size={shape}) < 0.7) * 1.0", f"np.ones({shape})"])


def _nothing_there(scene, target, weights) -> None:
    """Put values that nobody knows where the weight is 0."""
    chance, c, w = scene.chance, f"c[{target!r}]", f"c[{weights!r}]"
    scene.edits.append(f"{w}.flat[:1] = 0")
    hidden = f"np.broadcast_to({w}.reshape({w}.shape + (1,) * ({c}.ndim - {w}.ndim)), {c}.shape) == 0"
    if scene.targets[target] in wiring.OF_NUMBERS:
        scene.edits.append(f"{c} = np.where({hidden}, {chance.of(['np.nan', 'np.inf', '1e300', '-7.0'])}, {c})")
    elif scene.targets[target] in ("labels", "grade"):
        value = chance.of(["99", "-1", "None", "np.nan"])
        scene.edits.append(f"{c} = np.where({hidden}, {value}, {c}.astype(object))")


def _labels(scene) -> None:
    """Call classes by other names, or leave labels out that the loss ignores."""
    chance = scene.chance
    if scene.targets.get("target") != "labels":
        return
    if any("ignore_index=-1" in loss for loss in scene.losses) and chance.so(0.6):
        scene.edits.append('c["target"].flat[1:2] = -1')
    if scene.family != "Classifier" or any("c['target']" in edit for edit in scene.edits):
        return
    kind, k = chance.even("labels", LABELS), scene.size
    table = {"words": f'np.array(["b", "a", "d", "c"][:{k}])', "ints from 5": f"np.arange(5, 5 + {k})",
             "bools": "np.array([False, True])"}.get(kind)
    if kind == "bools" and k != 2 or any("ignore_index" in loss for loss in scene.losses):
        return
    if kind == "ints from 5":
        scene.arguments["classes"] = f"list(range(5, 5 + {k}))"
    if kind == "words" and chance.so(0.3):
        scene.arguments["classes"] = str(["b", "a", "d", "c"][:k])
    if table and kind == "words":
        scene.edits.append(f'c["target"].flat[:{k}] = range({k})')
    if table:
        scene.edits.append(f'c["target"] = {table}[c["target"]]')
    elif kind == "floats":
        scene.edits.append('c["target"] = c["target"].astype(float)')


def _flat(scene) -> None:
    """Now and then, pass a single column without its axis."""
    flat = scene.targets.get("target") in wiring.OF_NUMBERS and scene.size == 1 and "target" in scene.columns
    if flat and scene.chance.so(0.5):
        scene.edits.append('c["target"] = c["target"][..., 0]')
        if "weights" in scene.columns and scene.chance.so(0.5):
            scene.edits.append('if c["weights"].size == c["target"].size:\n'
                               '    c["weights"] = c["weights"].reshape(c["target"].shape)')


def _form(scene, form) -> None:
    one = len(scene.columns) == 1
    timed = scene.module == "symloss.recurrent"
    whole = "next(iter(c.values()))" if one else "list(c.values())"
    scene.given = whole
    if form == "tuple" and not one:
        scene.given = "tuple(c.values())"
    elif form == "dict":
        scene.given = "dict(c)"
    elif form == "by name, and its keys":
        scene.given = "dict(reversed(c.items()))"
    elif form == "nested lists":
        scene.edits.append("c = {name: a.tolist() for name, a in c.items()}")
    elif form == "float32":
        scene.edits.append("with np.errstate(over='ignore'):\n"
                           "    c = {name: a.astype('float32') if a.dtype.kind == 'f' else a for name, a in c.items()}")
    elif form == "fortran":
        scene.edits.append("c = {name: np.asfortranarray(a) for name, a in c.items()}")
    elif form == "objects":
        scene.edits.append("c = {name: a.astype(object) for name, a in c.items()}")
    elif form == "integers":
        scene.edits.append("c['in'] = (3 * c['in']).astype('int16')" if "in" not in scene.targets else "")
    elif form == "sparse" and scene.inside in ("dense", "deep") and "in" not in scene.targets:
        scene.layers[0] = f'{{"size": {scene.layers[0]}, "sparse": "{scene.chance.of(["csr", "csc"])}"}}'
        scene.edits.append("import scipy.sparse\nc['in'] = scipy.sparse.csr_matrix(c['in'])")
    elif form == "mapping":
        scene.define("""
            def stored(c):
                path = os.path.join(folder, "data.npz")
                np.savez(path, **c)
                return np.load(path)
        """)
        scene.given = "stored(c)" if not any(":" in name for name in scene.columns) else "dict(c)"
    elif form == "masked" and any(sign in str(scene.layers) for sign in MASKS):
        scene.edits.append("c['mask'] = (np.arange(c['in'].shape[1]) < 1 + np.arange(len(c['in']))[:, None] % 3) * 1")
        scene.given = "dict(c)"
    elif form == "ragged" and timed:
        scene.edits.append(RAGGED.replace("TIMED", str(len(scene.lead) > 1)))
    elif form in STREAMS:
        scene.given, scene.options["train_batches"] = STREAMS[form], "2"
        if form == "batches":
            del scene.options["train_batches"]


STREAMS = {
    "function": "lambda: {name: a[:3] for name, a in c.items()}",
    "generator function": "in_threes(c)",
    "iterator": "iter([{name: a[:4] for name, a in c.items()}] * 40)",
    "batches": "[{name: a[:4] for name, a in c.items()}, {name: a[4:] if len(a) > 4 else a for name, a in c.items()}]",
}
IN_THREES = """
def in_threes(c):
    def batches():
        for start in range(0, len(c["in"]), 3):
            yield {name: a[start : start + 3] for name, a in c.items()}
    return batches
"""
RAGGED = """
steps = c["in"].shape[1]
c = {name: [row[: max(1, steps - i % 3)] for i, row in enumerate(a)]
     if name == "in" or a.ndim > 1 and TIMED and a.shape[1] == steps else a for name, a in c.items()}
"""


def _validation(scene) -> None:
    chance = scene.chance
    if "in_threes" in scene.given:
        scene.define(IN_THREES)
    kind = chance.even("validation", VALIDATION)
    streamed = scene.given in STREAMS.values()
    if kind == "same":
        scene.held = "dict(c)"
    elif kind == "some":
        scene.held = "{name: a[:3] for name, a in c.items()}"
    elif kind == "split" and not streamed:
        scene.options["validation_split"] = chance.of(["0.3", "0.5"])
    elif kind == "function":
        scene.held, scene.options["valid_batches"] = "lambda: {name: a[:3] for name, a in c.items()}", "1"
