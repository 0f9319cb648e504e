"""Line charts: how a number moves."""

from __future__ import annotations

from typing import Any, Final

import altair as alt
import pandas as pd

from analytics_lib.charts.fields import Channel, FieldLike, categories, look, require_kind
from analytics_lib.charts.frame import HEIGHT, alternative_text, colors, finish, nothing_to_draw
from analytics_lib.errors import InputError

LABEL_HEIGHT: Final = 16
MAX_SERIES: Final = 7
"""More lines than colours can be told apart."""
MAX_DOTS: Final = 60
"""Points of a line with more are not marked one by one."""
MAX_TICKS: Final = 12
"""Days up to which each has its tick."""


def line(
    frame: pd.DataFrame,
    x: FieldLike,
    y: FieldLike,
    *,
    color: FieldLike | None = None,
    highlight: str | None = None,
    band: tuple[str, str] | None = None,
    title: str = "",
    description: str,
) -> alt.LayerChart:
    """Draw one line, or one for each kind, named at its end.

    Parameters
    ----------
    frame
        Up to 5,000 rows, in the order in which they are drawn.
    x, y
        Dates, numbers or ordered text; numbers. A line breaks where there is no number.
    color
        The column that tells the lines apart; up to seven.
    highlight
        The kind that the chart is about; the others become grey context.
    band
        Columns with the lower and upper bound of a shaded band around a line.
    title
        What is shown; the finding stands in the page's heading.
    description
        What the chart tells, in a sentence, for readers who do not see it.

    Raises
    ------
    InputError
        A column is missing or of the wrong type, there are too many rows or kinds, or the description is empty.

    Examples
    --------
    >>> import pandas as pd
    >>> from analytics_lib.charts import Field
    >>> months = pd.DataFrame({"month": pd.to_datetime(["2013-01-01", "2013-02-01"]), "share": [0.8, 0.7]})
    >>> chart = line(months, Field("month", format="month"), "share", description="The share fell from 80% to 70%.")
    >>> chart.description
    'Line chart of share by month. The share fell from 80% to 70%.'
    """
    rows, channels = look(frame, x, y, color, *(band or ()))
    across, up = channels[0], channels[1]
    kind = channels[2] if color is not None else None
    require_kind(up, "quantitative")
    alternative = alternative_text("Line chart", [up, across, *([kind] if kind else [])], description)
    rows = rows[rows[across.name].notna()]
    if rows[up.name].isna().all():
        return nothing_to_draw(title, alternative)
    kinds = categories(rows[kind.name]) if kind else []
    if len(kinds) > MAX_SERIES:
        raise InputError(
            f"{len(kinds)} lines in one chart cannot be told apart",
            hint=f"keep {MAX_SERIES} at most, the rest as 'others'",
        )
    if highlight is not None and highlight not in kinds:
        raise InputError(f"no line is named '{highlight}' to be highlighted", hint=f"there are {', '.join(kinds)}")
    base = _base(rows, across, up)
    if kind:
        base = base.encode(color=colors(kind, highlight, kinds))
    layers: list[alt.Chart] = [_band(base, up, *channels[-2:])] if band else []
    sparse = len(rows) <= MAX_DOTS * max(1, len(kinds))
    layers.append(base.mark_line(point={"size": 24} if sparse else False))
    layers.append(base.mark_point(size=260, opacity=0).encode(tooltip=[each.tooltip() for each in channels]))
    if kind:
        layers.append(_names(base, rows, up, kind))
    return finish(layers, alternative, title=title, subtitles=[up.title])


def _base(rows: pd.DataFrame, across: Channel, up: Channel) -> alt.Chart:
    """Return the two axes. A line may start above zero: it is read by its slope."""
    axis = across.axis(horizontal=True)
    days = [pd.Timestamp(each) for each in sorted(set(rows[across.name]))] if across.kind == "temporal" else []
    if 0 < len(days) <= MAX_TICKS and all(day == day.normalize() for day in days):
        # Vega would part three months into weeks, and label each with its month.
        axis["values"] = [alt.DateTime(year=day.year, month=day.month, date=day.day) for day in days]
    options: dict[str, Any] = {"axis": axis}
    if across.kind == "nominal":
        options |= {"sort": categories(rows[across.name])}
    elif across.kind == "quantitative":
        options |= {"scale": alt.Scale(zero=False, nice=False)}
    chart: alt.Chart = alt.Chart(rows).encode(x=alt.X(**across.typed(), **options), y=_upwards(up, up.typed()))
    return chart


def _upwards(up: Channel, typed: dict[str, Any]) -> alt.Y:
    """Return the vertical axis for a field of the same unit as `up`."""
    return alt.Y(**typed, axis=up.axis(horizontal=False), scale=alt.Scale(zero=False))


def _band(base: alt.Chart, up: Channel, low: Channel, high: Channel) -> alt.Chart:
    """Return the shaded area between two columns; it breaks where they have no value."""
    for each in (low, high):
        require_kind(each, "quantitative")
    shaded: alt.Chart = base.mark_area(fillOpacity=0.2, line=False).encode(
        y=_upwards(up, low.typed()), y2=alt.Y2(high.typed()["field"])
    )
    return shaded


def _names(base: alt.Chart, rows: pd.DataFrame, up: Channel, kind: Channel) -> alt.Chart:
    """Write each line's name behind its last point, none over another."""
    ends = rows[rows[up.name].notna()].groupby(kind.name, sort=False, observed=True).tail(1).copy()
    ends["label at"] = _apart(ends[up.name].astype(float), rows[up.name])
    names: alt.Chart = base.mark_text(align="left", dx=8, fontWeight=600).encode(
        y=_upwards(up, {"field": "label at", "type": "quantitative"}),
        text=alt.Text(kind.typed()["field"], type="nominal"),
    )
    names.data = ends
    return names


def _apart(values: pd.Series[float], all_values: pd.Series[Any]) -> pd.Series[float]:
    """Return label positions that keep a line's height between them, as near their values as that allows."""
    span = float(all_values.max() - all_values.min()) or 1.0
    gap = span * LABEL_HEIGHT / (HEIGHT * 0.85)
    placed: dict[Any, float] = {}
    before = float("-inf")
    for label, value in values.sort_values().items():
        before = max(float(value), before + gap)
        placed[label] = before
    return pd.Series(placed).reindex(values.index)
