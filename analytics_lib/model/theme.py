"""One look for charts and pages: colours, fonts and the Vega-Lite configuration, as plain data.

The categorical colours keep at least 3:1 against their background (WCAG 2.2, 1.4.11) and stay apart for readers with
protanopia, deuteranopia and tritanopia (Machado et al. 2009, severity 1); the tests compute both. An entity keeps its
hue between light and dark: colour *n* of one list answers to colour *n* of the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

Mode = Literal["light", "dark"]

SANS = (
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Noto Sans', 'Liberation Sans', Arial, sans-serif"
)
MONO = "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'Liberation Mono', monospace"

CATEGORICAL: dict[Mode, tuple[str, ...]] = {
    # navy, orange, green, mauve, ochre, sky, wine
    "light": ("#26529c", "#dd610f", "#00836c", "#b569b4", "#8d5f00", "#2196e3", "#7d2041"),
    "dark": ("#4fa3f7", "#f5892b", "#33d3b4", "#bd8fb8", "#ead65c", "#3577a0", "#cc3f55"),
}
"""Colours of kinds, most distinct first. More than seven kinds belong into small multiples or "others"."""

SEQUENTIAL: dict[Mode, tuple[str, ...]] = {
    "light": ("#e8f1fa", "#c3dbf1", "#93bfe6", "#5d9dd6", "#337cbf", "#1c5c9e", "#123e70"),
    "dark": ("#1d2f42", "#1d456b", "#215f97", "#2f7dc1", "#559ee0", "#8cc0f0", "#cbe3fb"),
}
"""Colours of amounts, from little to much: much stands out from the background in either mode."""

DIVERGING: dict[Mode, tuple[str, ...]] = {
    "light": ("#1c5c9e", "#5d9dd6", "#b5d3ee", "#f1f2f3", "#f6c9a4", "#e4883f", "#a8480a"),
    "dark": ("#8cc0f0", "#3f8ed2", "#235a8c", "#2b3037", "#8a4b1c", "#d9772b", "#f8b98a"),
}
"""Colours of deviations, from below to above a neutral middle."""

HIGHLIGHT = "#1f78c8"
"""The one entity that a chart speaks of; legible in both modes."""
CONTEXT = "#858d98"
"""Everything that the highlighted entity is compared with; legible in both modes."""
WIDTH = {"continuousWidth": 560, "discreteWidth": 560}
"""Pixels of a chart outside of a page, where nothing says how wide its place is."""
GOOD = "#14876d"
BAD = "#d4483b"


@dataclass(frozen=True)
class Palette:
    """Colours of a page in one mode; each field is a custom property of the page's style sheet.

    Parameters
    ----------
    background, surface, sunken
        The page, what stands on it (charts, tables), what is let into it (code, table heads).
    text, muted
        Running text; labels and secondary text. Both keep 4.5:1 on all three backgrounds.
    line, rule
        Hairlines between rows; borders of controls, which keep 3:1.
    link, focus
        Links and the focus ring.
    passed, warning, failed
        Text of the badges, each on its own `…_ground`.
    """

    background: str
    surface: str
    sunken: str
    text: str
    muted: str
    line: str
    rule: str
    link: str
    focus: str
    passed: str
    passed_ground: str
    warning: str
    warning_ground: str
    failed: str
    failed_ground: str


PAGE: dict[Mode, Palette] = {
    "light": Palette(
        background="#fafaf8",
        surface="#ffffff",
        sunken="#f2f3f1",
        text="#1a1e23",
        muted="#565e68",
        line="#e2e4e3",
        rule="#868d96",
        link="#1a5fa8",
        focus="#1f78c8",
        passed="#0b6450",
        passed_ground="#e2f2ec",
        warning="#7a4d00",
        warning_ground="#fdf0d5",
        failed="#a3261c",
        failed_ground="#fde8e5",
    ),
    "dark": Palette(
        background="#121519",
        surface="#181c21",
        sunken="#20252b",
        text="#e7e9ec",
        muted="#a3abb5",
        line="#2c323a",
        rule="#767f8a",
        link="#7db9f2",
        focus="#7db9f2",
        passed="#6fd6b5",
        passed_ground="#14302a",
        warning="#f1c36b",
        warning_ground="#362a12",
        failed="#ff9d92",
        failed_ground="#3d1d1b",
    ),
}


def vega_config(mode: Mode) -> dict[str, Any]:
    """Return the complete Vega-Lite configuration of one mode.

    Parameters
    ----------
    mode
        ``light`` or ``dark``; print always uses ``light``.

    Returns
    -------
    dict
        A new dictionary on every call, valid as ``config`` of a Vega-Lite specification.
    """
    page, colours = PAGE[mode], CATEGORICAL[mode]
    return {
        "background": page.surface,
        "font": SANS,
        "padding": 4,
        "view": {"stroke": None, "continuousHeight": 280, "continuousWidth": 400},
        "range": {
            "category": list(colours),
            "ordinal": list(SEQUENTIAL[mode]),
            "ramp": list(SEQUENTIAL[mode]),
            "heatmap": list(SEQUENTIAL[mode]),
            "diverging": list(DIVERGING[mode]),
        },
        "concat": {"spacing": 28},
        "facet": {"spacing": 24},
        **_guides(page),
        **_titles(page),
        **_marks(page, first=colours[0]),
    }


def _guides(page: Palette) -> dict[str, Any]:
    """Return axes and legends: labels are quiet, grid lines only where values are read off."""
    labels = {"labelColor": page.muted, "labelFont": SANS, "labelFontSize": 12}
    titles = {"titleColor": page.muted, "titleFont": SANS, "titleFontSize": 12, "titleFontWeight": 500}
    return {
        "axis": {
            **labels,
            **titles,
            "domainColor": page.rule,
            "gridColor": page.line,
            "gridWidth": 1,
            "labelLimit": 220,
            "labelPadding": 6,
            "tickColor": page.rule,
            "tickSize": 4,
            "titlePadding": 10,
        },
        "axisX": {"grid": False, "labelOverlap": "greedy"},
        "axisY": {"domain": False, "ticks": False, "tickCount": 6},
        "axisBand": {"grid": False, "ticks": False},
        "axisYBand": {"domain": False},
        "legend": {
            **labels,
            **titles,
            "columnPadding": 16,
            "labelLimit": 220,
            "orient": "top",
            "offset": 10,
            "symbolSize": 90,
            "symbolStrokeWidth": 2,
        },
    }


def _titles(page: Palette) -> dict[str, Any]:
    """Return titles of charts and of the panels of small multiples."""
    return {
        "title": {
            "anchor": "start",
            "color": page.text,
            "font": SANS,
            "fontSize": 15,
            "fontWeight": 600,
            "frame": "bounds",
            "lineHeight": 20,
            "offset": 14,
            "subtitleColor": page.muted,
            "subtitleFont": SANS,
            "subtitleFontSize": 13,
            "subtitleLineHeight": 18,
            "subtitlePadding": 4,
        },
        "header": {
            "labelColor": page.text,
            "labelFont": SANS,
            "labelFontSize": 12,
            "labelFontWeight": 600,
            "titleColor": page.muted,
            "titleFont": SANS,
            "titleFontSize": 12,
            "titleFontWeight": 500,
        },
    }


def _marks(page: Palette, *, first: str) -> dict[str, Any]:
    """Return what marks look like where a chart does not say."""
    return {
        "mark": {"color": first, "font": SANS, "tooltip": None},
        "area": {"fillOpacity": 0.2, "line": False},
        "bar": {"cornerRadiusEnd": 2, "discreteBandSize": {"band": 0.78}},
        "boxplot": {"median": {"color": page.surface}, "rule": {"color": page.muted}},
        "errorband": {"band": {"opacity": 0.2}},
        "errorbar": {"rule": {"color": page.text}},
        "geoshape": {"stroke": page.surface, "strokeWidth": 0.5},
        "line": {"strokeWidth": 2, "strokeJoin": "round", "strokeCap": "round"},
        "point": {"filled": True, "size": 48},
        "circle": {"size": 48, "opacity": 0.85},
        "rect": {"stroke": None},
        "rule": {"color": page.muted, "strokeWidth": 1},
        "text": {"color": page.text, "font": SANS, "fontSize": 12},
        "trail": {"color": first},
    }
