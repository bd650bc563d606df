"""Random pairs and triplets of labelled items, by whether they have the same label."""

import dataclasses

import numpy as np

from ..errors import DataError, SpecError
from .reading import as_array, is_missing

NAMES = ("same", "far")


def pairs(x, y, count: int | None = None, seed=0, target: str = "same") -> dict:
    """Return random pairs of items: in one half the items have the same label, in the other half different labels.

    Parameters
    ----------
    x : array (n, ...) or sparse matrix
        Items.
    y : array (n,)
        A label of any kind for each item.
    count : int or None
        Number of pairs, at least 2. None: the number of items. Pairs of two different items are drawn with
        replacement; within each half, all pairs are equally likely.
    seed : int or numpy Generator
        The same seed draws the same pairs.
    target : 'same' or 'far'
        The meaning of True. 'same': both items have the same label, as `squared_contrastive` expects. 'far': they have
        different labels, as `contrastive` expects, the default loss of a `PairEmbedding`.

    Returns
    -------
    dict
        Arrays of items 'left' and 'right', and the target, bool (count,), under the name that you passed as `target`.

    Raises
    ------
    DataError
        If x and y differ in length, if labels are missing, if there is only one class, or no class with two items.
    SpecError
        If `count` is not an integer of at least 2, or for an unknown `target`.

    >>> found = pairs(np.arange(6), ["a", "a", "a", "b", "b", "b"], 4, target="far")
    >>> found["left"].shape, found["far"].sum().item()
    ((4,), 2)
    """
    if target not in NAMES:
        raise SpecError(f"pairs: target={target!r} is not valid; it must be 'same' or 'far', the meaning of True")
    items, groups = _read(x, y, "pairs")
    count, rng = _count(count, groups, 2, "pairs"), np.random.default_rng(seed)
    same = rng.permutation(np.arange(count) < (count + 1) // 2)
    alike, unlike = groups.sizes - 1, len(groups.kinds) - groups.sizes
    left = np.where(same, groups.draw(alike, count, rng), groups.draw(unlike, count, rng))
    right = np.where(same, groups.another(left, rng), groups.outside(left, rng))
    return {"left": items[left], "right": items[right], target: same if target == "same" else ~same}


def triplets(x, y, count: int | None = None, seed=0) -> dict:
    """Return random triplets of items: an anchor, another item with the same label, and an item with a different label.

    Parameters
    ----------
    x : array (n, ...) or sparse matrix
        Items.
    y : array (n,)
        A label of any kind for each item.
    count : int or None
        Number of triplets. None: the number of items. Anchors are drawn with replacement; all items that are
        not alone in their class are equally likely.
    seed : int or numpy Generator
        The same seed draws the same triplets.

    Returns
    -------
    dict
        'anchor', 'positive' and 'negative', arrays of items.

    Raises
    ------
    DataError
        If x and y differ in length, if labels are missing, if there is only one class, or no class with two items.
    SpecError
        If `count` is not an integer of at least 1.

    >>> found = triplets(np.arange(4), [0, 0, 1, 1], 3)
    >>> bool(np.all(found["anchor"] // 2 == found["positive"] // 2)), bool(np.any(found["anchor"] == found["positive"]))
    (True, False)
    """
    items, groups = _read(x, y, "triplets")
    count, rng = _count(count, groups, 1, "triplets"), np.random.default_rng(seed)
    anchor = groups.draw(groups.sizes > 1, count, rng)
    return {"anchor": items[anchor], "positive": items[groups.another(anchor, rng)],
            "negative": items[groups.outside(anchor, rng)]}


@dataclasses.dataclass(frozen=True)
class Groups:
    """Items in groups of one label.

    Parameters
    ----------
    kinds : int array (n,)
        The group of each item.
    order : int array (n,)
        The items, group by group.
    places : int array (n,)
        Where in `order` each item stands.
    starts, sizes : int array (n,)
        Where in `order` the group of each item starts, and how many items it has.
    """

    kinds: np.ndarray
    order: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray

    @classmethod
    def of(cls, kinds: np.ndarray) -> "Groups":
        """Return the groups of items by the number of each one's label."""
        order, counts = np.argsort(kinds, kind="stable"), np.bincount(kinds)
        starts = np.cumsum(counts) - counts
        return cls(kinds, order, np.argsort(order), starts[kinds], counts[kinds])

    def draw(self, chances, count: int, rng) -> np.ndarray:
        """Return `count` items, each drawn with a probability that is proportional to its chance."""
        heap = np.cumsum(chances)
        return np.searchsorted(heap, rng.integers(heap[-1], size=count), side="right")

    def another(self, items, rng) -> np.ndarray:
        """Return another item of the same group for each of some items; anything where there is none."""
        step = rng.integers(np.maximum(self.sizes[items] - 1, 1))
        starts, own = self.starts[items], self.places[items]
        return self.order[np.minimum(starts + step + (starts + step >= own), len(self.order) - 1)]

    def outside(self, items, rng) -> np.ndarray:
        """Return an item of another group for each of some items."""
        step = rng.integers(len(self.order) - self.sizes[items])
        return self.order[step + np.where(step >= self.starts[items], self.sizes[items], 0)]


def _read(x, y, who: str):
    """Return items that can be taken by number, and the groups of their labels."""
    items = x.tocsr() if hasattr(x, "tocsr") else as_array(x, f"{who}: x")
    labels = as_array(y, f"{who}: y")
    if labels.ndim != 1:
        raise DataError(f"{who}: y has shape {labels.shape}. Pass one label per item, (n,). For one-hot vectors, pass "
                        "y.argmax(axis=1)")
    if items.ndim < 1 or items.shape[0] != len(labels):
        raise DataError(f"{who}: x has shape {items.shape} and y {labels.shape}. Pass one label per item")
    missing = np.array([is_missing(label) for label in labels.tolist()], bool)
    if missing.any():
        raise DataError(f"{who}: y has no label for {missing.sum()} items, the first in row {missing.argmax()}. Leave "
                        "them out")
    known: dict = {}
    kinds = np.array([known.setdefault(label, len(known)) for label in labels.tolist()], int)
    groups = Groups.of(kinds)
    if len(known) < 2 or groups.sizes.max() < 2:
        classes = f"{len(known)} class{'es' * (len(known) != 1)}"
        raise DataError(f"{who}: got {len(kinds)} items in {classes}. Pass at least two classes, and two items in one "
                        "of them")
    return items, groups


def _count(count, groups, least: int, who: str) -> int:
    count = len(groups.kinds) if count is None else count
    if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < least:
        raise SpecError(f"{who}: count={count!r} is not valid; it must be an integer of at least {least}")
    return int(count)
