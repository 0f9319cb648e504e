"""The intervals of an analysis, drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import altair as alt

    from analytics_lib.experiments.results import Results


def draw(results: Results, *, relative: bool = True) -> alt.LayerChart:
    """Return a chart of the intervals of all units, one a metric and treatment, with the line of no difference.

    Limits without an end are drawn as far as the longest of the others.

    Parameters
    ----------
    results
        What was found.
    relative
        Whether effects are drawn relative to control's mean.
    """
    from analytics_lib import charts

    frame = results.to_frame()
    if "segment" in frame:
        frame = frame[frame["segment"] == ""]
    frame = frame.assign(what=frame["metric"])
    if len(results.treatments) > 1:
        frame["what"] = frame["metric"] + ", " + frame["treatment"].astype(str)
    effect = "rel_effect_size" if relative else "effect_size"
    lower, upper = f"{effect}_ci_lower", f"{effect}_ci_upper"
    shown = frame[["what", effect, lower, upper]].reset_index(drop=True)
    ends = shown[[effect, lower, upper]].to_numpy(dtype=float)
    farthest = float(np.abs(ends[np.isfinite(ends)]).max(initial=0.0))
    for name in (lower, upper):
        shown[name] = shown[name].clip(-farthest, farthest)
    numbers = "percent" if relative else "number"
    sure = f"{100 * (1 - results.alpha):.3g}% interval"
    chart = charts.interval(
        shown,
        charts.Field(effect, f"Change against {results.control}", numbers),
        charts.Field("what", "Metric"),
        bounds=(charts.Field(lower, sure, numbers), charts.Field(upper, "Upper end", numbers)),
        description=results.summary(),
    )
    return charts.with_rule(chart, x=0)
