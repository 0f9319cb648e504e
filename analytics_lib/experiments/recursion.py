"""The statistic of a monitored trial from look to look, by recursive numerical integration.

The density of the score S = Z·√t among trials still running is carried from look to look (Armitage, McPherson & Rowe
1969; Jennison & Turnbull 2000) on Gauss–Legendre nodes, as many as the step between two looks needs.
Everything here is one side, upwards: what a symmetric test spends downwards is the mirror image. L error rates
are carried at once.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

REACH: Final = 8.5
"""Standard errors from the mean that are left out: Φ(−8.5) is 1e-17."""
_FARTHEST: Final = 38.0
"""Standard errors above it where nothing has been stopped: Φ(−38) is hardly more than the least float."""
_LEAST: Final = 1e-290
"""Increments below this are put out by the marginal quantile: safe, since trials that stopped only take away."""
_STANDSTILL: Final = 1e-5
"""Of the information: a look that adds less leaves the trials still running as they were, which is safe likewise."""
_CHUNK: Final = 16
_NEWTON_STEPS: Final = 80


class Grid(NamedTuple):
    """How fine the integration is: nodes a step, steps of the kernel that are looked at, standard errors below."""

    density: float
    window: float
    below: float


FINE: Final = Grid(1.7, 7.0, 8.5)
"""Gauss–Legendre nodes lie π/2 wider in the middle; 0.92 steps apart, sums are 1e-10 off (Poisson summation)."""
COARSE: Final = Grid(1.5, 6.5, 6.5)
"""The same 3e-8 off, for error rates that are interpolated."""


class State(NamedTuple):
    """Trials still running after a look.

    Nodes of the score, and weight × density there, (L, M) each; the nodes' places in (−1, 1), (M,), the lowest score
    and half the width, (L,) each; the information t.
    """

    score: Floats
    mass: Floats
    unit: Floats
    lowest: Floats
    half: Floats
    time: float

    def place(self, scores: Floats) -> NDArray[np.intp]:
        """Return the first node at or above scores of each row, (L, …)."""
        each = (len(self.half),) + (1,) * (scores.ndim - 1)
        half = np.maximum(self.half, 1e-300).reshape(each)
        return self.unit.searchsorted((scores - self.lowest.reshape(each)) / half - 1.0)


def walk(times: Floats, increments: Floats, grid: Grid = FINE) -> Floats:
    """Return the bound at each look, (L, K), that spends the increments (L, K) when information grows as times (K,)."""
    bounds, state, least = np.empty(increments.shape), None, _least(increments.sum(axis=1))
    for at, time in enumerate(times.tolist()):
        with np.errstate(invalid="ignore"):  # where both are infinite
            near = 2.0 * bounds[:, at - 1] - bounds[:, at - 2] if at > 1 else None
        bounds[:, at] = solve(state, time, increments[:, at], near)
        if at < len(times) - 1:
            between = _needed(least, time / times[-1], grid)
            state = advance(state, (time, times[at + 1]), bounds[:, at], between, grid=grid)
    return bounds


def running(times: Floats, bounds: Floats, levels: Floats, horizon: float, grid: Grid = FINE) -> Iterator[State | None]:
    """Yield the trials still running before each look, and after the last; see `walk` for the shapes.

    Parameters
    ----------
    levels
        Error rates spent in all; shape (L,).
    horizon
        The latest information that a bound is wanted for. None is wanted before half the way to the next look.
    """
    state, least = None, _least(levels)
    yield state
    after = np.append(times[1:], horizon)
    for at, time in enumerate(times.tolist()):
        between = _needed(least, time / horizon, grid)
        state = advance(state, (time, 0.5 * (time + after[at])), bounds[:, at], between, grid=grid)
        yield state


def _least(levels: Floats) -> Floats:
    """Return what no bound is below: z₁₋ₐ, since P(Z > b) is at most what has been spent."""
    from scipy.special import ndtri

    return np.asarray(-ndtri(levels))


def _needed(bounds: Floats, share: float, grid: Grid) -> Floats:
    """Return the least z, (L,), from which later bounds of at least `bounds` (L,) are still crossed.

    The way there is a Brownian bridge: at a share of the information it is around z·√share, by √(1 − share).
    """
    bridge = bounds * np.sqrt(share) - grid.below * np.sqrt(1.0 - share)
    return np.where(bounds > 0, bridge, bounds - grid.below)


def solve(state: State | None, time: float, increments: Floats, near: Floats | None = None) -> Floats:
    """Return bounds b with P(still running, then Z > b) = increment.

    Parameters
    ----------
    state
        Trials still running, or None before the first look.
    time
        Information at the next look.
    increments
        What it may spend; shape (L,).
    near
        Where to start, such as the bounds of the last look.
    """
    from scipy.special import ndtri

    with np.errstate(divide="ignore"):
        bounds = np.asarray(-ndtri(np.clip(increments, 0.0, 1.0)))
    rows = np.flatnonzero(increments > _LEAST)
    if state is None or not rows.size:
        return bounds
    spent = state.mass[rows].sum(axis=1) <= increments[rows]  # all that is left may be spent
    bounds[rows[spent]] = -REACH
    rows = rows[~spent]
    if rows.size:
        if len(rows) < len(increments):
            score, mass, unit, lowest, half, before = state
            state = State(score[rows], mass[rows], unit, lowest[rows], half[rows], before)
        start = bounds[rows] if near is None else np.where(np.isfinite(near[rows]), near[rows], bounds[rows])
        bounds[rows] = _newton(state, time, increments[rows], np.minimum(start, bounds[rows]), bounds[rows])
    return bounds


def _newton(state: State, time: float, increments: Floats, guess: Floats, highest: Floats) -> Floats:
    """Return the bounds, by Newton's method on the logarithm of the tail, in which it is nearly straight."""
    from scipy.special import ndtr

    root, step = np.sqrt(time), np.sqrt(time - state.time)
    target, low, high, least = np.log(increments), np.full(len(guess), -REACH), highest + 1e-9, np.inf
    for _ in range(_NEWTON_STEPS):
        if guess.min() < least:
            # scores from which the rest of the way leads beyond the guess, as the bridge to it sees them
            least = float(guess.min()) - 0.5
            middle = np.minimum((guess - 0.5) * root * (state.time / time), state.lowest + 2.0 * state.half)
            first = int(state.place(middle - 8.0 * step).min())
            score, mass = state.score[:, first:] / step, state.mass[:, first:]
        reach = score - (guess * (root / step))[:, None]
        tail = np.maximum(np.einsum("lm,lm->l", ndtr(reach), mass), 1e-305)
        slope = np.einsum("lm,lm->l", np.exp(-0.5 * reach**2), mass) * (root / (step * np.sqrt(2.0 * np.pi)))
        gap = np.log(tail) - target
        low, high = np.where(gap > 0, guess, low), np.where(gap > 0, high, guess)
        better = guess + gap * tail / np.maximum(slope, 1e-305)
        better = np.where((better > low) & (better < high), better, 0.5 * (low + high))
        done = (np.abs(gap) < 1e-11) | (high - low < 1e-13)  # noqa: PLR2004 - rounding
        if done.all():
            break
        guess = np.where(done, guess, better)
    return guess


def advance(
    state: State | None, times: tuple[float, float], bounds: Floats, lowest: Floats, grid: Grid = FINE
) -> State:
    """Return the trials still running after a look with upper bounds (L,), where there is no effect.

    Parameters
    ----------
    times
        Information at this look and at the next.
    lowest
        The least z that matters, (L,).
    """
    time, after = times
    if state is not None and time - state.time < _STANDSTILL * time:
        return state
    root = np.sqrt(time)
    half = 0.5 * np.maximum(np.minimum(bounds, _FARTHEST) - lowest, 0.0)
    step = root if state is None else np.sqrt(time - state.time)
    narrow = np.sqrt(max(min(step**2, after - time), _STANDSTILL * time))
    unit, weight = _gauss(_count(grid.density * 2.0 * half.max() * root / narrow))
    lowest, half = lowest * root, half * root
    score = lowest[:, None] + half[:, None] * (unit + 1.0)
    if state is None:
        density = np.exp(-0.5 * (score / root) ** 2) / (root * np.sqrt(2.0 * np.pi))
    else:
        density = _carry(state, score, time, grid)
    return State(score, weight * half[:, None] * density, unit, lowest, half, time)


def _carry(state: State, score: Floats, time: float, grid: Grid) -> Floats:
    """Return the density at new scores (L, M); only old nodes from which they can be reached are looked at.

    Given where it ends, the way from the old score is a Brownian bridge from its middle score · t₀ / t₁.
    """
    step, back = np.sqrt(time - state.time), state.time / time
    away, highest = grid.window * step, (state.lowest + 2.0 * state.half)[:, None]
    begin = state.place(np.minimum(score[:, ::_CHUNK] * back, highest) - away).min(axis=0).tolist()
    end = state.place(score[:, [*range(_CHUNK - 1, score.shape[1], _CHUNK), -1]] * back + away).max(axis=0).tolist()
    density, moved, target = np.empty(score.shape), state.score / step, score / step
    for start, first, last in zip(range(0, score.shape[1], _CHUNK), begin, end, strict=False):
        apart = target[:, start : start + _CHUNK, None] - moved[:, None, first:last]
        apart *= apart
        apart *= -0.5
        np.exp(apart, out=apart)
        density[:, start : start + _CHUNK] = np.matmul(apart, state.mass[:, first:last, None])[:, :, 0]
    density /= step * np.sqrt(2.0 * np.pi)
    return density


def crossing(times: Floats, bounds: Floats, drift: float = 0.0) -> Floats:
    """Return the probability of first crossing an upper bound at each look.

    With an effect each way has the density exp(drift·S − drift²·t / 2) of what it has without one (Girsanov 1960), so
    that the trials still running are computed once.

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

    out = np.empty(len(times))
    for at, state in enumerate(_kept(tuple(times.tolist()), tuple(bounds.tolist()))):
        time, bound = times[at], bounds[at] * np.sqrt(times[at])
        if state is None:
            out[at] = ndtr((drift * time - bound) / np.sqrt(time))
            continue
        step = time - state.time
        with np.errstate(divide="ignore"):
            mass = np.exp(np.log(state.mass[0]) + drift * (state.score[0] - 0.5 * drift * state.time))
        out[at] = ndtr((state.score[0] + drift * step - bound) / np.sqrt(step)) @ mass
    return out


def crossed(times: Floats, bounds: Floats, drift: float = 0.0) -> float:
    """Return the probability of crossing an upper bound at any look; see `crossing`.

    At least that of the last look alone: with enormous effects the trials that matter lie beyond all nodes.
    """
    from scipy.special import ndtr

    found = float(crossing(times, bounds, drift).sum())
    return min(max(found, float(ndtr(drift * np.sqrt(times[-1]) - bounds[-1]))), 1.0)


@lru_cache(maxsize=8)
def _kept(times: tuple[float, ...], bounds: tuple[float, ...]) -> tuple[State | None, ...]:
    """Return the trials still running before each look."""
    later = np.minimum.accumulate(np.asarray(bounds)[::-1])[::-1]
    states: list[State | None] = [None]
    for at in range(len(times) - 1):
        lowest = _needed(later[[at + 1]], times[at] / times[-1], FINE)
        states.append(advance(states[-1], times[at : at + 2], np.array([bounds[at]]), lowest))  # type: ignore[arg-type]
    return tuple(states)


def _count(need: float) -> int:
    """Return a number of nodes, in steps of an eighth at most: nodes of each number are computed once."""
    least = max(int(need) + 8, 48)
    step = max(8, 2 ** (least.bit_length() - 4))
    return int(-(-least // step) * step)


@lru_cache(maxsize=128)
def _gauss(count: int) -> tuple[Floats, Floats]:
    from scipy.special import roots_legendre

    unit, weight = roots_legendre(count)
    return unit, weight
