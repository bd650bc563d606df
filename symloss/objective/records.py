"""The content of a record: the total, the terms that add up to it, and other values."""

import dataclasses
import math

BOOKKEEPING = ("loss", "epoch", "updates", "seconds", "samples", "best", "partial", "stopped", "batch")


@dataclasses.dataclass(frozen=True)
class Part:
    """A term of the total: its own value, and the weight that multiplies it.

    >>> str(Part("mse", weight=0.5, value=7.382))
    '0.5 * mse 7.382'
    """

    name: str
    weight: float
    value: float

    @property
    def title(self) -> str:
        """The term with its weight, unless that is 1."""
        return self.name if self.weight == 1 else f"{self.weight:.4g} * {self.name}"

    def __str__(self):
        return f"{self.title} {self.value:.4g}"


def parts(record: dict, prefix: str = "") -> list[Part]:
    """Return the terms that add up to the total of a record; `prefix` is 'valid_' for the validation data."""
    found = []
    for name, weighted in record.get(f"{prefix}weighted", {}).items():
        value = weighted if name in BOOKKEEPING else record.get(f"{prefix}{name}", weighted)
        weight = record.get("weights", {}).get(name, weighted / value if value else 1.0)
        if name in BOOKKEEPING and weight:  # the record has something else under this name
            value = weighted / weight
        found.append(Part(name, weight, value))
    return found


def reweighed(terms: dict, weights: dict) -> float:
    """Return the total of terms with these weights, both by name.

    >>> reweighed({"mse": 4.0, "mae": 1.0}, {"mse": 0.5, "mae": 2.0})
    4.0
    """
    return sum(weights.get(name, 1.0) * value for name, value in terms.items()
               if not math.isnan(value))  # a loss whose turn did not come is not in the total


def has_terms(found: list[Part]) -> bool:
    """Return whether the terms contain more information than the total."""
    return len(found) > 1 or any(part.weight != 1 for part in found)


def beside(record: dict, prefix: str = "") -> dict[str, float]:
    """Return the values that are not part of the total, such as metrics, by name. Lists and tables are left out."""
    skipped = {*BOOKKEEPING, *record.get(f"{prefix}weighted", ())}
    names = {key: key.removeprefix(prefix) for key in record if key.startswith(prefix or "") and
             (prefix or not key.startswith("valid_"))}
    return {name: record[key] for key, name in names.items() if isinstance(record[key], float) and name not in skipped}


def line(record: dict, prefix: str = "") -> str:
    """Return a record as a line: the total, the terms that add up to it, and other values.

    >>> line({"loss": 4.99, "weighted": {"mse": 3.69, "mae": 1.3}, "weights": {"mse": 0.5, "mae": 1.0},
    ...       "mse": 7.38, "mae": 1.3, "acc": 0.5, "epoch": 1})
    'loss 4.99 = 0.5 * mse 7.38 + mae 1.3  acc 0.5'
    """
    found = parts(record, prefix)
    text = f"loss {record[f'{prefix}loss']:.4g}"
    if has_terms(found):
        text += " = " + " + ".join(map(str, found)).replace(" + -", " - ")
    return text + "".join(f"  {name} {value:.4g}" for name, value in beside(record, prefix).items())


def flat(record: dict) -> dict:
    """Return a record without dicts and lists, for the columns of a file; a term's weight is ``weight(mse)``.

    >>> flat({"epoch": 1, "mse": 7.38, "weights": {"mse": 0.5}})
    {'epoch': 1, 'mse': 7.38, 'weight(mse)': 0.5}
    """
    weights = {f"weight({name})": weight for name, weight in record.get("weights", {}).items()}
    return {key: value for key, value in record.items() if not isinstance(value, dict | list | tuple)} | weights
