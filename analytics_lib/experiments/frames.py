"""Moments from a frame: the answers that a database would give, from a DataFrame or an Arrow table."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.columns import Columns
from analytics_lib.model.aggregation import SIZE, MomentRequest, UnitCounts
from analytics_lib.model.answers import Groups, assemble
from analytics_lib.model.orderstatistics import quantile_table, ranks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from analytics_lib.model.aggregation import MomentAnswer, QuantileRequest, QuantileTable

    Floats = NDArray[np.float64]
    Codes = NDArray[np.intp]
    Labels = list[tuple[Any, ...]]

_WHERE: Final = "the frame"
_DENSE: Final = 4_000_000
"""Up to so many possible combinations of labels are counted; more are sorted."""


class Frame:
    """A DataFrame or an Arrow table as a source of moments. Only the columns that a request names are read.

    Parameters
    ----------
    data
        One row a unit.

    Raises
    ------
    InputError
        It is neither a DataFrame nor an Arrow table.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = Frame(pd.DataFrame({"variant": ["A", "B", "A", "B"], "orders": [1, 2, 3, 6]}))
    >>> frame.moments(MomentRequest("variant", ("orders",))).table.mean.tolist()
    [[2.0], [4.0]]
    """

    def __init__(self, data: pd.DataFrame | pa.Table) -> None:
        self._columns = Columns(data)

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return self._columns.names()

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for.

        Raises
        ------
        InputError
            A column is absent, holds no numbers, or a value of it is not finite.
        """
        request.require_columns(self.columns(), _WHERE)
        pass_ = _Pass(self._columns, request)
        keys: list[tuple[str, tuple[Any, ...], Any]] = []
        parts: list[Groups] = []
        for grouping in request.groupings:
            found, groups = pass_.groups(grouping)
            keys += found
            parts.append(groups)
        names = ("n", "missing", "mean", "squares", "products", "low", "high")
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
        whole = Groups(**joined, centre=parts[0].centre)
        answer = assemble(request, keys, whole, _WHERE)
        quantiles = tuple(pass_.quantile(each) for each in request.quantiles)
        units = pass_.units() if request.unit is not None else None
        return replace(answer, quantiles=quantiles, units=units)


class _Pass:
    """One request's way through the columns: labels are coded once, values read once."""

    def __init__(self, columns: Columns, request: MomentRequest) -> None:
        self._columns = columns
        self._request = request
        self._values: dict[str, Floats] = {}

    def groups(self, grouping: str) -> tuple[list[tuple[str, tuple[Any, ...], Any]], Groups]:
        """Return the keys and numbers of one grouping's groups."""
        request = self._request
        code, labels = self._coded(grouping)
        keys = [_key(grouping, row) for row in labels]
        if request.cluster is None:
            values = [self._numbers(name) for name in request.measured]
            centre = np.array([_centre(column) for column in values])
            return keys, _sums(request, code, len(labels), (values, values), (centre, None))
        clusters, names = self._columns.codes(request.cluster)
        if None in names:
            raise InputError(
                f"units have no cluster: '{request.cluster}' is missing", where=_WHERE, hint="leave them out"
            )
        pair, rows = _combined([(code, len(labels)), (clusters, len(names))])
        outer, size = rows[:, 0], np.bincount(pair, minlength=len(rows)).astype(np.float64)
        moved: list[Floats] = []
        sums: list[Floats] = []
        missing = np.zeros((len(labels), len(request.measured)), dtype=np.int64)
        centre = np.zeros(len(request.measured))
        for at, name in enumerate(request.measured):
            if name != SIZE:
                values_of = self._numbers(name)
                absent = np.isnan(values_of)
                missing[:, at] = np.bincount(code, weights=absent, minlength=len(labels))
                centre[at] = _centre(values_of)
                near = np.where(absent, 0.0, values_of - centre[at])
                moved.append(np.asarray(np.bincount(pair, weights=near, minlength=len(rows)), dtype=float))
            sums.append(size if name == SIZE else moved[-1] + centre[at] * size)
        return keys, _sums(request, outer, len(labels), ([*moved, size], sums), (centre, missing))

    def quantile(self, wanted: QuantileRequest) -> QuantileTable:
        """Return a quantile of all units' groups and of each segment's."""
        found = []
        values = self._numbers(wanted.column)
        for grouping in ("", *self._request.segments):
            code, labels = self._coded(grouping)
            there = ~np.isnan(values)
            order = np.lexsort((values[there], code[there]))
            each, ends = values[there][order], np.cumsum(np.bincount(code[there], minlength=len(labels)))
            start = 0
            for row, end in zip(labels, ends.tolist(), strict=True):
                if end > start:
                    found.append((_key(grouping, row), end - start, _near(each[start:end], wanted)))
                start = end
        return quantile_table(self._request, wanted, found)

    def units(self) -> UnitCounts:
        """Return how often units stand in the frame, and in how many variants."""
        request = self._request
        unit, names = self._columns.codes(str(request.unit))
        known = np.array([name is not None for name in names], dtype=bool)
        there = known[unit] if len(names) else np.zeros(0, dtype=bool)
        rows, different = len(unit), int(known.sum())
        variant, variants = self._columns.codes(request.variant) if request.variant is not None else (0 * unit, [None])
        by = [self._columns.codes(name, days=True) for name in request.by]
        coded = [(unit[there], len(names)), (variant[there], len(variants))]
        each, _ = _combined([*coded, *((code[there], len(labels)) for code, labels in by)])
        _, pairs = _combined(coded)
        in_two = np.bincount(pairs[:, 0], minlength=len(names)) > 1
        twice = in_two.copy()
        if there.any():
            twice[unit[there][np.bincount(each)[each] > 1]] = True
        return UnitCounts(rows, rows - int(there.sum()), different, int(twice.sum()), int(in_two.sum()))

    def _coded(self, grouping: str) -> tuple[Codes, Labels]:
        """Return each row's group and the groups' labels, the segment's value last."""
        by = {*self._request.by}
        coded = [self._columns.codes(name, days=name in by) for name in self._request.keys]
        coded += [self._columns.codes(grouping)] if grouping else []
        if not coded:
            return np.zeros(self._columns.rows, dtype=np.intp), [()]
        code, rows = _combined([(each, len(labels)) for each, labels in coded])
        labels = [labels for _, labels in coded]
        return code, [tuple(each[at] for each, at in zip(labels, row, strict=True)) for row in rows.tolist()]

    def _numbers(self, name: str) -> Floats:
        if name not in self._values:
            self._values[name] = self._columns.numbers(name)
        return self._values[name]


def _key(grouping: str, row: tuple[Any, ...]) -> tuple[str, tuple[Any, ...], Any]:
    return (grouping, row[:-1], row[-1]) if grouping else ("", row, None)


def _combined(coded: Sequence[tuple[Codes, int]]) -> tuple[Codes, NDArray[np.intp]]:
    """Return each row's combination of codes, and the combinations that there are: shape (combinations, columns)."""
    code = np.zeros(len(coded[0][0]), dtype=np.intp)
    size = 1
    for each, count in coded:
        code = code * max(count, 1) + each
        size *= max(count, 1)
    if size <= _DENSE:
        present = np.flatnonzero(np.bincount(code, minlength=size))
        place = np.zeros(size, dtype=np.intp)
        place[present] = np.arange(len(present))
        code = place[code]
    else:
        present, code = np.unique(code, return_inverse=True)
    rows = np.empty((len(present), len(coded)), dtype=np.intp)
    for at in reversed(range(len(coded))):
        present, rows[:, at] = np.divmod(present, max(coded[at][1], 1))
    return code, rows


def _sums(
    request: MomentRequest,
    code: Codes,
    count: int,
    columns: tuple[Sequence[Floats], Sequence[Floats]],
    given: tuple[Floats, NDArray[np.int64] | None],
) -> Groups:
    """Return the numbers of groups: values are centred around their group's mean before they are multiplied.

    Parameters
    ----------
    columns
        The values that are summed, and those whose extremes are wanted.
    given
        The columns' centre; and of clusters, which have lost it already, the missing values.
    """
    (values, plain), (centre, missing) = columns, given
    n = np.bincount(code, minlength=count).astype(float)
    k = len(values)
    mean, squares, left = np.full((count, k), np.nan), np.full((count, k), np.nan), np.zeros((count, k))
    absent = np.zeros((count, k), dtype=np.int64) if missing is None else missing
    taken = centre if missing is None else np.zeros(k)
    paired = {at for pair in request.products for at in pair}
    away: dict[int, Floats] = {}
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        for at, column in enumerate(values):
            gone = np.isnan(column)
            if gone.any():
                absent[:, at] = np.bincount(code, weights=gone, minlength=count)
            there = n - (absent[:, at] if missing is None else 0)
            near = np.where(gone, 0.0, column - taken[at])
            mean[:, at] = np.bincount(code, weights=near, minlength=count) / there
            moved = np.where(gone, 0.0, near - mean[code, at])
            left[:, at] = np.bincount(code, weights=moved, minlength=count)
            squares[:, at] = np.bincount(code, weights=moved * moved, minlength=count) - left[:, at] ** 2 / there
            mean[:, at] += left[:, at] / there
            if at in paired:
                away[at] = moved
        products = np.empty((count, len(request.products)))
        for at, (a, b) in enumerate(request.products):
            products[:, at] = np.bincount(code, weights=away[a] * away[b], minlength=count)
            products[:, at] -= left[:, a] * left[:, b] / n
    shape = (count, len(request.ends))
    low, high = np.full(shape, np.inf), np.full(shape, -np.inf)
    place = {name: at for at, name in enumerate(request.measured)}
    ends = [plain[place[name]] for name in request.extremes]
    ends += [plain[place[each.above]] - each.slope * plain[place[each.below]] for each in request.residuals]
    for at, column in enumerate(ends):
        np.fmin.at(low[:, at], code, column)
        np.fmax.at(high[:, at], code, column)
    low[np.isposinf(low)], high[np.isneginf(high)] = np.nan, np.nan
    return Groups(n, absent, mean, squares, products, low, high, centre)


def _centre(column: Floats) -> float:
    """Return the mean of a column's first values: what is summed then lies near zero."""
    first = column[:1000]
    there = first[~np.isnan(first)]
    return float(there.mean()) if len(there) else 0.0


def _near(values: Floats, wanted: QuantileRequest) -> dict[int, float]:
    """Return rank → value for the order statistics that a quantile of sorted values needs."""
    n = len(values)
    at = int(1 + (n - 1) * wanted.q)
    places = {at, min(at + 1, n), *ranks(n, wanted.q, wanted.confidence)}
    return {place: float(values[place - 1]) for place in places if 1 <= place <= n}
