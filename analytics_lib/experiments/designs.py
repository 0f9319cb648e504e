"""What is planned about an experiment, and the power it has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, TypedDict

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.boundaries import boundaries
from analytics_lib.experiments.recursion import crossed
from analytics_lib.experiments.sequential import GroupSequential

if TYPE_CHECKING:
    from analytics_lib.experiments.engine import Plan

_NORMAL_FROM: Final = 1e6
"""Degrees of freedom from which t is normal to six digits of power."""


class Options(TypedDict, total=False):
    """The keyword arguments of `Design`."""

    sd: float | None
    proportion: float | None
    mean: float | None
    relative: bool
    alpha: float
    alternative: Literal["two-sided", "greater", "less"]
    margin: float
    ratio: float
    null_variance: Literal["pooled", "control"]
    correlation: float
    icc: float
    cluster_size: float
    comparisons: int
    plan: Plan | None


@dataclass(frozen=True, kw_only=True)
class Design:
    """What is planned; every field is a keyword of `power`, `sample_size` and `minimum_effect`.

    Parameters
    ----------
    sd
        Standard deviation of one unit: a test of means by Student's noncentral t.
    proportion
        Control's share instead, in (0, 1): the normal test of two proportions.
    mean
        Control's mean, needed where `relative` and `sd` are given.
    relative
        Effects and margin are shares of control's absolute mean (or of its proportion).
    alpha, alternative, margin
        As in `analytics_lib.experiments.compare`.
    ratio
        Units in treatment for each in control.
    null_variance
        Of two proportions under no effect: both arms ``"pooled"`` (as R's power.prop.test), or ``"control"``'s share
        in both (as Evan Miller's calculator).
    correlation
        Of the metric with its covariate before the start: CUPED leaves 1 − correlation² of the variance.
    icc, cluster_size
        Intraclass correlation and units in a cluster: the variance is multiplied by 1 + (size − 1)·icc.
    comparisons
        Tests in the family; alpha is divided by it (Bonferroni).
    plan
        How often is looked: group-sequential power over all looks by recursive integration, always-valid power at the
        planned end.
    """

    sd: float | None = None
    proportion: float | None = None
    mean: float | None = None
    relative: bool = False
    alpha: float = 0.05
    alternative: Literal["two-sided", "greater", "less"] = "two-sided"
    margin: float = 0.0
    ratio: float = 1.0
    null_variance: Literal["pooled", "control"] = "pooled"
    correlation: float = 0.0
    icc: float = 0.0
    cluster_size: float = 1.0
    comparisons: int = 1
    plan: Plan | None = None

    def __post_init__(self) -> None:
        if (self.sd is None) == (self.proportion is None):
            raise InputError(
                "the plan needs either sd or proportion", hint="sd=12.5 for a mean, proportion=0.2 for a share"
            )
        share = self.proportion
        checks = (
            (self.sd is None or 0 < self.sd < np.inf, f"sd is {self.sd}", "a positive number is right"),
            (share is None or 0 < share < 1, f"proportion is {share}", "a share between 0 and 1 is right"),
            (0 < self.alpha < 1, f"alpha is {self.alpha}, outside (0, 1)", "0.05 is usual"),
            (self.alternative in ("two-sided", "greater", "less"), f"there is no alternative {self.alternative!r}",
             "'two-sided', 'greater' and 'less' are right"),
            (self.null_variance in ("pooled", "control"), f"null_variance is {self.null_variance!r}",
             "'pooled' and 'control' are right"),
            (np.isfinite(self.margin), f"the margin is {self.margin}", "a finite number is right"),
            (0 < self.ratio < np.inf, f"ratio is {self.ratio}", "1 is an equal split, 0.25 one in treatment for 4"),
            (-1 < self.correlation < 1, f"correlation is {self.correlation}", "a number between -1 and 1 is right"),
            (0 <= self.icc <= 1, f"icc is {self.icc}", "a share between 0 and 1 is right"),
            (1 <= self.cluster_size < np.inf, f"cluster_size is {self.cluster_size}", "at least 1 is right"),
            (self.comparisons >= 1, f"comparisons is {self.comparisons}", "at least 1 is right"),
            (not self.relative or share is not None or bool(self.mean), "a relative effect needs control's mean",
             "give mean=…, other than zero"),
        )  # fmt: skip
        for holds, message, hint in checks:
            if not holds:
                raise InputError(message, hint=hint)

    @property
    def sides(self) -> int:
        """1 or 2."""
        return 2 if self.alternative == "two-sided" else 1

    @property
    def scale(self) -> float:
        """What an effect is multiplied by to be absolute."""
        if not self.relative:
            return 1.0
        return abs(float(self.proportion if self.proportion is not None else self.mean or 0.0))

    def power(self, effect: float, n: float) -> float:
        """Return the power at an absolute effect with n units in control."""
        factor = (1.0 - self.correlation**2) * (1.0 + (self.cluster_size - 1.0) * self.icc)
        shift = effect - self.margin * self.scale
        each = 1.0 / n + 1.0 / (n * self.ratio)
        if self.sd is not None:
            under = error = self.sd * np.sqrt(factor * each)
        else:
            under, error = (np.sqrt(factor * square) for square in self._squares(effect, n))
        shift = -shift if self.alternative == "less" else shift
        alpha, units = self.alpha / self.comparisons, n * (1.0 + self.ratio)
        if self.plan is not None:
            return _planned(self.plan, shift / error, (float(under / error), units), (alpha, self.sides))
        degrees = np.inf if self.sd is None else units / self.cluster_size - 2.0
        if degrees <= 0:
            raise InputError(f"{n:g} units in control leave no degrees of freedom", hint="plan more units or clusters")
        return _single(shift / error, float(under / error), degrees, (alpha, self.sides))

    def _squares(self, effect: float, n: float) -> tuple[float, float]:
        control = float(self.proportion or 0.0)
        treatment = control + effect
        if not 0 <= treatment <= 1:
            raise InputError(
                f"an effect of {effect:g} on a proportion of {control:g} gives {treatment:g}",
                hint="shares end at 0 and 1",
            )
        other = n * self.ratio
        base = (control + treatment * self.ratio) / (1.0 + self.ratio) if self.null_variance == "pooled" else control
        null = base * (1.0 - base) * (1.0 / n + 1.0 / other)
        return null, control * (1.0 - control) / n + treatment * (1.0 - treatment) / other


def _single(shift: float, null: float, degrees: float, level: tuple[float, int]) -> float:
    from scipy.special import nctdtr, ndtr, ndtri, stdtrit

    tail = 1.0 - level[0] / level[1]
    if np.isinf(degrees):  # proportions: the far tail is left out, as the cited formula does
        return float(ndtr((abs(shift) if level[1] == 2 else shift) - float(ndtri(tail)) * null))  # noqa: PLR2004
    if degrees > _NORMAL_FROM:
        bound = float(ndtri(tail))
        return float(ndtr(shift - bound) + (ndtr(-shift - bound) if level[1] == 2 else 0.0))  # noqa: PLR2004
    bound, size = float(stdtrit(degrees, tail)), abs(shift)
    if size > bound + 40.0:
        return 1.0 if level[1] == 2 or shift > 0 else 0.0  # noqa: PLR2004
    cdf = nctdtr(degrees, size, np.array([bound, -bound]))
    cdf = np.where(np.isnan(cdf), ndtr(np.array([bound, -bound]) - size), cdf)  # far out the series gives up
    above, below = 1.0 - cdf[0], cdf[1]
    if level[1] == 2:  # noqa: PLR2004
        return float(above + below)
    return float(above if shift >= 0 else below)


def _planned(plan: Plan, shift: float, scale: tuple[float, float], level: tuple[float, int]) -> float:
    """Return the power of a plan; `scale` is the error under the null over the error, and the units at the end."""
    null, units = scale
    times, bounds = np.ones(1), np.empty(1)
    if isinstance(plan, GroupSequential):
        times = np.asarray(plan.fractions)
        bounds = np.asarray(_bounds(plan, level)) * null
    else:
        bounds = plan.critical(np.array([units]), *level) * null
    found = crossed(times, bounds, shift)
    if level[1] == 2:  # noqa: PLR2004
        found += crossed(times, bounds, -shift)
    return min(found, 1.0)


def _bounds(plan: GroupSequential, level: tuple[float, int]) -> tuple[float, ...]:
    key = (plan.fractions, *level, plan.spending, plan.parameter)
    if key not in _KEPT:
        _KEPT.clear()  # one plan at a time is searched with
        _KEPT[key] = tuple(boundaries(*key).tolist())
    return _KEPT[key]


_KEPT: Final[dict[Any, tuple[float, ...]]] = {}
