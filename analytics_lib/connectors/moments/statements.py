"""Moments in one statement: the engine's own VAR_SAMP and COVAR_SAMP, or sums of centred values.

Four forms of the same statement:

*plain*
    ``VAR_SAMP`` and ``COVAR_SAMP``, one pass, GROUPING SETS for segments. The engines update centred sums row by row,
    PostgreSQL as Youngs & Cramer (1971), DuckDB as Welford (1962).
*shifted*
    The same of values less a centre, the mean of a column in some rows: for values far from zero, where plain updates
    lose digits. The plain answer tells whether there are any.
*sums*
    Sums of values less the centre, and of their products: of few groups in a table DuckDB computes them in half the
    time. Exact as long as the groups' means lie near the centre, which the answer tells; else *shifted*.
*twice*
    Sums of values less the centre and less their group's mean, in two passes: for engines without COVAR_SAMP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.connectors.moments.grouping import blanks, keys_of, prepared, shown_keys
from analytics_lib.errors import InputError
from analytics_lib.model.aggregation import SIZE
from analytics_lib.model.answers import Groups

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from sqlalchemy import CTE, FromClause, Select

    from analytics_lib.connectors.moments.grouping import Column, Found, Source, Statement
    from analytics_lib.model.aggregation import MomentRequest

    Floats = NDArray[np.float64]

PLAIN, SHIFTED, SUMS, TWICE = "plain", "shifted", "sums", "twice"

_FIRST_ROWS: Final = 1000
_FAR: Final = 1e6
"""Squared distance of a group's mean from the centre, in variances, above which sums lose digits."""
_OFF: Final = 1e8
"""The same from zero, above which plain updates do: of n values they keep all but a few times the root of this."""


def form_of(source: Source, request: MomentRequest) -> str:
    """Return which form of the statement suits a source."""
    if not source.has_covariance:  # where rows are only counted it is not needed
        return TWICE if request.measured or len(request.groupings) > 1 else PLAIN
    few = len(request.keys) <= 1 and not request.segments and request.cluster is None
    return SUMS if few and source.dialect == "duckdb" and source.is_table else PLAIN


def statement(source: Source, request: MomentRequest, form: str) -> Statement:
    """Return the statement that answers a request."""
    import sqlalchemy as sa

    units = prepared(source, request, request.measured)
    if request.cluster is not None:
        return _of_clusters(units.cte("units"), request, form)
    rows, centre = _moved(units, request, form)
    if form != TWICE:
        return _with_centre(_aggregated(rows.subquery("moved"), request, request.groupings, (), form), centre)
    moved = rows.cte("moved")
    blank = blanks(moved, request)
    branches = [_twice(moved, request, grouping, blank) for grouping in request.groupings]
    return _with_centre(branches[0] if len(branches) == 1 else sa.union_all(*branches), centre)


def _of_clusters(units: CTE, request: MomentRequest, form: str) -> Statement:
    import sqlalchemy as sa

    blank = blanks(units, request)
    centre = _centre(units, request, form)
    branches = []
    for at, grouping in enumerate(request.groupings):
        rows = _clusters(units, centre, request, grouping).subquery(f"clusters{at}")
        if form == TWICE:
            branches.append(_twice(rows, request, grouping, blank))
        else:
            branches.append(_aggregated(rows, request, (grouping,), blank, form))
    return _with_centre(branches[0] if len(branches) == 1 else sa.union_all(*branches), centre)


def _centre(rows: FromClause, request: MomentRequest, form: str) -> CTE:
    """Return the mean of each column, once: it is read twice and must be the same."""
    import sqlalchemy as sa

    means = [
        (_written(0) if name == SIZE else sa.func.coalesce(sa.func.avg(rows.c[f"x{at}"]), 0.0)).label(f"centre{at}")
        for at, name in enumerate(request.measured)
    ]
    centre = sa.select(*means).select_from(rows).cte("centre")
    return centre if form == TWICE else centre.prefix_with("MATERIALIZED")


def _moved(units: Select[Any], request: MomentRequest, form: str) -> tuple[Select[Any], CTE | None]:
    """Return the units with the values d0, d1, … that are summed, and the centre that they were moved by."""
    import sqlalchemy as sa

    places = range(len(request.measured))
    if form == PLAIN or not request.measured:
        rows = units.subquery("units")
        return sa.select(rows, *(rows.c[f"x{at}"].label(f"d{at}") for at in places)), None
    first = units.subquery("all_rows") if form == TWICE else units.limit(_FIRST_ROWS).subquery("first_rows")
    centre = _centre(first, request, form)
    rows = units.subquery("units")
    away = [(rows.c[f"x{at}"] - centre.c[f"centre{at}"]).label(f"d{at}") for at in places]
    return sa.select(rows, *away).select_from(rows.join(centre, sa.true())), centre


def _with_centre(groups: Statement, centre: CTE | None) -> Statement:
    import sqlalchemy as sa

    if centre is None:
        return groups
    found = groups.subquery("groups_found")
    return sa.select(found, *centre.c).select_from(found.join(centre, sa.true()))


def groups_of(request: MomentRequest, found: Found, form: str) -> Groups:
    """Return the numbers in a statement's result."""
    n, k = np.array(found["n"], dtype=float), len(request.measured)
    missing, mean, squares = (_numbers(found, name, k) for name in ("missing", "mean", "square"))
    products = _numbers(found, "product", len(request.products))
    there = n[:, None] - (0 if request.cluster is not None else missing)  # a cluster has its sums in any case
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        if form in {PLAIN, SHIFTED}:
            squares = np.where(there == 1, 0.0, squares * (there - 1))
            products = np.where(n[:, None] == 1, 0.0, products * (n[:, None] - 1))
        else:  # what is left of the sum corrects squares and mean (Chan, Golub & LeVeque 1983)
            left = _numbers(found, "left", k)
            squares = squares - left * left / there
            first, second = (np.array([pair[side] for pair in request.products], dtype=int) for side in (0, 1))
            products = products - left[:, first] * left[:, second] / n[:, None]
            mean = mean + left / there
    centre = _numbers(found, "centre", k)[:1].ravel() if "centre0" in found and len(n) else np.zeros(k)
    low, high = (_numbers(found, name, len(request.ends)) for name in ("low", "high"))
    return Groups(n, missing.astype(np.int64), mean, squares, products, low, high, centre)


def lost_digits(request: MomentRequest, groups: Groups, form: str) -> bool:
    """Return whether values lie so far from where they are summed around that digits may have been lost."""
    n = np.maximum(groups.n[:, None] - groups.missing, 1)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        if form == SUMS:
            far = (n > 1) & (groups.mean**2 > _FAR * np.maximum(groups.squares / n, 0.0))
            return bool(far.any())
        if form != PLAIN or request.cluster is not None:
            return False
        within = np.nansum(groups.squares, axis=0) / np.nansum(n, axis=0)
        return bool(((within > 0) & (np.nanmax(groups.mean**2, axis=0, initial=0.0) > _OFF * within)).any())


def require_measurable(request: MomentRequest, found: Found, where: str) -> None:
    """Refuse what only the rows tell.

    Raises
    ------
    InputError
        Values are no numbers, or units have no cluster.
    """
    for at, name in enumerate(request.measured):
        if any(found.get(f"text{at}", ())):
            raise InputError(f"column '{name}' holds text, no numbers", where=where, hint="cast it in a query")
    if any(found.get("stray", ())):
        raise InputError(f"units have no cluster: '{request.cluster}' is missing", where=where, hint="leave them out")


def _numbers(found: Found, prefix: str, count: int) -> Floats:
    """Return numbered columns as an array, shape (R, count); NULL becomes NaN."""
    rows = len(found["n"])
    columns = [np.array(found[f"{prefix}{at}"], dtype=float) for at in range(count)]
    return np.stack(columns, axis=1) if columns else np.empty((rows, 0))


def _aggregated(
    rows: FromClause, request: MomentRequest, groupings: Sequence[str], blank: Sequence[Column], form: str
) -> Select[Any]:
    import sqlalchemy as sa

    numbers = [*_counts(rows, request), *(_sums(rows, request) if form == SUMS else _variances(rows, request))]
    if len(groupings) == 1:
        shown = shown_keys(rows, request, groupings[0], blank)
        return sa.select(*shown, *numbers).group_by(*keys_of(rows, request, groupings[0]))
    # All segments' groupings in one pass. GROUPING tells them apart: its only bit that is not set, the last column's
    # being the lowest, is the segment's.
    segments = [rows.c[f"s{at}"] for at in range(len(groupings))]
    bits = sa.func.grouping(*segments)
    every, last = 2 ** len(segments) - 1, len(segments) - 1
    masks = [every ^ (1 << (last - at)) for at in range(last + 1)]
    number = sa.case(*((bits == _written(mask), _written(at)) for at, mask in enumerate(masks)))
    keys = keys_of(rows, request, "")
    sets = sa.func.grouping_sets(*(sa.tuple_(*keys, segment) for segment in segments))
    return sa.select(number.label("grouping"), *keys, *segments, *numbers).group_by(sets)


def _written(number: int) -> Column:
    """Return a number that stands in the statement as it is."""
    import sqlalchemy as sa

    literal: Column = sa.literal_column(str(number))
    return literal


def _twice(rows: FromClause, request: MomentRequest, grouping: str, blank: Sequence[Column]) -> Select[Any]:
    import sqlalchemy as sa

    place, count = request.groupings.index(grouping), range(len(request.measured))
    keys = keys_of(rows, request, grouping)
    means = sa.select(*keys, *(sa.func.avg(rows.c[f"d{at}"]).label(f"mean{at}") for at in count)).group_by(*keys)
    centre = means.subquery(f"means{place}")
    away = {f"d{at}": (rows.c[f"d{at}"] - centre.c[f"mean{at}"]).label(f"d{at}") for at in count}
    same = sa.and_(sa.true(), *(centre.c[key.name].is_not_distinct_from(key) for key in keys))
    kept = [column for column in rows.c if column.name not in away]
    joined = sa.select(*kept, *away.values(), *(centre.c[f"mean{at}"] for at in count))
    moved = joined.select_from(rows.join(centre, same)).subquery(f"moved{place}")
    numbers: list[Column] = [sa.func.max(moved.c[f"mean{at}"]).label(f"mean{at}") for at in count]
    shown = shown_keys(moved, request, grouping, blank)
    numbers += [*_counts(moved, request), *_sums(moved, request, mean=False)]
    return sa.select(*shown, *numbers).group_by(*keys_of(moved, request, grouping))


def _counts(rows: FromClause, request: MomentRequest) -> list[Column]:
    """Return what every form counts: rows, missing values, extremes, and what cannot be measured."""
    import sqlalchemy as sa

    counts: list[Column] = [sa.func.count().label("n")]
    for at, name in enumerate(request.measured):
        if request.cluster is None:
            missing = sa.func.count() - sa.func.count(rows.c[f"x{at}"])
        else:
            missing = sa.func.sum(rows.c[f"u{at}"]) if name != SIZE else _written(0)
        counts.append(missing.label(f"missing{at}"))
    texts = [at for at in range(len(request.measured)) if f"t{at}" in rows.c]
    counts += [sa.func.max(rows.c[f"t{at}"]).label(f"text{at}") for at in texts]
    if request.cluster is not None:
        counts.append(sa.func.max(sa.case((rows.c.c.is_(None), 1), else_=0)).label("stray"))
    plain = {name: rows.c[f"x{place}"] for place, name in enumerate(request.measured) if f"x{place}" in rows.c}
    values: list[Column] = [plain[name] for name in request.extremes]
    values += [plain[each.above] - each.slope * plain[each.below] for each in request.residuals]
    for at, value in enumerate(values):
        counts += [sa.func.min(value).label(f"low{at}"), sa.func.max(value).label(f"high{at}")]
    return counts


def _variances(rows: FromClause, request: MomentRequest) -> list[Column]:
    """Return means, and the engine's own variances and covariances."""
    import sqlalchemy as sa

    values = [rows.c[f"d{at}"] for at in range(len(request.measured))]
    numbers: list[Column] = [sa.func.avg(value).label(f"mean{at}") for at, value in enumerate(values)]
    numbers += [sa.func.var_samp(value).label(f"square{at}") for at, value in enumerate(values)]
    numbers += [
        sa.func.covar_samp(values[a], values[b]).label(f"product{at}") for at, (a, b) in enumerate(request.products)
    ]
    return numbers


def _sums(rows: FromClause, request: MomentRequest, *, mean: bool = True) -> list[Column]:
    """Return the sums of values, of their squares and of their products; the mean that they are around is 0."""
    import sqlalchemy as sa

    away = [rows.c[f"d{at}"] for at in range(len(request.measured))]
    sums: list[Column] = [sa.func.sum(each).label(f"left{at}") for at, each in enumerate(away)]
    sums += [sa.func.sum(each * each).label(f"square{at}") for at, each in enumerate(away)]
    sums += [sa.func.sum(away[a] * away[b]).label(f"product{at}") for at, (a, b) in enumerate(request.products)]
    if mean:
        sums += [_written(0).label(f"mean{at}") for at in range(len(away))]
    return sums


def _clusters(units: CTE, centre: CTE, request: MomentRequest, grouping: str) -> Select[Any]:
    """Return one row a cluster within its group: sums of values less the centre, and the number of units.

    Beside them missing values (u0, …), and the plain sums (x0, …) whose extremes are wanted.
    """
    import sqlalchemy as sa

    keys = keys_of(units, request, grouping)
    columns: list[Column] = [*keys, units.c.c]
    plain = {*request.extremes, *(side for each in request.residuals for side in (each.above, each.below))}
    for place, name in enumerate(request.measured):
        if name == SIZE:
            columns += [sa.cast(sa.func.count(), sa.Double).label(f"{kind}{place}") for kind in "dx"]
            continue
        value = units.c[f"x{place}"]
        columns.append(sa.func.coalesce(sa.func.sum(value - centre.c[f"centre{place}"]), 0.0).label(f"d{place}"))
        if name in plain:
            columns.append(sa.func.coalesce(sa.func.sum(value), 0.0).label(f"x{place}"))
        columns.append((sa.func.count() - sa.func.count(value)).label(f"u{place}"))
        if f"t{place}" in units.c:
            columns.append(sa.func.max(units.c[f"t{place}"]).label(f"t{place}"))
    return sa.select(*columns).select_from(units.join(centre, sa.true())).group_by(*keys, units.c.c)
