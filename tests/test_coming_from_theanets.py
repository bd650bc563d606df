"""What scripts of theanets say, with `import symloss as theanets`: it works, or the error says what to write."""

import types

import numpy as np
import pytensor.tensor as pt
import pytest

import symloss
import symloss as theanets

# ------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(("name", "same"), {
    "MeanSquaredError": "mse", "MeanAbsoluteError": "mae", "CrossEntropy": "xe", "Hinge": "hinge",
    "GaussianLogLikelihood": "gll", "KullbackLeiblerDivergence": "kl", "MaximumMeanDiscrepancy": "mmd"}.items())
def test_losses_by_their_class_names_are_losses(name, same):
    loss = getattr(theanets.losses, name)(2, weight=2.0, output_name="code")
    assert isinstance(loss, theanets.Loss) and loss.spec is symloss.Loss(same).spec
    assert (loss.weight, loss.output_name, loss._target.ndim, loss.weighted) == (2.0, "code:out", 2, False)


def test_a_loss_by_its_class_name_trains(points):
    net = theanets.Regressor([5, 4, 3], loss=theanets.losses.MeanAbsoluteError(target=2, weight=2.0, weighted=True))
    net.add_loss(theanets.losses.Huber(delta=0.5))
    history = net.train([*points, np.ones((40, 3))], epochs=1, verbose=0)
    assert set(history[-1]["weighted"]) == {"MeanAbsoluteError", "Huber"}
    with pytest.raises(AttributeError, match="has no attribute 'MeanSquareError'"):
        theanets.losses.MeanSquareError  # noqa: B018
    with pytest.raises(AttributeError, match="has no attribute 'mse'"):
        theanets.losses.mse  # noqa: B018


@pytest.mark.parametrize(("form", "options", "way_out"), [
    ("gll", {"mean_name": "mu"}, "write ports={'mean': 'layer'}"),
    ("gll", {"covar_name": "v", "like": "theanets"}, "write ports={'variance': 'layer'}"),
    ("gll", {"covar_eps": 1e-3}, "write eps"),
    ("mmd", {"kernel": 2.0}, "write bandwidth"),
    ("mmd", {"kernel": "rbf", "like": "theanets"}, "a number greater than 0, or a function of two samples"),
])
def test_options_of_losses_work_or_say_what_to_write(form, options, way_out):
    with pytest.raises(symloss.SymlossError) as caught:
        theanets.Loss(form, **options)
    assert way_out in str(caught.value)


def test_a_kernel_may_be_a_function_as_in_theanets(points):
    x, y = points
    own = {"form": "mmd", "like": "theanets", "kernel": lambda a, b: pt.dot(a, b.T)}
    net = theanets.Regressor([5, 3], loss=own, mode="PYTHON")
    p = net.predict(x)
    exact = (y @ y.T).mean() - 2 * (y @ p.T).mean() + (p @ p.T).mean()
    options = dict(epochs=1, verbose=0, batch_size=0, algo="sgd", learning_rate=0.0)
    assert net.train(points, **options)[-1]["loss"] == pytest.approx(exact)


def test_a_class_name_of_a_loss_has_no_subclasses_and_says_what_to_write():
    with pytest.raises(symloss.SpecError, match="symloss.Loss.*symloss.losses.squared_error"):
        type("Mine", types.resolve_bases((theanets.losses.MeanSquaredError,)), {})


def test_a_number_of_axes_is_no_name_of_a_loss():
    with pytest.raises(symloss.SpecError, match=r"Loss\('mse', target=2\)"):
        theanets.Loss(2)
    assert theanets.Loss.build("mse", 2)._target.ndim == 2


@pytest.mark.parametrize("parent", [theanets.Loss, theanets.Regularizer, theanets.Activation])
def test_registration_keys_say_that_they_are_aliases(parent):
    with pytest.raises(symloss.SpecError, match=r"class Keyed: .*Write aliases = \('keyed_too',\)"):
        type("Keyed", (parent,), {"__extra_registration_keys__": ["keyed_too"]})


@pytest.mark.parametrize("name", ["feedforward", "log", "main", "util"])
def test_names_that_the_core_has_not_lead_to_compat(name):
    from symloss.compat import theanets as old

    assert hasattr(old, name) and not hasattr(theanets, name)
    with pytest.raises(AttributeError, match="`from symloss.compat import theanets`"):
        getattr(theanets, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'$"):
        theanets.nothing  # noqa: B018


@pytest.mark.parametrize("name", ["Activation", "Autoencoder", "Regressor", "Classifier", "Network", "Layer", "Loss",
                                  "Experiment", "Regularizer", "convolution", "layers", "losses", "recurrent",
                                  "regularizers", "activations", "graph", "trainer", "__version__"])
def test_names_that_both_have(name):
    assert hasattr(theanets, name)


def test_regularizers_are_built_by_name(points):
    made = theanets.Regularizer.build("weight_l2", "hid*", weight=0.1)
    assert (type(made), made.pattern, made.weight) == (symloss.regularizers.WeightL2, "hid*", pytest.approx(0.1))
    theanets.Regressor([5, 4, 3]).train(points, epochs=1, verbose=0, weight_l2=made)
    made = theanets.Regularizer.build("weight_l2", 0.01)
    assert (made.pattern, made.weight) == ("*", pytest.approx(0.01))


@pytest.mark.parametrize(("name", "way_out"), {
    "add_layer": "where the model is made", "loss": "net.losses", "monitors": "pass monitors=", "updates": "net.graph",
    "build_graph": "net.graph.outputs", "classify": "write predict"}.items())
def test_methods_that_models_have_not_say_the_way_out(name, way_out):
    net = theanets.Classifier([4, 3])
    with pytest.raises(AttributeError, match=f"Classifier has no '{name}'; .*{way_out}"):
        getattr(net, name)
    with pytest.raises(AttributeError, match="'Classifier' object has no attribute 'nothing'"):
        net.nothing  # noqa: B018


def test_keywords_that_methods_have_not_say_the_way_out(points):
    x, y = points
    net = theanets.Regressor([5, 3])
    calls = {
        "Regressor: 'rng'; write seed": lambda: theanets.Regressor([5, 3], rng=3),
        "Classifier: 'rng'; write seed": lambda: theanets.Classifier([5, 3], rng=3),
        "recurrent|Regressor: 'rng'; write seed": lambda: theanets.recurrent.Regressor([5, 3], rng=3),
        "Regressor: 'los'; did you mean 'loss'": lambda: theanets.Regressor([5, 3], los="mae"),
        "encode: 'sample'; draw samples from": lambda: theanets.Autoencoder([5, 3, 5]).encode(x, sample=True),
        "predict: 'hidden_dropout'; only train takes": lambda: net.predict(x, hidden_dropout=0.5),
        "score: 'input_noise'; only train takes": lambda: net.score(x, y, input_noise=0.5),
    }
    for message, call in calls.items():
        with pytest.raises(symloss.UnknownNameError, match=message):
            call()


# ---------------------------------------------------------------------------------------------------------- keywords

REFUSED = {  # every keyword of theanets and downhill that the core does not take, as they are used -> the way out
    "algorithm": ({"algorithm": "adam"}, "write algo"),
    "max_updates": ({"max_updates": 5}, "write epochs"),
    "iteration_size": ({"iteration_size": 5}, "write train_batches"),
    "axis": ({"axis": 1}, "np.moveaxis"),
    "rng": ({"rng": 13}, "write seed"),
    "nesterov": ({"nesterov": True, "momentum": 0.9, "algo": "sgd"}, "algo='nag'"),
    "momentum with rmsprop": ({"momentum": 0.9}, "algo='sgd' and 'nag'"),
    "momentum with adam": ({"momentum": 0.9, "algo": "adam"}, "beta1"),
    "rms_halflife": ({"rms_halflife": 14}, "write rho"),
    "rms_regularizer": ({"rms_regularizer": 1e-8}, "write epsilon"),
    "beta1_halflife": ({"beta1_halflife": 7, "algo": "adam"}, "write beta1"),
    "beta2_halflife": ({"beta2_halflife": 69, "algo": "adam"}, "write beta2"),
    "hv_method": ({"hv_method": "rop", "algo": "esgd"}, "leave it out"),
    "rprop_increase": ({"rprop_increase": 1.01, "algo": "rprop"}, "write increase"),
    "rprop_decrease": ({"rprop_decrease": 0.99, "algo": "rprop"}, "write decrease"),
    "rprop_min_step": ({"rprop_min_step": 0, "algo": "rprop"}, "write min_step"),
    "rprop_max_step": ({"rprop_max_step": 100, "algo": "rprop"}, "write max_step"),
    "max_gradient_elem": ({"max_gradient_elem": 1}, "write max_gradient_element"),
    "max_gradient_clip": ({"max_gradient_clip": 1}, "write max_gradient_element"),
    "regularizers as a dict": ({"regularizers": {"weight_l2": 0.1}}, "separate keyword"),
    "regularizers as a list": ({"regularizers": []}, "separate keyword"),
    "updates": ({"updates": []}, "callback"),
    "params": ({"params": []}, "write freeze"),
    "inputs": ({"inputs": []}, "net.inputs"),
    "subalgo": ({"subalgo": "adam"}, "algo='layerwise'"),
    "algo='layers'": ({"algo": "layers"}, "write 'layerwise'"),
    "algo='supervised'": ({"algo": "supervised"}, "write 'layerwise'"),
    "algo='Pretraining'": ({"algo": "Pretraining"}, "write 'pretrain'"),
    "algo='unsupervised'": ({"algo": "unsupervised"}, "write 'pretrain'"),
    "algo with itertrain": ({"algo": symloss.Regressor([5, 3])}, "must be the name of an update rule"),
    "algo as a list": ({"algo": ["adam"]}, "must be the name of an update rule"),
    "monitor_gradients='yes'": ({"monitor_gradients": "yes"}, "True or False"),
    "save_progress=3": ({"save_progress": 3}, "path of a file"),
    "save_progress as a file": ({"save_progress": open}, "path of a file"),
}


@pytest.mark.parametrize("options", [options for options, _ in REFUSED.values()], ids=list(REFUSED))
def test_old_keywords_say_the_way_out(options, points, request):
    way_out = REFUSED[request.node.callspec.id][1]
    with pytest.raises((symloss.UnknownNameError, symloss.SpecError)) as caught:
        theanets.Regressor([5, 4, 3]).train(points, epochs=1, verbose=0, **options)
    assert way_out in str(caught.value)


def test_what_old_keywords_become_exists():
    """What the table of old keywords says to write is a keyword: of `train`, of a rule, or of a model."""
    from symloss import updates
    from symloss.training import options

    words = {"algo", *options.Options.__dataclass_fields__, *options.Plan.__dataclass_fields__}
    words |= {name for rule in updates.registry for name in updates.options(updates.registry.get(rule))}
    for old, hint in options.FORMER.items():
        assert not hint.startswith("write ") or hint.split()[1].strip(",").split("=")[0] in words | {"each"}, old


BESIDE = {"algo": "sgd", "epochs": 4, "learning_rate": 0.1, "batch_size": 8}
EFFECTIVE = {  # every one that it takes -> a value, and what goes with it
    "algo": ("adam", {}),
    "batch_size": (5, {}),
    "learning_rate": (0.01, {}),
    "momentum": (0.9, {}),
    "momentum of nag": (0.5, {"algo": "nag"}),
    "patience": (1, {"min_improvement": 0.99}),
    "min_improvement": (0.99, {"patience": 1}),
    "validate_every": (2, {}),
    "max_gradient_norm": (1e-3, {}),
    "train_batches": (2, {"calls": True, "valid_batches": 1}),
    "valid_batches": (2, {"calls": True, "train_batches": 1}),
    "monitors": ({"hid1:out": (0.1,)}, {}),
    "monitor_gradients": (True, {}),
    "save_progress": ("{epoch}", {}),
    "save_every": (3, {"save_progress": "{epoch}"}),
    "subalgo": ("adam", {"algo": "layerwise"}),
    "weight_l2": (0.1, {}),
    "input_noise": (0.1, {}),
    "dropout": ({"hid1:out": 0.5}, {}),
    "hidden_dropout": (0.5, {}),
}


def trained(points, folder, calls=False, **options):
    """What is left of a training: parameters, what records show, and files."""
    net, rng = theanets.Regressor([5, 4, 3]), np.random.default_rng(0)
    train, valid = [tuple(a[half] for a in points) for half in (slice(30), slice(30, 40))]
    if calls:
        train, valid = ((lambda data=data: [a[rng.permutation(len(a))[:8]] for a in data]) for data in (train, valid))
    history = net.train(train, valid, verbose=0, **BESIDE | options)
    shown = [sorted((k, v) for k, v in record.items() if k != "seconds" and np.isscalar(v)) for record in history]
    return shown, [p.get_value().tolist() for p in net.params], sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("keyword", EFFECTIVE)
def test_every_keyword_that_is_taken_has_its_effect(keyword, points, tmp_path, monkeypatch):
    found = []
    for folder in ("without", "with"):
        (tmp_path / folder).mkdir()
        monkeypatch.chdir(tmp_path / folder)
        value, beside = EFFECTIVE[keyword]
        given = {keyword.split()[0]: value} if folder == "with" else {}
        found.append(trained(points, tmp_path / folder, **beside | given))
    assert found[0] != found[1]


# ----------------------------------------------------------------------------------------------------- own losses


def test_the_documented_step_without_its_else_says_what_to_return(registered):
    class Step(theanets.Loss):
        def __call__(self, outputs):
            step = outputs[self.output_name] > 0
            if self._weights:
                return (self._weights * step).sum() / self._weights.sum()
                return step.mean()

    assert theanets.Regressor([5, 6, 7], loss="step", weighted=True).losses[0].name == "Step"
    with pytest.raises(symloss.SpecError, match="Step: __call__ returned None, but it must return a scalar expression"):
        theanets.Regressor([5, 6, 7], loss="step")
