"""What a view's parts are called for readers: metrics with their units, dimensions, conditions, days."""

from __future__ import annotations

import html
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from analytics_lib.charts import figures
from analytics_lib.model.metrics.periods import GRAINS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.exploring.view import View

NONE: Final = "(none)"
"""What a missing value of a dimension is called."""
_MONEY: Final = frozenset({"usd", "$", "us dollars"})
_SHARE: Final = frozenset({"share", "shares"})
_FEW: Final = 4


@dataclass(frozen=True)
class Shown:
    """A metric as readers see it.

    Parameters
    ----------
    name, title, unit, description
        As the metric file has them.
    """

    name: str
    title: str
    unit: str = ""
    description: str = ""

    @property
    def heading(self) -> str:
        """The title with its unit, where that says more."""
        says = {"", *_SHARE}
        return (
            self.title if self.unit.lower() in says or self.unit in self.title.lower() else f"{self.title}, {self.unit}"
        )

    def format(self, *, whole: bool) -> str:
        """Return the format that a chart writes it in."""
        unit = self.unit.lower()
        if unit in _SHARE:
            return "percent"
        return "money" if unit in _MONEY else "count" if whole else "number"

    def written(self, value: Any, *, whole: bool) -> str:
        """Return a value as a table writes it."""
        kind = self.format(whole=whole)
        if kind == "percent":
            return figures.percent(value)
        if kind == "money":
            return figures.money(value, 2)
        return figures.count(value) if whole else figures.decimal(value, 2)

    def changed(self, value: Any, *, whole: bool) -> str:
        """Return a difference as a table writes it; that of shares is in points."""
        if self.format(whole=whole) == "percent":
            text = figures.decimal(value * 100, 1)
            return _signed(value, text if pd.isna(value) else f"{text} points")
        return _signed(value, self.written(value, whole=whole))


def column_names(view: View, metrics: Mapping[str, Shown]) -> dict[str, str]:
    """Return the columns of a view's metrics, and what each is called: with a comparison, four of each metric.

    Examples
    --------
    >>> from analytics_lib.exploring.view import make_view
    >>> column_names(make_view("revenue", compare="previous_year"), {"revenue": Shown("revenue", "Revenue")})["revenue_growth"]
    'Revenue growth'
    """  # noqa: E501 - an example shows what is run
    titles = {name: metrics[name].title if name in metrics else name for name in view.metrics}
    afters = ("", *(() if view.compare == "none" else ("before", "change", "growth")))
    return {
        f"{name}_{after}".rstrip("_"): f"{title} {after}".rstrip() for name, title in titles.items() for after in afters
    }


def column_formats(view: View, metrics: Mapping[str, Shown]) -> dict[str, tuple[str, Callable[..., str]]]:
    """Return of each column of a view's metrics its heading, and how a value is written."""
    found: dict[str, tuple[str, Callable[..., str]]] = {}
    names = column_names(view, metrics)
    for name in (each for each in view.metrics if each in metrics):
        shown = metrics[name]
        found[name] = shown.heading, shown.written
        if view.compare != "none":
            found[f"{name}_before"] = names[f"{name}_before"], shown.written
            found[f"{name}_change"] = names[f"{name}_change"], shown.changed
            found[f"{name}_growth"] = names[f"{name}_growth"], lambda value, **_: _signed(value, figures.percent(value))
    return found


def _signed(value: Any, text: str) -> str:
    return f"+{text}" if not pd.isna(value) and value > 0 else text


def dimension_name(name: str) -> str:
    """Return what a dimension is called for readers.

    Examples
    --------
    >>> dimension_name("origin_airport.time_zone")
    'Origin airport · time zone'
    """
    text = name.replace(".", " · ").replace("_", " ")
    return f"{text[:1].upper()}{text[1:]}"


def value_name(value: Any) -> str:
    """Return what a dimension's value is called for readers.

    Examples
    --------
    >>> value_name(None), value_name(True), value_name(pd.Timestamp("2026-03-01"))
    ('(none)', 'yes', '1 Mar 2026')
    """
    value = as_whole(value)
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and pd.isna(value)):
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        day = f"{value.day} {value:%b %Y}"
        return day if value == value.normalize() else f"{day}, {value:%H:%M}"
    return str(value)


def as_whole(value: Any) -> Any:
    """Return a whole number as one: beside a missing value, frames hold whole numbers as floats.

    Examples
    --------
    >>> as_whole(3.0), as_whole(3.5), as_whole("3.0")
    (3, 3.5, '3.0')
    """
    return int(value) if isinstance(value, float) and value.is_integer() else value


def period_name(day: pd.Timestamp, grain: str) -> str:
    """Return what a period is called for readers.

    Examples
    --------
    >>> [period_name(pd.Timestamp("2026-04-06"), grain) for grain in ("day", "week", "month", "quarter", "year")]
    ['6 Apr 2026', 'week of 6 Apr 2026', 'Apr 2026', 'Q2 2026', '2026']
    """
    plain = {"month": f"{day:%b %Y}", "quarter": f"Q{day.quarter} {day.year}", "year": str(day.year)}
    named = f"{day.day} {day:%b %Y}"
    return plain.get(grain, f"week of {named}" if grain == "week" else named)


def condition_name(dimension: str, condition: Any) -> str:
    """Return a condition, as a view holds it, for readers.

    Examples
    --------
    >>> condition_name("channel", ["web", None]), condition_name("size", {"from": 3})
    ('Channel is web or (none)', 'Size is from 3 on')
    """
    name = dimension_name(dimension)
    if isinstance(condition, dict) and "not" in condition:
        return f"{name} is not {_listing(condition['not'])}"
    if isinstance(condition, dict):
        return f"{name} is {_range(condition.get('from'), condition.get('to'))}"
    return f"{name} is {_listing(condition)}"


def _listing(values: Any) -> str:
    names = [value_name(each) for each in (values if isinstance(values, list) else [values])]
    if len(names) > _FEW:
        names = [*names[: _FEW - 1], f"{len(names) - _FEW + 1} more"]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _range(low: Any, high: Any) -> str:
    low, high = _end_name(low), _end_name(high)
    if low is None:
        return f"up to {high}"
    return f"from {low} on" if high is None else f"from {low} to {high}"


def _end_name(end: Any) -> Any:
    """Return a range's end; a day, which JSON has as text, as a day."""
    if not isinstance(end, str):
        return end
    try:
        day = date.fromisoformat(end)
    except ValueError:
        return end
    return f"{day.day} {day:%b} {day.year}"


def view_name(view: View, metrics: Mapping[str, Shown], rows: int) -> str:
    """Return what a view shows, in words.

    Examples
    --------
    >>> from analytics_lib.exploring.view import make_view
    >>> view_name(make_view("revenue", "month"), {"revenue": Shown("revenue", "Revenue")}, 12)
    'Revenue by month: 12 rows.'
    """
    names = figures.listing([metrics[name].title if name in metrics else name for name in view.metrics])
    by = [name if name in GRAINS else dimension_name(name).lower() for name in view.by]
    told = f" by {figures.listing(by)}" if by else ""
    days = _days(view.start, view.end)
    days += "" if view.compare == "none" else f", beside the {view.compare.replace('_', ' ')}"
    kept = "".join(f"; {condition_name(*each)}" for each in view.where.items())
    return f"{names}{told}{days}{kept}: {figures.count(rows, 'row')}."


def _days(start: date | None, end: date | None) -> str:
    first, last = (None if day is None else f"{day.day} {day:%b} {day.year}" for day in (start, end))
    if first is None and last is None:
        return ""
    return f", {_range(first, last)}"


def sentence(error: AnalyticsError) -> tuple[str, str]:
    """Return what was wrong, and what would be right, each as a sentence; the second may be empty.

    Examples
    --------
    >>> from analytics_lib.errors import MetricError
    >>> sentence(MetricError("there is no metric 'revnue'", hint="did you mean 'revenue'?"))
    ("There is no metric 'revnue'.", "Did you mean 'revenue'?")
    """
    return _closed(error.message), _closed(error.hint or "")


def _closed(text: str) -> str:
    text = f"{text[:1].upper()}{text[1:]}"
    return text if not text or text.endswith((".", "?", "!", "…")) else f"{text}."


def escaped(text: object) -> str:
    """Return text as it may stand in HTML."""
    return html.escape(str(text))
