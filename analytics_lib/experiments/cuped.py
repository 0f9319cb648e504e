"""Variance reduction by covariates from before the experiment (CUPED), for means and ratios.

The adjusted estimate is f − θ'(g − ḡ): f the metric, g the covariates, ḡ what both arms together have, θ the slope of
the metric's linearised values on the covariates' (Deng, Xu, Kohavi & Walker 2013, control variates; for ratios Deng,
Knoblich & Lu 2018). The slope comes from both arms added together, so that it favours neither.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics_lib.experiments.arms import Samples

    Floats = NDArray[np.float64]


class Linear(NamedTuple):
    """A smooth function of the means: its value (R,) and its gradient (R, V) in them."""

    value: Floats
    gradient: Floats


def ratio_or_mean(samples: Samples, above: str = "y", below: str = "d") -> Linear:
    """Return a variable's mean, over that of its denominator where there is one.

    The gradient of a/b is (1/b, −a/b²). Where the denominator's mean is zero both are NaN.
    """
    found = _quotient(samples.names, samples.mean, above, below)
    return found._replace(value=found.value + samples.origin[:, samples.names.index(above)])


def _quotient(names: tuple[str, ...], mean: Floats, above: str, below: str) -> Linear:
    """Return the ratio less its origin."""
    gradient = np.zeros_like(mean)
    at = names.index(above)
    if below not in names:
        gradient[:, at] = 1.0
        return Linear(mean[:, at], gradient)
    under = names.index(below)
    size = np.where(mean[:, under] == 0, np.nan, mean[:, under])
    value = mean[:, at] / size
    gradient[:, at] = 1.0 / size
    gradient[:, under] = -value / size
    return Linear(value, gradient)


def adjust_pair(control: Samples, treatment: Samples) -> tuple[tuple[Linear, Linear], Floats]:
    """Return both arms' adjusted estimates, and the fraction of variance that the adjustment removed.

    Covariates that do not vary, or that repeat others, get no weight of their own.

    Returns
    -------
    tuple
        The two estimates, and (R,) fractions between 0 and 1: one minus the variance of the adjusted difference over
        that of the unadjusted one (Deng et al. 2013: the squared correlation).
    """
    names = control.names
    covariates = [name for name in names if name[0] == "x" and name != "xd"]
    mean, products = _together(control, treatment)
    metric = _quotient(names, mean, "y", "d").gradient
    slopes = np.stack([_quotient(names, mean, name, "xd").gradient for name in covariates], axis=1)  # (R, C, V)
    among = np.einsum("rci,rij,rdj->rcd", slopes, products, slopes)
    across = np.einsum("rci,rij,rj->rc", slopes, products, metric)
    theta = _solve(among, across)
    pair = []
    before, after = np.zeros(len(control)), np.zeros(len(control))
    for samples in (control, treatment):
        plain = ratio_or_mean(samples)
        value, gradient = plain.value.copy(), plain.gradient.copy()
        for at, name in enumerate(covariates):
            own, common = (_quotient(names, each, name, "xd") for each in (samples.mean, mean))
            value -= theta[:, at] * (own.value - common.value)
            gradient -= theta[:, at, None] * own.gradient
        pair.append(Linear(value, gradient))
        before += np.einsum("ri,rij,rj->r", plain.gradient, samples.covariance, plain.gradient) / samples.n
        after += np.einsum("ri,rij,rj->r", gradient, samples.covariance, gradient) / samples.n
    with np.errstate(divide="ignore", invalid="ignore"):
        removed = np.where(before > 0, 1.0 - after / before, 0.0)
    return (pair[0], pair[1]), removed


def _together(control: Samples, treatment: Samples) -> tuple[Floats, Floats]:
    """Return the means and centred products of both arms added together (Chan, Golub & LeVeque 1979)."""
    total = np.maximum(control.n + treatment.n, 1.0)
    step = treatment.mean - control.mean
    mean = control.mean + step * (treatment.n / total)[:, None]
    products = (
        control.covariance * (control.n - 1.0)[:, None, None]
        + treatment.covariance * (treatment.n - 1.0)[:, None, None]
    )
    between = (control.n * treatment.n / total)[:, None, None] * step[:, :, None] * step[:, None, :]
    return mean, products + between


def _solve(among: Floats, across: Floats) -> Floats:
    """Return θ (R, C), on the scale of correlations so that units do not decide what counts as singular."""
    scale = np.sqrt(np.maximum(np.einsum("rcc->rc", among), 0.0))
    scale = np.where(scale > 0, scale, np.inf)  # a covariate that does not vary explains nothing
    right = across / scale
    if among.shape[1] == 1:
        return np.asarray(right / scale)
    correlation = among / scale[:, :, None] / scale[:, None, :]
    known = np.isfinite(correlation).all(axis=(1, 2))
    inverse = np.full_like(correlation, np.nan)
    inverse[known] = np.linalg.pinv(correlation[known], rcond=1e-10, hermitian=True)
    return np.asarray(np.einsum("rcd,rd->rc", inverse, right) / scale)
