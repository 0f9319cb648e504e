"""Heat maps: a number for each pair of kinds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from analytics_lib.charts.fields import EVEN_LABELS, Channel, FieldLike, categories, look, require_kind
from analytics_lib.charts.frame import ROW_HEIGHT, alternative_text, finish, nothing_to_draw

if TYPE_CHECKING:
    import pandas as pd

MAX_NAMED_COLUMNS: Final = 12
"""Cells of more columns are too narrow on a telephone for a number in each."""
_TURN: Final = 0.58
"""Where along the ramp dark text stops being the more legible one; the same in both modes."""
_RAMP: Final = [str(step) for step in range(7)]


def heatmap(
    frame: pd.DataFrame,
    x: FieldLike,
    y: FieldLike,
    value: FieldLike,
    *,
    labels: bool = False,
    title: str = "",
    description: str,
) -> alt.LayerChart:
    """Draw a grid whose cells are the darker (in dark mode: the brighter) the more there is.

    Parameters
    ----------
    frame
        One row a cell; columns and rows stand in the order in which they first occur.
    x, y
        The grid's columns and rows.
    value
        Numbers; a cell without one stays empty.
    labels
        Whether each cell says its number; up to 12 columns.
    title
        What is shown; the finding stands in the page's heading.
    description
        What the chart tells, in a sentence, for readers who do not see it.

    Raises
    ------
    InputError
        A column is missing or of the wrong type, there are too many rows, or the description is empty.
    """
    rows, (across, down, amount) = look(frame, x, y, value)
    require_kind(amount, "quantitative")
    alternative = alternative_text("Heat map", [amount, across, down], description)
    columns, lines = categories(rows[across.name]), categories(rows[down.name])
    rows = rows[rows[amount.name].notna()].copy()
    if rows.empty:
        return nothing_to_draw(title, alternative)
    for each in (across, down):
        rows[each.name] = rows[each.name].astype(str)
    base = alt.Chart(rows).encode(x=_side(across, columns, horizontal=True), y=_side(down, lines, horizontal=False))
    legend = None if labels else alt.Legend(title=None, format=amount.format.axis or "~s", gradientLength=200)
    color = alt.Color(**amount.typed(), scale=alt.Scale(range="heatmap", zero=False), legend=legend)
    tooltips = [alt.Tooltip(f"{each.typed()['field']}:N", title=each.title) for each in (across, down)]
    layers = [base.mark_rect(cornerRadius=2).encode(color=color, tooltip=[*tooltips, amount.tooltip()])]
    if labels and len(columns) <= MAX_NAMED_COLUMNS:
        layers.append(_numbers(base, rows, amount))
    unit = ", %" if labels and amount.is_share else ""
    subtitles = [f"{amount.title}{unit}, by {across.title.lower()} and {down.title.lower()}"]
    chart = finish(layers, alternative, title=title, subtitles=subtitles, height=ROW_HEIGHT * len(lines) + 10)
    resolved: alt.LayerChart = chart.resolve_scale(color="independent")
    return resolved


def _side(channel: Channel, order: list[str], *, horizontal: bool) -> Any:
    """Return one side of the grid, in the frame's order; the subtitle says what the sides are."""
    kind = alt.X if horizontal else alt.Y
    labels = EVEN_LABELS if horizontal else {}
    axis = alt.Axis(title=None, domain=False, labelAngle=0, labelLimit=120, **labels)
    scale = alt.Scale(paddingInner=0.06, paddingOuter=0)
    return kind(f"{channel.typed()['field']}:N", sort=order, axis=axis, scale=scale)


def _numbers(base: alt.Chart, rows: pd.DataFrame, amount: Channel) -> alt.Chart:
    """Write each cell's number, dark on little and light on much; in dark mode the other way round.

    The two colours are the far ends of the theme's own ramp: what the page exchanges for dark mode takes them along.
    """
    low, high = float(rows[amount.name].min()), float(rows[amount.name].max())
    turn = low + _TURN * (high - low)
    step = f"datum[{amount.name!r}] > {turn!r} ? '0' : '6'"
    color = alt.Color("ink:N", scale=alt.Scale(domain=_RAMP, range="ordinal"), legend=None)
    short = f"format(100 * datum[{amount.name!r}], '.0f')" if amount.is_share else ""
    written = short or f"format(datum[{amount.name!r}], '{amount.format.exact}')"
    numbers: alt.Chart = (
        base.transform_calculate(ink=step, written=written)
        .mark_text(fontSize=11)
        .encode(color=color, text=alt.Text("written:N"))
    )
    return numbers
