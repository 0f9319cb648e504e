"""Confidence limits of a relative effect (t − c) / |c|, by Fieller's theorem.

An effect e is compatible with the data when the linear contrast t − c − e·|c| is not significant (Fieller
1954). At e = 0 that is the test of the difference itself, so the two never contradict each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Relative(NamedTuple):
    """R relative effects: the estimate, its limits, and whether the set of compatible effects is unbounded."""

    effect: Floats
    lower: Floats
    upper: Floats
    unbounded: NDArray[np.bool_]


def contrast(
    control: Floats, treatment: Floats, squares: tuple[Floats, Floats], margin: Floats
) -> tuple[Floats, Floats]:
    """Return the contrast t − c − margin·|c| and its standard error.

    Parameters
    ----------
    control, treatment
        Means; shape (R,).
    squares
        Their squared standard errors, control's first; shape (R,) each.
    margin
        The relative effect that is tested.
    """
    sign = np.where(control < 0, -1.0, 1.0)
    error = np.sqrt(squares[1] + (1.0 + sign * margin) ** 2 * squares[0])
    return treatment - control - margin * np.abs(control), error


def limits(
    control: Floats,
    treatment: Floats,
    squares: tuple[Floats, Floats],
    critical: Floats,
    margin: Floats,
    alternative: str = "two-sided",
) -> Relative:
    """Return relative effects and their Fieller limits.

    With a = |c|, u = t − c and s the sign of c, the limits solve (u − e·a)² = q²·(v_t + (1 + s·e)²·v_c). When control
    is not distinguishable from zero the solution is the outside of an interval: a half-line is returned where it keeps
    the tested margin out, else the whole line.

    Parameters
    ----------
    control, treatment, squares, margin
        As in `contrast`.
    critical
        The quantile q; shape (R,).
    alternative
        ``"two-sided"``, ``"greater"`` (a lower limit) or ``"less"`` (an upper limit).

    Examples
    --------
    >>> one = np.ones(1)
    >>> relative = limits(10 * one, 12 * one, (0.1 * one, 0.1 * one), 1.96 * one, 0 * one)
    >>> [float(each[0].round(4)) for each in relative[:3]]
    [0.2, 0.1075, 0.3017]
    """
    size, difference = np.abs(control), treatment - control
    sign = np.where(control < 0, -1.0, 1.0)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        effect = np.where(size > 0, difference / size, np.nan)
        square = critical**2
        a = size**2 - square * squares[0]
        b = difference * size + sign * square * squares[0]
        c = difference**2 - square * (squares[0] + squares[1])
        root = np.sqrt(np.maximum(b**2 - a * c, 0.0))
        far = b + np.where(b < 0, -root, root)  # the sum without cancellation; c / far is the other solution
        first, second = far / a, np.where(far == 0, 0.0, c / far)
        low, high = np.fmin(first, second), np.fmax(first, second)
        bounded = (a > 0) & np.isfinite(critical)
        # The outside of (low, high): the margin is out when its own contrast is significant.
        value, error = contrast(control, treatment, squares, margin)
        out = ~bounded & (np.abs(value) > critical * error)
        above, below = out & (value > 0), out & (value < 0)
        # control's sign is unknown there: the same half-line with the other sign is −low, or −high
        lower = np.where(above, np.where(-low > margin, np.minimum(high, -low), high), -np.inf)
        upper = np.where(below, np.where(-high < margin, np.maximum(low, -high), low), np.inf)
    fixed = (size == 0) & (squares[0] == 0)  # a control that is exactly zero: any effect is infinitely many times it
    lower, upper = np.where(above & fixed, np.inf, lower), np.where(below & fixed, -np.inf, upper)
    lower, upper = np.where(bounded, low, lower), np.where(bounded, high, upper)
    if alternative == "greater":
        upper = np.full_like(upper, np.inf)
    elif alternative == "less":
        lower = np.full_like(lower, -np.inf)
    return Relative(effect, lower, upper, ~bounded)
