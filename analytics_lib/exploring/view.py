"""What is being looked at: a plain, checked object, and the same as the query string of an address."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from analytics_lib.connectors.metrics.metrics import EARLIER
from analytics_lib.errors import MetricError, nearest
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.periods import GRAINS, day_of
from analytics_lib.model.parameters import Parameter, resolve

if TYPE_CHECKING:
    from analytics_lib.model.metrics.conditions import Condition, Scalar

CHARTS: Final = ("auto", "line", "bar", "none")
"""How a view is drawn; ``auto`` draws lines over time, and bars of kinds."""
COMPARED: Final = ("none", *EARLIER)
"""What a view is put beside."""
ROWS: Final = 100
"""Rows of the table that are shown, unless something else is chosen."""
MOST_ROWS: Final = 5_000

PARAMETERS: Final[Mapping[str, Parameter]] = {
    each.name: each
    for each in (
        Parameter("metrics", "list", default=[]),
        Parameter("by", "list", default=[]),
        Parameter("where", "string", default=""),
        Parameter("start", "date", nullable=True),
        Parameter("end", "date", nullable=True),
        Parameter("compare", "choice", default="none", choices=COMPARED),
        Parameter("chart", "choice", default="auto", choices=CHARTS),
        Parameter("order", "string", default=""),
        Parameter("limit", "int", default=ROWS),
    )
}
"""What the query string of an address holds; the playground's notebook declares the same."""


@dataclass(frozen=True)
class View:
    """What is being looked at; made by `make_view`.

    Parameters
    ----------
    metrics
        Names of metrics.
    by
        Dimensions, and at most one period, in the order of the columns.
    where
        Dimension → its condition as JSON has it: a value, a list, ``{"from": …, "to": …}`` or ``{"not": …}``.
    start, end
        First and last day; None leaves one open.
    compare
        One of `COMPARED`; a comparison needs both days.
    chart
        One of `CHARTS`.
    order
        The column that rows are ordered by, with ``-`` in front for the highest first; empty for groups as they are.
    limit
        How many rows the table shows.
    """

    metrics: tuple[str, ...] = ()
    by: tuple[str, ...] = ()
    where: Mapping[str, Any] = field(default_factory=dict)
    start: date | None = None
    end: date | None = None
    compare: str = "none"
    chart: str = "auto"
    order: str = ""
    limit: int = ROWS

    @property
    def grain(self) -> str:
        """The period that values are told by; empty where there is none."""
        return next((name for name in self.by if name in GRAINS), "")

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What values are told by, besides the period."""
        return tuple(name for name in self.by if name not in GRAINS)


def make_view(
    metrics: str | Sequence[str] = (),
    by: str | Sequence[str] = (),
    where: Mapping[str, Any] | str | None = None,
    days: tuple[object, object] = (None, None),
    **shown: Any,
) -> View:
    """Return a view from what a person gave. Whether its names are known is asked of the metric model later.

    Parameters
    ----------
    metrics, by
        Names.
    where
        Conditions as of `Metrics.query`, or the same as JSON text.
    days
        First and last day, each a day, its ISO 8601 text, or None.
    **shown
        `View`'s ``compare``, ``chart``, ``order`` and ``limit``.

    Raises
    ------
    MetricError
        A value is none that a view can have.

    Examples
    --------
    >>> make_view("revenue", ["month"], '{"channel": ["web"]}').where
    {'channel': 'web'}
    """
    names, told = _names(metrics, "metrics"), _names(by, "by")
    grains = [name for name in told if name in GRAINS]
    if len(grains) > 1:
        raise MetricError(f"by names two periods, {grains[0]} and {grains[1]}", hint="give it one of them")
    try:
        first, last = (
            None if day is None else day_of(day, what) for day, what in zip(days, ("start", "end"), strict=True)
        )
        conditions = {name: _plain(condition) for name, condition in conditions_of(_mapping(where))}
    except ValueError as error:
        message, _, hint = str(error).partition("; ")
        raise MetricError(message, hint=hint or None) from None
    return View(names, told, conditions, first, last, **_checked(**shown))


def _checked(compare: str = "none", chart: str = "auto", order: str = "", limit: int = ROWS) -> dict[str, Any]:
    if compare not in COMPARED:
        raise MetricError(f"there is no comparison '{compare}'", hint=nearest(str(compare), COMPARED))
    if chart not in CHARTS:
        raise MetricError(f"there is no chart '{chart}'", hint=nearest(str(chart), CHARTS))
    if not isinstance(order, str):
        raise MetricError(f"order is {order!r}", hint="the name of a column is right, '-revenue' for the highest first")
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_ROWS:
        raise MetricError(f"limit is {limit!r}", hint=f"a whole number from 1 to {MOST_ROWS:,} is right")
    return {"compare": compare, "chart": chart, "order": order, "limit": limit}


def to_query(view: View) -> str:
    """Return a view as the query string of an address; what is as by default is left out.

    Examples
    --------
    >>> to_query(make_view(["revenue", "orders"], "month", days=("2026-01-01", None)))
    'metrics=revenue,orders&by=month&start=2026-01-01'
    """
    texts = {
        "metrics": _list_text(view.metrics),
        "by": _list_text(view.by),
        "where": json.dumps(view.where, ensure_ascii=False, separators=(",", ":")) if view.where else "",
        "start": view.start.isoformat() if view.start else "",
        "end": view.end.isoformat() if view.end else "",
        "compare": "" if view.compare == "none" else view.compare,
        "chart": "" if view.chart == "auto" else view.chart,
        "order": view.order,
        "limit": "" if view.limit == ROWS else str(view.limit),
    }
    return urlencode({name: text for name, text in texts.items() if text}, quote_via=quote, safe=",:-.")


def read_query(text: str) -> View:
    """Return the view that an address, or its query string, holds.

    Raises
    ------
    MetricError, ParameterError
        It holds something else.

    Examples
    --------
    >>> read_query("http://127.0.0.1:8866/app/metrics?metrics=revenue&by=month").by
    ('month',)
    """
    found = parse_qs(urlsplit(text).query if "?" in text else text, keep_blank_values=True)
    given: dict[str, object] = {}
    for name, values in found.items():
        several = [value for value in values if value.strip() or name in {"where", "order"}]
        if several:
            given[name] = several if len(several) > 1 else several[0]
    chosen: dict[str, Any] = dict(resolve(PARAMETERS, given, where="address"))
    days = chosen.pop("start"), chosen.pop("end")
    return make_view(days=days, **chosen)


def _names(given: str | Sequence[str], what: str) -> tuple[str, ...]:
    names = (given,) if isinstance(given, str) else tuple(given)
    if not all(isinstance(name, str) and name.strip() for name in names):
        raise MetricError(f"{what} is {given!r}", hint="names are right: ['month', 'channel']")
    return tuple(dict.fromkeys(name.strip() for name in names))


def _mapping(where: Mapping[str, Any] | str | None) -> Mapping[str, Any]:
    """Return conditions as a mapping, whether they came so or as JSON."""
    found: Any = where
    if isinstance(where, str):
        try:
            found = json.loads(where) if where.strip() else {}
        except (ValueError, RecursionError):
            raise ValueError(f'where is no JSON: {where}; {{"channel": ["web", "app"]}} is right') from None
    if not isinstance(found or {}, Mapping):
        raise ValueError(  # noqa: TRY004 - it is told as what stands in an address
            f'where is {found!r}; conditions by dimension are right: {{"channel": "web"}}'
        )
    return found or {}


def _plain(condition: Condition) -> Any:
    """Return a condition as JSON has it."""
    if condition.source:
        return {condition.source: condition.name}
    if condition.is_range:
        ends = {"from": condition.low, "to": condition.high}
        return {name: _json(value) for name, value in ends.items() if value is not None}
    values = [_json(each) for each in condition.values]
    plain = values[0] if len(values) == 1 else values
    return {"not": plain} if condition.negated else plain


def _json(value: Scalar) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _list_text(names: Sequence[str]) -> str:
    """Return names as a list parameter reads them: with commas between, or as JSON where one holds a comma."""
    plain = ",".join(names)
    return (
        json.dumps(names, ensure_ascii=False) if any("," in name for name in names) or plain.startswith("[") else plain
    )
