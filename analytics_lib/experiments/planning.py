"""How many units an experiment needs, what it can detect, and for how long it must run."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.designs import Design, Options

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Unpack

_MOST: Final = 1e15


def power(effect: float, *, n: float, **design: Unpack[Options]) -> float:
    """Return the chance that the test finds an effect.

    Means: the noncentral t distribution, exact for equal variances (Cohen 1988). Proportions: Fleiss, Levin
    & Paik (2003), sample sizes. Group-sequential: Jennison & Turnbull (2000), numerical computations.

    Parameters
    ----------
    effect
        Treatment − control, absolute unless ``relative=True``.
    n
        Units in control; treatment has ``ratio`` times as many.
    **design
        The fields of `Design`.

    Raises
    ------
    InputError
        A number is out of range, or neither or both of sd and proportion are given.

    Examples
    --------
    >>> round(power(1.0, n=20, sd=1.0), 6)
    0.868953
    """
    return _design(design).power(_effect(effect) * _design(design).scale, _count(n))


def sample_size(effect: float, *, power: float = 0.8, **design: Unpack[Options]) -> float:
    """Return the units needed in control, not rounded; the inverse of `power`.

    Examples
    --------
    >>> round(sample_size(0.5, sd=1.0), 4)
    63.7656
    >>> round(sample_size(0.05, proportion=0.2, null_variance="control"), 2)
    1030.22
    """
    plan = _design(design)
    size = _effect(effect) * plan.scale
    _require_power(power, plan)
    towards = size - plan.margin * plan.scale
    if towards == 0 or (plan.alternative == "greater" and towards < 0) or (plan.alternative == "less" and towards > 0):
        raise InputError(
            "no number of units shows this effect", hint="it must lie beyond the margin, on the side asked for"
        )
    fewest = max(1.0, 3.0 * plan.cluster_size / (1.0 + plan.ratio))  # one degree of freedom
    return float(np.exp(_root(lambda x: plan.power(size, float(np.exp(x))), power, np.log(fewest), np.log(_MOST))))


def minimum_effect(*, n: float, power: float = 0.8, **design: Unpack[Options]) -> float:
    """Return the least effect found with the power asked for; the inverse of `power`.

    Positive, or for ``alternative="less"`` downwards; on the relative scale with ``relative=True``.

    Examples
    --------
    >>> round(minimum_effect(n=63.7656, sd=1.0), 4)
    0.5
    """
    plan, count = _design(design), _count(n)
    _require_power(power, plan)
    sign, null = (-1.0 if plan.alternative == "less" else 1.0), plan.margin * plan.scale
    if plan.sd is not None:
        most = plan.sd * 1e3 * np.sqrt(1.0 / count + 1.0 / (count * plan.ratio)) * plan.cluster_size + 1e3 * plan.sd
    else:
        share = float(plan.proportion or 0.0)
        most = (1.0 - share - null if sign > 0 else share + null) * (1 - 1e-9)
    found = _root(lambda size: plan.power(null + sign * size, count), power, 0.0, most)
    return float((null + sign * found) / plan.scale)


def duration(units_needed: float, units_per_day: float) -> int:
    """Return the whole days until so many units have come.

    Examples
    --------
    >>> duration(10_500, 1_000)
    11
    """
    if not units_per_day > 0 or not np.isfinite(units_per_day):
        raise InputError(f"units_per_day is {units_per_day}", hint="a positive number is right")
    return int(np.ceil(_count(units_needed) / units_per_day))


def _root(function: Callable[[float], float], target: float, low: float, high: float) -> float:
    """Return where an increasing function reaches its target, by regula falsi on probits, every third step halving."""
    from scipy.special import ndtri

    def gap(x: float) -> float:
        return float(ndtri(np.clip(function(x), 1e-12, 1.0 - 1e-12)) - ndtri(target))

    below, above = gap(low), gap(high)
    if below >= 0:
        return low
    if above < 0:
        raise InputError(f"a power of {target} is out of reach", hint="ask for less power, or plan more units")
    for turn in range(200):
        middle = (low * above - high * below) / (above - below) if turn % 3 else 0.5 * (low + high)
        value = gap(middle)
        if abs(value) < 1e-12 or high - low < 1e-14 * max(1.0, abs(high)):  # noqa: PLR2004 - rounding
            return middle
        if value < 0:
            low, below = middle, value
        else:
            high, above = middle, value
    return 0.5 * (low + high)


def _design(options: Options) -> Design:
    known = [field.name for field in fields(Design)]
    for name in options:
        if name not in known:
            raise InputError(f"there is no option '{name}'", hint=nearest(name, known))
    return Design(**options)


def _effect(effect: float) -> float:
    if not np.isfinite(effect):
        raise InputError(f"the effect is {effect}", hint="a finite number is right")
    return float(effect)


def _count(n: float) -> float:
    if not (np.isfinite(n) and n > 1):
        raise InputError(f"{n} units are too few", hint="more than 1 is right")
    return float(n)


def _require_power(power: float, plan: Design) -> None:
    if not plan.alpha < power < 1:
        raise InputError(f"a power of {power} is outside (alpha, 1)", hint="0.8 is usual")
