"""Always-valid intervals: look whenever you like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.boundaries import require_level

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AlwaysValid:
    """Look whenever you like: a confidence sequence from the normal mixture (Robbins 1970).

    Howard, Ramdas, McAuliffe & Sekhon (2021): |S| < √((v + rho)·log((v + rho) / (rho·alpha²))) at all v at
    once. Here v = units / n_star, so the bound is tightest when `n_star` units are in. rho is theirs to first order of
    the Lambert function, 1 / (2·log(1/alpha) + log(1 + 2·log(1/alpha))), as their software sets it. rho belongs to the
    plan: a question at another alpha keeps it, so p < alpha is the same as an interval that excludes the null value.
    Standard errors are estimated, so validity is asymptotic: do not decide on a handful of units.

    Parameters
    ----------
    n_star
        Units in both arms at which the interval is to be tightest. Fix it before the start.
    alpha
        Error rate that the plan is tuned for.

    Raises
    ------
    InputError
        `n_star` is not positive and finite, or alpha outside (0, 1).

    Examples
    --------
    >>> AlwaysValid(n_star=10_000).critical([5_000, 10_000, 40_000], 0.05, 2).round(3).tolist()
    [3.084, 3.035, 3.127]
    """

    n_star: float
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not is_positive(self.n_star):
            raise InputError(
                f"n_star is {self.n_star!r}", hint="a number of units in both arms is right, such as 10000"
            )
        require_level(self.alpha, 2)

    def _ratio(self, sides: int) -> float:
        """Return rho; one side is tuned at 2·alpha."""
        rate = np.log(1.0 / min(self.alpha * (3 - sides), 0.5))
        return float(1.0 / (2.0 * rate + np.log1p(2.0 * rate)))

    def critical(self, units: ArrayLike, alpha: float = 0.05, sides: int = 2) -> Floats:
        """Return the multiplier of the standard error.

        Parameters
        ----------
        units
            Units in both arms together, any shape.
        alpha, sides
            Error rate, and 1 or 2 sides.
        """
        require_level(alpha, sides)
        time, rho = require_units(units) / self.n_star, self._ratio(sides)
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = (time + rho) / time
            if sides == 2:  # noqa: PLR2004
                bound = np.sqrt(scale * np.log((time + rho) / (rho * alpha**2)))
            else:
                bound = np.sqrt(scale) * _one_sided_bound(-np.log(alpha) - 0.5 * np.log(4.0 * rho / (time + rho)))
        return np.asarray(np.where(time > 0, bound, np.inf), dtype=float)

    def pvalue(self, statistic: ArrayLike, units: ArrayLike, sides: int = 2) -> Floats:
        """Return the always-valid p-value: one over the mixture likelihood ratio.

        It is the least alpha whose bound the statistic has crossed, and holds at any time looked at (Johari, Pekelis &
        Walsh 2022).

        Parameters
        ----------
        statistic
            Estimate over its standard error; with one side, large ones are evidence.
        units, sides
            See `critical`.
        """
        from scipy.special import log_ndtr

        require_level(self.alpha, sides)
        time, rho = require_units(units) / self.n_star, self._ratio(sides)
        share = time / (time + rho)
        score = np.asarray(statistic, dtype=float) * np.sqrt(share)
        log_ratio = 0.5 * np.log(1.0 - share) + 0.5 * score**2
        if sides == 1:
            log_ratio = 0.5 * np.log(4.0 * (1.0 - share)) + 0.5 * score**2 + log_ndtr(score)
        return np.asarray(np.exp(np.clip(-log_ratio, -700.0, 0.0)), dtype=float)


def _one_sided_bound(target: Floats) -> Floats:
    """Return s with s²/2 + log Φ(s) = target, by Newton; the left side increases and is convex."""
    from scipy.special import log_ndtr

    s = np.sqrt(2.0 * np.maximum(target, 0.0)) + 1.0
    for _ in range(100):
        value = 0.5 * s**2 + log_ndtr(s) - target
        slope = s + np.exp(-0.5 * s**2 - log_ndtr(s)) / np.sqrt(2.0 * np.pi)
        move = value / slope
        s = s - move
        if (np.abs(move) < 1e-13 * (1.0 + np.abs(s))).all():
            break
    return np.asarray(s)


def is_positive(value: object) -> bool:
    """Return whether a value is a positive, finite number."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    return number and bool(np.isfinite(value) and value > 0)  # type: ignore[call-overload, operator]


def require_units(units: ArrayLike) -> Floats:
    """Return numbers of units as floats, or say what is wrong with them."""
    counts = np.asarray(units, dtype=float)
    if not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise InputError("a number of units is missing, negative or infinite", hint="units are counts of both arms")
    return counts
