"""Results that were added up elsewhere: a row a variant, or a variant and day, with counts and sums or means."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.model.aggregation import VARIANT, Extremes, MomentAnswer
from analytics_lib.model.labels import ordered, plain_label
from analytics_lib.model.moment_table import MomentTable
from analytics_lib.model.moments import Moments
from analytics_lib.model.sums import require_count

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from analytics_lib.model.aggregation import MomentRequest

COUNT = "n"
"""The column with the number of units."""


class Summary:
    """Rows that hold sums, answering as data with a row a unit would.

    Of a column ``orders`` a row holds ``orders_sum`` and ``orders_sum_squares``, or ``orders_mean`` and
    ``orders_variance`` (over n − 1); of one whose values are only 0 and 1 ``orders_sum`` or ``orders_mean`` alone. Of a
    ratio of two columns also the sum of their products, ``orders_sessions_sum``, or ``orders_sessions_covariance``.

    Parameters
    ----------
    rows
        Column → its values, R each.
    variant, day
        The columns of variant and day; None where a row is a whole variant.
    shares
        The columns that hold only 0 and 1.
    where
        Its name, for errors.

    Raises
    ------
    InputError
        There are no rows, a column is absent, or two rows are of the same variant (and day).

    Examples
    --------
    >>> rows = {"variant": ["a", "b"], "n": [4, 5], "orders_sum": [8, 15], "orders_sum_squares": [26, 60]}
    >>> from analytics_lib.model.aggregation import MomentRequest
    >>> answer = Summary(rows).moments(MomentRequest("variant", ("orders",)))
    >>> answer.table.mean[:, 0].tolist()
    [2.0, 3.0]
    """

    def __init__(
        self,
        rows: Mapping[str, Sequence[Any]],
        variant: str = "variant",
        day: str | None = None,
        shares: Collection[str] = (),
        where: str = "the summary",
    ) -> None:
        self._rows = rows
        self._labels = {variant: VARIANT} | ({day: day} if day is not None else {})
        self._shares = shares
        self._where = where
        for name in (*self._labels, COUNT):
            self._column(name)
        keys = list(zip(*([plain_label(each) for each in rows[name]] for name in self._labels), strict=True))
        if not keys:
            raise InputError("there are no rows", where=where, hint="is the query's condition right?")
        twice = [key for at, key in enumerate(keys) if key in keys[:at]]
        if twice:
            said = " on ".join(str(part) for part in twice[0])
            raise InputError(f"there are two rows for {said}", where=where, hint="a row a variant, or variant and day")
        self._keys = keys

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._rows)

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments that the sums stand for; extremes are unknown, and units are not counted.

        Raises
        ------
        InputError
            A sum is absent or impossible, or something is asked for that sums do not hold.
        """
        self._require_simple(request)
        rows = [self._moments(row, request) for row in range(len(self._keys))]
        kept = [at for at, name in enumerate(self._labels) if name == request.variant or name in request.by]
        order = ordered([tuple(key[at] for at in kept) for key in self._keys])
        names = [self._labels[[*self._labels][at]] for at in kept]
        labels = {name: [self._keys[row][at] for row in order] for name, at in zip(names, kept, strict=True)}
        n = np.array([float(rows[row][0]) for row in order])
        k = len(request.measured)
        mean = np.array([rows[row][1] for row in order]).reshape(len(n), k)
        comoment = np.array([rows[row][2] for row in order]).reshape(len(n), k, k)
        table = MomentTable(labels, n, request.measured, mean, comoment)
        if len(kept) < len(self._labels):
            table = table.rollup(keep=names)
        shape = (len(table), len(request.extremes))
        extremes = Extremes(request.extremes, np.full(shape, np.nan), np.full(shape, np.nan))
        missing = np.zeros((len(table), len(request.measured)), dtype=np.int64)
        return MomentAnswer(table, missing, extremes if request.extremes else None)

    def _require_simple(self, request: MomentRequest) -> None:
        asked = {
            "segments": request.segments, "strata": request.strata, "clusters": request.cluster,
            "quantiles": request.quantiles, "units": request.unit,
        }  # fmt: skip
        for what, given in asked.items():
            if given:
                raise InputError(f"{what} cannot be told from sums", where=self._where, hint="give a row a unit")
        for name in request.keys:
            self._column(name)

    def _moments(self, row: int, request: MomentRequest) -> tuple[int, list[float], list[list[float]]]:
        names = request.measured
        k = len(names)
        mean, comoment = [0.0] * k, [[float("nan")] * k for _ in range(k)]
        n: Any = self._number(COUNT, row)
        label = " on ".join(str(part) for part in self._keys[row])
        try:
            count = require_count(n)
            for at, name in enumerate(names):
                mean[at], comoment[at][at] = self._single(name, row, count)
            for a, b in combinations(range(k), 2):
                if (a, b) in request.products:
                    comoment[a][b] = comoment[b][a] = self._product(names[a], names[b], row, count)
        except InputError as error:
            error.where = f"{self._where}, {label}" + (f", {error.where}" if error.where else "")
            raise
        return count, mean, comoment

    def _single(self, name: str, row: int, n: int) -> tuple[float, float]:
        if f"{name}_mean" in self._rows:
            mean = self._number(f"{name}_mean", row)
            share = name in self._shares and f"{name}_variance" not in self._rows
            square = n * mean * (1 - mean) if share else max(n - 1, 0) * self._number(f"{name}_variance", row)
            found = Moments.from_centred(n, [float(mean)], [[float(square)]])
        else:
            total = self._number(f"{name}_sum", row)
            share = name in self._shares and f"{name}_sum_squares" not in self._rows
            found = Moments.from_sums(n, total, total if share else self._number(f"{name}_sum_squares", row))
        if name in self._shares and not (found.binary or n == 0):
            raise InputError(f"'{name}' is no share of {n:,} units", hint="a proportion counts units that are 0 or 1")
        return found.mean[0], found.comoment[0][0]

    def _product(self, first: str, second: str, row: int, n: int) -> float:
        for a, b in ((first, second), (second, first)):
            if f"{a}_{b}_covariance" in self._rows:
                return float(self._number(f"{a}_{b}_covariance", row)) * max(n - 1, 0)
            if f"{a}_{b}_sum" in self._rows:
                totals = (self._total(name, row, n) for name in (first, second))
                return float(self._number(f"{a}_{b}_sum", row) - next(totals) * next(totals) / max(n, 1))
        return float(self._number(f"{first}_{second}_sum", row))

    def _total(self, name: str, row: int, n: int) -> Fraction:
        if f"{name}_sum" in self._rows:
            return Fraction(self._number(f"{name}_sum", row))
        return Fraction(self._number(f"{name}_mean", row)) * n

    def _column(self, name: str) -> Sequence[Any]:
        if name not in self._rows:
            what = "variant column" if self._labels.get(name) == VARIANT else "column"
            raise InputError(f"there is no {what} '{name}'", where=self._where, hint=nearest(name, self._rows))
        return self._rows[name]

    def _number(self, name: str, row: int) -> Any:
        value = self._column(name)[row]
        value = value.item() if hasattr(value, "item") else value
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or not isfinite(value):
            raise InputError(f"column '{name}' holds {value!r}", hint="a number is right")
        return float(value) if name == COUNT else Fraction(value)
