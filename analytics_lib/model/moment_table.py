"""Moments of many groups at once, as arrays: what one statement in a warehouse returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.model.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class MomentTable:
    """The moments of R groups of units over K columns.

    Parameters
    ----------
    labels
        What tells the groups apart: a label's name (``"variant"``, ``"day"``, …) → its R values.
    n
        Number of units; shape (R,).
    columns
        The K columns of the data.
    mean
        Means; shape (R, K).
    comoment
        Centred sums of products Σ(a − ā)(b − b̄); shape (R, K, K), symmetric, NaN where a pair was not asked for.

    Raises
    ------
    InputError
        The shapes do not fit together, or a count is negative.

    Examples
    --------
    >>> table = MomentTable(
    ...     {"variant": ["a", "a", "b"], "day": [1, 2, 1]}, [2, 2, 3], ("y",), [[1], [3], [2]], [[[2]], [[2]], [[6]]]
    ... )
    >>> table.rollup(keep=("variant",)).moments(0, roles={"y": "y"})
    Moments(n=4, names=('y',), mean=(2.0,), comoment=((8.0,),))
    """

    labels: Mapping[str, Sequence[Any]]
    n: Floats
    columns: tuple[str, ...]
    mean: Floats
    comoment: Floats

    def __post_init__(self) -> None:
        n, mean = np.asarray(self.n, dtype=float), np.asarray(self.mean, dtype=float)
        comoment = np.asarray(self.comoment, dtype=float)
        rows, k = len(n), len(self.columns)
        if mean.shape != (rows, k) or comoment.shape != (rows, k, k):
            raise InputError(
                f"{rows} groups of {k} columns need means ({rows}, {k}) and products ({rows}, {k}, {k}), "
                f"not {mean.shape} and {comoment.shape}"
            )
        if uneven := [name for name, values in self.labels.items() if len(values) != rows]:
            raise InputError(f"the label '{uneven[0]}' has {len(self.labels[uneven[0]])} values for {rows} groups")
        if not (n >= 0).all():
            raise InputError("a group's count of units is negative or missing")
        empty = n == 0
        if empty.any():  # what a warehouse leaves empty; copies of many columns cost more than their sums
            mean = np.where(empty[:, None], 0.0, mean)
            comoment = np.where(empty[:, None, None], 0.0, comoment)
        for name, value in (("n", n), ("mean", mean), ("comoment", comoment), ("columns", tuple(self.columns))):
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.n)

    def where(self, **labels: Any) -> MomentTable:
        """Return the groups whose labels have these values, in their order."""
        kept = np.ones(len(self), dtype=bool)
        for name, value in labels.items():
            kept &= np.array([each == value for each in self._label(name)], dtype=bool)
        return self.take(np.flatnonzero(kept))

    def take(self, rows: Sequence[int] | NDArray[np.intp]) -> MomentTable:
        """Return the groups at these positions."""
        labels = {name: [values[row] for row in rows] for name, values in self.labels.items()}
        at = np.asarray(rows, dtype=np.intp)
        return MomentTable(labels, self.n[at], self.columns, self.mean[at], self.comoment[at])

    def rollup(self, keep: Sequence[str] = ()) -> MomentTable:
        """Add up the groups that share the labels in `keep`, in the order in which they first appear.

        Vectorised form of Chan, Golub & LeVeque (1979): the sums within the groups, and those of their means around
        the common mean.

        Raises
        ------
        InputError
            There is no such label.
        """
        keep = (keep,) if isinstance(keep, str) else tuple(keep)
        keys, code = _codes([self._label(name) for name in keep], len(self))
        count = len(keys)
        n = np.zeros(count)
        np.add.at(n, code, self.n)
        mean = np.zeros((count, len(self.columns)))
        np.add.at(mean, code, self.n[:, None] * self.mean)
        mean /= np.maximum(n, 1)[:, None]
        away = self.mean - mean[code]
        away[self.n == 0] = 0.0
        comoment = np.zeros((count, len(self.columns), len(self.columns)))
        np.add.at(comoment, code, self.comoment + self.n[:, None, None] * away[:, :, None] * away[:, None, :])
        labels = {name: [key[at] for key in keys] for at, name in enumerate(keep)}
        return MomentTable(labels, n, self.columns, mean, comoment)

    def cumulate(self, by: str) -> MomentTable:
        """Add to each group what came before it along the ordered label `by`.

        Every combination of `by` with the other labels gets a row, whether units arrived then or not: arms can be
        compared at each. Rows are sorted by `by` within the other labels.

        Raises
        ------
        InputError
            There is no such label, or its values have no order.
        """
        others = [name for name in self.labels if name != by]
        try:
            steps = sorted(set(self._label(by)))
        except TypeError:
            raise InputError(f"the values of '{by}' have no order", hint="drop the units without one") from None
        whole = self.rollup(keep=(*others, by))
        keys, code = _codes([whole.labels[name] for name in others], len(whole))
        place = {value: at for at, value in enumerate(steps)}
        step = [place[value] for value in whole.labels[by]]
        shape, k = (len(keys), len(steps)), len(self.columns)
        n, mean, comoment = np.zeros(shape), np.zeros((*shape, k)), np.zeros((*shape, k, k))
        n[code, step], mean[code, step], comoment[code, step] = whole.n, whole.mean, whole.comoment
        accumulate(n, mean, comoment)
        labels: dict[str, list[Any]] = {
            name: [key[at] for key in keys for _ in steps] for at, name in enumerate(others)
        }
        labels[by] = steps * len(keys)
        return MomentTable(labels, n.ravel(), self.columns, mean.reshape(-1, k), comoment.reshape(-1, k, k))

    def arrays(self, roles: Mapping[str, str]) -> tuple[Floats, Floats, Floats]:
        """Return n (R,), means (R, V) and centred products (R, V, V) of the V variables of a metric.

        Parameters
        ----------
        roles
            The variable's name among `Moments` (``"y"``, ``"x"``, ``"d"``, …) → its column.

        Raises
        ------
        InputError
            There is no such column, or one of the products was not asked for.
        """
        for column in roles.values():
            if column not in self.columns:
                raise InputError(f"there are no moments of '{column}'", hint=nearest(column, self.columns))
        at = np.array([self.columns.index(column) for column in roles.values()], dtype=np.intp)
        products = self.comoment[:, at[:, None], at]
        gaps = np.argwhere(np.isnan(products))
        if len(gaps):
            row, a, b = gaps[0]
            pair = f"'{list(roles.values())[a]}' and '{list(roles.values())[b]}'"
            raise InputError(f"the product of {pair} is missing in group {row}", hint="ask for that pair's moments")
        return self.n, self.mean[:, at], products

    def moments(self, row: int, roles: Mapping[str, str]) -> Moments:
        """Return one group's moments; see `arrays` for the roles and the errors."""
        n, mean, comoment = self.take([row]).arrays(roles)
        return Moments.from_centred(int(n[0]), mean[0].tolist(), comoment[0].tolist(), tuple(roles))

    def _label(self, name: str) -> Sequence[Any]:
        if name not in self.labels:
            raise InputError(f"the moments have no label '{name}'", hint=nearest(name, self.labels))
        return self.labels[name]


@dataclass(frozen=True, eq=False)
class ClusterMoments:
    """Moments over clusters that keep their digits however far from zero the values lie.

    Parameters
    ----------
    table
        R groups over K columns, the last a cluster's number of units. Sums over a cluster are of its units' values less
        `origin`.
    origin
        What was taken from each unit's value, by column, shape (K,); 0 for the last.
    in_two
        Clusters with units in more than one variant.
    """

    table: MomentTable
    origin: Floats
    in_two: int = 0


def accumulate(n: Floats, mean: Floats, comoment: Floats) -> None:
    """Add to each of T steps what came before it, in place: the pairwise update, for G groups at once.

    Parameters
    ----------
    n
        Number of units; shape (G, T).
    mean
        Means; shape (G, T, K).
    comoment
        Centred sums of products; shape (G, T, K, K).
    """
    for at in range(1, n.shape[1]):
        total = n[:, at - 1] + n[:, at]
        share = n[:, at] / np.maximum(total, 1)
        away = np.where((n[:, at] > 0)[:, None], mean[:, at] - mean[:, at - 1], 0.0)
        comoment[:, at] += comoment[:, at - 1]
        comoment[:, at] += (n[:, at - 1] * share)[:, None, None] * away[:, :, None] * away[:, None, :]
        mean[:, at] = mean[:, at - 1] + away * share[:, None]
        n[:, at] = total


def _codes(labels: Sequence[Sequence[Any]], rows: int) -> tuple[list[tuple[Any, ...]], NDArray[np.intp]]:
    """Return the distinct combinations of labels, and each row's position among them."""
    known: dict[tuple[Any, ...], int] = {}
    combined = zip(*labels, strict=True) if labels else ((),) * rows
    code = np.array([known.setdefault(key, len(known)) for key in combined], dtype=np.intp)
    return list(known), code
