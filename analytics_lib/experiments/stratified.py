"""Post-stratification: arms compared within strata, and the strata weighted by how many units they hold.

By Miratrix, Sekhon & Yu (2013) the means of an arm are Σ W_k·ȳ_k, with W_k the stratum's share of all units,
and, given the split, their covariance is Σ W_k²·S_k/n_k. Ratios and covariate adjustment are then
smooth functions of these means, as they are without strata. The degrees of freedom are Satterthwaite's (1946) for the
sum of the strata's own variances of the metric: one small, noisy stratum may carry most of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.arms import Samples

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analytics_lib.experiments.comparison import Comparison
    from analytics_lib.model.moments import Moments


def post_stratify(control: Sequence[Samples], treatment: Sequence[Samples]) -> tuple[Samples, Samples]:
    """Return both arms of R comparisons, weighted over strata.

    A stratum that is empty in both arms has no weight. One with fewer than two units in either arm leaves the
    covariance of that comparison NaN: join it with another stratum.

    Parameters
    ----------
    control, treatment
        One sample of length R for each stratum, in the same order.

    Raises
    ------
    InputError
        The arms have different strata.
    """
    if not control or len(control) != len(treatment):
        raise InputError(
            f"control has {len(control)} strata, treatment has {len(treatment)}", hint="give both arms the same strata"
        )
    sizes = np.array([one.n + other.n for one, other in zip(control, treatment, strict=True)])
    weights = sizes / np.maximum(sizes.sum(axis=0), 1.0)
    return _weighted(control, weights), _weighted(treatment, weights)


def _weighted(strata: Sequence[Samples], weights: Any) -> Samples:
    n = np.sum([each.n for each in strata], axis=0)
    mean, spread, used = np.zeros_like(strata[0].mean), np.zeros_like(strata[0].covariance), np.zeros_like(n)
    fourth = np.zeros_like(n)
    for weight, each in zip(weights, strata, strict=True):
        there = weight > 0
        used += there
        with np.errstate(divide="ignore", invalid="ignore"):
            part = (weight**2 / each.n)[:, None, None] * each.covariance
            fourth += np.where(there, part[:, 0, 0] ** 2 / each.degrees, 0.0)
        mean += weight[:, None] * each.mean
        spread += np.where(there[:, None, None], part, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        degrees = np.where(fourth > 0, spread[:, 0, 0] ** 2 / fourth, n - used)
    return Samples(strata[0].names, n, mean, spread * n[:, None, None], degrees, strata[0].origin)


def compare_strata(control: Mapping[Any, Moments], treatment: Mapping[Any, Moments], **options: Any) -> Comparison:
    """Return the post-stratified comparison of two arms.

    Parameters
    ----------
    control, treatment
        The stratum → its units' moments.
    **options
        As for `analytics_lib.experiments.compare`.

    Raises
    ------
    InputError
        A stratum is missing in an arm, or has fewer than two units there.

    Examples
    --------
    >>> from analytics_lib.model.moments import Moments
    >>> new, old = Moments.from_values([1, 2, 3]), Moments.from_values([7, 8, 9])
    >>> compare_strata({"new": new, "old": old}, {"new": new, "old": old + old}).effect_size
    0.0
    """
    from analytics_lib.experiments.comparison import compare_samples

    for stratum in {**control, **treatment}:
        for arm, strata in (("control", control), ("treatment", treatment)):
            units = strata[stratum].n if stratum in strata else 0
            if units < 2:  # noqa: PLR2004 - what a variance needs
                raise InputError(
                    f"the stratum {stratum!r} has {units} units in {arm}, and at least 2 are needed",
                    hint="join small strata",
                )
    pair = post_stratify(
        [Samples.from_moments([control[stratum]]) for stratum in control],
        [Samples.from_moments([treatment[stratum]]) for stratum in control],
    )
    return compare_samples(*pair, **options)
