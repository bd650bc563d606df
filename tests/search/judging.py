"""What comes of a draw: it trains, it is refused with an error of the library's own, or something is wrong."""

import contextlib
import copy
import dataclasses
import os
import pickle
import signal
import tempfile
import traceback
import warnings

import numpy as np

import symloss

FAILURES = ("foreign", "foreign warning", "swallowed", "refused late", "not finite", "other bits", "sums", "loaded",
            "hangs")
CHECKS = ("twice", "loaded")
ROUNDING = 1e-5  # float32 numbers of a record
REGISTRIES = (symloss.losses.registry, symloss.metrics.registry, symloss.regularizers.registry,
              symloss.activations.registry)
WITHOUT_RESUME = ("'lbfgs'", "'cg'", "'trust-ncg'", "'layerwise'", "'pretrain'", "'sample'")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a draw.

    Attributes
    ----------
    kind : str
        'finite', 'ours', or one of `FAILURES`.
    text : str
        The error, or what differs.
    where : str
        A traceback, where there is one.
    """

    seed: int
    kind: str
    text: str = ""
    where: str = ""

    @property
    def failed(self) -> bool:
        return self.kind in FAILURES


class _FoundError(Exception):
    """What was found to be wrong, and its kind."""

    def __init__(self, kind, text):
        super().__init__(text)
        self.kind = kind


class _Late(BaseException):
    """A draw has not ended in time."""


def judge(draw, checks=None, seconds: int = 0) -> Outcome:
    """Run a draw, and return what comes of it.

    Parameters
    ----------
    draw : Draw
    checks : names of checks that train once more, or None for one of them, which the number of the draw decides
        'twice': the same from the beginning; 'loaded': on from where it is, and the same in a model from a file, a
        pickle or a copy.
    seconds : int
        After which it hangs; 0: never.
    """
    checks = CHECKS[draw.seed // 4 % 2 :][:1] if checks is None else checks
    with tempfile.TemporaryDirectory() as folder, _registries(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:
            with _limit(seconds):
                kind, text = _run(draw, folder, checks)
        except _FoundError as found:
            return Outcome(draw.seed, found.kind, str(found), traceback.format_exc())
        except _Late:
            return Outcome(draw.seed, "hangs", f"more than {seconds} seconds", traceback.format_exc())
        except Exception as error:
            return Outcome(draw.seed, "foreign", f"{type(error).__name__}: {error}", traceback.format_exc())
    foreign = [w for w in said if not issubclass(w.category, symloss.SymlossWarning | ResourceWarning)
               and not ("encountered in" in str(w.message) and "pytensor" in w.filename)]  # numpy's, of huge numbers
    if foreign:
        first = foreign[0]
        return Outcome(draw.seed, "foreign warning", f"{first.category.__name__}: {first.message}",
                       f"{first.filename}:{first.lineno}")
    return Outcome(draw.seed, kind, text)


def _run(draw, folder, checks):
    space = {"folder": folder, "__name__": f"draw {draw.seed}"}
    try:
        exec(compile(draw.program, f"<draw {draw.seed}>", "exec"), space)
        net = space["model"]()
        history = space["train"](net, 2)
    except symloss.SymlossError as error:
        return "ours", f"{type(error).__name__}: {error}"
    if draw.refused:
        raise _FoundError("swallowed", f"nobody refused: {draw.fault}")
    try:
        _look(net, history, space)
        _add_up(history)
        if "twice" in checks:
            _twice(net, history, space)
        if "loaded" in checks:
            _loaded(net, draw, space)
    except symloss.SymlossError as error:
        raise _FoundError("refused late", f"{type(error).__name__}: {error}") from error
    return "finite", ""


def _look(net, history, space) -> None:
    """Look at what can be looked at; parameters are finite."""
    wrong = [name for name, p in net.graph.parameters.items() if not np.isfinite(p.get_value()).all()]
    if wrong:
        raise _FoundError("not finite", f"parameters {', '.join(wrong)}")
    x = space["inputs"]()
    net.predict(x), net.feed_forward(x)
    _score(net, x, space)
    for one in (net.summary(), net.explain(), net, history, *net.losses):
        str(one), repr(one)


def _score(net, x, space) -> None:
    """Score the data that were trained on, where they can be: figures of a model without one kind of target differ."""
    columns = space["data"]()[0] if isinstance(space["data"]()[0], dict) else {}
    with contextlib.suppress(symloss.SymlossError):
        if hasattr(net, "encode"):
            net.encode(x), net.score(x)
        elif "target" in columns:
            net.score(x, columns["target"])


def _add_up(history) -> None:
    """Raise unless in each record weight times raw figure is the weighted one, and these add up to the total."""
    for record in history:
        for prefix in ("", "valid_"):
            weighted = record.get(f"{prefix}weighted")
            if weighted is None:
                continue
            total = record[f"{prefix}loss"]
            scale = max(1e-6, sum(abs(v) for v in weighted.values()))
            same = np.isnan(total) and np.isnan(sum(weighted.values())) or sum(weighted.values()) == total
            if not same and not abs(sum(weighted.values()) - total) <= ROUNDING * scale:
                raise _FoundError("sums", f"{prefix}loss {total} is not the sum of {weighted}")
            weights = record.get("weights", {})
            for name, value in weighted.items():
                raw, weight = record.get(prefix + name), weights.get(name)
                if name == "loss" or weight is None or not isinstance(raw, float):
                    continue
                same = weight * raw == value or np.isnan(raw) and np.isnan(value)
                if not same and not abs(weight * raw - value) <= ROUNDING * max(abs(value), 1e-6):
                    raise _FoundError("sums", f"{prefix}{name}: {weight} * {raw} is not {value}")


def _twice(net, history, space) -> None:
    twin = space["model"]()
    again = space["train"](twin, 2)
    difference = _difference(net, twin) or _records_differ(history, again)
    if difference:
        raise _FoundError("other bits", difference)


def _loaded(net, draw, space) -> None:
    """Compare a model with what comes of it through a file, a pickle or a copy: what both predict, and train on to."""
    way = ("file", "file", "pickle", "copy")[draw.seed % 4]
    path = os.path.join(space["folder"], "saved")
    resumes = not any(f"algo={one}" in draw.program for one in WITHOUT_RESUME)
    try:
        if way == "file":
            net.save(path, training=resumes)
        twin = {"file": lambda: symloss.load(path), "pickle": lambda: _pickled(net),
                "copy": lambda: copy.deepcopy(net)}[way]()
        twin.mode = net.mode  # which no file holds
    except symloss.SymlossError as error:
        if "function" in str(error) or "weight" in str(error):
            return  # which no file can hold
        raise
    difference = _difference(net, twin) or _predictions_differ(net, twin, space)
    if difference:
        raise _FoundError("loaded", f"{way}: {difference}")
    counting = "symloss.training" in draw.program or "class told" in draw.program  # callbacks of files count on
    more = {"resume": True} if resumes and (draw.seed % 3 or counting) else {}
    if counting and not resumes:
        return
    ends = []
    for one in (net, twin):
        try:
            ends.append(space["train"](one, 3, **more))
        except symloss.SymlossError as error:
            ends.append(f"{type(error).__name__}: {error}")
    if isinstance(ends[0], str) or isinstance(ends[1], str):
        if ends[0] != ends[1]:
            raise _FoundError("loaded", f"{way}: the one {str(ends[0])[:300]}, the other {str(ends[1])[:300]}")
        if ends[0].startswith("TrainingError"):
            return  # both have run away
        raise _FoundError("refused late", ends[0])
    difference = _difference(net, twin) or _records_differ(*ends) or _predictions_differ(net, twin, space)
    if difference:
        raise _FoundError("loaded", f"{way}, trained on: {difference}")


def _pickled(net):
    """Return what comes out of a pickle of a model without its mode, which is no part of it."""
    mode, net.mode = net.mode, None
    try:
        return pickle.loads(pickle.dumps(net))
    finally:
        net.mode = mode


# ---------------------------------------------------------------------------------------------------- differences


def _difference(one, other) -> str:
    ours, theirs = one.graph.parameters, other.graph.parameters
    if list(ours) != list(theirs):
        return f"parameters {list(ours)} and {list(theirs)}"
    for name in ours:
        a, b = ours[name].get_value(), theirs[name].get_value()
        if a.dtype != b.dtype or a.tobytes() != b.tobytes():
            return f"{name}: {a.ravel()[:3]} and {b.ravel()[:3]}"
    still = [[loss.weight for loss in net.losses if not callable(loss.moving)] for net in (one, other)]
    return "" if still[0] == still[1] else f"weights {still[0]} and {still[1]}"


def _predictions_differ(one, other, space) -> str:
    a, b = (_flat(net.predict(space["inputs"]())) for net in (one, other))
    return "" if a == b else f"predictions {a[:3]} and {b[:3]}"


def _flat(prediction) -> list:
    rows = prediction if isinstance(prediction, list) else [prediction]
    return [repr(value) for row in rows for value in np.asarray(row).ravel()]


def _records_differ(one, other) -> str:
    if len(one) != len(other):
        return f"{len(one)} and {len(other)} records"
    for a, b in zip(one, other, strict=True):
        for key in {*a, *b} - {"seconds"}:
            if repr(a.get(key)) != repr(b.get(key)):
                return f"epoch {a['epoch']}, {key}: {a.get(key)} and {b.get(key)}"
    return ""


# ---------------------------------------------------------------------------------------------------- surroundings


@contextlib.contextmanager
def _registries():
    """Within, names may be registered; they are taken back."""
    before = [(dict(r._entries), dict(r._names), dict(r._spelt)) for r in REGISTRIES]
    layers = symloss.layers.registry
    kept = dict(layers._entries), dict(layers._names), dict(layers._spelt)
    try:
        yield
    finally:
        for registry, parts in zip((*REGISTRIES, layers), (*before, kept), strict=True):
            registry._entries, registry._names, registry._spelt = parts


@contextlib.contextmanager
def _limit(seconds):
    def late(number, frame):
        raise _Late

    if not seconds:
        yield
        return
    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
