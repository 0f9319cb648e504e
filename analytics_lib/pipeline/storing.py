"""Looks at experiments as the state database keeps them: plain JSON, which knows neither NaN nor infinities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.model.aggregation import SEGMENT, SEGMENT_VALUE
from analytics_lib.model.moment_table import MomentTable
from analytics_lib.model.plain import numbers, plain

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analytics_lib.experiments.results import Results
    from analytics_lib.model.aggregation import MomentAnswer
    from analytics_lib.model.decisions import Decision, Finding


def data_of(results: Results, findings: Iterable[Finding], decision: Decision) -> dict[str, Any]:
    """Return what is kept of a look.

    Parameters
    ----------
    results
        The analysis.
    findings
        What speaks against it.
    decision
        What to do.

    Returns
    -------
    dict
        ``results``, ``history`` (where there are days) and ``heterogeneity`` (where there are segments): column →
        values; ``sample_ratio``; ``findings``; ``decision``; ``summary``; ``moments`` of all units, by variant, day and
        stratum.
    """
    history = results.history().to_dict("list") if results.days else None
    if history is not None:
        history["day"] = [day.date() if hasattr(day, "date") else day for day in history["day"]]
    heterogeneity = results.heterogeneity().to_dict("list") if "segment" in results.rows else None
    return {
        "results": plain(results.rows),
        "history": plain(history),
        "heterogeneity": plain(heterogeneity),
        "sample_ratio": plain(results.sample_ratio),
        "findings": [plain(each) for each in findings],
        "decision": plain(decision),
        "summary": results.summary(),
        "moments": plain(_moments(results.answer)),
    }


def moments_of(data: Mapping[str, Any]) -> MomentTable:
    """Return the moments of a stored look, to be computed with anew; labels of days are text."""
    stored = data["moments"]
    mean = np.array([numbers(row) for row in stored["mean"]])
    comoment = np.array([[numbers(row) for row in group] for group in stored["comoment"]])
    return MomentTable(stored["labels"], np.array(stored["n"]), tuple(stored["columns"]), mean, comoment)


def _moments(answer: MomentAnswer) -> dict[str, Any]:
    table = answer.table
    if SEGMENT in table.labels:
        table = table.where(**{SEGMENT: ""})
    labels = {name: values for name, values in table.labels.items() if name not in {SEGMENT, SEGMENT_VALUE}}
    return {
        "labels": labels, "n": table.n, "columns": table.columns, "mean": table.mean, "comoment": table.comoment,
    }  # fmt: skip
