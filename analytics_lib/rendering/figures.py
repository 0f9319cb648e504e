"""Charts on a page: a Vega-Lite specification made fit to be embedded, and what it says to those who do not see it."""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from analytics_lib.model.theme import WIDTH, vega_config

VEGA_LITE_TYPES = (
    "application/vnd.vegalite.v6+json",
    "application/vnd.vegalite.v6.json",  # how Altair 6 spells it
    "application/vnd.vegalite.v5+json",
)

# What Altair puts into every chart unasked; the page's own configuration takes its place.
_ALTAIR_DEFAULTS: dict[str, Any] = {"view": {"continuousWidth": 300, "continuousHeight": 300}}
_COMPOSITES = ("layer", "hconcat", "vconcat", "concat")
_SHOWN_CHANNELS = 3
_MARK_WORDS = {
    "arc": "Pie chart",
    "area": "Area chart",
    "bar": "Bar chart",
    "boxplot": "Box plot",
    "circle": "Scatter plot",
    "geoshape": "Map",
    "line": "Line chart",
    "point": "Scatter plot",
    "rect": "Heat map",
    "square": "Scatter plot",
    "tick": "Strip plot",
    "trail": "Line chart",
}


def embeddable(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart's specification without what a page must not or need not carry.

    Its schema address goes, its author's embed options (they could load and run things), and of its configuration
    what only repeats the theme: the page applies its own, light or dark.
    """
    chart = {key: copy.copy(value) for key, value in spec.items() if key not in {"$schema", "usermeta"}}
    config = chart.pop("config", None) or {}
    for theme in (vega_config("light"), vega_config("dark"), _ALTAIR_DEFAULTS, {"view": WIDTH}):
        config = _difference(config, theme)
    if config:
        chart["config"] = config
    return chart


def to_script_json(value: object) -> str:
    """Return JSON that may stand inside a ``script`` element: nothing in it can end the element or open a comment."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except ValueError:  # NaN and infinities are no JSON; Vega-Lite draws nothing for null, which is what they mean
        text = json.dumps(_without_nan(value), ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def reads_address(spec: object) -> bool:
    """Whether a chart takes data from an address: a page loads none."""
    if isinstance(spec, Mapping):
        data = spec.get("data")
        if isinstance(data, Mapping) and "url" in data:
            return True
        return any(reads_address(value) for key, value in spec.items() if key not in {"datasets", "values"})
    return isinstance(spec, list) and any(reads_address(each) for each in spec)


def describe(spec: Mapping[str, Any], given: str = "") -> str:
    """Return a chart's alternative text.

    Parameters
    ----------
    spec
        The Vega-Lite specification; its ``description`` comes first.
    given
        What the cell's metadata say under ``alt``; comes second.

    Returns
    -------
    str
        Else the title, what kinds of marks there are and what they show: ``Delays by month. Line chart of the mean of
        dep_delay by month, one colour per carrier.``
    """
    written = _text(spec.get("description")) or given.strip()
    if written:
        return written
    title = _title(spec)
    drawn = list(_marks(spec))
    kinds = list(dict.fromkeys(word for mark, _ in drawn if (word := _MARK_WORDS.get(mark))))
    encoding = next((each for mark, each in drawn if mark in _MARK_WORDS and each), {})
    sentence = " and ".join(kinds[:2]).capitalize() if kinds else "Chart"
    relation = _relation(encoding)
    sentence = f"{sentence} of {relation}." if relation else f"{sentence}."
    return f"{title.rstrip('.')}. {sentence}" if title else sentence


def _difference(own: Mapping[str, Any], theme: Mapping[str, Any]) -> dict[str, Any]:
    """Return the entries of `own` that `theme` does not have just so."""
    kept: dict[str, Any] = {}
    for key, value in own.items():
        if key in theme and isinstance(value, Mapping) and isinstance(theme[key], Mapping):
            inner = _difference(value, theme[key])
            if inner:
                kept[key] = inner
        elif key not in theme or theme[key] != value:
            kept[key] = value
    return kept


def _without_nan(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nan(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _text(value: object) -> str:
    """Return a title or description, which may be a list of lines, as one text."""
    if isinstance(value, list):
        return " ".join(str(each) for each in value if each).strip()
    return value.strip() if isinstance(value, str) else ""


def _title(spec: Mapping[str, Any]) -> str:
    title = spec.get("title")
    if isinstance(title, Mapping):
        parts = (_text(title.get("text")), _text(title.get("subtitle")))
        return ". ".join(part.rstrip(".") for part in parts if part)
    return _text(title)


def _marks(spec: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each mark with its channels, which layers inherit from what holds them."""
    own = spec.get("encoding") or {}
    mark = spec.get("mark")
    if mark:
        yield (str(mark.get("type", "")) if isinstance(mark, Mapping) else str(mark)), own
    for key in _COMPOSITES:
        for inner in spec.get(key) or ():
            for name, encoding in _marks(inner):
                yield name, {**own, **encoding}
    inner = spec.get("spec")
    if isinstance(inner, Mapping):
        yield from _marks(inner)


def _relation(encoding: Mapping[str, Any]) -> str:
    """Return what the channels show: ``the mean of delay by month, one colour per carrier``."""
    measured = _channel(encoding, "y") or _channel(encoding, "theta")
    along = _channel(encoding, "x")
    if not measured:
        measured, along = along, ""
    if not measured:
        return ""
    parts = [f"{measured} by {along}" if along else measured]
    colour = _channel(encoding, "color")
    if colour:
        parts.append(f"coloured by {colour}")
    panel = next((name for key in ("facet", "row", "column") if (name := _channel(encoding, key))), "")
    if panel:
        parts.append(f"a panel for each {panel}")
    return ", ".join(parts[:_SHOWN_CHANNELS])


def _channel(encoding: Mapping[str, Any], name: str) -> str:
    channel = encoding.get(name)
    if not isinstance(channel, Mapping):
        return ""
    aggregate = channel.get("aggregate")
    named = _text(channel.get("title")) or _text((channel.get("axis") or {}).get("title"))
    label = named or _text(channel.get("field"))
    if aggregate == "count":
        return named or "the count"
    return f"the {aggregate} of {label}" if isinstance(aggregate, str) and not named and label else label
