"""Monitoring plans: how often a running experiment may be looked at without more false alarms than alpha."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.always_valid import AlwaysValid, is_positive, require_units
from analytics_lib.experiments.boundaries import require_level, require_looks
from analytics_lib.experiments.recursion import COARSE, FINE, Grid, running, solve, walk
from analytics_lib.experiments.spending import increments, require_spending, spend

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

__all__ = ["AlwaysValid", "GroupSequential"]

_KNOTS: Final = (1e-12, 1e-9, 1e-6, 1e-4, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9)
"""Error rates at which a repeated p-value is exact; between them it is interpolated."""


@dataclass(frozen=True)
class GroupSequential:
    """Look at planned times: a group-sequential test with error spending (Lan & DeMets 1983).

    Parameters
    ----------
    looks
        Increasing fractions of the information that end at 1, increasing numbers of units (both arms; the last is the
        planned maximum), or how many equally spaced looks there are.
    spending, parameter
        See `analytics_lib.experiments.boundaries.boundaries`.
    units
        The planned maximum of units in both arms, where the looks are fractions.
    look
        Which look this is, from 1; set by `at`.

    Raises
    ------
    InputError
        Looks that do not increase, a maximum that contradicts them, an unknown spending function.

    Examples
    --------
    >>> plan = GroupSequential(looks=4, units=20_000)
    >>> plan.critical([5_000, 20_000], 0.05, 2).round(3).tolist()
    [4.333, 2.014]
    >>> plan.at(look=2).critical([812], 0.05, 2).round(3).tolist()
    [2.963]
    """

    looks: int | Sequence[float]
    spending: str = "obrien_fleming"
    parameter: float | None = None
    units: float | None = None
    look: int | None = None

    def __post_init__(self) -> None:
        looks: object = self.looks
        if isinstance(looks, bool) or (isinstance(looks, int | np.integer) and looks < 1):
            raise InputError(f"looks is {looks!r}", hint="at least 1 look is right, or increasing fractions")
        if isinstance(looks, int | np.integer):
            times = tuple((at + 1) / int(looks) for at in range(int(looks)))
        else:
            times = require_looks(self.looks)  # type: ignore[arg-type]
        maximum = self.units
        if maximum is not None and not is_positive(maximum):
            raise InputError(f"units is {maximum!r}", hint="the planned number of units in both arms is right")
        if times[-1] < 1 or (1 < times[-1] < len(times)):
            raise InputError(
                f"the looks end at {times[-1]:g}", hint="fractions end at 1, numbers of units at the planned maximum"
            )
        if times[-1] > 1:
            if maximum is not None and maximum != times[-1]:
                raise InputError(
                    f"the looks end at {times[-1]:g} units and units is {maximum:g}", hint="leave units out"
                )
            maximum, times = times[-1], tuple(time / times[-1] for time in times)
        shape = require_spending(self.spending, self.parameter)
        for name, value in (("looks", times), ("parameter", shape), ("units", maximum)):
            object.__setattr__(self, name, value)
        if self.look is not None and not (isinstance(self.look, int | np.integer) and 1 <= self.look <= len(times)):
            raise InputError(f"there is no look {self.look!r}", hint=f"this plan has looks 1 to {len(times)}")

    @property
    def fractions(self) -> tuple[float, ...]:
        """The planned fractions of the information, ending at 1."""
        return tuple(self.looks)  # type: ignore[arg-type]

    def at(self, look: int) -> GroupSequential:
        """Return the plan as of one of its looks, from 1, whatever the number of units is then."""
        return replace(self, look=look)

    def critical(self, units: ArrayLike, alpha: float = 0.05, sides: int = 2) -> Floats:
        """Return the multiplier of the standard error at the look that each number of units belongs to.

        That is the nearest planned look; looks before it count as taken when planned, and the error is spent at the
        actual fraction, all of it from the planned maximum on. Where earlier looks strayed too, use `criticals`.

        Parameters
        ----------
        units
            Units in both arms, any shape; each an answer of its own.
        alpha, sides
            Error rate over all looks; with 2 sides each side spends half of it.

        Raises
        ------
        InputError
            The plan knows neither its maximum of units nor the look.
        """
        level = require_level(alpha, sides)
        counts = require_units(units)
        times, which, back = self._places(counts)
        bounds = _bounds(self._key, (level,), _of(times, which), FINE)[0]
        return np.asarray(bounds[back].reshape(counts.shape))

    def criticals(self, units_by_look: ArrayLike, alpha: float = 0.05, sides: int = 2) -> Floats:
        """Return the multipliers at successive looks that were really taken, in one recursion.

        Parameters
        ----------
        units_by_look
            Increasing units in both arms, one a look taken; shape (K,). The first look at or beyond the planned
            maximum spends all that is left; looks after it are infinite.
        alpha, sides
            See `critical`.
        """
        level = require_level(alpha, sides)
        if self.units is None:
            raise InputError("this plan does not know its maximum of units", hint="give GroupSequential(…, units=…)")
        times = np.asarray(require_looks(np.ravel(np.asarray(units_by_look)).tolist())) / self.units
        return np.asarray(walk(times, increments(times, level, self.spending, self.parameter)[None, :])[0])

    def pvalue(self, statistic: ArrayLike, units: ArrayLike, sides: int = 2) -> Floats:
        """Return the repeated p-value: the least alpha whose bound this look's statistic has crossed.

        Jennison & Turnbull (2000), repeated p-values. At common error rates it is that of the bounds to five digits,
        between them interpolated to about three; at most 0.9, then 1.

        Parameters
        ----------
        statistic, units, sides
            See `AlwaysValid.pvalue`.
        """
        require_level(0.05, sides)
        values, counts = np.broadcast_arrays(np.asarray(statistic, dtype=float), require_units(units))
        times, which, back = self._places(counts)
        levels = np.asarray(_KNOTS) / sides
        bounds = _bounds(self._key, tuple(levels.tolist()), _of(times, which), COARSE)
        towards = np.abs(values).ravel() if sides == 2 else values.ravel()  # noqa: PLR2004
        found = np.empty(towards.shape)
        for place in range(bounds.shape[1]):
            here = back == place
            found[here] = _invert(towards[here], bounds[:, place], levels)
        found = np.where(np.isnan(towards), np.nan, np.minimum(found * sides, 1.0))
        return np.asarray(found.reshape(values.shape))

    def _places(self, counts: Floats) -> tuple[Floats, NDArray[np.intp], NDArray[np.intp]]:
        """Return distinct fractions, the planned look (from 0) of each, and which of them each count has."""
        planned = np.asarray(self.fractions)
        if self.look is not None:
            return planned[[self.look - 1]], np.array([self.look - 1]), np.zeros(counts.size, dtype=np.intp)
        if self.units is None:
            if len(planned) == 1:
                return planned, np.array([0]), np.zeros(counts.size, dtype=np.intp)
            raise InputError(
                "how much of the planned information is in cannot be told from units alone",
                hint="give the planned maximum, GroupSequential(…, units=20000), or the look, plan.at(look=2)",
            )
        times, back = np.unique(counts.ravel() / self.units, return_inverse=True)
        if times.size and not times[0] > 0:
            raise InputError("there are no units at this look", hint="a group-sequential look needs units")
        which = np.searchsorted((planned[1:] + planned[:-1]) / 2.0, times)
        return times, which, back.ravel()

    @property
    def _key(self) -> tuple[tuple[float, ...], str, float | None]:
        return self.fractions, self.spending, self.parameter


def _of(times: Floats, which: NDArray[np.intp]) -> tuple[tuple[float, int], ...]:
    return tuple(zip(times.tolist(), which.tolist(), strict=True))


@lru_cache(maxsize=16)
def _bounds(
    key: tuple[tuple[float, ...], str, float | None],
    levels: tuple[float, ...],
    looks: tuple[tuple[float, int], ...],
    grid: Grid,
) -> Floats:
    """Return one-sided bounds, (L, R), at fractions that are each taken as a planned look, from 0.

    They are kept: a trial's metrics share its looks.
    """
    fractions, spending, parameter = key
    planned = _planned(key, levels, grid)
    bounds = planned[:, [look for _, look in looks]]
    strayed: dict[int, list[tuple[int, float]]] = {}
    for at, (time, look) in enumerate(looks):
        if time != fractions[look]:
            strayed.setdefault(look, []).append((at, time))
    if not strayed:
        return bounds
    before = (0.0, *fractions)
    last, horizon = max(strayed), max(time for time, _ in looks)
    states = running(np.asarray(fractions[:last]), planned, np.asarray(levels), horizon, grid)
    for look, state in enumerate(states):
        for at, time in strayed.get(look, ()):
            ends = np.array([before[look], time])
            spent = spend(ends, np.asarray(levels)[:, None], spending, parameter)
            bounds[:, at] = solve(state, time, spent[:, 1] - (spent[:, 0] if look else 0.0))
    return bounds


@lru_cache(maxsize=16)
def _planned(key: tuple[tuple[float, ...], str, float | None], levels: tuple[float, ...], grid: Grid) -> Floats:
    """Return the one-sided bounds at all planned looks, (L, K)."""
    fractions, spending, parameter = key
    times = np.asarray(fractions)
    return walk(times, increments(times, levels, spending, parameter), grid)


def _invert(values: Floats, bounds: Floats, levels: Floats) -> Floats:
    """Return the level whose bound each value is, by a cubic in Φ⁻¹(level), in which bounds are nearly straight."""
    from scipy.special import ndtr, ndtri

    held = np.isfinite(bounds)
    knots, heights = np.minimum.accumulate(bounds[held])[::-1], -ndtri(levels[held])[::-1]
    apart = np.concatenate(([True], np.diff(knots) > 1e-12))  # noqa: PLR2004 - rounding
    knots, heights = knots[apart], heights[apart]
    if len(knots) < 2:  # noqa: PLR2004 - nothing can be crossed yet
        return np.ones(len(values))
    secant = np.diff(heights) / np.diff(knots)
    middle = 2.0 / (1.0 / secant[1:] + 1.0 / secant[:-1])  # harmonic: stays monotone (Fritsch & Butland 1984)
    slope = np.concatenate((secant[:1], middle, secant[-1:]))
    at = np.clip(np.searchsorted(knots, values, side="right") - 1, 0, len(secant) - 1)
    width = knots[at + 1] - knots[at]
    u = np.clip((values - knots[at]) / width, 0.0, 1.0)
    height = (
        heights[at] * (1 + 2 * u) * (1 - u) ** 2
        + heights[at + 1] * u**2 * (3 - 2 * u)
        + width * u * (1 - u) * (slope[at] * (1 - u) - slope[at + 1] * u)
    )
    return np.asarray(np.where(values < knots[0], 1.0, ndtr(-height)))
