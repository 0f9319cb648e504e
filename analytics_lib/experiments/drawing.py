"""The intervals of an experiment, its days and its segments, drawn from frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd
    from numpy.typing import NDArray

_WIDEST: Final = 3.0
"""Bounds of early days are drawn up to so many times as far as those of the second half reach."""
_HIGHEST: Final = 1.5
"""Room above the last bound in the chart of the evidence."""


def draw_effects(
    frame: pd.DataFrame,
    names: str,
    *,
    control: Any,
    alpha: float,
    description: str,
    title: str = "",
    relative: bool = True,
) -> alt.LayerChart:
    """Return a chart of intervals, one a row, with the line of no difference.

    Parameters
    ----------
    frame
        Rows of an analysis' frame. Limits without an end are drawn as far as the longest of the others.
    names
        The column that names the rows.
    control, alpha
        What treatments are compared with, and how surely.
    description, title
        What the chart tells, in a sentence, and what is shown.
    relative
        Whether effects are drawn relative to control's mean.
    """
    from analytics_lib import charts

    effect, lower, upper = _scale(relative=relative)
    shown = frame[[names, effect, lower, upper]].reset_index(drop=True)
    ends = shown[[effect, lower, upper]].to_numpy(dtype=float)
    farthest = float(np.abs(ends[np.isfinite(ends)]).max(initial=0.0))
    for name in (lower, upper):
        shown[name] = shown[name].clip(-farthest, farthest)
    numbers = "percent" if relative else "number"
    chart = charts.interval(
        shown,
        charts.Field(effect, f"Change against {control}", numbers),
        charts.Field(names, "Metric"),
        bounds=(charts.Field(lower, _sure(alpha), numbers), charts.Field(upper, "Upper end", numbers)),
        title=title,
        description=description,
    )
    return charts.with_rule(chart, x=0)


def draw_history(days: pd.DataFrame, *, control: Any, alpha: float, title: str, description: str) -> alt.LayerChart:
    """Return a chart of one metric's effect after each day, in the interval that holds under all looks together.

    Parameters
    ----------
    days
        Rows of one metric and treatment of an analysis' history. Early intervals are cut where they would hide the
        later ones.
    control, alpha
        What the treatment is compared with, and how surely.
    title, description
        What is shown, and what it tells.
    """
    from analytics_lib import charts

    relative = bool(np.isfinite(days["rel_effect_size"].to_numpy(dtype=float)).any())
    effect, lower, upper = _scale(relative=relative)
    shown = days[["day", effect, lower, upper]].reset_index(drop=True)
    ends = shown[[effect, lower, upper]].to_numpy(dtype=float)
    late = ends[len(ends) // 2 :]
    farthest = _WIDEST * float(np.abs(late[np.isfinite(late)]).max(initial=0.0))
    for name in (effect, lower, upper):
        shown[name] = shown[name].clip(-farthest, farthest)
    numbers = "percent" if relative else "number"
    chart = charts.line(
        shown,
        charts.Field("day", "Day", "day"),
        charts.Field(effect, f"Change against {control}, band: {_sure(alpha)}", numbers),
        band=(charts.Field(lower, "From", numbers), charts.Field(upper, "To", numbers)),  # type: ignore[arg-type]
        title=title,
        description=description,
    )
    return charts.with_rule(chart, y=0)


def draw_evidence(days: pd.DataFrame, *, title: str, description: str) -> alt.LayerChart:
    """Return a chart of one metric's test statistic after each day, before the bounds of its plan.

    Parameters
    ----------
    days
        Rows of one metric and treatment of an analysis' history.
    title, description
        What is shown, and what it tells.
    """
    from analytics_lib import charts

    bound = bounds(days)
    shown = days[["day"]].assign(statistic=evidence(days)).reset_index(drop=True)
    seen = shown["statistic"].abs().to_numpy(dtype=float)
    reach = _HIGHEST * max(np.nanmax(seen, initial=0.0), float(bound[np.isfinite(bound)][-1:].max(initial=2.0)))
    shown["upper"] = np.minimum(bound, reach)
    shown["lower"] = -shown["upper"]
    chart = charts.line(
        shown,
        charts.Field("day", "Day", "day"),
        charts.Field("statistic", "Effect in standard errors; shaded: what chance alone may bring"),
        band=(charts.Field("lower", "Lower bound"), charts.Field("upper", "Upper bound")),  # type: ignore[arg-type]
        title=title,
        description=description,
    )
    return charts.with_rule(chart, y=0)


def evidence(days: pd.DataFrame) -> NDArray[np.float64]:
    """Return the effect in standard errors, one a row."""
    return np.asarray(days["effect_size"] / days["standard_error"], dtype=np.float64)


def bounds(days: pd.DataFrame) -> NDArray[np.float64]:
    """Return the multiple of the standard error that the plan asks for, one a row: half its interval's width."""
    half = (days["effect_size_ci_upper"] - days["effect_size_ci_lower"]) / 2
    return np.asarray(half / days["standard_error"], dtype=np.float64)


def _scale(*, relative: bool) -> tuple[str, str, str]:
    effect = "rel_effect_size" if relative else "effect_size"
    return effect, f"{effect}_ci_lower", f"{effect}_ci_upper"


def _sure(alpha: float) -> str:
    return f"{100 * (1 - alpha):.3g}% interval"
