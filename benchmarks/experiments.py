"""Whether the statistics of experiments keep their word: false alarms, power and coverage by simulation.

Moments are drawn, not units: normal means and Wishart sums of products are exactly what normal units would add up to,
so that tens of thousands of trials take seconds. Every trial has 14 daily looks; an alarm at any of them counts.

    python benchmarks/experiments.py [--runs 5] [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import measuring
import numpy as np
from measuring import Options, Row

from analytics_lib.experiments import AlwaysValid, GroupSequential, sample_ratio_sequential
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import Question, estimate
from analytics_lib.experiments.stratified import post_stratify
from analytics_lib.experiments.trial import quantile_arms
from analytics_lib.model.moment_table import accumulate
from analytics_lib.model.orderstatistics import ranks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_lib.experiments.arms import Arms
    from analytics_lib.experiments.engine import Estimates

DAYS, A_DAY = 14, 500
"""Looks, and units that come in each arm between them."""
MEAN, SPREAD = np.array([10.0, 5.0]), np.array([[4.0, 1.6], [1.6, 1.0]])
"""Of a unit's metric and of its covariate or denominator."""
EFFECT = 2.8016 * np.sqrt(2 * SPREAD[0, 0] / (DAYS * A_DAY))
"""What a single look at the end finds in 80 of 100 trials."""
TRIALS = 4_000
"""Trials in each run."""
ALPHA = 0.05
EVERY_UNITS = 2 * DAYS * A_DAY
PLANS = {
    "no plan": None,
    "AlwaysValid": AlwaysValid(n_star=EVERY_UNITS),
    "GroupSequential, O'Brien-Fleming": GroupSequential(looks=DAYS, units=EVERY_UNITS),
    "GroupSequential, Pocock": GroupSequential(looks=DAYS, units=EVERY_UNITS, spending="pocock"),
}
EFFECTS = {
    "differences": (("y",), {}),
    "ratios": (("y", "d"), {}),
    "relative effects, delta method": (("y",), {"relative": "delta"}),
    "covariate-adjusted differences": (("y", "x"), {}),
}


def measure(options: Options, root: Path) -> Iterator[Row]:  # noqa: ARG001 - every benchmark gets a folder
    """Yield the rows."""
    trials = TRIALS * options.runs
    yield from _looks(trials)
    yield _split(trials // 10)
    yield from _coverage(trials)


def _looks(trials: int) -> Iterator[Row]:
    draws = np.random.default_rng(20260101)
    pairs = [_arm(draws, trials, 0.0), _arm(draws, trials, 0.0)]
    better = _shifted(pairs[1], EFFECT)
    for name, (names, given) in EFFECTS.items():
        alarms = {plan: _alarms(pairs, names, plan=each, **given) for plan, each in PLANS.items()}
        for plan in list(PLANS)[1:]:
            share = alarms[plan]
            goal = ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / trials)
            yield Row(
                f"false alarms of {DAYS} daily looks: {name}, {plan}", "the same without a plan", _percent(share),
                _percent(alarms["no plan"]), _percent(share), "≤ 5% and Monte-Carlo error", bool(share <= goal),
            )  # fmt: skip
    single = _alarms([_last(arm) for arm in (pairs[0], better)], ("y",))
    for plan in list(PLANS)[1:]:
        share = _alarms([pairs[0], better], ("y",), plan=PLANS[plan])
        yield Row(
            f"power of {DAYS} daily looks: {plan}", "one look at the end", _percent(share), _percent(single),
            f"{share / single:.2f} ×", "–", None,
        )  # fmt: skip


def _split(trials: int) -> Row:
    """Return how often an equal split is called a mismatch when it is tested after each of 14 days."""
    draws = np.random.default_rng(7)
    counts = draws.binomial(2 * A_DAY, 0.5, (trials, DAYS))
    blocks = np.stack([counts, 2 * A_DAY - counts], axis=2)
    share = float(np.mean([sample_ratio_sequential(list(days), threshold=0.01).mismatch for days in blocks]))
    goal = 0.01 + 3 * np.sqrt(0.01 * 0.99 / trials)
    work = f"false alarms of {DAYS} daily checks of the split, at 1%"
    return Row(work, "–", _percent(share), "–", _percent(share), "≤ 1% and Monte-Carlo error", bool(share <= goal))


def _coverage(trials: int) -> Iterator[Row]:
    draws = np.random.default_rng(11)
    pair = [_last(_arm(draws, trials, 0.0)), _last(_shifted(_arm(draws, trials, 0.0), 1.0))]
    welch, both = _compared(pair, ("y",)), _compared(pair, ("y", "d"))
    truth = {"difference": 1.0, "relative": 0.1, "ratio": 0.2}
    yield _covers("Welch", welch, truth["difference"])
    yield _covers("Student", _compared(pair, ("y",), equal_variances=True), truth["difference"])
    yield _covers("relative, Fieller", _compared(pair, ("y",), relative="fieller"), truth["relative"])
    yield _covers("relative, delta method", _compared(pair, ("y",), relative="delta"), truth["relative"])
    yield _covers("ratio, delta method", both, truth["ratio"])
    yield _covers("covariate-adjusted", _compared(pair, ("y", "x")), truth["difference"])
    shares = [_shares(draws, trials, share) for share in (0.2, 0.25)]
    yield _covers("two proportions, score", _compared(shares, ("y",), equal_variances=True), 0.05)
    yield _covers("two proportions, Welch", _compared(shares, ("y",)), 0.05)
    arms = [[_last(_arm(draws, trials, shift)) for shift in (0.0, 4.0, 9.0)] for _ in range(2)]
    weighted = post_stratify(*([_samples(each, ("y",)) for each in strata] for strata in arms))
    yield _covers("post-stratified", estimate(*make_arms(*weighted, binary=False)), 0.0)
    clusters = [_clusters(draws, trials // 4) for _ in range(2)]
    yield _covers("200 clusters an arm", _compared(clusters, ("y", "d")), 0.0)
    quantiles = [_quantiles(draws, trials // 4) for _ in range(2)]
    yield _covers("medians of exponential units", estimate(*quantiles), 0.0, at_least=True)
    quantiles = [_quantiles(draws, trials // 4, whole=True) for _ in range(2)]
    yield _covers("medians of whole numbers", estimate(*quantiles), 0.0, at_least=True)


def _arm(draws: np.random.Generator, trials: int, shift: float) -> tuple[Any, Any, Any]:
    """Return counts, means and products of an arm up to each day: normal means, Wishart products (Bartlett 1933)."""
    root = np.linalg.cholesky(SPREAD)
    shape = (trials, DAYS)
    mean = MEAN + draws.normal(size=(*shape, 2)) @ root.T / np.sqrt(A_DAY)
    mean[..., 0] += shift
    lower = np.zeros((*shape, 2, 2))
    lower[..., 0, 0] = np.sqrt(draws.chisquare(A_DAY - 1, shape))
    lower[..., 1, 1] = np.sqrt(draws.chisquare(A_DAY - 2, shape))
    lower[..., 1, 0] = draws.normal(size=shape)
    half = root @ lower
    arm = np.full(shape, float(A_DAY)), mean, half @ np.swapaxes(half, -1, -2)
    accumulate(*arm)
    return arm


def _shifted(arm: tuple[Any, Any, Any], shift: float) -> tuple[Any, Any, Any]:
    n, mean, products = arm
    return n, mean + np.array([shift, 0.0]), products


def _last(arm: tuple[Any, Any, Any]) -> tuple[Any, Any, Any]:
    n, mean, products = (each[:, -1:] for each in arm)
    return n, mean, products


def _samples(arm: tuple[Any, Any, Any], names: tuple[str, ...]) -> Samples:
    n, mean, products = arm
    k = len(names)
    return Samples.from_arrays(
        names, n.reshape(-1), mean[..., :k].reshape(-1, k), products[..., :k, :k].reshape(-1, k, k)
    )


def _compared(pair: list[tuple[Any, Any, Any]], names: tuple[str, ...], **given: Any) -> Estimates:
    return estimate(*make_arms(*(_samples(arm, names) for arm in pair)), Question(**given))


def _alarms(pair: list[tuple[Any, Any, Any]], names: tuple[str, ...], **given: Any) -> float:
    """Return in which share of trials any look finds a difference."""
    found = _compared(pair, names, **given)
    outside = (found.lower > 0) | (found.upper < 0)
    return float(outside.reshape(pair[0][0].shape).any(axis=1).mean())


def _shares(draws: np.random.Generator, trials: int, share: float) -> tuple[Any, Any, Any]:
    n = np.full((trials, 1), float(A_DAY))
    mean = draws.binomial(A_DAY, share, (trials, 1)) / A_DAY
    return n, mean[..., None], (n * mean * (1 - mean))[..., None, None]


def _clusters(draws: np.random.Generator, trials: int) -> tuple[Any, Any, Any]:
    """Return the moments of 200 clusters of about 20 units each, which have an effect of their own."""
    size = draws.poisson(20, (trials, 200)) + 1.0
    total = size * (10 + draws.normal(0, 1, size.shape)) + np.sqrt(size) * draws.normal(0, 2, size.shape)
    values = np.stack([total, size], axis=2)
    mean = values.mean(axis=1)
    away = values - mean[:, None]
    return np.full((trials, 1), 200.0), mean[:, None], np.einsum("tgi,tgj->tij", away, away)[:, None]


def _quantiles(draws: np.random.Generator, trials: int, *, whole: bool = False) -> Arms:
    n, q = 1001, 0.5
    shape = (trials, n)
    units = np.sort(draws.poisson(2.67, shape) if whole else draws.exponential(size=shape), axis=1)
    low, high = ranks(n, q, 0.95)
    return quantile_arms(np.full(trials, float(n)), units[:, n // 2], (units[:, low - 1], units[:, high - 1]), 1.959964)


def _covers(name: str, found: Estimates, truth: float, *, at_least: bool = False) -> Row:
    trials = len(found.lower)
    share = float(((found.lower <= truth) & (truth <= found.upper))[found.problem == ""].mean())
    reach = 3 * np.sqrt(ALPHA * (1 - ALPHA) / trials)
    work = f"coverage of the 95% interval: {name}"
    wanted = f"≥ {100 * (1 - ALPHA - reach):.1f}%" if at_least else f"95% ± {100 * reach:.1f}"
    away = share - 1 + ALPHA
    return Row(
        work, "–", _percent(share), "–", _percent(share), wanted, bool(away >= -reach and (at_least or away <= reach))
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f}%"


if __name__ == "__main__":
    measuring.main(__doc__, measure)
