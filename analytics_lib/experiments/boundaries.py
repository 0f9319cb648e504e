"""Boundaries of group-sequential tests, by recursive numerical integration.

The density of the test statistic among trials still running is carried from look to look (Armitage, McPherson & Rowe
1969; Jennison & Turnbull 2000, section 19.2) on Gauss–Legendre nodes, as many as the step between two looks needs.
Everything here is one side, upwards: what a symmetric test spends downwards is the mirror image.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.spending import require_spending, spend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_REACH: Final = 8.5
"""Standard errors beyond which the density is left out: Φ(−8.5) is 1e-17."""
_NODES: Final = (48, 1600)
"""Fewest and most nodes."""
_FAR: Final = 1e-13
"""Increments below this are put far out by the marginal quantile: safe, since trials that stopped only take away."""
_NEWTON_STEPS: Final = 60


class State(NamedTuple):
    """Trials still running after a look: nodes of the score S = Z·√t, weight × density there, and t."""

    score: Floats
    mass: Floats
    time: float


def boundaries(
    looks: Sequence[float],
    alpha: float = 0.05,
    sides: int = 2,
    spending: str = "obrien_fleming",
    parameter: float | None = None,
) -> Floats:
    """Return the z value at each look beyond which a trial may stop.

    Parameters
    ----------
    looks
        Increasing fractions of the planned information, or numbers of units; the last is the planned maximum.
    alpha
        Error rate over all looks.
    sides
        1, or 2: a symmetric test, each side spending alpha / 2 on its own. So two-sided 0.05 has the bounds of
        one-sided 0.025.
    spending, parameter
        ``"obrien_fleming"``, ``"pocock"``, ``"hwang_shih_decani"`` (gamma, default −4) or ``"power"`` (rho, default 2);
        see `analytics_lib.experiments.spending.spend`.

    Returns
    -------
    numpy.ndarray
        z values, shape (looks,); infinite where next to nothing may be spent yet.

    Raises
    ------
    InputError
        The looks do not increase, or alpha, sides, spending or its parameter are out of range.

    Examples
    --------
    >>> boundaries([0.5, 0.75, 1.0]).round(3).tolist()
    [2.963, 2.359, 2.014]
    """
    times = np.asarray(require_looks(looks))
    return walk(times / times[-1], times / times[-1], require_level(alpha, sides), spending, parameter)


def require_looks(looks: Sequence[float]) -> tuple[float, ...]:
    """Return looks as numbers.

    Raises
    ------
    InputError
        There are none, or they are not positive and increasing.
    """
    try:
        times = tuple(float(look) for look in looks)
    except (TypeError, ValueError):
        raise InputError(f"looks is {looks!r}", hint="increasing fractions such as [0.25, 0.5, 1] are right") from None
    if not times:
        raise InputError("there are no looks", hint="give increasing fractions such as [0.25, 0.5, 1]")
    if not (np.isfinite(times).all() and times[0] > 0 and (np.diff(times) > 0).all()):
        said = ", ".join(f"{time:g}" for time in times[:8]) + (" …" if len(times) > 8 else "")  # noqa: PLR2004
        raise InputError(
            f"the looks {said} do not increase", hint="each look must be later than the one before, above 0"
        )
    return times


def require_level(alpha: float, sides: int) -> float:
    """Return the error rate of one side.

    Raises
    ------
    InputError
        Alpha is outside (0, 1), or sides neither 1 nor 2.
    """
    if sides not in (1, 2):
        raise InputError(f"sides is {sides!r}", hint="1 and 2 are right")
    if not 0 < alpha < 1:
        raise InputError(f"alpha is {alpha}, outside (0, 1)", hint="0.05 is usual")
    return alpha / sides


def walk(times: Floats, fractions: Floats, level: float, spending: str, parameter: float | None) -> Floats:
    """Return the bound at each look, spending at `fractions`, when information has grown as `times`; one-sided."""
    require_spending(spending, parameter)
    increments = np.diff(spend(fractions, level, spending, parameter), prepend=0.0)
    bounds, state = np.empty(len(times)), None
    for at, (time, increment) in enumerate(zip(times, increments, strict=True)):
        bounds[at] = solve(state, np.array([time]), np.array([increment]))[0]
        if at < len(times) - 1:
            state = advance(state, float(time), float(bounds[at]))
    return bounds


def solve(state: State | None, times: Floats, increments: Floats) -> Floats:
    """Return bounds b with P(still running, then Z > b) = increment, for several possible next looks.

    Parameters
    ----------
    state
        Trials still running, or None before the first look.
    times, increments
        Information at the next look and what it may spend; shape (R,).
    """
    from scipy.special import ndtr, ndtri

    with np.errstate(divide="ignore"):
        bounds = np.asarray(-ndtri(np.clip(increments, 0.0, 1.0)))
    near = np.flatnonzero(increments > _FAR)
    if state is None or not near.size:
        return bounds
    if state.mass.sum() <= increments[near].min():  # all that is left may be spent
        bounds[near] = -_REACH
        return bounds
    root, step = np.sqrt(times[near]), np.sqrt(times[near] - state.time)
    target, guess = np.log(increments[near]), np.minimum(bounds[near], _REACH)
    low, high = np.full(len(near), -_REACH), np.full(len(near), _REACH)
    for _ in range(_NEWTON_STEPS):
        reach = (state.score[None, :] - (guess * root)[:, None]) / step[:, None]
        tail = np.maximum(ndtr(reach) @ state.mass, 1e-300)
        slope = (np.exp(-0.5 * reach**2) @ state.mass) * root / (step * np.sqrt(2.0 * np.pi))
        gap = np.log(tail) - target
        low, high = np.where(gap > 0, guess, low), np.where(gap > 0, high, guess)
        if (np.abs(gap) < 1e-12).all() or (high - low < 1e-13).all():  # noqa: PLR2004 - rounding
            break
        better = guess + gap * tail / np.maximum(slope, 1e-300)
        guess = np.where((better > low) & (better < high), better, 0.5 * (low + high))
    bounds[near] = guess
    return bounds


def advance(state: State | None, time: float, bound: float, drift: float = 0.0) -> State:
    """Return the trials still running after a look with an upper bound.

    Parameters
    ----------
    drift
        Expectation of Z at information 1.
    """
    root = np.sqrt(time)
    lowest, highest = drift * root - _REACH, min(bound, drift * root + _REACH)
    step = root if state is None else np.sqrt(time - state.time)
    span = max(highest - lowest, 0.0)
    # Gauss–Legendre nodes lie π/2 wider in the middle; a step of the kernel's own width leaves 1e-8 (Poisson summation)
    need = int(1.6 * span * root / step) + 8
    unit, weight = _gauss(int(np.clip(-(-need // 16) * 16, *_NODES)))
    score = root * (lowest + 0.5 * span * (unit + 1.0))
    weight = weight * 0.5 * span * root
    if state is None:
        density = np.exp(-0.5 * ((score - drift * time) / root) ** 2) / (root * np.sqrt(2.0 * np.pi))
        return State(score, weight * density, time)
    return State(score, weight * _carry(state, score, step, drift * (time - state.time)), time)


def _carry(state: State, score: Floats, step: float, shift: float) -> Floats:
    """Return the density at new scores; only old nodes within the kernel's reach are looked at."""
    density = np.empty(len(score))
    for start in range(0, len(score), 48):
        part = score[start : start + 48]
        first = np.searchsorted(state.score, part[0] - shift - _REACH * step)
        last = np.searchsorted(state.score, part[-1] - shift + _REACH * step)
        apart = (part[:, None] - shift - state.score[None, first:last]) / step
        density[start : start + 48] = np.exp(-0.5 * apart**2) @ state.mass[first:last]
    return np.asarray(density / (step * np.sqrt(2.0 * np.pi)))


def crossing(times: Floats, bounds: Floats, drift: float = 0.0) -> Floats:
    """Return the probability of first crossing an upper bound at each look.

    Parameters
    ----------
    times
        Information at each look, the last usually 1; shape (K,).
    bounds
        z values, shape (K,).
    drift
        Expectation of Z at information 1.
    """
    from scipy.special import ndtr

    out, state = np.empty(len(times)), None
    for at, (time, bound) in enumerate(zip(times.tolist(), bounds.tolist(), strict=True)):
        if state is None:
            out[at] = ndtr(drift * np.sqrt(time) - bound)
        else:
            step = time - state.time
            reach = (state.score + drift * step - bound * np.sqrt(time)) / np.sqrt(step)
            out[at] = ndtr(reach) @ state.mass
        state = advance(state, time, bound, drift)
    return out


@lru_cache(maxsize=128)
def _gauss(count: int) -> tuple[Floats, Floats]:
    unit, weight = np.polynomial.legendre.leggauss(count)
    return unit, weight
