"""How charts look and how they reach a page: the Altair theme and the renderer named ``analytics``."""

from __future__ import annotations

from typing import Any, Final

import altair as alt

from analytics_lib.charts.frame import drawable
from analytics_lib.model.theme import WIDTH, vega_config

NAME: Final = "analytics"
MIME_TYPE: Final = "application/vnd.vegalite.v5+json"
"""What JupyterLab and Voila draw without a network; the specifications keep to what Vega-Lite 5 and 6 share."""
_SCHEMA: Final = "https://vega.github.io/schema/vega-lite/v5.json"


def _theme() -> alt.theme.ThemeConfig:
    """Light is written into the specification; a page exchanges it for dark when it is read."""
    return {"config": vega_config("light")}  # type: ignore[typeddict-item]


def _render(spec: dict[str, Any], **_: object) -> dict[str, Any]:
    """Return a chart as bare Vega-Lite, with its description for whoever cannot draw it.

    A page draws a chart without a width as wide as it is itself. JupyterLab's place for a chart has no width to fill:
    it would draw a chart that is 0 pixels wide, again and again, until the tab hangs.
    """
    if spec.get("width") == "container":
        config = spec.get("config", {})
        spec = {key: value for key, value in spec.items() if key != "width"}
        spec["config"] = {**config, "view": {**config.get("view", {}), **WIDTH}}
    return {MIME_TYPE: {**spec, "$schema": _SCHEMA}, "text/plain": spec.get("description", "A chart")}


def _data(data: Any = None, max_rows: int = 5000) -> Any:
    """Hand data over as Altair does, exact decimals as floats."""
    import pandas as pd

    if data is None:
        return lambda later: _data(later, max_rows)
    rows: Any = drawable(data) if isinstance(data, pd.DataFrame) else data
    return alt.default_data_transformer(rows, max_rows=max_rows)


def enable() -> None:
    """Make the theme, the renderer and the way of data Altair's own for this process."""
    alt.data_transformers.register(NAME, _data)
    alt.data_transformers.enable(NAME)
    alt.theme.register(NAME, enable=True)(_theme)
    alt.renderers.register(NAME, _render)
    alt.renderers.enable(NAME)
