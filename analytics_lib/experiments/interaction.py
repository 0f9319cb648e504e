"""Whether two experiments on the same units change each other's effect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.boundaries import require_alpha

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.moments import Moments


@dataclass(frozen=True)
class DifferenceOfDifferences:
    """How much B's treatment changes the effect of A's, for one pair of treatments."""

    treatment_a: str
    treatment_b: str
    effect_size: float
    effect_size_ci_lower: float
    effect_size_ci_upper: float
    standard_error: float
    statistic: float
    degrees: float
    pvalue: float


@dataclass(frozen=True)
class Interaction:
    """Each pair's difference of differences, and whether the assignments are independent (`overlap_*`, χ²)."""

    control_a: str
    control_b: str
    pairs: tuple[DifferenceOfDifferences, ...]
    overlap_statistic: float
    overlap_degrees: int
    overlap_pvalue: float
    sentence: str


def interaction(
    cells: Mapping[tuple[str, str], Moments],
    control_a: str | None = None,
    control_b: str | None = None,
    alpha: float = 0.05,
) -> Interaction:
    """Compare the effect of experiment A with and without experiment B's treatment.

    The difference of differences (t,t) − (c,t) − (t,c) + (c,c) of cell means, with unequal variances and the degrees of
    Satterthwaite (1946); the overlap test is Pearson's χ² of independence.

    Parameters
    ----------
    cells
        Moments of the metric by (variant of A, variant of B); every combination.
    control_a, control_b
        The controls; the lowest names when left out.
    alpha
        Error rate of the intervals.

    Raises
    ------
    InputError
        A combination or a control is missing, a cell has fewer than 2 units, or nothing varies.

    Examples
    --------
    >>> from analytics_lib.model.moments import Moments
    >>> cell = Moments.from_values([1.0, 2.0, 3.0])
    >>> lifted = Moments.from_values([4.0, 5.0, 6.0])
    >>> answer = interaction({("c", "c"): cell, ("c", "t"): cell, ("t", "c"): cell, ("t", "t"): lifted})
    >>> answer.pairs[0].effect_size, round(answer.pairs[0].pvalue, 4)
    (3.0, 0.0317)
    """
    require_alpha(alpha)
    names_a, first_a = _variants("A", {pair[0] for pair in cells}, control_a)
    names_b, first_b = _variants("B", {pair[1] for pair in cells}, control_b)
    for pair in ((a, b) for a in names_a for b in names_b):
        if pair not in cells:
            raise InputError(
                f"no units are in {pair[0]!r} of A and {pair[1]!r} of B", hint="every combination is needed"
            )
        if cells[pair].n < 2:  # noqa: PLR2004 - what a variance needs
            raise InputError(f"{pair[0]!r} of A and {pair[1]!r} of B has fewer than 2 units")
        if "d" in cells[pair].names:
            raise InputError("the moments are a ratio's", hint="an interaction is of means: leave the denominator out")
    pairs = tuple(
        _difference(cells, (a, b), (first_a, first_b), alpha)
        for a in names_a
        for b in names_b
        if a != first_a and b != first_b
    )
    statistic, degrees, pvalue = overlap([[cells[a, b].n for b in names_b] for a in names_a])
    strongest = min(pairs, key=lambda pair: pair.pvalue)
    shown = strongest.pvalue < alpha / len(pairs)
    return Interaction(
        control_a=first_a,
        control_b=first_b,
        pairs=pairs,
        overlap_statistic=statistic,
        overlap_degrees=degrees,
        overlap_pvalue=pvalue,
        sentence=(
            f"the effect of {strongest.treatment_a} differs by {strongest.effect_size:.4g} under "
            f"{strongest.treatment_b} (p = {strongest.pvalue:.2g})"
            if shown
            else f"no interaction shown (smallest p = {strongest.pvalue:.2g})"
        ),
    )


def overlap(table: list[list[int]]) -> tuple[float, int, float]:
    """Return χ², its degrees and p-value for independence of two assignments; `table` counts units, A × B.

    Examples
    --------
    >>> overlap([[10, 10], [10, 10]])
    (0.0, 1, 1.0)
    """
    from scipy.special import chdtrc

    counts = np.asarray(table, dtype=float)
    planned = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    statistic = float(((counts - planned) ** 2 / planned).sum())
    degrees = (counts.shape[0] - 1) * (counts.shape[1] - 1)
    return statistic, degrees, float(chdtrc(degrees, statistic))


def _variants(which: str, names: set[str], control: str | None) -> tuple[list[str], str]:
    ordered = sorted(names)
    if len(ordered) < 2:  # noqa: PLR2004 - a comparison
        raise InputError(f"experiment {which} has {len(ordered)} variant", hint="it needs a control and a treatment")
    if control is not None and control not in names:
        raise InputError(
            f"experiment {which} has no variant {control!r}", hint=f"it has {', '.join(map(str, ordered))}"
        )
    return ordered, ordered[0] if control is None else control


def _difference(
    cells: Mapping[tuple[str, str], Moments], treated: tuple[str, str], control: tuple[str, str], alpha: float
) -> DifferenceOfDifferences:
    from scipy.special import stdtr, stdtrit

    (a, b), (c, e) = treated, control
    group = [cells[a, b], cells[c, b], cells[a, e], cells[c, e]]
    effect = float(np.dot((1.0, -1.0, -1.0, 1.0), [cell.mean[0] for cell in group]))
    squares = np.array([cell.variance() / cell.n for cell in group])
    if not squares.sum() > 0:
        raise InputError("the metric does not vary in any cell", hint="there is nothing to test")
    error = float(np.sqrt(squares.sum()))
    degrees = float(squares.sum() ** 2 / (squares**2 / np.array([cell.n - 1 for cell in group])).sum())
    reach = float(stdtrit(degrees, 1.0 - alpha / 2.0)) * error
    return DifferenceOfDifferences(
        treatment_a=a,
        treatment_b=b,
        effect_size=effect,
        effect_size_ci_lower=effect - reach,
        effect_size_ci_upper=effect + reach,
        standard_error=error,
        statistic=effect / error,
        degrees=degrees,
        pvalue=float(2.0 * stdtr(degrees, -abs(effect / error))),
    )
