"""Pre-training: initial parameters from training a model layer by layer, or from the data themselves."""

import numpy as np

from ..compiling import Evaluation, resolve
from ..data import named, open_source, ragged
from ..errors import SpecError
from ..layers import Feedforward, Input, Tied
from ..layers.base import form_of
from ..objective import Objective
from ..training import training_lock
from .registry import registry

ROWS = 1024  # of a data set that are looked at together
WITHOUT = ("resume",)


def itertrain(model, train, valid, algo: str, subalgo: str, verbose, options: dict):
    """Check what was asked for, and return a generator of records.

    Parameters
    ----------
    model : Network
    train, valid : data
    algo : str
        'sample': set the weights of each unit to an item of the data (in deeper layers, to what the layers before
        compute for it), scaled to length 1. 'layerwise': train the first hidden layer with an output of its own, then
        the first two layers, and so on up to the whole model. Layers that the output cannot follow, such as images
        before a 'flatten', are added together with the next layer that it can follow. Tied layers are added together
        with their partners, the outermost first. 'pretrain': train an autoencoder of the hidden layers in this way,
        and copy its parameters. The data are inputs; if you pass all arrays of the model, only the inputs are used.
        Only fully connected layers can be tied.
    subalgo : str
        The update rule of 'layerwise' and 'pretrain'.
    options : dict
        Options of `train`. 'epochs' is the number of epochs for each part.
    """
    training_lock.check(model)
    layers = _chain(model, algo)
    if algo == "sample":
        if options:
            raise SpecError(f"train: {', '.join(options)} has no effect with algo={algo!r}, which runs no training "
                            "steps. Leave it out")
        return _alone(model, _sample(model, layers, train))
    for name in WITHOUT:
        if options.get(name):
            raise SpecError(f"train: {name} does not work with algo={algo!r}. Train the model with it afterwards")
    options = options | {"algo": subalgo, "verbose": verbose}
    if algo == "pretrain":
        if options.get("results"):
            raise SpecError("train: results does not work with algo='pretrain', which trains an autoencoder instead "
                            "of the model. Pass it when you train the model")
        return _alone(model, _pretrain(model, layers, train, valid, options))
    return _layerwise(model, layers, train, valid, options)


def _alone(model, records):
    """Yield records; meanwhile nobody else trains the model."""
    with training_lock.training(model):
        yield from records


def _chain(model, algo):
    """Return the layers, or raise SpecError unless each layer is the only input of the next one."""
    layers = model.layers
    apart = [b.name for a, b in zip(layers, layers[1:], strict=False) if b.inputs[:1] != (a.name,) or len(b.inputs) > 1]
    if apart or len(layers) < 3:
        what = f"{apart[0]!r} has other inputs than the layer before it" if apart else "there is no hidden layer"
        raise SpecError(f"train: algo={algo!r} needs a chain of layers, but {what}. Train with an update rule instead")
    others = [loss.output_name for loss in model.losses if loss.output_name != model.output_name]
    if others:
        raise SpecError(f"train: algo={algo!r} only works with losses of the last layer, but there is one of "
                        f"{others[0]!r}. Train with an update rule instead")
    return list(layers)


def _part(model, specs):
    """Return a model of the same kind and the same losses with other layers, and the parameters of its namesakes."""
    part = type(model)(specs, loss=None, weighted=model.weighted, seed=model.seed, mode=model.mode)
    part.encoders = {name: labels for name, labels in model.encoders.items() if name in part.graph}
    for loss in model.losses:
        part.add_loss(loss.unbound())
    _copy(model, part)
    return part


def _copy(source, target):
    """Give `target` the values of those parameters of `source` that have the same name and shape."""
    ours = source.graph.parameters
    for name, parameter in target.graph.parameters.items():
        value = ours[name].get_value() if name in ours else None
        if value is not None and value.shape == parameter.get_value(borrow=True).shape:
            parameter.set_value(value)


# ------------------------------------------------------------------------------------------ layer by layer


def _stages(layers):
    """Yield the descriptions of each part of a model that is trained before the whole one."""
    specs = [layer.to_spec() for layer in layers]
    tied = sum(isinstance(layer, Tied) for layer in layers)
    begun = False  # whether something has come in that learns
    for depth in range(1, len(layers) // 2 if tied else len(layers) - 2):
        begun = begun or bool(layers[depth].params)
        if not tied and (not begun or layers[depth].shape[:-1] != layers[-2].shape[:-1]):
            continue  # the output would be of another shape than the model's
        begun = False
        tail = specs[-depth:] if tied else specs[-1:]
        first = {"inputs": [specs[depth]["name"]]}
        yield [*specs[: depth + 1], tail[0] | first, *tail[1:]]


def _layerwise(model, layers, train, valid, options):
    of_parts = {name: value for name, value in options.items() if name != "results"}
    yield from _alone(model, _by_stages(model, layers, train, valid, of_parts))
    yield from model.itertrain(train, valid, **options)


def _by_stages(model, layers, train, valid, options):
    for number, specs in enumerate(_stages(layers), 1):
        part = _part(model, specs)
        output = {} if isinstance(layers[-1], Tied) else {part.output_name.removesuffix(":out")}
        for record in part.itertrain(train, valid, **options):
            yield _entered(model, record, number, part)
        learned = {n: p for n, p in part.graph.parameters.items() if n.split(".")[0] not in output}
        for name, parameter in learned.items():
            model.graph.parameters[name].set_value(parameter.get_value())
        model.encoders |= part.encoders


def _entered(model, record, number, part):
    """Put a part's record into the model's history, with what it is of."""
    record |= {"stage": number, "layers": part.graph.names()}
    model.history.append(record)
    return record


def _pretrain(model, layers, train, valid, options):
    for layer in layers[1:-1]:
        if not isinstance(layer, Feedforward) or len(layer.shape) > 1:
            raise SpecError("train: algo='pretrain' ties the weights of hidden layers, so they must be fully "
                            f"connected, but {layer.name!r} has the form {form_of(layer)!r}. Use algo='layerwise'")
    train, valid = (data if data is None else _inputs(model, data) for data in (train, valid))
    return _shadowed(model, layers, train, valid, options)


def _inputs(model, data):
    """Return the inputs of data in memory, where they bring what the model itself takes."""
    columns = named(data, model._fields()) or {}
    found = {f.name: columns[f.name] for f in model._input_fields() if f.name in columns}
    whole = all(ragged.is_ragged(found[f.name], len(f.shape)) or ragged.axes(found[f.name]) == len(f.shape)
                for f in model._input_fields() if f.name in found)
    return found if found and whole else data


def _shadowed(model, layers, train, valid, options):
    cls = registry.get(model.autoencoder)
    hidden = [layer.to_spec() for layer in layers[:-1]]
    pairs = zip(hidden[-2::-1], hidden[:0:-1], strict=True)
    tied = [{"form": "tied", "partner": spec["name"], "name": f"tied-{spec['name']}",
             "activation": before["activation"]} for before, spec in pairs]
    shadow = cls([*hidden, *tied], seed=model.seed, mode=model.mode)
    _copy(model, shadow)
    for record in itertrain(shadow, train, valid, "layerwise", options["algo"], options["verbose"],
                            {k: v for k, v in options.items() if k not in ("algo", "verbose")}):
        record.setdefault("stage", len(hidden) - 1)
        record["layers"] = record.get("layers", shadow.graph.names())
        model.history.append(record)
        yield record
    _copy(shadow, model)


# ------------------------------------------------------------------------------------------ items as weights


def _sample(model, layers, data):
    fields = model._with_encoders(model._fields(), data)
    source = open_source(data, fields, "train")
    rng = np.random.default_rng([model.seed, 3])
    names = [f.name for f in fields]
    for before, layer in zip(layers, layers[1:], strict=False):
        if layer is layers[-1] or not isinstance(layer, Feedforward) or before.shape != before.shape[-1:]:
            continue
        make = None if isinstance(before, Input) else before.name
        rows = _rows(model, source, names.index(model.layers[0].name), make)
        _set(layer.params["w"], _drawn(rows, layer.size, rng).T)
    last, target = layers[-1], model.losses[0]._target
    kind = fields[names.index(target.name)].kind if target.name in names else "label"
    alike = target.ndim > 1 and target.type.shape[-1] in (None, last.size)  # and no time and event, say
    if isinstance(last, Feedforward) and kind != "label" and alike:
        _set(last.params["w"], _drawn(_rows(model, source, names.index(target.name), None),
                                      last.params["w"].get_value(borrow=True).shape[0], rng))
    objective = Objective(model.graph, model.losses, (), (), model.seed)
    found = Evaluation(objective, resolve(model.mode)).run(source.batches(ROWS))
    figures = objective.figures(found, objective.evaluation_terms)
    record = {"epoch": 0, "updates": 0, "loss": figures["loss"], "weighted": figures["weighted"]} | figures["raw"]
    model.history.append(record)
    yield record


def _rows(model, source, index, name):
    """Yield rows of an array of the data, or of what a layer makes of it, that are not 0, each of length 1."""
    for arrays in source.batches(ROWS):
        values = arrays[index] if name is None else model._evaluate([f"{name}:out"], arrays[0])[0]
        values = values.toarray() if hasattr(values, "toarray") else values
        values = values.reshape(-1, values.shape[-1])
        scales = abs(values).max(axis=1)
        values = values[scales > 0] / scales[scales > 0, None]  # whose squares are neither too large nor too small
        yield from values / np.linalg.norm(values, axis=1, keepdims=True)


def _drawn(rows, count, rng):
    """Return `count` of the rows, any of them as likely; where there are fewer, copies with noise."""
    pool: list = []
    for number, row in enumerate(rows):
        place = number if number < count else int(rng.integers(number + 1))
        if place < count:
            pool[place : place + 1] = [row]
    if not pool:
        raise SpecError("train: algo='sample' scales rows of the data to length 1, but all rows are 0. Pass rows with "
                        "other values")
    spread, found = np.std(pool, axis=0), len(pool)
    while len(pool) < count:
        row = pool[int(rng.integers(found))] + spread * rng.normal(size=pool[0].shape)
        pool.append(row / max(np.linalg.norm(row), 1e-12))
    return np.array(pool)


def _set(parameter, value):
    parameter.set_value(value.astype(parameter.dtype))
