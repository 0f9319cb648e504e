"""What an analysis is decided from: the moments of every variant, segment, stratum and day, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from analytics_lib.experiments.arms import Arms, Samples, make_arms
from analytics_lib.experiments.clusters import moments_of, ratios
from analytics_lib.experiments.engine import Question
from analytics_lib.experiments.looks import RowsOfPlan, plan_of_rows
from analytics_lib.experiments.metrics import Mean, Proportion, Quantile, over_clusters
from analytics_lib.experiments.stratified import post_stratify
from analytics_lib.model.aggregation import SEGMENT, SEGMENT_VALUE, SIZE, STRATUM, VARIANT
from analytics_lib.model.labels import ordered
from analytics_lib.model.moment_table import accumulate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.model.aggregation import MomentAnswer, QuantileTable

    Floats = NDArray[np.float64]

TOTAL: Final = ("", None)
"""The cell of all units: no segment, no value."""


class Block(NamedTuple):
    """Both arms of some metrics against one treatment, by metric, cell and day; and what is asked of them."""

    metrics: tuple[str, ...]
    treatment: Any
    arms: tuple[Arms, Arms]
    question: Question


class _Family(NamedTuple):
    """Metrics with the same variables, so that one pass serves all of them."""

    metrics: tuple[str, ...]
    roles: tuple[str, ...]
    share: bool


@dataclass(frozen=True, eq=False)
class Trial:
    """An experiment's data, ready to be compared.

    Parameters
    ----------
    metrics
        The metrics by name.
    control, treatments
        Labels of the variants.
    answer
        What the data has answered to the request for all metrics.
    day
        The label of days, None where there are none.
    clustered
        Whether whole clusters were randomised.
    alpha, plan
        As in `analyze`.
    """

    metrics: Mapping[str, Metric]
    control: Any
    treatments: tuple[Any, ...]
    answer: MomentAnswer
    day: str | None
    clustered: bool
    alpha: float
    plan: Plan | None

    @cached_property
    def cells(self) -> list[tuple[str, Any]]:
        """The pairs of a segment and its value, all units first."""
        labels = self.answer.table.labels
        if SEGMENT not in labels:
            return [TOTAL]
        found = list(dict.fromkeys(zip(labels[SEGMENT], labels[SEGMENT_VALUE], strict=True)))
        place = {segment: at for at, segment in enumerate(dict.fromkeys(segment for segment, _ in found))}
        return [found[at] for at in ordered([(place[segment], value) for segment, value in found])]

    @cached_property
    def days(self) -> list[Any]:
        """The days, one without a name where none were asked for."""
        return _distinct(self.answer.table.labels[self.day]) if self.day is not None else [None]

    @cached_property
    def units(self) -> Floats:
        """Units of each variant, control first, up to each day; shape (variants, days)."""
        n = np.append(self.answer.table.n, 0.0)[self._places[:, 0]].sum(axis=1)
        return np.asarray(n.cumsum(axis=1))

    @cached_property
    def _places(self) -> NDArray[np.intp]:
        """The row of each variant, cell, stratum and day, -1 where there are no units; shape (V, C, S, T)."""
        labels, rows = self.answer.table.labels, len(self.answer.table)
        lines = zip(labels.get(SEGMENT, [""] * rows), labels.get(SEGMENT_VALUE, [None] * rows), strict=True)
        strata = labels.get(STRATUM, [None] * rows)
        days = labels[self.day] if self.day is not None else [None] * rows
        axes = ((self.control, *self.treatments), self.cells, _distinct(strata), self.days)
        place = [{label: at for at, label in enumerate(axis)} for axis in axes]
        found = np.full([len(axis) for axis in axes], -1, dtype=np.intp)
        for row, labels_of in enumerate(zip(labels[VARIANT], lines, strata, days, strict=True)):
            if labels_of[0] in place[0]:
                found[tuple(each[label] for each, label in zip(place, labels_of, strict=True))] = row
        return found

    def blocks(self, *, over_days: bool) -> Iterator[Block]:
        """Yield all comparisons: of all cells at the end, or of all units after each day.

        The arms of a block have shape (metrics × cells × days,), one of the last two being 1.
        """
        whole = slice(0, 1) if over_days else slice(None)
        for family in self._families():
            moments = self._moments(family, whole)
            for at in range(1, len(self.treatments) + 1):
                pair = [self._samples(family, moments, variant, over_days=over_days) for variant in (0, at)]
                yield self._block(family, at, _compared(pair, share=family.share), over_days=over_days)
        if over_days:
            return
        for number, (name, metric) in enumerate(self._quantiles()):
            table = self.answer.quantiles[number]
            control = self._quantile(table, self.control)
            for at, treatment in enumerate(self.treatments, 1):
                family = _Family((name,), tuple(metric.roles), share=False)
                yield self._block(family, at, (control, self._quantile(table, treatment)), over_days=False)

    def total(self, metric: str, treatment: Any) -> Block:
        """Return one metric's comparison of all units."""
        alone = replace(self, metrics={metric: self.metrics[metric]}, treatments=(treatment,))
        if isinstance(self.metrics[metric], Quantile):
            number = [name for name, _ in self._quantiles()].index(metric)
            alone = replace(alone, answer=replace(self.answer, quantiles=(self.answer.quantiles[number],)))
        block = next(iter(alone.blocks(over_days=False)))
        plan = block.question.plan
        if isinstance(plan, RowsOfPlan):
            plan = replace(plan, units=plan.units[:1])
        return block._replace(
            arms=(_first(block.arms[0]), _first(block.arms[1])), question=replace(block.question, plan=plan)
        )

    def _block(self, family: _Family, at: int, arms: tuple[Arms, Arms], *, over_days: bool) -> Block:
        units = self.units[0] + self.units[at]
        repeats = len(arms[0].n) // (len(units) if over_days else 1)
        plan = plan_of_rows(self.plan, units, repeats, days=self.day is not None, every=over_days)
        question = Question(alpha=self.alpha, plan=plan, equal_variances=family.share)
        return Block(family.metrics, self.treatments[at - 1], arms, question)

    def _families(self) -> list[_Family]:
        families: dict[tuple[tuple[str, ...], bool], list[str]] = {}
        for name, metric in self.metrics.items():
            if isinstance(metric, Quantile):
                continue
            plain = self._places.shape[2] == 1 and tuple(self.roles(metric)) == ("y",)
            key = tuple(self.roles(metric)), plain and isinstance(metric, Proportion)
            families.setdefault(key, []).append(name)
        return [_Family(tuple(names), roles, share) for (roles, share), names in families.items()]

    def _quantiles(self) -> list[tuple[str, Quantile]]:
        return [(name, metric) for name, metric in self.metrics.items() if isinstance(metric, Quantile)]

    def roles(self, metric: Metric) -> dict[str, str]:
        """Return the metric's variables and their columns, over clusters where there are some."""
        return over_clusters(metric.roles, SIZE) if self.clustered else metric.roles

    def _moments(self, family: _Family, cells: slice) -> tuple[Floats, Floats, Floats, Floats]:
        """Return counts (M, V, C, S, T), means (…, K), products (…, K, K), all added up over days; origins (M, K)."""
        at = self._places[:, cells]
        n, mean, products, origin = self._over_clusters(family) if self.clustered else self._over_units(family)
        k = len(family.roles)
        shape = (len(family.metrics), *at.shape)
        flat = (-1, at.shape[-1])
        whole = [np.moveaxis(_padded(each)[at], 4, 0) for each in (n, mean, products)]
        n, mean, products = (
            np.ascontiguousarray(each).reshape(*flat, *end) for each, end in zip(whole, ((), (k,), (k, k)), strict=True)
        )
        accumulate(n, mean, products)
        return n.reshape(shape), mean.reshape(*shape, k), products.reshape(*shape, k, k), origin

    def _over_clusters(self, family: _Family) -> tuple[Floats, Floats, Floats, Floats]:
        """Return counts (R, M), means (R, M, K), products (R, M, K, K) and origins (M, K) of ratios over clusters."""
        clusters = moments_of(self.answer)
        found = [ratios(clusters, self.metrics[name].roles) for name in family.metrics]
        n, mean, products = (np.stack(each, axis=1) for each in zip(*(arrays for _, arrays, _ in found), strict=True))
        return n, mean, products, np.stack([origin for *_, origin in found])

    def _over_units(self, family: _Family) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the same of units."""
        table = self.answer.table
        columns = np.array(
            [[table.columns.index(name) for name in self.roles(self.metrics[each]).values()] for each in family.metrics]
        )
        there = table.n[:, None] > self.answer.missing[:, columns].max(axis=2)  # (R, M): else no value at all
        n = np.where(there, table.n[:, None], 0.0)
        mean = np.where(there[:, :, None], table.mean[:, columns], 0.0)
        products = table.comoment[:, columns[:, :, None], columns[:, None, :]]
        return n, mean, np.where(there[:, :, None, None], products, 0.0), np.zeros(columns.shape)

    def _samples(self, family: _Family, moments: tuple[Floats, ...], variant: int, *, over_days: bool) -> list[Samples]:
        """Return a variant's samples of each stratum, rows by metric, cell and day."""
        when = slice(None) if over_days else slice(-1, None)
        n, mean, products = (each[:, variant, :, :, when] for each in moments[:3])
        k = len(family.roles)
        origin = np.repeat(moments[3], n[0, :, 0].size, axis=0)
        return [
            Samples.from_arrays(
                family.roles,
                n[:, :, at].reshape(-1),
                mean[:, :, at].reshape(-1, k),
                products[:, :, at].reshape(-1, k, k),
                origin,
            )
            for at in range(n.shape[2])
        ]

    def _quantile(self, table: QuantileTable, variant: Any) -> Arms:
        """Return a variant's quantile in each cell."""
        labels, rows = table.labels, len(table.n)
        cells = zip(labels.get(SEGMENT, [""] * rows), labels.get(SEGMENT_VALUE, [None] * rows), strict=True)
        place = {cell: at for at, cell in enumerate(self.cells)}
        n, found = np.zeros(len(place)), np.full((3, len(place)), np.nan)
        for row, (name, cell) in enumerate(zip(labels[VARIANT], cells, strict=True)):
            if name == variant:
                n[place[cell]] = table.n[row]
                found[:, place[cell]] = table.value[row], table.lower[row], table.upper[row]
        return quantile_arms(n, found[0], (found[1], found[2]), table.request.z)


def quantile_arms(n: Floats, value: Floats, limits: tuple[Floats, Floats], z: float) -> Arms:
    """Return arms whose estimate is a quantile.

    The interval between order statistics is as wide as ±z standard errors of a normal estimate would be (Woodruff
    1952). Its longer half is taken, not the mean of both: among whole numbers a quantile jumps between neighbours, and
    the interval then lies on one side of it. Where an end is missing, or where both are the same of many equal values,
    there is no error to tell.

    Parameters
    ----------
    n, value, limits
        Units, quantiles, and lower and upper limits of their intervals; shape (R,) each.
    z
        The normal quantile that belongs to the intervals' confidence.
    """
    half = np.maximum(value - limits[0], limits[1] - value)
    error = np.where((half > 0) & (half < np.inf), half, np.nan) / z
    degrees = np.where(n > 1, np.inf, 0.0)
    return Arms(n, value, n * error**2, degrees, np.zeros(len(n), dtype=bool), np.full(len(n), np.nan))


def _compared(pair: Sequence[list[Samples]], *, share: bool) -> tuple[Arms, Arms]:
    control, treatment = pair
    if len(control) > 1:
        return make_arms(*post_stratify(control, treatment), binary=False)
    return make_arms(control[0], treatment[0], binary=share)


def is_plain_mean(metric: Metric) -> bool:
    """Return whether a metric is a mean of any numbers, which one unit can carry."""
    return isinstance(metric, Mean) and not isinstance(metric, Proportion)


def _distinct(labels: Sequence[Any]) -> list[Any]:
    found = list(dict.fromkeys(labels))
    return [found[at] for at in ordered([(label,) for label in found])]


def _padded(values: Floats) -> Floats:
    """Return the values with a last row of zeros: that of groups without units."""
    return np.concatenate([values, np.zeros((1, *values.shape[1:]))])


def _first(arms: Arms) -> Arms:
    return Arms(*(getattr(arms, name)[:1] for name in ("n", "mean", "variance", "degrees", "binary", "removed")))
