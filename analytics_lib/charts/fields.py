"""What a chart shows of a frame: columns with a title and a format, checked before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import altair as alt
import pandas as pd

from analytics_lib.charts.frame import drawable
from analytics_lib.errors import InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_ROWS: Final = 5_000
"""A page carries every row of every chart; what shows more than this is no longer read point by point."""

EVEN_LABELS: Final[dict[str, Any]] = {"labelOverlap": "parity", "labelSeparation": 6}
"""Where not all labels of an axis fit, every second one goes: what is left stays evenly spaced."""

Kind = Literal["temporal", "quantitative", "nominal"]


@dataclass(frozen=True)
class _Format:
    """The d3 formats of one named format: short on an axis, exact in a label or tooltip.

    `labels` is an axis' own expression: formats applied by an axis share one SI prefix, and zero would read "0k".
    """

    axis: str | None
    exact: str
    labels: str | None = None
    time_unit: str | None = None


_YEAR_LINE: Final = "datum.index == 0 || timeFormat(datum.value, '%m') == '01' ? timeFormat(datum.value, '%Y') : ''"
_MONTH_LABEL: Final = f"[timeFormat(datum.value, '%b'), {_YEAR_LINE}]"
_DAY_LABEL: Final = (
    "[timeFormat(datum.value, timeFormat(datum.value, '%d') == '01' ? '%b' : '%b %-d'), "
    "datum.index == 0 || timeFormat(datum.value, '%m%d') == '0101' ? timeFormat(datum.value, '%Y') : '']"
)
FORMATS: Final[dict[str, _Format]] = {
    "number": _Format(None, ",.2~f"),
    "count": _Format("~s", ",.0f", labels="format(datum.value, '~s')"),
    "percent": _Format(".0%", ".1%"),
    "money": _Format("$~s", "$,.0f", labels="format(datum.value, '$~s')"),
    "cents": _Format("$,.2f", "$,.2f"),
    "minutes": _Format(",.0f", ",.1f"),
    "month": _Format(None, "%B %Y", labels=_MONTH_LABEL, time_unit="yearmonth"),
    "day": _Format(None, "%a, %b %-d, %Y", labels=_DAY_LABEL, time_unit="yearmonthdate"),
    "text": _Format(None, ""),
}


@dataclass(frozen=True)
class Field:
    """A column of a frame as a chart shows it.

    Parameters
    ----------
    name
        The column.
    title
        What readers call it; the name with blanks by default.
    format
        ``number``, ``count``, ``percent`` (of shares between 0 and 1), ``money``, ``cents``, ``minutes``, ``month``,
        ``day`` or ``text``; found from the column's type by default.
    """

    name: str
    title: str = ""
    format: str = ""

    @property
    def shown(self) -> str:
        """The title for readers."""
        return self.title or self.name.replace("_", " ").capitalize()


FieldLike = str | Field


@dataclass(frozen=True)
class Channel:
    """A field of a frame that has been looked at: its kind decides the scale, its format the labels."""

    field: Field
    kind: Kind
    format: _Format

    @property
    def name(self) -> str:
        """The column."""
        return self.field.name

    @property
    def title(self) -> str:
        """The title for readers."""
        return self.field.shown

    @property
    def is_share(self) -> bool:
        """Whether it holds shares, written in percent."""
        return self.format is FORMATS["percent"]

    def typed(self) -> dict[str, Any]:
        """Return the field and its type, as every encoding needs them; special characters in names are literal."""
        escaped = "".join(f"\\{character}" if character in ".[]'\"\\" else character for character in self.name)
        return {"field": escaped, "type": self.kind}

    def tooltip(self) -> alt.Tooltip:
        """Return the line that this field has in a tooltip."""
        options: dict[str, Any] = {**self.typed(), "title": self.title}
        if self.kind != "nominal":
            options["format"] = self.format.exact
        return alt.Tooltip(**options)

    def axis(self, *, horizontal: bool, spans: bool = False) -> alt.Axis:
        """Return the axis; of `spans`, each label begins where its month or day does.

        Only a horizontal axis of numbers has a title of its own; the others' titles stand in the subtitle.
        """
        options: dict[str, Any] = {"title": self.title if horizontal and self.kind == "quantitative" else None}
        if self.format.labels:
            options["labelExpr"] = self.format.labels
        elif self.format.axis:
            options["format"] = self.format.axis
        if self.kind == "nominal":
            options |= {"labelLimit": 150, "labelAngle": 0, **(EVEN_LABELS if horizontal else {})}
        elif self.kind == "temporal":
            options["tickCount"] = alt.ExprRef("min(12, floor(width / 44))")
            if spans:
                options |= {"labelAlign": "left", "labelBound": True, "labelFlush": False}
        else:
            options |= {"tickCount": 5, "grid": True, "labelOverlap": "greedy", "labelSeparation": 8}
        return alt.Axis(**options)


def look(frame: pd.DataFrame, *fields: FieldLike | None) -> tuple[pd.DataFrame, list[Channel]]:
    """Return the columns that a chart needs, and what they are.

    Raises
    ------
    InputError
        A column is missing, a format unknown, or there are more than `MAX_ROWS` rows.
    """
    asked = [Field(each) if isinstance(each, str) else each for each in fields if each is not None]
    for each in asked:
        if each.name not in frame.columns:
            raise InputError(
                f"the frame has no column '{each.name}'", hint=nearest(each.name, [str(name) for name in frame.columns])
            )
    if len(frame) > MAX_ROWS:
        raise InputError(
            f"the frame has {len(frame):,} rows, and a chart takes up to {MAX_ROWS:,}",
            hint="aggregate in the query first",
        )
    needed = drawable(frame[list(dict.fromkeys(each.name for each in asked))].reset_index(drop=True))
    return needed, [_channel(needed[each.name], each) for each in asked]


def _channel(values: pd.Series[Any], field: Field) -> Channel:
    """Find out what a column is from its type."""
    if pd.api.types.is_datetime64_any_dtype(values):
        kind: Kind = "temporal"
    elif pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values):
        kind = "quantitative"
    else:
        kind = "nominal"
    found = field.format or {"temporal": "day", "quantitative": "number", "nominal": "text"}[kind]
    if found not in FORMATS:
        raise InputError(f"a field has no format '{found}'", where=field.name, hint=nearest(found, FORMATS))
    return Channel(field, kind, FORMATS[found])


def require_kind(channel: Channel, kind: Kind) -> None:
    """Refuse a column that cannot be drawn where it was given.

    Raises
    ------
    InputError
        It is of another kind.
    """
    wanted = {"quantitative": "numbers", "temporal": "dates", "nominal": "text"}
    if channel.kind != kind:
        raise InputError(f"the column '{channel.name}' must hold {wanted[kind]}, not {wanted[channel.kind]}")


def categories(values: Iterable[object]) -> list[str]:
    """Return distinct values in the frame's own order, which is the order they are drawn in."""
    return list(dict.fromkeys(str(value) for value in values))
