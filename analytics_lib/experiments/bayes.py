"""The Bayesian view of an effect: a normal likelihood with a flat or normal prior."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Prior:
    """What is known of an effect beforehand: it is normal with this mean and standard deviation.

    Parameters
    ----------
    mean
        The effect that is expected.
    sd
        Its standard deviation; infinite is the flat prior.
    relative
        Whether both are relative to control's mean, so that 0.1 is +10 %.

    Raises
    ------
    InputError
        The mean is not finite, or the standard deviation is not positive.

    Examples
    --------
    >>> Prior(mean=0.0, sd=0.1, relative=True)
    Prior(mean=0.0, sd=0.1, relative=True)
    """

    mean: float = 0.0
    sd: float = math.inf
    relative: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean):
            raise InputError(f"the prior's mean is {self.mean}", hint="a finite number is right")
        if not self.sd > 0:
            raise InputError(f"the prior's sd is {self.sd}", hint="a positive number is right; inf is the flat prior")


class Posterior(NamedTuple):
    """R posteriors of an effect.

    ``chance`` is the probability that the effect is positive; ``loss`` what shipping the treatment is expected to
    lose, ``loss_keeping`` what keeping control is; ``lower`` and ``upper`` bound the central credible interval.
    """

    mean: Floats
    sd: Floats
    chance: Floats
    loss: Floats
    loss_keeping: Floats
    lower: Floats
    upper: Floats


def posterior(effect: Floats, error: Floats, mean: Floats, sd: Floats, alpha: float = 0.05) -> Posterior:
    """Return what is known of effects after the data: the precision-weighted normal (Gelman et al. 2013).

    The expected losses are E max(−e, 0) and E max(e, 0) (Stucchio 2015).

    Parameters
    ----------
    effect, error
        Estimates and their standard errors; shape (R,).
    mean, sd
        The prior's, on the same scale; ``sd`` infinite for a flat prior; shape (R,).
    alpha
        One minus the credible interval's probability.

    Examples
    --------
    >>> one = np.ones(1)
    >>> posterior(0.2 * one, 0.1 * one, 0 * one, np.inf * one).chance.round(4)
    array([0.9772])
    """
    from scipy.special import ndtr, ndtri

    data, prior = error**-2.0, sd**-2.0
    total = data + prior
    centre = (effect * data + mean * prior) / total
    spread = total**-0.5
    z = centre / spread
    density = spread * np.exp(-(z**2) / 2.0) / math.sqrt(2.0 * math.pi)
    reach = ndtri(1.0 - alpha / 2.0) * spread
    return Posterior(
        centre, spread, ndtr(z), density - centre * ndtr(-z), density + centre * ndtr(z), centre - reach, centre + reach
    )
