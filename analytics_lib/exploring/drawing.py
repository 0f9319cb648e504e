"""A view's charts: lines over time, bars of kinds, each metric in a chart of its own, as units differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from analytics_lib.charts import Field, bar, line
from analytics_lib.charts.lines import MAX_SERIES
from analytics_lib.errors import InputError
from analytics_lib.exploring.wording import dimension_name, period_name, sentence, value_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.exploring.view import View
    from analytics_lib.exploring.wording import Shown

MOST_CHARTS: Final = 4
MOST_BARS: Final = 20
KIND: Final = "__kind"
"""The column that names what a line or bar is of."""
_NOW: Final = "These days"
"""What a line is called that stands beside an earlier time's."""
_FORMATS: Final = {"month": "month", "quarter": "month", "year": "month"}


def draw(frame: pd.DataFrame, view: View, metrics: Mapping[str, Shown]) -> tuple[list[Any], list[str]]:
    """Return a view's charts, and what has to be said of them: what is left out, or could not be drawn.

    Parameters
    ----------
    frame
        What was answered: a row a group.
    view
        What was asked for.
    metrics
        Metrics as readers see them.
    """
    if view.chart == "none" or not view.by or frame.empty:
        return [], []
    notes = []
    lines = bool(view.grain) and (view.chart != "bar" or bool(view.dimensions))
    if view.chart == "line" and not view.grain:
        notes.append("A line needs a period; these are bars.")
    elif view.chart == "bar" and lines:
        notes.append("Bars over time are drawn for all rows together; these are lines, one for each kind.")
    charts = []
    for name in view.metrics[:MOST_CHARTS]:
        try:
            chart, note = (_lines if lines else _bars)(_labelled(frame, view), name, view, metrics[name])
        except InputError as error:
            notes.append(f"{metrics[name].title} is not drawn. {' '.join(sentence(error))}")
            continue
        charts.append(chart)
        notes += [note] if note and note not in notes else []
    if len(view.metrics) > MOST_CHARTS:
        notes.append(f"The first {MOST_CHARTS} of {len(view.metrics)} metrics are drawn; the table has all.")
    return charts, notes


def _labelled(frame: pd.DataFrame, view: View) -> pd.DataFrame:
    """Return the rows with what each is of: the values of its dimensions."""
    if not view.dimensions:
        return frame.assign(**{KIND: _NOW})
    names = [frame[name].map(value_name) for name in view.dimensions]
    kinds = [" · ".join(each) for each in zip(*names, strict=True)]
    return frame.assign(**{KIND: kinds})


def _kinds(view: View) -> str:
    return " · ".join(dimension_name(name) for name in view.dimensions)


def _lines(frame: pd.DataFrame, name: str, view: View, shown: Shown) -> tuple[Any, str]:
    rows, note, kinds = frame.sort_values(view.grain, kind="stable"), "", _kinds(view)
    if view.compare != "none" and not view.dimensions:
        earlier: dict[str, Any] = {name: rows[f"{name}_before"], KIND: view.compare.replace("_", " ").capitalize()}
        before = rows.assign(**earlier)
        rows, kinds = pd.concat([rows, before], ignore_index=True), "Time"
    sizes = rows[name].abs().groupby(rows[KIND], sort=False).mean().sort_values(ascending=False, kind="stable")
    if len(sizes) > MAX_SERIES:
        rows = rows[rows[KIND].isin(sizes.index[:MAX_SERIES])]
        note = f"{MAX_SERIES} of {len(sizes)} lines are drawn, those that are highest on average; the table has all."
    chart = line(
        rows,
        Field(view.grain, view.grain.capitalize(), _FORMATS.get(view.grain, "day")),
        Field(name, shown.heading, shown.format(whole=_is_whole(frame[name]))),
        color=Field(KIND, kinds) if kinds else None,
        title=f"{shown.title} by {view.grain}",
        description=_reach(rows, name, shown),
    )
    return chart, note


def _bars(frame: pd.DataFrame, name: str, view: View, shown: Shown) -> tuple[Any, str]:
    amount = Field(name, shown.heading, shown.format(whole=_is_whole(frame[name])))
    if view.grain:
        rows = frame.assign(**{KIND: frame[view.grain].map(lambda day: period_name(day, view.grain))})
        rows = rows.sort_values(view.grain, kind="stable")
        kind = Field(KIND, view.grain.capitalize())
        title, described = f"{shown.title} by {view.grain}", _reach(frame, name, shown)
        return bar(rows, kind, amount, title=title, description=described), ""
    rows = frame.dropna(subset=[name])
    if not view.order:
        rows = rows.sort_values(name, ascending=False, kind="stable")
    before = Field(f"{name}_before", view.compare.replace("_", " ").capitalize(), amount.format)
    reference = None if view.compare == "none" else before
    note = f"{MOST_BARS} of {len(rows)} bars are drawn; the table has all." if len(rows) > MOST_BARS else ""
    kinds = _kinds(view)
    title, described = f"{shown.title} by {kinds[:1].lower()}{kinds[1:]}", _reach(rows, name, shown)
    shown_rows, kind = rows.head(MOST_BARS), Field(KIND, kinds)
    return bar(shown_rows, amount, kind, reference=reference, title=title, description=described), note


def _is_whole(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_integer_dtype(values))


def _reach(rows: pd.DataFrame, name: str, shown: Shown) -> str:
    """Return in a sentence between which values a metric lies."""
    values = rows[name].dropna()
    if values.empty:
        return "There are no values."
    whole = _is_whole(rows[name])
    low, high = (shown.written(each, whole=whole) for each in (values.min(), values.max()))
    return f"The values lie between {low} and {high}." if low != high else f"Every value is {low}."
