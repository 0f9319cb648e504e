"""How charts look and how they reach a page: the Altair theme and the renderer named ``analytics``."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from analytics_lib.model.theme import vega_config

NAME: Final = "analytics"
MIME_TYPE: Final = "application/vnd.vegalite.v5+json"
"""What JupyterLab and Voila draw without a network; the specifications keep to what Vega-Lite 5 and 6 share."""
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"


def _theme() -> alt.theme.ThemeConfig:
    """Light is written into the specification; a page exchanges it for dark when it is read."""
    return {"config": vega_config("light")}  # type: ignore[typeddict-item]


def _render(spec: dict[str, Any], **_: object) -> dict[str, Any]:
    """Return a chart as bare Vega-Lite, with its description for whoever cannot draw it."""
    return {MIME_TYPE: {**spec, "$schema": _SCHEMA}, "text/plain": spec.get("description", "A chart")}


def enable() -> None:
    """Make the theme and the renderer Altair's own for this process."""
    alt.theme.register(NAME, enable=True)(_theme)
    alt.renderers.register(NAME, _render)
    alt.renderers.enable(NAME)
