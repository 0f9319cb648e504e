"""R comparisons of two arms at once: differences or relative effects, with intervals and p-values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, Protocol

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments import fieller
from analytics_lib.experiments.boundaries import as_number, require_alpha
from analytics_lib.experiments.proportions import score_error, score_limits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics_lib.experiments.arms import Arms
    from analytics_lib.experiments.bayes import Posterior, Prior

    Floats = NDArray[np.float64]

Relative = Literal[False, "fieller", "delta"]
Alternative = Literal["two-sided", "greater", "less"]

_ROUNDING: Final = 1e-14
"""Of a mean: a deviation below this is the last digit of a constant."""

_ALTERNATIVES: Final = ("two-sided", "greater", "less")


class Plan(Protocol):
    """How often a running experiment may be looked at: `AlwaysValid` or `GroupSequential`."""

    def critical(self, units: Floats, alpha: float, sides: int) -> Floats:
        """Return the multiplier of the standard error at so many units in both arms."""

    def pvalue(self, statistic: Floats, units: Floats, sides: int) -> Floats:
        """Return the p-value of a statistic; with one side, large ones are evidence."""


@dataclass(frozen=True)
class Question:
    """What is asked of every comparison; see `analytics_lib.experiments.compare` for the fields."""

    relative: Relative = False
    margin: float = 0.0
    alternative: Alternative = "two-sided"
    equal_variances: bool = False
    alpha: float = 0.05
    plan: Plan | None = None
    prior: Prior | None = None

    def __post_init__(self) -> None:
        if self.alternative not in _ALTERNATIVES:
            raise InputError(
                f"there is no alternative {self.alternative!r}", hint=nearest(str(self.alternative), _ALTERNATIVES)
            )
        if self.relative not in (False, "fieller", "delta"):
            raise InputError(f"relative is {self.relative!r}", hint="False, 'fieller' and 'delta' are right")
        require_alpha(self.alpha)
        margin = as_number(self.margin)
        if margin is None or not np.isfinite(margin):
            raise InputError(f"the margin is {self.margin!r}", hint="a finite number is right")

    @property
    def sides(self) -> int:
        """1 or 2."""
        return 2 if self.alternative == "two-sided" else 1


class Spread(NamedTuple):
    """Squared standard errors of both arms' means, and degrees of freedom (infinite: normal); shape (R,)."""

    control: Floats
    treatment: Floats
    degrees: Floats
    score: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Estimates:
    """R answers, shape (R,) each.

    `effect`, `lower`, `upper`, `error`, `statistic` and `pvalue` are on the scale asked for, `relative` is on
    Fieller's. `problem` says what makes a row undecidable, whose numbers are then NaN; it is empty elsewhere.
    """

    effect: Floats
    lower: Floats
    upper: Floats
    error: Floats
    statistic: Floats
    pvalue: Floats
    relative: fieller.Relative
    problem: NDArray[np.str_]
    posterior: Posterior | None = None


def estimate(control: Arms, treatment: Arms, question: Question | None = None) -> Estimates:
    """Answer a question for R comparisons.

    Welch's t with the degrees of Satterthwaite (1946), Student's with `equal_variances`; for shares of units that is
    the pooled z-test.

    Parameters
    ----------
    control, treatment
        Both arms, from `make_arms`.
    question
        What is asked.
    """
    ask = Question() if question is None else question
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        spread = _spread(control, treatment, equal=ask.equal_variances)
        problem = _problems(control, treatment, spread)
        critical = _critical(control.n + treatment.n, spread.degrees, ask)
        size, difference = np.abs(control.mean), treatment.mean - control.mean
        margin = np.full_like(size, ask.margin)
        share = margin if ask.relative else np.where(size > 0, margin / size, 0.0)
        squares = (spread.control, spread.treatment)
        relative = fieller.limits(control.mean, treatment.mean, squares, critical, share, ask.alternative)
        if ask.relative == "fieller":
            above, error = fieller.contrast(control.mean, treatment.mean, squares, share)
            effect, lower, upper = relative.effect, relative.lower, relative.upper
            statistic, error = above / error, error / size
        else:
            effect, error = difference, np.sqrt(spread.control + spread.treatment)
            if ask.relative == "delta":
                effect, error = difference / size, _delta_error(control.mean, treatment.mean, spread)
            elif ask.plan is None:
                error = _score(control, treatment, spread, margin, error)
            statistic = (effect - margin) / error
            lower, upper = _limits(control, treatment, spread, (effect, error, critical), ask)
        pvalue = _pvalue(statistic, control.n + treatment.n, spread.degrees, ask)
        known = None if ask.prior is None else _posterior(ask, control, treatment, spread)
    bad = problem != ""
    if bad.any():
        effect, lower, upper, error, statistic, pvalue = (
            np.where(bad, np.nan, each) for each in (effect, lower, upper, error, statistic, pvalue)
        )
        kept = (np.where(bad, np.nan, each) for each in (relative.effect, relative.lower, relative.upper))
        relative = fieller.Relative(next(kept), next(kept), next(kept), relative.unbounded & ~bad)
    return Estimates(effect, lower, upper, error, statistic, pvalue, relative, problem, known)


def _spread(control: Arms, treatment: Arms, *, equal: bool) -> Spread:
    score = control.binary & treatment.binary & equal
    one, other = control.variance / control.n, treatment.variance / treatment.n
    if not equal:
        degrees = (one + other) ** 2 / (one**2 / control.degrees + other**2 / treatment.degrees)
        return Spread(one, other, degrees, score)
    degrees = control.degrees + treatment.degrees
    pooled = (control.variance * control.degrees + treatment.variance * treatment.degrees) / degrees
    share = (control.mean * control.n + treatment.mean * treatment.n) / (control.n + treatment.n)
    pooled = np.where(score, share * (1.0 - share), pooled)
    return Spread(pooled / control.n, pooled / treatment.n, np.where(score, np.inf, degrees), score)


def _problems(control: Arms, treatment: Arms, spread: Spread) -> NDArray[np.str_]:
    few = (control.n < 2) | (treatment.n < 2) | (control.degrees <= 0) | (treatment.degrees <= 0)  # noqa: PLR2004
    nowhere = np.isnan(control.mean) | np.isnan(treatment.mean)
    gaps = np.isnan(control.variance) | np.isnan(treatment.variance)
    noise = (_ROUNDING * np.maximum(np.abs(control.mean), np.abs(treatment.mean))) ** 2
    flat = ~(spread.control * control.n + spread.treatment * treatment.n > noise)
    said = (
        "an arm has fewer than 2 units",
        "a denominator is zero in an arm",
        "a stratum has fewer than 2 units in an arm",
        "the metric does not vary in either arm",
    )
    return np.asarray(np.select([few, nowhere, gaps, flat], said, default=""))


def _critical(units: Floats, degrees: Floats, ask: Question) -> Floats:
    from scipy.special import ndtri, stdtrit

    if ask.plan is not None:
        return np.broadcast_to(np.asarray(ask.plan.critical(units, ask.alpha, ask.sides), dtype=float), units.shape)
    tail = 1.0 - ask.alpha / ask.sides
    normal = np.isinf(degrees)
    return np.asarray(np.where(normal, ndtri(tail), stdtrit(np.where(normal, 1.0, degrees), tail)))


def _pvalue(statistic: Floats, units: Floats, degrees: Floats, ask: Question) -> Floats:
    from scipy.special import ndtr, stdtr

    towards = {"two-sided": np.abs(statistic), "greater": statistic, "less": -statistic}[ask.alternative]
    if ask.plan is not None:
        return np.asarray(ask.plan.pvalue(towards, units, ask.sides), dtype=float)
    normal = np.isinf(degrees)
    tail = np.where(normal, ndtr(-towards), stdtr(np.where(normal, 1.0, degrees), -towards))
    return np.asarray(np.minimum(ask.sides * tail, 1.0))


def _score(control: Arms, treatment: Arms, spread: Spread, margin: Floats, error: Floats) -> Floats:
    """Put the error that the margin implies where two shares are compared by the score test."""
    if not spread.score.any():
        return error
    counts, shares = (control.n, treatment.n), (control.mean, treatment.mean)
    return np.where(spread.score, score_error(counts, shares, np.clip(margin, -1.0, 1.0)), error)


def _limits(
    control: Arms, treatment: Arms, spread: Spread, found: tuple[Floats, Floats, Floats], ask: Question
) -> tuple[Floats, Floats]:
    effect, error, critical = found
    lower, upper = effect - critical * error, effect + critical * error
    if spread.score.any() and ask.plan is None and not ask.relative:
        at = np.flatnonzero(spread.score)
        counts, shares = (control.n[at], treatment.n[at]), (control.mean[at], treatment.mean[at])
        lower[at], upper[at] = score_limits(counts, shares, critical[at])
    if ask.alternative == "greater":
        upper = np.full_like(upper, np.inf)
    elif ask.alternative == "less":
        lower = np.full_like(lower, -np.inf)
    return lower, upper


def _delta_error(control: Floats, treatment: Floats, spread: Spread) -> Floats:
    """Return the delta method's error of (t − c) / |c|: from the gradient (1/|c|, −t/(c·|c|))."""
    square = control**2
    return np.asarray(np.sqrt(spread.treatment / square + spread.control * treatment**2 / square**2))


def _posterior(ask: Question, control: Arms, treatment: Arms, spread: Spread) -> Posterior:
    from analytics_lib.experiments.bayes import posterior

    prior = ask.prior
    assert prior is not None  # noqa: S101 - for the type checker: the caller has looked
    size = np.abs(control.mean)
    effect, error = treatment.mean - control.mean, np.sqrt(spread.control + spread.treatment)
    if ask.relative:
        effect, error = effect / size, _delta_error(control.mean, treatment.mean, spread)
    scale = np.ones_like(size)  # the prior's scale to the effect's
    if prior.relative != bool(ask.relative):
        scale = size if prior.relative else 1.0 / size
    return posterior(effect, error, prior.mean * scale, prior.sd * scale, ask.alpha)
