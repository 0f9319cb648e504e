"""What an analysis asks its data a second time, where the first answer calls for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.experiments.evidence import Whole
from analytics_lib.experiments.influence import suspects
from analytics_lib.experiments.metrics import Ratio
from analytics_lib.model.aggregation import SIZE, VARIANT, MomentRequest

if TYPE_CHECKING:
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.model.aggregation import MomentAnswer, MomentSource


def asked_again(
    source: MomentSource, answer: MomentAnswer, request: MomentRequest, metrics: dict[str, Metric]
) -> MomentAnswer:
    """Return the answer, with what the trust checks need beside moments.

    Parameters
    ----------
    source, answer, request
        The data, and what they have answered to what.
    metrics
        The metrics by name.
    """
    if request.cluster is not None and answer.clusters is not None:
        units = source.moments(MomentRequest(request.variant, (), unit=request.cluster)).units
        answer = replace(answer, clusters=replace(answer.clusters, in_two=0 if units is None else units.in_two))
    return _with_residuals(source, answer, request, metrics)


def _with_residuals(
    source: MomentSource, answer: MomentAnswer, request: MomentRequest, metrics: dict[str, Metric]
) -> MomentAnswer:
    """Return the answer with the extremes of ratios' residuals, where one unit or cluster may carry a result."""
    if request.cluster is None and not any(isinstance(metric, Ratio) for metric in metrics.values()):
        return answer
    found = suspects(Whole.from_answer(answer, None), metrics)
    if not found:
        return answer
    columns = dict.fromkeys(side for each in found for side in (each.above, each.below) if side != SIZE)
    again = MomentRequest(request.variant, tuple(columns), cluster=request.cluster, residuals=found)
    rest = source.moments(again)
    assert rest.extremes is not None  # noqa: S101 - for the type checker: what was asked for
    ends = np.stack([rest.extremes.minimum, rest.extremes.maximum], axis=2).tolist()
    of = rest.table.labels[VARIANT]
    residuals = {
        name: {variant: tuple(ends[row][at]) for row, variant in enumerate(of)}
        for at, name in enumerate(rest.extremes.columns)
    }
    return replace(answer, residuals=residuals)
