"""Whether the variants have the units they were planned to have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Counts = Mapping[str, int] | Sequence[int]
    Weights = Mapping[str, float] | Sequence[float]

_FEWEST: Final = 2


@dataclass(frozen=True)
class SampleRatio:
    """The answer of one check: `off` is the variant furthest from its plan, by standardised residual."""

    counts: dict[str, int]
    expected_counts: dict[str, float]
    statistic: float
    degrees: int
    pvalue: float
    mismatch: bool
    off: str
    direction: str
    sentence: str


@dataclass(frozen=True)
class SequentialSampleRatio:
    """The answers after each block: `pvalues` and `log_bayes_factors` have one entry a block.

    `first_crossed` is the first block (from 0) whose p-value is below the threshold, or None.
    """

    variants: tuple[str, ...]
    pvalues: tuple[float, ...]
    log_bayes_factors: tuple[float, ...]
    log_marginal: float
    log_null: float
    first_crossed: int | None
    mismatch: bool
    off: str
    direction: str
    sentence: str


def sample_ratio(counts: Counts, expected: Weights | None = None, threshold: float = 0.001) -> SampleRatio:
    """Test counts of units against the planned split: Pearson's (1900) χ².

    For one look; where the check is repeated, use `sample_ratio_sequential`.

    Parameters
    ----------
    counts
        Units by variant, or in order.
    expected
        The planned split as weights of any scale, in the same form; equal when left out.
    threshold
        p-value below which it is a mismatch.

    Raises
    ------
    InputError
        Fewer than two variants, a negative count, no units, or a split that does not fit the counts.

    Examples
    --------
    >>> sample_ratio({"control": 821588, "treatment": 815482}).sentence
    'sample-ratio mismatch (p = 1.8e-06): control has 821,588 units, more than the 818,535 planned'
    """
    from scipy.special import chdtrc

    _require_threshold(threshold)
    names, found = _counted(counts, "counts")
    weights = _weights(expected, names)
    total = found.sum()
    if not total > 0:
        raise InputError("there are no units in any variant", hint="check the table of exposures")
    planned = total * weights
    statistic = float(((found - planned) ** 2 / planned).sum())
    pvalue = float(chdtrc(len(names) - 1, statistic))
    off, direction, detail = _furthest(names, found, weights)
    mismatch = pvalue < threshold
    sentence = (
        f"sample-ratio mismatch (p = {pvalue:.2g}): {detail}"
        if mismatch
        else f"the variants have the units planned (p = {pvalue:.2g})"
    )
    return SampleRatio(
        counts=dict(zip(names, (int(count) for count in found), strict=True)),
        expected_counts=dict(zip(names, planned.tolist(), strict=True)),
        statistic=statistic,
        degrees=len(names) - 1,
        pvalue=pvalue,
        mismatch=mismatch,
        off=off,
        direction=direction,
        sentence=sentence,
    )


def sample_ratio_sequential(
    blocks: Sequence[Counts],
    expected: Weights | None = None,
    threshold: float = 0.001,
    concentration: float | None = None,
) -> SequentialSampleRatio:
    """Test the split after every block of units, valid however often it is looked at.

    The Bayes factor of a Dirichlet-multinomial against the planned multinomial is a martingale under the plan; one over
    its running maximum is an always-valid p-value (Lindon & Malek 2022, sequential p-values of multinomial counts).

    Parameters
    ----------
    blocks
        New units by variant in each period, not running totals; each as in `sample_ratio`.
    expected
        See `sample_ratio`.
    threshold
        p-value below which it is a mismatch.
    concentration
        Sum c of the Dirichlet prior's parameters c × weight: large values look for small deviations. When left out all
        parameters are 1, the uniform prior.

    Raises
    ------
    InputError
        No blocks, blocks of different variants, or what `sample_ratio` refuses.

    Examples
    --------
    >>> answer = sample_ratio_sequential([[510, 490], [505, 495], [900, 100]])
    >>> answer.mismatch, answer.first_crossed
    (True, 2)
    """
    _require_threshold(threshold)
    if concentration is not None and not (np.isfinite(concentration) and concentration > 0):
        raise InputError(f"the concentration is {concentration}", hint="a positive number is right, such as 100")
    periods = list(blocks)
    if not periods:
        raise InputError("there are no blocks", hint="give the new units of each day, by variant")
    names = _counted(periods[0], "block 0")[0]
    rows = np.array([_aligned(period, names, f"block {at}") for at, period in enumerate(periods)])
    weights = _weights(expected, names)
    prior = np.ones(len(names)) if concentration is None else concentration * weights
    alternative, null = _log_marginals(rows, weights, prior)
    factors = alternative - null
    with np.errstate(over="ignore"):
        pvalues = np.exp(-np.maximum.accumulate(np.maximum(factors, 0.0)))
    below = np.flatnonzero(pvalues < threshold)
    first = int(below[0]) if below.size else None
    off, direction, detail = _furthest(names, rows[: len(rows) if first is None else first + 1].sum(axis=0), weights)
    sentence = (
        f"no sample-ratio mismatch in {len(rows)} blocks (p = {pvalues[-1]:.2g})"
        if first is None
        else f"sample-ratio mismatch since block {first + 1} of {len(rows)} (p = {pvalues[-1]:.2g}): {detail} by then"
    )
    return SequentialSampleRatio(
        variants=names,
        pvalues=tuple(pvalues.tolist()),
        log_bayes_factors=tuple(factors.tolist()),
        log_marginal=float(alternative[-1]),
        log_null=float(null[-1]),
        first_crossed=first,
        mismatch=first is not None,
        off=off,
        direction=direction,
        sentence=sentence,
    )


def _log_marginals(rows: Floats, weights: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Return log P(blocks so far) under the mixture and under the plan, with each block's multinomial coefficient."""
    from scipy.special import gammaln

    totals, sizes = rows.cumsum(axis=0), rows.sum(axis=1)
    ways = (gammaln(sizes + 1.0) - gammaln(rows + 1.0).sum(axis=1)).cumsum()
    null = ways + totals @ np.log(weights)
    shift = gammaln(prior.sum()) - gammaln(prior.sum() + sizes.cumsum())
    return ways + shift + (gammaln(prior + totals) - gammaln(prior)).sum(axis=1), null


def _furthest(names: tuple[str, ...], found: Floats, weights: Floats) -> tuple[str, str, str]:
    """Return the variant with the largest standardised residual, its direction, and both in words.

    With two variants both residuals are the same size: the one with more units than planned is named.
    """
    planned = found.sum() * weights
    residual = (found - planned) / np.sqrt(np.maximum(planned * (1.0 - weights), 1e-300))
    at = int(np.argmax(residual if len(names) == _FEWEST else np.abs(residual)))
    direction = "more" if residual[at] > 0 else "fewer" if residual[at] < 0 else "as"
    joined = "as planned" if direction == "as" else f"{direction} than the {planned[at]:,.0f} planned"
    return names[at], direction, f"{names[at]} has {found[at]:,.0f} units, {joined}"


def _counted(counts: Counts, where: str) -> tuple[tuple[str, ...], Floats]:
    if isinstance(counts, Mapping):
        names, values = tuple(str(name) for name in counts), list(counts.values())
    else:
        values = list(counts)
        names = tuple(str(at) for at in range(len(values)))
    if len(names) < _FEWEST:
        raise InputError(f"there are {len(names)} variants", where=where, hint="a split needs at least 2")
    return names, _numbers(values, where)


def _aligned(counts: Counts, names: tuple[str, ...], where: str) -> Floats:
    """Return a block's counts in the first one's order; a variant absent from a mapping has no new units."""
    if not isinstance(counts, Mapping):
        found = _numbers(list(counts), where)
        if len(found) != len(names):
            raise InputError(f"there are {len(found)} variants and {len(names)} before", where=where)
        return found
    given = {str(name): value for name, value in counts.items()}
    for name in given:
        if name not in names:
            raise InputError(f"variant '{name}' is new", where=where, hint="name every variant in the first block")
    return _numbers([given.get(name, 0) for name in names], where)


def _numbers(values: list[int], where: str) -> Floats:
    try:
        found = np.array([float(value) for value in values])
    except (TypeError, ValueError):
        raise InputError("a count is no number", where=where, hint="whole numbers are right") from None
    if not np.isfinite(found).all() or (found < 0).any() or (found != np.floor(found)).any():
        raise InputError("a count is negative, missing or no whole number", where=where, hint="count units")
    return found


def _weights(expected: Weights | None, names: tuple[str, ...]) -> Floats:
    if expected is None:
        return np.full(len(names), 1.0 / len(names))
    if isinstance(expected, Mapping):
        given = {str(name): weight for name, weight in expected.items()}
        if set(given) != set(names):
            odd = ", ".join(sorted(set(given) ^ set(names)))
            raise InputError(
                f"the counts and the planned split differ in: {odd}", hint="name the same variants in both"
            )
        values = [given[name] for name in names]
    else:
        values = list(expected)
    if len(values) != len(names):
        raise InputError(f"the planned split has {len(values)} weights for {len(names)} variants")
    weights = np.asarray(values, dtype=float)
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise InputError("a planned weight is not positive", hint="leave variants out that get no units")
    return np.asarray(weights / weights.sum())


def _require_threshold(threshold: float) -> None:
    if not 0 < threshold < 1:
        raise InputError(f"the threshold is {threshold}, outside (0, 1)", hint="0.001 is usual")
