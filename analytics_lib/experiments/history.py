"""How metrics have varied: mean, spread, covariates, clusters and arrivals, from rows without variants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.arms import Samples
from analytics_lib.experiments.cuped import adjust_pair, ratio_or_mean
from analytics_lib.experiments.metrics import Proportion, Quantile, over_clusters
from analytics_lib.model.aggregation import SIZE, MomentRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.model.aggregation import MomentAnswer, MomentSource
    from analytics_lib.model.moment_table import MomentTable

_ROUNDING: Final = 1e-14
"""Of a mean: a deviation below this is the last digit of a constant."""
_LOOSE: Final = 1e-9
"""How far the variance of a share may be from p(1 − p): rounding."""
_DROWNED: Final = 1e-10
"""Of the terms of a variance: what is left of them below this may be rounding."""
_CLOSEST: Final = 1.0 - 1e-12
"""A covariate that explains everything still leaves rounding."""
_WEEK: Final = 7
_FEWEST: Final = 2


@dataclass(frozen=True)
class Spread:
    """How one metric has varied among units.

    Parameters
    ----------
    mean
        The mean; of a ratio the sum over the sum.
    sd
        Standard deviation of a unit's value; of a ratio that of its linearised value (Deng, Knoblich & Lu 2018).
    share
        Whether it is tested as a share of units.
    removed
        The fraction of the variance that covariates remove: the squared correlation.
    design_effect
        The variance of the mean with clusters over that without (Kish 1965, section 5.4); 1 without clusters.
    icc
        Intraclass correlation, the design effect less 1 over the mean size of a unit's own cluster less 1; NaN without
        clusters.
    cluster_size
        Mean number of units in a cluster.
    note
        What makes it unfit for planning, or of less use; empty elsewhere.
    """

    mean: float
    sd: float
    share: bool = False
    removed: float = 0.0
    design_effect: float = 1.0
    icc: float = float("nan")
    cluster_size: float = 1.0
    note: str = ""

    @property
    def is_plannable(self) -> bool:
        """Whether a relative effect on it can be planned for."""
        return bool(np.isfinite(self.mean) and self.mean != 0 and self.sd > _ROUNDING * abs(self.mean))

    def design(self, *, covariates: bool = True, clusters: bool = True) -> dict[str, Any]:
        """Return the keywords of `power`, `sample_size` and `minimum_effect` that say so; effects are relative.

        Parameters
        ----------
        covariates, clusters
            Whether they are counted in.
        """
        known = min(self.removed, _CLOSEST) ** 0.5 if covariates else 0.0
        found = {"mean": self.mean, "relative": True, "correlation": known}
        if self.share and (self.cluster_size == 1 or not clusters):
            return found | {"proportion": self.mean}
        if not clusters:
            return found | {"sd": self.sd}
        return found | {"sd": self.sd * self.design_effect**0.5, "cluster_size": self.cluster_size}


@dataclass(frozen=True)
class History:
    """What rows of the past say.

    Parameters
    ----------
    units
        How many there were.
    clusters
        How many clusters; None where there are none.
    days
        First and last day that units came; None where days are not known.
    spreads
        Metric → how it has varied.
    """

    units: int
    clusters: int | None
    days: tuple[date, date] | None
    spreads: Mapping[str, Spread]

    @property
    def span(self) -> int | None:
        """Days from the first to the last, both among them."""
        return None if self.days is None else (self.days[1] - self.days[0]).days + 1

    @property
    def units_per_day(self) -> float | None:
        """How many came a day; None where days are not known, or whole clusters take part whatever the day."""
        return None if self.span is None or self.clusters is not None else self.units / self.span

    @property
    def notes(self) -> tuple[str, ...]:
        """What to bear in mind whatever the metric, each a sentence."""
        found = []
        if self.span is not None and self.span < _WEEK:
            days = f"{self.span} day{'s' * (self.span > 1)}"
            found.append(f"the history has {days}, less than a week: days of a week differ")
        if self.clusters is not None and self.days is not None:
            found.append("days are not told of clusters: with time they get larger, not more")
        return tuple(found)


def read_history(
    source: MomentSource, metrics: Mapping[str, Metric], unit: str | None, cluster: str | None, day: str | None
) -> History:
    """Return what rows of the past say, from one scan; where there are clusters from a second one.

    Parameters
    ----------
    source
        A row a unit; no variant is needed.
    metrics
        The metrics by name.
    unit, cluster, day
        Columns, as in `plan_from`.

    Raises
    ------
    InputError
        There are too few rows, a column is absent or holds what the metric cannot use, units stand there twice, or no
        metric can be planned.
    """
    for name, metric in metrics.items():
        if isinstance(metric, Quantile):
            raise InputError(f"metric '{name}' is a quantile, whose power is not known", hint="plan with its mean")
        own = metric.roles["y"]
        if own in [column for role, column in metric.roles.items() if role[0] == "x"]:
            raise InputError(f"metric '{name}' is its own covariate", hint="a covariate is known before the experiment")
    request = _request(metrics, unit=unit, day=day)
    answer = source.moments(request)
    days = _days(answer, day)
    table = answer.table.rollup()
    _require_sound(answer, table, metrics, request)
    groups = source.moments(_request(metrics, cluster=cluster)).table if cluster is not None else None
    if groups is not None and groups.n[0] < _FEWEST:
        raise InputError("the history has one cluster", hint="how clusters differ is seen from two on, better from 20")
    spreads = {name: _spread(metric, table, groups) for name, metric in metrics.items()}
    if not any(each.is_plannable for each in spreads.values()):
        name, worst = next(iter(spreads.items()))
        raise InputError(f"metric '{name}': {worst.note}", hint="is it the right column?")
    return History(int(table.n[0]), None if groups is None else int(groups.n[0]), days, spreads)


def _request(
    metrics: Mapping[str, Metric], *, unit: str | None = None, cluster: str | None = None, day: str | None = None
) -> MomentRequest:
    return MomentRequest(
        None,
        tuple(dict.fromkeys(column for metric in metrics.values() for column in metric.columns)),
        pairs=tuple(dict.fromkeys(pair for metric in metrics.values() for pair in metric.pairs if pair[0] != pair[1])),
        by=() if day is None else (day,),
        cluster=cluster,
        unit=unit,
    )


def _days(answer: MomentAnswer, day: str | None) -> tuple[date, date] | None:
    if day is None:
        return None
    found = answer.table.labels[day]
    if None in found:
        raise InputError(f"units have no day: '{day}' is missing", hint="leave these rows out")
    wrong = [label for label in found if not isinstance(label, date)]
    if wrong:
        raise InputError(f"column '{day}' holds {wrong[0]!r}", hint="a day is right: 2026-03-01")
    return min(found), max(found)


def _require_sound(
    answer: MomentAnswer, table: MomentTable, metrics: Mapping[str, Metric], request: MomentRequest
) -> None:
    n, missing = int(table.n[0]), answer.missing.sum(axis=0)
    if n < _FEWEST:
        raise InputError(f"the history has {n} unit", hint="how units differ is seen from two on, better from 1,000")
    for name, count in zip(request.measured, missing.tolist(), strict=True):
        if count:
            raise InputError(
                f"'{name}' is missing for {count:,} unit{'s' * (count > 1)} of the history",
                hint="put 0 in their place if that is what it means, or leave these units out",
            )
    for name, metric in metrics.items():
        if isinstance(metric, Proportion):
            at = table.columns.index(metric.column)
            share = table.mean[0, at]
            if not 0 <= share <= 1 or abs(table.comoment[0, at, at] - n * share * (1 - share)) > _LOOSE * n:
                raise InputError(
                    f"metric '{name}' is a proportion, and '{metric.column}' has values other than 0 and 1",
                    hint="Mean takes any number",
                )
    counts = answer.units
    if counts is not None and counts.missing:
        raise InputError(f"{counts.missing:,} rows have no unit: '{request.unit}' is missing", hint="leave them out")
    if counts is not None and counts.rows > counts.distinct:
        raise InputError(
            f"units stand in the history twice: {counts.distinct:,} units have {counts.rows:,} rows",
            hint="add the rows of each unit up first, with the day it came in",
        )


def _spread(metric: Metric, units: MomentTable, clusters: MomentTable | None) -> Spread:
    """Return how a metric has varied."""
    with np.errstate(divide="ignore", invalid="ignore"):
        one = Samples.from_table(units, metric.roles)
        mean, variance = _linear(one)
        share = isinstance(metric, Proportion)
        known = [name for name in one.names if name[0] == "x" and name != "xd"]
        flat = [metric.roles[name] for name in known if not one.covariance[0][(at := one.names.index(name)), at] > 0]
        if not np.isfinite(mean):
            return Spread(mean, variance**0.5, note="its denominator is zero")
        spread = Spread(mean, variance**0.5, share)
        if not spread.is_plannable:
            what = "its mean is zero, and a relative effect is a share of it" if mean == 0 else "it does not vary"
            return Spread(mean, variance**0.5, share, note="it does not vary" if not variance > 0 else what)
        size, effect, icc = 1.0, 1.0, float("nan")
        if clusters is not None:
            one = Samples.from_table(clusters, over_clusters(metric.roles, SIZE))
            at = clusters.columns.index(SIZE)
            size = float(clusters.mean[0, at])
            own = size + float(clusters.comoment[0, at, at] / clusters.n[0]) / size  # of the cluster a unit is in
            effect = _linear(one)[1] * size / variance
            if not effect > 0:
                said = "how its clusters differ is lost in rounding: take a constant near its mean from it"
                return Spread(mean, float("nan"), share, note=said)
            icc = (effect - 1.0) / (own - 1.0) if own > 1 else float("nan")
        removed = float(adjust_pair(one, one)[1][0]) if known else 0.0
    note = f"covariate '{flat[0]}' does not vary, and removes nothing" if flat else ""
    return Spread(mean, variance**0.5, share, max(removed, 0.0), effect, icc, size, note)


def _linear(samples: Samples) -> tuple[float, float]:
    """Return the estimate, and the variance of one row's linearised value."""
    found = ratio_or_mean(samples)
    terms = found.gradient[0, :, None] * samples.covariance[0] * found.gradient[0]
    variance = float(terms.sum())
    return float(found.value[0]), variance if not variance < _DROWNED * np.abs(terms).sum() else 0.0
