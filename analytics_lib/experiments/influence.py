"""Whether an effect rests on one unit, or fades: parts of `analytics_lib.experiments.trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import estimate
from analytics_lib.experiments.evidence import number
from analytics_lib.experiments.metrics import Proportion, Quantile
from analytics_lib.model.aggregation import SIZE, VARIANT, Residual
from analytics_lib.model.decisions import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from analytics_lib.experiments.arms import Arms
    from analytics_lib.experiments.evidence import Whole
    from analytics_lib.experiments.metrics import Metric

    Floats = NDArray[np.float64]

_CARRIED: Final = 0.5
"""Share of the effect, and of its standard error, that one unit may carry."""
_APART: Final = 5.0
"""Standard deviations of the others of its arm within which a unit is an ordinary one."""
_LEVEL: Final = 0.05
_TREND: Final = 0.01
_DAYS: Final = 4
"""Fewest days of a trend."""
_FEWEST_UNITS: Final = 30
"""Of an arm on a day that counts for a trend."""


class _Without(NamedTuple):
    """An effect with and without one unit: its arm, its value or residual, and how far it lies from its arm's others.

    The last in their standard deviations (the externally studentized residual).
    """

    arm: Any
    value: float
    share: float
    moved: float
    changed: bool
    apart: float

    @property
    def carries(self) -> bool:
        """Whether the result rests on the unit, and it is no ordinary one: of few clusters each moves something."""
        return self.moved > _CARRIED and self.apart > _APART and (self.changed or abs(self.share) > _CARRIED)


def suspects(whole: Whole, metrics: Mapping[str, Metric]) -> tuple[Residual, ...]:
    """Return the residuals of ratios, and of means over clusters, of which one unit or cluster may carry the result.

    Whether one does is told by its residual y − R·d, which takes another look at the data. Most data need none: the
    residuals lie in the box of the extremes of y and d.
    """
    found = []
    for name, metric in metrics.items():
        sides = _sides(whole, metric)
        if sides is None:
            continue
        above, below = sides
        if below is None:
            continue
        ends = [(whole.low[column], whole.high[column]) for column in (above, below)]
        if not np.isfinite(ends).all():  # sums that somebody else has made tell no extremes
            continue
        slope = _ratio(whole, above, below)
        corners = [abs(y - slope * d) for y in ends[0] for d in ends[1]]
        furthest = np.max(corners, axis=0)
        for treatment in whole.variants[1:]:
            arms, at = _pair(whole, metric, treatment), [0, whole.variants.index(treatment)]
            error = np.sqrt(sum(float(arm.variance[0] / arm.n[0]) for arm, _ in arms))
            sums = np.array([float(arm.n[0]) * size for arm, size in arms])
            if (furthest[at] > 0.9 * _CARRIED * error * np.abs(sums)).any():
                found.append(Residual(name, above, below, slope))
                break
    return tuple(found)


def _sides(whole: Whole, metric: Metric) -> tuple[str, str | None] | None:
    """Return the columns of what is averaged and of what it is divided by; None where no unit can carry a result."""
    roles = metric.roles
    below = roles.get("d", SIZE if whole.clustered else None)
    alone = isinstance(metric, Proportion) and not whole.clustered
    needed = [roles["y"], *([] if below is None else [below])]
    if isinstance(metric, Quantile) or alone or not all(column in whole.high for column in needed):
        return None
    return (roles["y"], below) if whole.complete(*needed) else None


def _ratio(whole: Whole, above: str, below: str) -> float:
    """Return the ratio of all units together."""
    sums = [float(whole.arms.n @ whole.arms.mean[:, whole.arms.columns.index(column)]) for column in (above, below)]
    return sums[0] / sums[1] if sums[1] else 0.0


def _pair(whole: Whole, metric: Metric, treatment: Any) -> list[tuple[Arms, float]]:
    """Return both arms without covariates, and the mean of what each is divided by."""
    roles = {role: column for role, column in metric.roles.items() if not role.startswith("x")}
    samples = whole.samples(treatment, roles)
    arms = make_arms(*samples, binary=False)
    return [
        (arm, float(each.mean[0, each.names.index("d")]) if "d" in each.names else 1.0)
        for arm, each in zip(arms, samples, strict=True)
    ]


def outliers(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find units that carry a result: it is recomputed without the smallest and the largest value of either arm.

    One is reported that changes the difference by more than half its standard error, and either decides whether it is
    significant or brings more than half of it, and that lies far from the others of its arm. Of ratios, and of means
    over clusters, it is the unit or cluster with the smallest or largest residual, to first order (the influence
    function, Hampel 1974). Covariates are left out.
    """
    one = whole.unit.removesuffix("s")
    for name, metric in metrics.items():
        sides = _sides(whole, metric)
        if sides is None or (sides[1] is not None and name not in whole.rest):
            continue
        for treatment in whole.variants[1:]:
            found = [each for each in _leave_one_out(whole, (name, metric), treatment) if each.carries]
            if not found:
                continue
            worst = max(found, key=lambda each: each.moved)
            what = f"without one {one} of {worst.arm} ({_said(worst.value, *sides)})"
            advice = f"look at that {one}; cap the metric at a high quantile fixed beforehand"
            yield Finding(
                "outlier",
                "warning",
                f"'{name}': {what} the effect of {treatment} would be {number(100 * abs(worst.share))}% "
                f"{'smaller' if worst.share > 0 else 'greater'}"
                + (", and significance would change" if worst.changed else ""),
                advice + (", or compare medians" if sides[1] is None else ""),
                name,
            )


def _said(value: float, above: str, below: str | None) -> str:
    if below is None:
        return f"{value:,.10g}"
    size = "number of units" if below == SIZE else f"'{below}'"
    return f"'{above}' is {number(abs(value))} {'more' if value > 0 else 'less'} than its {size} accounts for"


def _leave_one_out(whole: Whole, of: tuple[str, Metric], treatment: Any) -> list[_Without]:
    """Return the difference without each of the four extreme units.

    Without a value v: n − 1 units, mean (n·m − v) / (n − 1), Σ(y − ȳ)² less (v − m)²·n / (n − 1). Of a ratio R the
    value is that of the linearised metric, R + (y − R·d) / d̄.
    """
    name, metric = of
    at = (0, whole.variants.index(treatment))
    pair = _pair(whole, metric, treatment)
    if any(float(arm.n[0]) < 4 for arm, _ in pair):  # noqa: PLR2004 - a variance without one, and one more
        return []
    divided = "d" in metric.roles or whole.clustered
    ends = whole.rest[name] if divided else (whole.low[metric.roles["y"]], whole.high[metric.roles["y"]])
    left = [(place, float(end[at[place]])) for end in ends for place in (0, 1)]
    rows: list[tuple[list[float], list[float], list[float]]] = []
    apart: list[float] = []
    for where, value in [(-1, 0.0), *left]:
        rows.append(([], [], []))
        for place, (arm, size) in enumerate(pair):
            n, mean = float(arm.n[0]), float(arm.mean[0])
            squares = float(arm.variance[0]) * (n - 1.0)
            if place == where:
                away = value / size if divided else value - mean
                own = away**2 * n / (n - 1.0)
                squares = max(squares - own, 0.0)
                apart.append(float(np.sqrt(own * (n - 2.0) / squares)) if squares > 0 else np.inf)
                n, mean = n - 1.0, mean - away / (n - 1.0)
            for held, each in zip(rows[-1], (n, mean, squares), strict=True):
                held.append(each)
    counts, means, sums = (np.array(each) for each in zip(*rows, strict=True))
    samples = [Samples.from_arrays(("y",), counts[:, k], means[:, [k]], sums[:, [k], None]) for k in (0, 1)]
    answers = estimate(*make_arms(samples[0], samples[1], binary=False))
    effect, significant = answers.effect, answers.pvalue < _LEVEL
    if not (answers.error[0] > 0 and effect[0] != 0):
        return []
    share = 1.0 - effect[1:] / effect[0]
    moved = np.abs(effect[1:] - effect[0]) / answers.error[0]
    changed = significant[1:] != significant[0]
    names = (whole.variants[0], treatment)
    return [
        _Without(names[place], value, float(share[k]), float(moved[k]), bool(changed[k]), apart[k])
        for k, (place, value) in enumerate(left)
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
