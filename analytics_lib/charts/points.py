"""Points: how two numbers go together, and how sure a number is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import altair as alt

from analytics_lib.charts.fields import FieldLike, categories, look, require_kind
from analytics_lib.charts.frame import ROW_HEIGHT, alternative_text, chosen, finish, nothing_to_draw
from analytics_lib.errors import InputError
from analytics_lib.model.theme import CONTEXT, HIGHLIGHT

if TYPE_CHECKING:
    import pandas as pd

_OPEN_SQUARE: Final[dict[str, Any]] = {
    "shape": "square", "filled": False, "size": 70, "strokeWidth": 2, "color": CONTEXT, "opacity": 1,
}  # fmt: skip


def scatter(
    frame: pd.DataFrame,
    x: FieldLike,
    y: FieldLike,
    *,
    label: FieldLike | None = None,
    size: FieldLike | None = None,
    highlight: str | None = None,
    title: str = "",
    description: str,
) -> alt.LayerChart:
    """Draw a point a row.

    Parameters
    ----------
    frame
        Up to 5,000 rows.
    x, y
        Numbers or dates; numbers.
    label
        A column whose text stands beside each point, for a few dozen points at most.
    size
        Numbers that the points' areas stand for.
    highlight
        The label that the chart is about; the other points become grey context.
    title
        What is shown; the finding stands in the page's heading.
    description
        What the chart tells, in a sentence, for readers who do not see it.

    Raises
    ------
    InputError
        A column is missing or of the wrong type, there are too many rows, or the description is empty.
    """
    rows, channels = look(frame, x, y, label, size)
    across, up = channels[:2]
    name = channels[2] if label is not None else None
    require_kind(up, "quantitative")
    alternative = alternative_text("Scatter plot", [up, across], description)
    rows = rows[rows[up.name].notna() & rows[across.name].notna()]
    if rows.empty:
        return nothing_to_draw(title, alternative)
    if highlight is not None and (name is None or highlight not in set(rows[name.name].astype(str))):
        raise InputError(f"no point is labelled '{highlight}' to be highlighted", hint="highlight needs label=")
    base = alt.Chart(rows).encode(
        x=alt.X(**across.typed(), axis=across.axis(horizontal=True), scale=alt.Scale(zero=False, padding=14)),
        y=alt.Y(**up.typed(), axis=up.axis(horizontal=False), scale=alt.Scale(zero=False, padding=10)),
        tooltip=[each.tooltip() for each in channels],
    )
    dots = base.mark_circle(opacity=0.75)
    if size is not None:
        dots = dots.encode(
            size=alt.Size(**channels[-1].typed(), scale=alt.Scale(range=[24, 600], zero=True), legend=None)
        )
    if name and highlight is not None:
        dots = dots.encode(color=chosen(name, highlight))
    layers = [dots]
    if name:
        text = alt.Text(name.typed()["field"], type="nominal")
        layers.append(base.mark_text(align="left", dx=9, fontSize=11).encode(text=text))
    subtitles = [up.title, *([f"Area: {channels[-1].title}"] if size is not None else [])]
    return finish(layers, alternative, title=title, subtitles=subtitles, height=320)


def interval(
    frame: pd.DataFrame,
    value: FieldLike,
    category: FieldLike,
    *,
    bounds: tuple[FieldLike, FieldLike],
    reference: FieldLike | None = None,
    title: str = "",
    description: str,
) -> alt.LayerChart:
    """Draw each kind's value as a point in its interval, with its benchmark as an open square.

    Parameters
    ----------
    frame
        One row a kind, in the order in which they are drawn.
    value
        The estimates, from left to right.
    category
        The kinds, from top to bottom.
    bounds
        Columns with each interval's lower and upper end; the lower one's title says what the interval is.
    reference
        A column with a benchmark for each kind.
    title
        What is shown; the finding stands in the page's heading.
    description
        What the chart tells, in a sentence, for readers who do not see it.

    Raises
    ------
    InputError
        A column is missing or of the wrong type, there are too many rows, or the description is empty.
    """
    rows, channels = look(frame, value, category, *bounds, reference)
    amount, kind, low, high = channels[:4]
    for each in (amount, low, high):
        require_kind(each, "quantitative")
    alternative = alternative_text("Points with intervals", [amount, kind], description)
    rows = rows[rows[amount.name].notna()]
    if rows.empty:
        return nothing_to_draw(title, alternative)
    kinds = categories(rows[kind.name])
    scale = alt.Scale(zero=False, nice=True)
    names = kind.axis(horizontal=False)
    names.labelPadding = 12  # a point at the very start of the scale stands clear of its name
    base = alt.Chart(rows).encode(
        y=alt.Y(**{**kind.typed(), "type": "nominal"}, axis=names, sort=kinds),
        tooltip=[each.tooltip() for each in channels],
    )
    axis = amount.axis(horizontal=True)
    axis.title = None
    bars = base.mark_rule(strokeWidth=2, color=HIGHLIGHT, opacity=0.55).encode(
        x=alt.X(**low.typed(), scale=scale, axis=axis), x2=alt.X2(high.typed()["field"])
    )
    dots = base.mark_point(size=80, color=HIGHLIGHT, filled=True, opacity=1).encode(
        x=alt.X(**amount.typed(), scale=scale, axis=axis)
    )
    layers = [bars, dots]
    if reference is not None:
        require_kind(channels[4], "quantitative")
        layers.insert(1, base.mark_point(**_OPEN_SQUARE).encode(x=alt.X(**channels[4].typed(), scale=scale, axis=axis)))
    subtitles = [f"Dot: {amount.title}; line: {low.title}"]
    if reference is not None:
        subtitles.append(f"Square: {channels[4].title}")
    height = max(120, ROW_HEIGHT * len(kinds) + 40)
    return finish(layers, alternative, title=title, subtitles=subtitles, height=height)
