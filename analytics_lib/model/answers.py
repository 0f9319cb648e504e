"""From the numbers of groups, as a statement or a frame gives them, to an answer: the same checks for all sources."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.model.aggregation import (
    MISSING,
    SEGMENT,
    SEGMENT_VALUE,
    SIZE,
    Extremes,
    MomentAnswer,
)
from analytics_lib.model.labels import ordered, plain_label
from analytics_lib.model.moment_table import ClusterMoments, MomentTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from analytics_lib.model.aggregation import MomentRequest

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Groups:
    """The numbers of R groups over the K columns measured.

    Parameters
    ----------
    n
        Rows, shape (R,).
    missing
        Missing values, shape (R, K).
    mean, squares
        Means, and centred sums of squares, of the values that are there; shape (R, K).
    products
        Centred sums of products of the P pairs wanted, shape (R, P); anything where a value of the pair is missing.
    low, high
        Smallest and largest values of the E columns of extremes, shape (R, E).
    centre
        What was taken from all values before, shape (K,); from those of units where rows are clusters.
    """

    n: Floats
    missing: NDArray[np.int64]
    mean: Floats
    squares: Floats
    products: Floats
    low: Floats
    high: Floats
    centre: Floats

    def take(self, order: Sequence[int]) -> Groups:
        """Return the groups at these positions."""
        at = np.asarray(order, dtype=np.intp)
        return replace(
            self, **{each.name: getattr(self, each.name)[at] for each in fields(self) if each.name != "centre"}
        )


def assemble(
    request: MomentRequest, keys: Sequence[tuple[str, tuple[Any, ...], Any]], groups: Groups, where: str
) -> MomentAnswer:
    """Return the answer that groups' numbers make.

    Parameters
    ----------
    request
        What was asked for.
    keys
        For each group: its segment, "" for none; the values of ``request.keys``; the segment's value.
    groups
        Their numbers.
    where
        The source's name, for errors.

    Raises
    ------
    InputError
        There are no rows, or a value is not finite.
    """
    if not keys or not (request.keys or groups.n.any()):  # without a key, no rows are a group of none
        raise InputError("there are no rows", where=where, hint="is the query's condition right?")
    rows = [segment_labels(*key) for key in keys]
    place = {name: at for at, name in enumerate(("", *request.segments))}
    order = ordered([(place[row[-2]], *row) for row in rows])
    rows, groups = [rows[at] for at in order], groups.take(order)
    _require_finite(request, groups, where)
    names = (*request.labels, SEGMENT, SEGMENT_VALUE)
    labels = {name: [row[at] for row in rows] for at, name in enumerate(names)}
    table = MomentTable(labels, groups.n, request.measured, groups.mean, _comoment(request, groups))
    extremes = Extremes(request.ends, groups.low, groups.high) if request.ends else None
    answer = MomentAnswer(table, groups.missing, extremes)
    if request.segments and "" not in request.groupings:  # while means are near zero, so that no digit is lost
        answer = _with_total(request, answer)
    table = answer.table
    labels = {name: [*table.labels[name]] for name in (names if request.segments else request.labels)}
    if request.cluster is not None:
        around = MomentTable(labels, table.n, table.columns, table.mean, table.comoment)
        clusters = ClusterMoments(around, groups.centre)
        return replace(answer, table=_moved_back(clusters), clusters=clusters)
    moved = MomentTable(labels, table.n, table.columns, table.mean + groups.centre, table.comoment)
    return replace(answer, table=moved)


def _moved_back(clusters: ClusterMoments) -> MomentTable:
    """Return the moments of plain sums: a cluster of N units has Σy = Σ(y − c) + c·N."""
    table, c = clusters.table, clusters.origin
    size = table.columns.index(SIZE)
    mean = table.mean + c * table.mean[:, [size]]
    across = c[:, None] * table.comoment[:, [size], :]
    both = np.outer(c, c) * table.comoment[:, [size], [size]][:, :, None]
    comoment = table.comoment + across + np.swapaxes(across, 1, 2) + both
    return MomentTable(table.labels, table.n, table.columns, mean, comoment)


def segment_labels(segment: str, values: Sequence[Any], value: object) -> tuple[Any, ...]:
    """Return a group's labels: those of its keys, the segment, the segment's value."""
    plain = plain_label(value)
    shown = None if segment == "" else MISSING if plain is None else plain
    return (*(plain_label(each) for each in values), segment, shown)


def _require_finite(request: MomentRequest, groups: Groups, where: str) -> None:
    """Refuse NaN, infinities, and numbers whose fourth powers are infinite: relative effects need those."""
    there = groups.missing < groups.n[:, None]
    with np.errstate(over="ignore", invalid="ignore"):  # variances and squared means are multiplied with each other
        size = groups.squares**2 + (groups.mean + groups.centre) ** 4
    wrong = there & ~np.isfinite(size)
    if wrong.any():
        name = request.measured[int(np.argmax(wrong.any(axis=0)))]
        raise InputError(
            f"column '{name}' holds NaN, infinite or too large values",
            where=where,
            hint="leave these rows out, or put a number in their place",
        )


def _comoment(request: MomentRequest, groups: Groups) -> Floats:
    r, k = groups.mean.shape
    comoment = np.full((r, k, k), np.nan)
    every = np.arange(k)
    comoment[:, every, every] = np.where(groups.missing < groups.n[:, None], np.maximum(groups.squares, 0.0), np.nan)
    for at, (a, b) in enumerate(request.products):
        partly = (groups.missing[:, a] > 0) | (groups.missing[:, b] > 0)
        comoment[:, a, b] = comoment[:, b, a] = np.where(partly, np.nan, groups.products[:, at])
    return comoment


def _with_total(request: MomentRequest, answer: MomentAnswer) -> MomentAnswer:
    """Put the groups of all units, which are those of the first segment added, before those of the segments."""
    table = answer.table
    first = [at for at, segment in enumerate(table.labels[SEGMENT]) if segment == request.segments[0]]
    parts = table.take(first)
    total = parts.rollup(keep=request.labels)
    rows = list(zip(*(total.labels[name] for name in request.labels), strict=True))
    place = {row: at for at, row in enumerate(rows)}
    code = [place[row] for row in zip(*(parts.labels[name] for name in request.labels), strict=True)]
    missing = np.zeros((len(rows), len(table.columns)), dtype=np.int64)
    np.add.at(missing, code, answer.missing[first])
    mean, comoment = total.mean.copy(), total.comoment.copy()
    for at in np.flatnonzero(missing.any(axis=0)):  # such a column has counts of its own
        n = parts.n - answer.missing[first][:, at]
        own = MomentTable(
            parts.labels, n, (table.columns[at],), parts.mean[:, [at]], parts.comoment[:, [at]][:, :, [at]]
        ).rollup(keep=request.labels)
        empty = own.n == 0
        mean[:, at] = np.where(empty, np.nan, own.mean[:, 0])
        comoment[:, at, at] = np.where(empty, np.nan, own.comoment[:, 0, 0])
    labels: dict[str, list[Any]] = {name: [*total.labels[name], *table.labels[name]] for name in request.labels}
    labels[SEGMENT] = [*([""] * len(rows)), *table.labels[SEGMENT]]
    labels[SEGMENT_VALUE] = [*([None] * len(rows)), *table.labels[SEGMENT_VALUE]]
    whole = MomentTable(
        labels, np.concatenate((total.n, table.n)), table.columns,
        np.concatenate((mean, table.mean)), np.concatenate((comoment, table.comoment)),
    )  # fmt: skip
    extremes = answer.extremes
    if extremes is not None:
        low = np.full((len(rows), len(extremes.columns)), np.nan)
        high = low.copy()
        np.fmin.at(low, code, extremes.minimum[first])
        np.fmax.at(high, code, extremes.maximum[first])
        extremes = replace(
            extremes, minimum=np.concatenate((low, extremes.minimum)), maximum=np.concatenate((high, extremes.maximum))
        )
    return MomentAnswer(whole, np.concatenate((missing, answer.missing)), extremes)
