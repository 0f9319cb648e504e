"""The difference of two proportions: the score test and the interval that inverts it.

At a difference of zero this is the pooled z-test. For any other difference the variance is that of the proportions most
likely under it (Mee 1984; the cubic's solution is Miettinen & Nurminen 1985, appendix 1, without their N/(N − 1)), so
test and interval never contradict each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_STEPS: Final = 60
_TOLERANCE: Final = 1e-10
"""Of the limit's distance from the estimate."""


def score_error(counts: tuple[Floats, Floats], shares: tuple[Floats, Floats], difference: Floats) -> Floats:
    """Return the standard error of treatment's minus control's share, were this difference true.

    Parameters
    ----------
    counts, shares
        Units and proportions of control and treatment; shape (R,) each.
    difference
        The true difference that is supposed, between −1 and 1; shape (R,).

    Examples
    --------
    >>> one = np.ones(1)
    >>> score_error((99 * one, 83 * one), (12 / 99 * one, 5 / 83 * one), 0 * one).round(6)
    array([0.043309])
    """
    control = _most_likely(counts, shares, difference)
    treatment = np.clip(control + difference, 0.0, 1.0)
    return np.asarray(np.sqrt(control * (1.0 - control) / counts[0] + treatment * (1.0 - treatment) / counts[1]))


def score_limits(
    counts: tuple[Floats, Floats], shares: tuple[Floats, Floats], critical: Floats
) -> tuple[Floats, Floats]:
    """Return the differences at which the score statistic reaches ±`critical`; see `score_error`."""
    found = shares[1] - shares[0]
    lower = _invert(counts, shares, critical, np.full_like(found, -1.0), found)
    upper = _invert(counts, shares, -critical, np.full_like(found, 1.0), found)
    return lower, upper


def _most_likely(counts: tuple[Floats, Floats], shares: tuple[Floats, Floats], difference: Floats) -> Floats:
    """Return control's share of greatest likelihood under a difference: the root of a cubic, by cosines."""
    n0, n1 = counts
    x0, x1 = n0 * shares[0], n1 * shares[1]
    n = n0 + n1
    l2 = (2.0 * n0 + n1) * difference - n - x0 - x1
    l1 = n0 * difference**2 - (n + 2.0 * x0) * difference + x0 + x1
    l0 = x0 * difference * (1.0 - difference)
    q = l2**3 / (3.0 * n) ** 3 - l1 * l2 / (6.0 * n**2) + l0 / (2.0 * n)
    p = np.sqrt(np.maximum(l2**2 / (3.0 * n) ** 2 - l1 / (3.0 * n), 0.0))
    p = np.where(q < 0, -p, p)
    with np.errstate(divide="ignore", invalid="ignore"):
        angle = (np.pi + np.arccos(np.clip(np.where(p == 0, 0.0, q / p**3), -1.0, 1.0))) / 3.0
    share = 2.0 * p * np.cos(angle) - l2 / (3.0 * n)
    share = np.where(difference == 0, (x0 + x1) / n, share)
    return np.clip(share, np.maximum(0.0, -difference), np.minimum(1.0, 1.0 - difference))


def _invert(
    counts: tuple[Floats, Floats], shares: tuple[Floats, Floats], critical: Floats, end: Floats, found: Floats
) -> Floats:
    """Return where the difference found, less a supposed one, is `critical` errors: by false position (Illinois)."""
    with np.errstate(invalid="ignore"):

        def beyond(at: Floats) -> Floats:
            return np.asarray(found - at - np.where(finite, critical, 0.0) * score_error(counts, shares, at))

        finite = np.isfinite(critical)
        near, far = found.copy(), end.copy()
        low, high = beyond(near), beyond(far)
        stuck = low == 0  # none and all: there is no variance at the estimate itself
        low = np.where(stuck, -1e-3 * np.where(finite, critical, 0.0), low)
        at = np.clip(found + low, np.minimum(near, far), np.maximum(near, far))  # the unpooled limit is not far off
        at = np.where(stuck, 0.5 * (near + far), at)
        tolerance = _TOLERANCE * np.abs(low)
        for _ in range(_STEPS):
            value = beyond(at)
            crossed = value * high <= 0
            near, low = np.where(crossed, far, near), np.where(crossed, high, 0.5 * low)
            far, high = at, value
            if not (np.abs(value) > tolerance).any():
                break
            width = np.where(high == low, 1.0, high - low)
            at = np.clip(far - high * (far - near) / width, np.minimum(near, far), np.maximum(near, far))
    return np.where(finite, far, end)
