"""What all charts have in common: title, alternative text, size, colours, reference lines."""

from __future__ import annotations

import textwrap
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import altair as alt
import pandas as pd

from analytics_lib.errors import InputError
from analytics_lib.model.theme import CONTEXT, HIGHLIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.charts.fields import Channel

HEIGHT: Final = 280
"""Pixels: a chart and its sentence fit a laptop's screen together."""
ROW_HEIGHT: Final = 26
TITLE_CHARACTERS: Final = 34
SUBTITLE_CHARACTERS: Final = 44
"""Lines that fit a telephone, 360 pixels wide."""


def drawable(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a frame whose decimals are floats: Vega-Lite knows no other numbers, and JSON no decimals."""
    exact = [name for name, dtype in frame.dtypes.items() if str(dtype).startswith("decimal")]
    return frame.astype(dict.fromkeys(exact, "float64")) if exact else frame


def finish(
    layers: Sequence[alt.Chart],
    alternative: str,
    *,
    title: str = "",
    subtitles: Sequence[str] = (),
    height: int = HEIGHT,
) -> alt.LayerChart:
    """Return one chart of all layers, as wide as the page lets it be.

    Parameters
    ----------
    layers
        From back to front.
    alternative
        The alternative text.
    title, subtitles
        What is shown; the unit and the marks, explained where they cannot collide with anything.
    height
        Height of the plot in pixels.
    """
    wrapped = [line for each in subtitles for line in textwrap.wrap(each, SUBTITLE_CHARACTERS)]
    options: dict[str, Any] = {"width": "container", "height": height, "description": alternative}
    if title or wrapped:
        text = textwrap.wrap(title, TITLE_CHARACTERS) or [""]
        options["title"] = alt.TitleParams(text, subtitle=wrapped) if wrapped else text
    chart: alt.LayerChart = alt.layer(*layers).properties(**options)  # type: ignore[assignment]
    return chart


def alternative_text(kind: str, channels: Sequence[Channel], message: str) -> str:
    """Return what a reader who does not see the chart is told: what it shows, then what it says.

    Raises
    ------
    InputError
        There is no message.
    """
    if not message.strip():
        raise InputError(
            "a chart needs a description", hint="say in a sentence what the chart tells a reader who does not see it"
        )
    first, *others = dict.fromkeys(_within_a_sentence(channel.title) for channel in channels)
    by = f" by {' and '.join(others)}" if others else ""
    return f"{kind} of {first}{by}. {message.strip()}"


def nothing_to_draw(title: str, alternative: str) -> alt.LayerChart:
    """Return a chart that says that there are no rows: a page is not held up by a small selection."""
    note = alt.Chart(pd.DataFrame({"note": ["No data for this selection"]})).mark_text(fontSize=13)
    return finish(
        [note.encode(text="note:N")], f"{alternative} There is no data for this selection.", title=title, height=80
    )


def colors(channel: Channel, highlight: str | None, kinds: Sequence[str], *, legend: bool = False) -> alt.Color:
    """Return the colours of kinds: one highlighted before grey context, or each its own."""
    scale = alt.Scale(domain=list(kinds))
    if highlight is not None:
        scale = alt.Scale(domain=list(kinds), range=[HIGHLIGHT if kind == highlight else CONTEXT for kind in kinds])
    shown = alt.Legend(title=None, symbolType="square") if legend else None
    return alt.Color(**channel.typed(), scale=scale, legend=shown)


def chosen(channel: Channel, highlight: str) -> Any:
    """Return the colour of one highlighted mark among grey ones."""
    return alt.condition(f"datum[{channel.name!r}] == {highlight!r}", alt.value(HIGHLIGHT), alt.value(CONTEXT))


def with_rule(chart: alt.LayerChart, *, x: Any = None, y: float | None = None, label: str = "") -> alt.LayerChart:
    """Return the chart with a reference line: a target, an average, a date on which something changed.

    Parameters
    ----------
    chart
        A chart of this package's helpers.
    x, y
        Where the line stands; one of the two. A date may be given as such or as ISO text.
    label
        What it means, written beside it.

    Raises
    ------
    InputError
        Neither or both of `x` and `y` are given.

    Examples
    --------
    >>> from analytics_lib import charts
    >>> import pandas as pd
    >>> months = pd.DataFrame({"month": pd.to_datetime(["2013-01-01", "2013-02-01"]), "share": [0.8, 0.7]})
    >>> line = charts.line(months, "month", "share", description="The share fell from 80% to 70%.")
    >>> len(charts.with_rule(line, y=0.75, label="target").layer) > len(line.layer)
    True
    """
    if (x is None) == (y is None):
        raise InputError("a reference line needs either x or y", hint="with_rule(chart, y=0.8, label='target')")
    base = alt.Chart(pd.DataFrame({"label": [label]}))
    if y is not None:
        where: Any = alt.YDatum(y)
        text = base.mark_text(align="right", dy=-8).encode(where, x=alt.value("width"), text="label:N")
    else:
        where = alt.XDatum(_moment(x))
        text = base.mark_text(align="left", dx=6, baseline="top").encode(where, y=alt.value(0), text="label:N")
    rule = base.mark_rule(strokeDash=[5, 4], strokeWidth=1.5).encode(where)
    result = chart.copy(deep=False)
    result.layer = [*chart.layer, rule, *([text] if label else [])]
    return result


def _moment(x: Any) -> Any:
    """Return a date as Vega-Lite takes it without a time zone; a number as it is."""
    if not isinstance(x, (str, date)):
        return x
    moment = pd.Timestamp(x)
    return alt.DateTime(year=moment.year, month=moment.month, date=moment.day, hours=moment.hour, minutes=moment.minute)


def _within_a_sentence(title: str) -> str:
    """Return a title as it reads within a sentence: abbreviations keep their capitals."""
    return f"{title[:1].lower()}{title[1:]}" if title[1:2].islower() else title
