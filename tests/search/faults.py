"""What a person may get wrong: done to a program that is right, it must end in an error of the library's own."""

FAULTS = {  # name -> (statements on the columns `c`, options of train, whether it is refused in any case)
    "no items": (["c = {name: a[:0] for name, a in c.items()}"], {}, True),
    "a wide input": (["c['in'] = np.concatenate([c['in'], c['in']], axis=-1)"], {}, True),
    "a wide target": (["c['target'] = np.concatenate([c['target'], c['target']], axis=-1)"], {}, False),
    "fewer targets": (["c['target'] = c['target'][:-1]"], {}, True),
    "another axis": (["c['in'] = c['in'][..., None]"], {}, False),
    "an axis less": (["c['in'] = c['in'][..., 0]"], {}, False),
    "an input that is missing": (["c['in'] = c['in'].astype(float)", "c['in'].flat[0] = np.nan"], {}, False),
    "a target that is missing": (["c['target'] = c['target'].astype(object)", "c['target'].flat[0] = None"], {}, False),
    "a label out of range": (["c['target'] = c['target'].copy()", "c['target'].flat[0] = 99"], {}, False),
    "a label with a fraction": (["c['target'] = c['target'] + 0.5"], {}, False),
    "words for numbers": (["c['in'] = c['in'].astype(str)", "c['in'].flat[0] = 'x'"], {}, True),
    "words for targets": (["c['target'] = c['target'].astype(str)", "c['target'].flat[0] = 'x'"], {}, False),
    "huge inputs": (["c['in'] = c['in'] * 1e200"], {}, False),
    "huge targets": (["c['target'] = c['target'] * 1e300"], {}, False),
    "complex inputs": (["c['in'] = c['in'] + 1j"], {}, True),
    "dates": (["c['in'] = np.zeros(c['in'].shape, 'datetime64[s]')"], {}, False),
    "no array": (["c['in'] = None"], {}, True),
    "a name that is none": (["c['in '] = c.pop('in')"], {}, False),
    "an array too many": (["c['more'] = c['in']"], {}, True),
    "weights below 0": (["c['weights'] = -1.0 - c['weights']"], {}, False),
    "weights of nothing": (["c['weights'] = 0 * c['weights']"], {}, False),
    "weights that are missing": (["c['weights'] = c['weights'] * np.nan"], {}, False),
    "a misspelt option": ([], {"lerning_rate": "0.1"}, True),
    "an option of another library": ([], {"nb_epochs": "3"}, True),
    "no batch": ([], {"batch_size": "-1"}, True),
    "a rate below 0": ([], {"algo": "'sgd'", "learning_rate": "-0.1"}, True),
    "a rate that is no number": ([], {"learning_rate": "'fast'"}, True),
    "a probability of 1": ([], {"hidden_dropout": "1.0"}, False),
    "patience that is none": ([], {"patience": "'long'"}, True),
    "an unknown metric": ([], {"metrics": "['acuracy']"}, True),
    "a metric that is none": ([], {"metrics": "[3]"}, True),
    "a metric of other targets": ([], {"metrics": "['roc_auc', 'r_squared', 'acc', 'concordance']"}, False),
    "a metric that fails": ([], {"metrics": "[lambda p, t: p.no_such_thing()]"}, False),
    "a pattern of nothing": ([], {"freeze": "'nowhere*'"}, True),
    "everything frozen": ([], {"freeze": "'*'"}, True),
    "monitors of nothing": ([], {"monitors": "{'nowhere': 0.1}"}, True),
    "a best that is none": ([], {"best": "'valid_nothing'"}, False),
    "a callback that is none": ([], {"callbacks": "[3]"}, True),
    "classes that weigh too little": ([], {"class_weight": "{0: -1}"}, True),
    "a split of everything": ([], {"validation_split": "0.999"}, False),
    "an unknown rule": ([], {"algo": "'adamm'"}, True),
    "a rule that is none": ([], {"algo": "3"}, True),
    "a folder that is not there": ([], {"save_progress": "os.path.join(folder, 'no', 'such', 'place')"}, True),
    "resuming nothing": ([], {"resume": "True"}, True),
    "a rate of another library": ([], {"lr": "0.1"}, True),
    "a rule of another library": ([], {"optimizer": "'adam'"}, True),
    "an item more": (["c['in'] = np.concatenate([c['in'], c['in'][:1]])"], {}, True),
    "one item": (["c = {name: a[:1] for name, a in c.items()}"], {}, False),
    "the first item alone": (["c['in'] = c['in'][0]"], {}, False),
    "a number for an array": (["c['target'] = 3"], {}, False),
    "a set for an array": (["c['target'] = set(range(len(c['in'])))"], {}, True),
    "arrays of objects": (["c['in'] = np.array([object()] * len(c['in']))"], {}, True),
    "validation of another width": (["c['in'] = c['in'] * 1.0"], {}, False),
    "noise below 0": ([], {"input_noise": "-0.1"}, True), "a penalty of NaN": ([], {"weight_l2": "np.nan"}, True),
    "huge accumulation": ([], {"accumulate": "10**25"}, True), "no epochs": ([], {"validate_every": "0"}, True),
    "a huge seed": ([], {"seed": "10**30"}, False), "a seed below 0": ([], {"seed": "-1"}, True),
    "a penalty of nothing": ([], {"weight_l2": "{'nowhere*': 0.1}"}, True),
    "a contractive of nothing": (
        [], {"contractive": "{'pattern': '*', 'weight': 0.1, 'wrt': 'nowhere'}"}, True),
    "a beta of 2": ([], {"algo": "'adam'", "beta1": "2"}, True),
    "a schedule that is too large": (
        [], {"algo": "'adam'", "beta1": "symloss.schedules.linear(0.5, 2.0, steps=3)"}, True),
    "a tolerance of steps": ([], {"algo": "'sgd'", "tolerance": "0.1"}, True),
    "a huge rate": ([], {"algo": "'sgd'", "learning_rate": "1e30"}, False),
}
NO_ARRAYS = ("no array", "a set for an array", "a number for an array")  # of which no batches can be made
LOSSES = {  # what `add_loss` is given
    "an unknown loss": ("'mze'", True), "an unknown option": ("'huber', detla=0.1", True),
    "an option out of range": ("'huber', delta=-1", True), "a weight that is none": ("'mse', weight='much'", True),
    "an infinite weight": ("'mse', weight=np.inf", True),
    "an output that is not there": ("'mse', output_name='no'", True),
    "a metric for a loss": ("'accuracy'", True), "a number for a loss": ("3", True), "no loss": ("None", True),
    "a divisor that is none": ("'mse', how='median'", True), "an unknown system": ("'mse', like='caffe'", True),
    "a port that is not there": ("'gaussian_nll', ports={'mean': 'no'}", True),
    "a function that fails": ("lambda p, t: p.no_such_thing()", True), "a function of one": ("lambda p: p", False),
    "a function that returns no tensor": ("lambda p, t: 'x'", True),
    "a loss of other targets": ("'cox'", False), "a loss of labels": ("'xe'", False),
    "a list with a mistake": ("['mae', 'mssse']", True),
    "a dict": ("{'form': 'huber', 'delta': 0.1, 'wieght': 2}", True),
}
LAYERS = {  # a layer in the place of the first hidden one
    "an unknown activation": ("(3, 'rleu')", True), "a size of 0": ("0", True),
    "an unknown form": ("('lstmm', 3)", True),
    "a layer that is none": ("None", True), "an option of no layer": ('{"size": 3, "sise": 3}', True),
    "inputs that are not there": ('{"size": 3, "inputs": "nowhere"}', True),
    "a loop without time": ("(3, 'rnn')", False),
    "a partner that is not there": ('{"form": "tied", "partner": "nowhere"}', True), "half a unit": ("2.5", True),
    "a name with a colon": ('{"size": 3, "name": "a:b"}', True), "an activation that fails": ("(3, len)", False),
    "a mean of no sequence": ("'mean'", False), "pooling of no image": ("'pool2'", False),
}
AFTER = {  # what is done to the model
    "a word in the list of losses": ("net.losses.append('mse')", True),
    "a class in the list of losses": ("net.losses.append(symloss.Loss)", True),
    "no list of losses": ("net.losses = None", True), "one loss for a list": ("net.losses = net.losses[0]", True),
    "an option that is none": ("net.losses[0].margni = 2", True), "no losses": ("net.losses.clear()", True),
    "a weight of NaN": ("net.losses[0].weight = np.nan", True),
    "one loss twice": ("net.losses.append(net.losses[0])", False),
    "an output that goes": ("net.losses[0].output_name = 'nowhere:out'", True),
    "a parameter of NaN": ("net.params[0].set_value(np.nan * net.params[0].get_value())", False),
    "an unknown mode": ("net.mode = 'FORTRAN'", True),
    "a rewrite that is none": ("net.stable = ['nothing']", True),
    "a metric that loses": ("net.add_loss('mse', target='three')", True),
}
CALLBACKS = {  # what stands within `train`
    "a callback that adds a loss": "def told(record):\n    net.add_loss(net.losses[0].label)",
    "a callback that takes losses away": "def told(record):\n    net.losses.clear()",
    "a callback that changes an activation": "def told(record):\n    net.layers[-1].activate = pt.tanh",
    "a callback that misspells": "def told(record):\n    net.losses[0].wieght = 2",
    "a callback that trains": "def told(record):\n    net.train(*data()[1:], verbose=0)",
    "a callback that sets NaN": "def told(record):\n    net.params[0].set_value(np.nan * net.params[0].get_value())",
    "a callback that sets words": "def told(record):\n    net.losses[0].weight = 'much'",
}
EVERY = [*FAULTS, *LOSSES, *LAYERS, *AFTER, *CALLBACKS]


def draw(scene, every: int) -> None:
    """Do something wrong: one draw in `every` does."""
    name = scene.chance.even("fault", EVERY, every)
    scene.fault = name
    if name in LOSSES:
        text, scene.refused = LOSSES[name]
        scene.losses.append(text)
    elif name in LAYERS:
        text, scene.refused = LAYERS[name]
        scene.layers.insert(1, text)
    elif name in AFTER:
        text, scene.refused = AFTER[name]
        scene.after.append(text)
    elif name in CALLBACKS:
        scene.inner, scene.callbacks = [CALLBACKS[name]], ["told"]
    else:
        _data_or_options(scene, *FAULTS[name])


def _data_or_options(scene, statements, options, refused) -> None:
    for column in ("target", "weights"):
        if any(f"'{column}'" in one for one in statements) and column not in scene.columns:
            statements = []  # the model has none: nothing is wrong
    scene.refused = refused and bool(statements or options) and not (statements and scene.streamed)
    if scene.fault == "an item more":
        scene.refused &= len(scene.columns) > 1
        scene.options.pop("train_batches", None)  # a stream is not looked at beyond its last batch
    if statements and "sample" in scene.options["algo"] or "pretrain" in scene.options["algo"]:
        scene.refused = False  # it does not look at targets
    scene.edits = statements or scene.edits
    if scene.fault == "a name that is none":
        scene.given, scene.refused = "dict(c)", True
    if scene.fault in NO_ARRAYS:
        scene.given, scene.held = "list(c.values())", "None"
        scene.options = {k: v for k, v in scene.options.items() if k not in ("train_batches", "valid_batches")}
    if options:
        scene.options |= options
    if "callbacks" in options:
        scene.callbacks = []
