"""Whether an effect rests on one unit, or fades: parts of `analytics_lib.experiments.trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import estimate
from analytics_lib.experiments.evidence import number
from analytics_lib.experiments.metrics import Mean, Proportion, Quantile
from analytics_lib.model.aggregation import VARIANT
from analytics_lib.model.decisions import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from analytics_lib.experiments.evidence import Whole
    from analytics_lib.experiments.metrics import Metric

    Floats = NDArray[np.float64]

_CARRIED: Final = 0.5
"""Share of the effect, and of its standard error, that one unit may carry."""
_LEVEL: Final = 0.05
_TREND: Final = 0.01
_DAYS: Final = 4
"""Fewest days of a trend."""
_FEWEST_UNITS: Final = 30
"""Of an arm on a day that counts for a trend."""


class _Without(NamedTuple):
    """An effect with and without one unit: which arm it is in, and its value."""

    arm: Any
    value: float
    share: float
    moved: float
    changed: bool


def outliers(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find units that carry a result: means are recomputed without the smallest and the largest value of either arm.

    One is reported that changes the difference by more than half its standard error, and either brings more than half
    of it or decides whether it is significant. Covariates are left out.
    """
    for name, metric in metrics.items():
        column = metric.roles["y"]
        plain = isinstance(metric, Mean) and not isinstance(metric, Proportion) and not whole.clustered
        if not plain or column not in whole.high or not whole.complete(column):
            continue
        for treatment in whole.variants[1:]:
            found = [each for each in _leave_one_out(whole, column, treatment) if each.moved > _CARRIED]
            found = [each for each in found if each.changed or abs(each.share) > _CARRIED]
            if not found:
                continue
            worst = max(found, key=lambda each: each.moved)
            what = f"without one unit of {worst.arm} ({worst.value:,.10g})"
            yield Finding(
                "outlier",
                "warning",
                f"'{name}': {what} the effect of {treatment} would be {number(100 * abs(worst.share))}% "
                f"{'smaller' if worst.share > 0 else 'greater'}"
                + (", and significance would change" if worst.changed else ""),
                "look at that unit; cap the metric at a high quantile fixed beforehand, or compare medians",
                name,
            )


def _leave_one_out(whole: Whole, column: str, treatment: Any) -> list[_Without]:
    """Return the difference without each of the four extreme units.

    Without a value v: n − 1 units, mean (n·m − v) / (n − 1), Σ(y − ȳ)² less (v − m)²·n / (n − 1).
    """
    at, arms = whole.arms.columns.index(column), (0, whole.variants.index(treatment))
    if (whole.arms.n[[*arms]] < 4).any():  # noqa: PLR2004 - a variance without one, and one more
        return []
    left = [(arm, float(ends[column][arms[arm]])) for ends in (whole.low, whole.high) for arm in (0, 1)]
    rows: list[tuple[list[float], list[float], list[float]]] = []
    for arm, value in [(-1, 0.0), *left]:
        rows.append(([], [], []))
        for place in (0, 1):
            n, mean = float(whole.arms.n[arms[place]]), float(whole.arms.mean[arms[place], at])
            squares = float(whole.arms.comoment[arms[place], at, at])
            if place == arm:
                squares = max(squares - (value - mean) ** 2 * n / (n - 1.0), 0.0)
                n, mean = n - 1.0, mean - (value - mean) / (n - 1.0)
            for held, each in zip(rows[-1], (n, mean, squares), strict=True):
                held.append(each)
    counts, means, sums = (np.array(each) for each in zip(*rows, strict=True))
    pair = [Samples.from_arrays(("y",), counts[:, k], means[:, [k]], sums[:, [k], None]) for k in (0, 1)]
    answers = estimate(*make_arms(pair[0], pair[1], binary=False))
    effect, significant = answers.effect, answers.pvalue < _LEVEL
    if not (answers.error[0] > 0 and effect[0] != 0):
        return []
    share = 1.0 - effect[1:] / effect[0]
    moved = np.abs(effect[1:] - effect[0]) / answers.error[0]
    changed = significant[1:] != significant[0]
    names = (whole.variants[0], treatment)
    return [
        _Without(names[arm], value, float(share[k]), float(moved[k]), bool(changed[k]))
        for k, (arm, value) in enumerate(left)
        if np.isfinite(share[k])
    ]


def novelty(whole: Whole, metrics: Mapping[str, Metric], day: str) -> Iterator[Finding]:
    """Find effects that shrink from day to day: each day's own difference regressed on the day, weighted by 1 / error².

    The slope's z test is two-sided at 0.01 over all metrics and treatments together (Bonferroni). There must be an
    effect to shrink: the days' mean, which is independent of the slope, is tested at 0.05 first.
    """
    kept = {name: metric for name, metric in metrics.items() if not isinstance(metric, Quantile)}
    kept = {name: metric for name, metric in kept.items() if whole.complete(*_columns(metric))}
    tests = max(len(kept) * (len(whole.variants) - 1), 1)
    groups = whole.table.rollup(keep=(VARIANT, day))
    size = dict(zip(zip(groups.labels[VARIANT], groups.labels[day], strict=True), groups.n.tolist(), strict=True))
    for treatment in whole.variants[1:]:
        pair = (whole.variants[0], treatment)
        days = sorted({label for label in groups.labels[day] if label is not None})
        days = [label for label in days if min(size.get((arm, label), 0.0) for arm in pair) >= _FEWEST_UNITS]
        if len(days) < _DAYS:
            continue
        place = {key: at for at, key in enumerate(size)}
        table = groups.take([place[arm, label] for arm in pair for label in days])
        when = np.array([label.toordinal() if hasattr(label, "toordinal") else float(label) for label in days])
        for name, metric in kept.items():
            effect, square, _ = whole.compare(treatment, metric.roles, table)
            trend = _fades(when - when[0], effect, square)
            if trend is not None and trend[0] < _TREND / tests:
                yield Finding(
                    "novelty",
                    "warning",
                    f"'{name}': the effect of {treatment} shrinks from day to day, from {number(trend[1])} on the "
                    f"first day to {number(trend[2])} on the last (p = {trend[0]:.2g})",
                    "run longer and judge by the later days: novelty wears off",
                    name,
                )


def _columns(metric: Metric) -> list[str]:
    return [column for role, column in metric.roles.items() if not role.startswith("x")]


def _fades(when: Floats, effect: Floats, square: Floats) -> tuple[float, float, float] | None:
    """Return the slope's p-value and the fitted first and last effects, None where no effect shrinks."""
    from scipy.special import ndtr

    usable = np.isfinite(effect) & np.isfinite(square) & (square > 0)
    if usable.sum() < _DAYS:
        return None
    when, effect, weight = when[usable], effect[usable], 1.0 / square[usable]
    centre, level = np.average(when, weights=weight), np.average(effect, weights=weight)
    spread = float((weight * (when - centre) ** 2).sum())
    slope = float((weight * (when - centre) * effect).sum()) / spread
    first, last = (float(level + slope * (end - centre)) for end in (when[0], when[-1]))
    if abs(last) >= abs(first) or 2.0 * ndtr(-abs(level) * np.sqrt(weight.sum())) >= _LEVEL:
        return None
    return float(2.0 * ndtr(-abs(slope) * np.sqrt(spread))), first, last
