"""Quantiles of groups from their order statistics, with the interval that needs no shape of the distribution."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.model.aggregation import SEGMENT, SEGMENT_VALUE, QuantileTable
from analytics_lib.model.answers import segment_labels
from analytics_lib.model.labels import ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analytics_lib.model.aggregation import MomentRequest, QuantileRequest

    Key = tuple[str, tuple[Any, ...], Any]

NEAR: Final = 4
"""How far at most the interval's ranks lie from their normal approximation, rounding included."""


def ranks(n: int, q: float, confidence: float) -> tuple[int, int]:
    """Return the ranks of the order statistics whose interval holds a quantile.

    X₍r₎ ≤ x_q ≤ X₍s₎ with probability P(r ≤ B ≤ s − 1), B ~ Binomial(n, q): r is the largest rank with
    P(B ≤ r − 1) ≤ tail and s the smallest with P(B ≤ s − 1) ≥ 1 − tail (Conover 1999, the exact method).
    The lower rank is 0, or the upper n + 1, where `n` is too small for a bound.

    Parameters
    ----------
    n
        Size of the sample.
    q
        Which quantile.
    confidence
        How often the interval holds the quantile; half of the rest is each `tail`.

    Examples
    --------
    >>> ranks(16, 0.75, 0.90)
    (9, 16)
    """
    from statistics import NormalDist

    from scipy.special import bdtr

    tail = (1 - confidence) / 2
    away = NormalDist().inv_cdf(1 - tail) * (n * q * (1 - q)) ** 0.5
    low = np.clip(np.arange(int(n * q - away) - NEAR, int(n * q - away) + NEAR + 2), 0, n + 1)
    high = np.clip(np.arange(int(n * q + away) - NEAR, int(n * q + away) + NEAR + 2), 0, n + 1)
    below = np.where(low > 0, bdtr(np.maximum(low - 1, 0), n, q), 0.0)
    up_to = np.where(high > n, 1.0, np.where(high > 0, bdtr(np.clip(high - 1, 0, n), n, q), 0.0))
    return int(low[below <= tail].max()), int(high[up_to >= 1 - tail].min())


def quantile_table(
    request: MomentRequest, wanted: QuantileRequest, found: Iterable[tuple[Key, int, Mapping[int, float]]]
) -> QuantileTable:
    """Return a quantile of each group.

    Parameters
    ----------
    request, wanted
        What was asked for.
    found
        For each group: its key as `answers.assemble` takes it, its number of values, and rank → value for the ranks
        that matter.
    """
    groups = [(segment_labels(*key), n, values) for key, n, values in found]
    place = {name: at for at, name in enumerate(("", *request.segments))}
    groups = [groups[at] for at in ordered([(place[row[-2]], *row) for row, _, _ in groups])]
    names = tuple(name for name in request.labels if name != "stratum")
    names = (*names, SEGMENT, SEGMENT_VALUE) if request.segments else names
    labels = {name: [row[at] for row, _, _ in groups] for at, name in enumerate(names)}
    result = np.array([_quantile(wanted, n, values) for _, n, values in groups], dtype=float).reshape(-1, 3)
    counts = np.array([n for _, n, _ in groups], dtype=np.int64)
    return QuantileTable(wanted, labels, counts, result[:, 0], result[:, 1], result[:, 2])


def _quantile(wanted: QuantileRequest, n: int, values: Mapping[int, float]) -> tuple[float, float, float]:
    """Return the quantile by linear interpolation (Hyndman & Fan 1996, type 7) and its interval's ends."""
    at = 1 + (n - 1) * wanted.q
    low = int(at)
    share = at - low
    value = values[low] * (1 - share) + values[low + 1] * share if share else values[low]
    lower, upper = ranks(n, wanted.q, wanted.confidence)
    return value, values[lower] if lower >= 1 else -np.inf, values[upper] if upper <= n else np.inf


def by_group(rows: Iterable[tuple[Key, int, int, float]]) -> list[tuple[Key, int, dict[int, float]]]:
    """Return rows of (group, its number of values, rank, value) as one entry a group."""
    values: defaultdict[Key, dict[int, float]] = defaultdict(dict)
    counts: dict[Key, int] = {}
    for key, n, rank, value in rows:
        values[key][rank] = value
        counts[key] = n
    return [(key, counts[key], values[key]) for key in values]
