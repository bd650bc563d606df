"""Drawing the options of `train`, and its callbacks."""

from . import wiring

ALGORITHMS = ["sgd", "momentum", "nag", "rprop", "rmsprop", "adagrad", "adadelta", "esgd", "adam", "adamax", "amsgrad",
              "adamw", "lbfgs", "cg", "trust-ncg", "layerwise", "pretrain", "sample", "adam", "sgd", "own"]
FULL = ("lbfgs", "cg", "trust-ncg")
BEFORE = ("layerwise", "pretrain", "sample")
MOVING = ("schedules", "gradnorm", "GradNorm", "uncertainty", "Uncertainty", "weight=lambda")
RATES = ["0.01", "0.1", "symloss.schedules.cosine(0.1, steps=6)", "{'body*': 0.05, '*': 0.01}",
         "symloss.schedules.warm_up(2, symloss.schedules.stepwise(0.1, 0.5, 2))", "{'*': symloss.schedules.linear(0.1, "
         "0.0, steps=5)}", "symloss.schedules.one_cycle(0.1, steps=6)",
         "symloss.schedules.per_epoch(symloss.schedules.exponential(0.1, 0.5, 2))"]
TUNED = {"momentum": {"momentum": ["0.5", "symloss.schedules.linear(0.1, 0.9, steps=4)"]}, "nag": {"momentum": ["0.5"]},
         "adam": {"beta1": ["0.5", "0.0"], "beta2": ["0.9"], "epsilon": ["1e-4"]}, "adamw": {"decay": ["0.1"]},
         "rmsprop": {"rho": ["0.5", "0.0"]}, "rprop": {"increase": ["1.5"], "decrease": ["0.3"]}}
PENALTIES = [("weight_l2", "1e-3"), ("weight_l1", "{'*.w': 1e-3}"), ("hidden_l1", "0.01"), ("contractive", "0.01"),
             ("input_noise", "0.1"), ("hidden_noise", "0.1"), ("hidden_dropout", "0.3"), ("input_dropout", "0.2"),
             ("noise", "{'body:out': 0.1}"), ("dropout", "{'body:out': 0.2}"), ("recurrent_norm", "0.01"),
             ("recurrent_state", "0.01"), ("weight_l2", "{'pattern': 'body.*', 'weight': 0.1}"),
             ("output_noise", "0.0")]
OTHERS = [("batch_size", "3"), ("batch_size", "1"), ("batch_size", "0"), ("patience", "1"), ("patience", "0"),
          ("patience", "None"), ("min_improvement", "0.1"), ("validate_every", "2"), ("max_gradient_norm", "1.0"),
          ("max_parameter_gradient_norm", "0.1"), ("max_gradient_element", "0.01"), ("accumulate", "2"),
          ("accumulate", "3"), ("average", "0.5"), ("freeze", "'body'"), ("freeze", "['*.b']"), ("seed", "3"),
          ("monitor_gradients", "True"), ("train_batches", "1"), ("negative_weights", "True"), ("allow_nan", "True"),
          ("monitors", "{'body:out': (0.1, 0.9)}"), ("monitors", "{'*.w': {'norm': lambda w: (w * w).sum()}}"),
          ("monitors", "{'*:out': 0}"), ("best", "'loss'"), ("best", "('loss', 'max')"),
          ("verbose", "open(os.devnull, 'w')"),
          ("class_weight", "'balanced'"), ("class_weight", "[1, 2]"), ("class_weight", "{0: 1, 1: 5}")]
METRICS = {
    "labels": ["'acc'", "'balanced_accuracy'", "{'form': 'f_beta', 'beta': 2}", "'perplexity'", "'confusion_matrix'",
               "'per_class_accuracy'", "'precision'", "'recall'", "'calibration_error'",
               "{'form': 'top_k_accuracy', 'k': 2}",
               "'roc_auc'", "'average_precision'", "'xe'"],
    "shares": ["'categorical_accuracy'", "'mae'", "'perplexity'"],
    "binary": ["'binary_accuracy'", "'roc_auc'", "'average_precision'", "'f_beta'", "'mse'"],
    "times and events": ["'concordance'"],
    "numbers": ["'r_squared'", "'mae'", "'root_squared_error'", "'explained_variance'", "'absolute_percentage_error'",
                "'huber'", "lambda p, t: abs(p - t)"],
}

CALLBACKS = {  # name -> what stands within `train`; each leaves the total what it should be
    "a function": "def told(record):\n    return None",
    "an end": "def told(record):\n    return record['epoch'] >= 2 and 'enough'",
    "a weight": "def told(record):\n    net.losses[0].weight = 0.5 + record['epoch']",
    "an option": "def told(record):\n    for name in net.losses[0].options:\n        setattr(net.losses[0], name, "
                 "getattr(net.losses[0], name))",
    "a batch": "class told:\n    seen = 0\n    def batch(self, record):\n        self.seen += 1\n    def state(self):\n"
               "        return {'seen': self.seen}\n    def restore(self, state):\n        self.seen = state['seen']",
    "every moment": "class told:\n    def start(self, training):\n        self.training = training\n"
                    "    def tick(self, training):\n        return None\n    def epoch(self, record):\n"
                    "        return net.predict(inputs()) is None\n    def end(self, record):\n"
                    "        self.training = None",
    "a parameter": "def told(record):\n    p = net.params[0]\n    p.set_value(0.9 * p.get_value())",
}
READY = ["symloss.training.EarlyStopping(patience=1)", "symloss.training.ReduceLearningRate(patience=1)",
         "symloss.training.TimeLimit(1e6)", "symloss.training.EarlyStopping('loss', patience=2)",
         "symloss.training.Checkpoint(os.path.join(folder, 'kept'))",
         "symloss.training.Checkpoint(os.path.join(folder, 'best-{epoch}'), best=True)"]
LISTENING = ["none", "none", *CALLBACKS, *READY, "a weight", "an option"]


def draw(scene) -> None:
    """Draw the options of the training."""
    algo = scene.chance.even("algorithm", ALGORITHMS)
    moves = any(sign in str(scene.losses) for sign in MOVING)
    if algo in FULL and (scene.streamed or moves) or algo in BEFORE and len(scene.layers) > 3:
        algo = "adam"
    _algorithm(scene, algo)
    penalties = scene.chance.some(PENALTIES, 2) if scene.chance.so(0.5) and algo != "sample" else []
    for name, value in penalties:
        loops = scene.inside in ("rnn", "over time")
        timed = len(scene.lead) > 1 and scene.inside == "rnn"
        if timed if name.startswith("recurrent") else name != "contractive" or not loops or scene.chance.so(0.1):
            scene.options[name] = value
    if algo == "sample":
        scene.options = {"algo": "'sample'"}
        return
    for name, value in scene.chance.some(OTHERS, 3):
        _other(scene, name, value, algo)
    _metrics(scene)
    _listening(scene)


def _algorithm(scene, algo) -> None:
    chance = scene.chance
    if algo == "own":
        scene.define("""
            def downhill(gradients, *, learning_rate=0.01):
                return {p: p - learning_rate * g for p, g in gradients.items()}
        """)
        scene.options["algo"] = "downhill"
        return
    scene.options["algo"] = repr(algo)
    if algo in FULL:
        return
    if algo in BEFORE:
        if algo != "sample":
            scene.options["subalgo"] = "'sgd'"
        return
    if chance.so(0.5):
        scene.options["learning_rate"] = chance.of(RATES)
    for name, values in TUNED.get(algo, {}).items():
        if chance.so(0.5):
            scene.options[name] = chance.of(values)


def _other(scene, name, value, algo) -> None:
    """Take an option, if it can mean something here: what cannot is refused, and drawn elsewhere."""
    labels = scene.targets.get("target") == "labels" and scene.family != "Regressor"
    plain = not any("np.array([" in edit for edit in scene.edits) and "ignore" not in str(scene.losses)
    classes = labels and plain and "classes" not in scene.arguments
    steps = ("batch_size", "accumulate", "average", "max_gradient_norm", "max_parameter_gradient_norm",
             "max_gradient_element")
    if name == "class_weight" and not classes or name in steps and algo in FULL:
        return
    if name == "train_batches" and (algo in FULL or "train_batches" in scene.options):
        return
    scene.options[name] = value


def _metrics(scene) -> None:
    chance, kind = scene.chance, scene.targets.get("target", scene.targets.get("in"))
    if kind is None or not chance.so(0.35):
        return
    group = kind if kind in METRICS else "numbers" if kind in wiring.OF_NUMBERS else None
    if group is not None:
        scene.options["metrics"] = f"[{', '.join(chance.some(METRICS[group], 2))}]"


def _listening(scene) -> None:
    name = scene.chance.even("callback", LISTENING)
    if name == "a weight" and any(sign in str(scene.losses) for sign in MOVING):
        name = "a function"  # a number in the place of what moves is refused
    if name in CALLBACKS:
        scene.inner.append(CALLBACKS[name])
        scene.callbacks.append("told()" if "class told" in CALLBACKS[name] else "told")
    elif name in READY:
        scene.callbacks.append(name)
