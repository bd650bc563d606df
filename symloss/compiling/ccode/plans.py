"""Finished plans on the disk: what a graph becomes, found by the graph's signature without doing it again."""

import base64
import contextlib
import dataclasses
import hashlib
import json
import os

import numpy as np

from . import cache
from .ir import Rows
from .memory import Buffer
from .text import Source

FILE = "plan.json"


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is needed to run a function, apart from the compiled library.

    Attributes
    ----------
    source : Source
    constants : list of array
    results : list of (dtype, shape)
    """

    source: Source
    constants: list
    results: list


def find(signature: str) -> Plan | None:
    """Return the plan of a graph, if it is there and undamaged."""
    folder = cache.folder() / _entry(signature)
    try:
        checksum, _, text = (folder / FILE).read_text(encoding="utf-8").partition("\n")
        if checksum != hashlib.sha256(text.encode()).hexdigest():
            return None
        plan = _from_plain(json.loads(text))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    with contextlib.suppress(OSError):
        os.utime(folder)
    return plan


def keep(signature: str, plan: Plan) -> None:
    """Keep a plan; without a place to keep it, nothing happens."""
    text = json.dumps(_plain(plan))
    with contextlib.suppress(OSError), cache.work(cache.place()) as folder:
        (folder / FILE).write_text(f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}", encoding="utf-8")
        os.rename(folder, folder.parent / _entry(signature))


def _entry(signature) -> str:
    return f"plan-{signature[:24]}"


def _length(value):
    return {"rows": value.factors} if isinstance(value, Rows) else value


def _as_length(plain):
    return Rows(tuple(plain["rows"])) if isinstance(plain, dict) else plain


def _plain(plan: Plan) -> dict:
    source = plan.source
    fields = {f.name: getattr(source, f.name) for f in dataclasses.fields(source)}
    fields["buffers"] = [[b.name, b.dtype, _length(b.length), b.first, b.last] for b in source.buffers]
    fields["products"] = sorted(source.products)
    arrays = [[str(a.dtype), a.shape, base64.b64encode(np.ascontiguousarray(a).tobytes()).decode()]
              for a in plan.constants]
    return {"source": fields, "constants": arrays,
            "results": [[dtype, [_length(n) for n in shape]] for dtype, shape in plan.results]}


def _from_plain(plain: dict) -> Plan:
    fields = dict(plain["source"])
    fields["buffers"] = [Buffer(name, dtype, _as_length(length), first, last)
                         for name, dtype, length, first, last in fields["buffers"]]
    fields["products"] = frozenset(fields["products"])
    arrays = [np.frombuffer(base64.b64decode(text), dtype).reshape(shape) for dtype, shape, text in plain["constants"]]
    results = [(dtype, tuple(map(_as_length, shape))) for dtype, shape in plain["results"]]
    return Plan(Source(**fields), arrays, results)
