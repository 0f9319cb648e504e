"""Bar charts: how much there is of each kind."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import pandas as pd

from analytics_lib.charts.fields import Channel, FieldLike, categories, look, require_kind
from analytics_lib.charts.frame import HEIGHT, ROW_HEIGHT, alternative_text, chosen, colors, finish, nothing_to_draw
from analytics_lib.errors import InputError

MAX_NAMED_BARS: Final = 8
"""Vertical bars are labelled one by one up to here; a telephone has no room for more."""
_SPAN_END: Final = "end of the span"
LABEL_ROOM: Final = 1.2
"""How much further than the longest bar the axis of lying bars reaches."""


def bar(
    frame: pd.DataFrame,
    x: FieldLike,
    y: FieldLike,
    *,
    color: FieldLike | None = None,
    highlight: str | None = None,
    reference: FieldLike | None = None,
    title: str = "",
    description: str,
) -> alt.LayerChart:
    """Draw bars: lying where `x` holds the numbers, standing where `y` does.

    Parameters
    ----------
    frame
        One row a bar, or a bar's part, in the order in which they are drawn.
    x, y
        One holds numbers, the other kinds or dates.
    color
        The column that splits each bar into parts, stacked.
    highlight
        The kind that the chart is about; the other bars become grey context.
    reference
        A column with a benchmark for each bar, drawn as a line across it.
    title
        What is shown; the finding stands in the page's heading.
    description
        What the chart tells, in a sentence, for readers who do not see it.

    Raises
    ------
    InputError
        A column is missing or of the wrong type, there are too many rows, or the description is empty.
    """
    rows, channels = look(frame, x, y, color, reference)
    lying = channels[0].kind == "quantitative"
    amount, kind = (channels[0], channels[1]) if lying else (channels[1], channels[0])
    require_kind(amount, "quantitative")
    part = channels[2] if color is not None else None
    alternative = alternative_text("Bar chart", [amount, kind, *([part] if part else [])], description)
    if rows.empty:
        return nothing_to_draw(title, alternative)
    kinds = categories(rows[kind.name])
    if highlight is not None and highlight not in kinds:
        raise InputError(f"no bar is named '{highlight}' to be highlighted", hint=f"there are {', '.join(kinds[:20])}")
    benchmark = channels[-1] if reference is not None else None
    if benchmark:
        require_kind(benchmark, "quantitative")
        rows = _span_ends(rows, kind)
    base = _axes(rows, amount, kind, lying=lying).encode(tooltip=[each.tooltip() for each in channels])
    if lying:
        base = base.encode(x=_lying(rows, amount, benchmark, amount))
    # Paler bars let the benchmark stand out from them, in either mode.
    layers = [_stacked(base, part, rows) if part else _plain(base, kind, highlight, opacity=0.6 if benchmark else 1)]
    if benchmark:
        where = _lying(rows, amount, benchmark, benchmark) if lying else alt.Y(**benchmark.typed())
        layers.append(_reference(base, where, _band(rows, kind, lying=lying)))
    if part is None and (lying or (len(kinds) <= MAX_NAMED_BARS and benchmark is None)):
        layers.append(_amounts(base, amount, lying=lying, aside=benchmark is not None))
    subtitles = [amount.title, *([f"Line: {benchmark.title}"] if benchmark else [])]
    height = ROW_HEIGHT * max(3, len(kinds)) + 10 if lying else HEIGHT
    return finish(layers, alternative, title=title, subtitles=subtitles, height=height)


def _axes(rows: pd.DataFrame, amount: Channel, kind: Channel, *, lying: bool) -> alt.Chart:
    """Return the bars' own axis, and that of standing bars' numbers."""
    kinds = _band(rows, kind, lying=lying)
    if lying:
        chart: alt.Chart = alt.Chart(rows).encode(y=alt.Y(**kinds))
    else:
        chart = alt.Chart(rows).encode(x=alt.X(**kinds), y=alt.Y(**amount.typed(), axis=amount.axis(horizontal=False)))
    return chart


def _lying(rows: pd.DataFrame, amount: Channel, benchmark: Channel | None, shown: Channel) -> alt.X:
    """Return the position of lying bars' numbers: from zero, with room for the numbers written behind them.

    They need no axis, for each bar says its number itself.
    """
    numbers = pd.concat([rows[each.name] for each in (amount, benchmark) if each is not None])
    scale = alt.Scale(zero=True)
    if (numbers.dropna() >= 0).all():
        scale = alt.Scale(domain=[0, float(numbers.max()) * LABEL_ROOM or 1], nice=False)
    return alt.X(**shown.typed(), axis=None, scale=scale)


def _band(rows: pd.DataFrame, kind: Channel, *, lying: bool) -> dict[str, Any]:
    """Return the encoding of the bars' own axis: kinds in the frame's order, or dates as whole months or days."""
    axis = kind.axis(horizontal=not lying)
    if kind.kind == "temporal":
        axis = kind.axis(horizontal=not lying, spans=True)
        return {**kind.typed(), "axis": axis, "timeUnit": kind.format.time_unit or "yearmonthdate"}
    return {**kind.typed(), "axis": axis, "type": "nominal", "sort": categories(rows[kind.name])}


def _plain(base: alt.Chart, kind: Channel, highlight: str | None, *, opacity: float) -> alt.Chart:
    """Return bars of one colour, or one highlighted among grey ones."""
    bars: alt.Chart = base.mark_bar(opacity=opacity)
    if highlight is not None:
        bars = bars.encode(color=chosen(kind, highlight))
    return bars


def _stacked(base: alt.Chart, part: Channel, rows: pd.DataFrame) -> alt.Chart:
    """Return bars split into parts; here a legend names the colours, in the order of the stack."""
    kinds = categories(rows[part.name])
    position = " : ".join(f"datum[{part.name!r}] == {kind!r} ? {rank}" for rank, kind in enumerate(kinds))
    bars: alt.Chart = (
        base.transform_calculate(rank=f"{position} : {len(kinds)}")
        .mark_bar(cornerRadiusEnd=0)
        .encode(color=colors(part, None, kinds, legend=True), order=alt.Order("rank:Q", sort="ascending"))
    )
    return bars


def _reference(base: alt.Chart, where: alt.X | alt.Y, band: dict[str, Any]) -> alt.Chart:
    """Return a line across each bar's whole band where its benchmark stands."""
    start, end = {**band, "bandPosition": 0}, {"field": band["field"], "bandPosition": 1}
    if "timeUnit" in band:  # dates have no band to span: the end is a column of its own
        start, end = {**band, "timeUnit": alt.Undefined}, {"field": _SPAN_END}
    sides: dict[str, Any] = {"x": alt.X(**start), "x2": alt.X2(**end), "y": where}
    if isinstance(where, alt.X):
        sides = {"y": alt.Y(**start), "y2": alt.Y2(**end), "x": where}
    lines: alt.Chart = base.mark_rule(strokeWidth=3).encode(**sides)
    return lines


def _span_ends(rows: pd.DataFrame, kind: Channel) -> pd.DataFrame:
    """Return the rows with the end of each one's month or day."""
    if kind.kind != "temporal":
        return rows
    unit = "M" if kind.format.time_unit == "yearmonth" else "D"
    periods = rows[kind.name].dt.to_period(unit)
    return rows.assign(**{kind.name: periods.dt.start_time, _SPAN_END: (periods + 1).dt.start_time})


def _amounts(base: alt.Chart, amount: Channel, *, lying: bool, aside: bool) -> alt.Chart:
    """Write each bar's amount behind its end, or `aside` in a column of its own where lines would cross it."""
    where: dict[str, Any] = {"align": "left", "dx": 5} if lying else {"align": "center", "dy": -8}
    text = alt.Text(**amount.typed(), format=amount.format.exact)
    texts: alt.Chart = base.mark_text(**({"align": "right"} if lying and aside else where)).encode(text=text)
    if lying and aside:
        texts = texts.encode(x=alt.value("width"))
    return texts
