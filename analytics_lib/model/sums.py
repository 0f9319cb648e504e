"""Plain sums (Σy, Σy², Σxy …) become means and centred sums of products, computed exactly."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXACT: Final = 2**53
"""Whole numbers up to this are exact as floats."""

_ROUNDING: Final = Fraction(1, 2**48)
"""Of a sum of squares: what the rounding of its last digits may come to, after some thousand additions."""

_SQUARES: Final = {"y": "yy", "x": "xx", "d": "dd", "xd": "xdxd"}
_PRODUCTS: Final = {
    ("y", "x"): "xy", ("y", "d"): "yd", ("x", "d"): "dx", ("y", "xd"): "yxd", ("x", "xd"): "xxd", ("d", "xd"): "dxd",
}  # fmt: skip
_NAMES: Final = _PRODUCTS | {(name, name): square for name, square in _SQUARES.items()}
"""What the sum of products of two variables is called."""


def require_count(n: Any) -> int:
    """Return a number of units as an int.

    Raises
    ------
    InputError
        It is no whole number, or negative.
    """
    if isinstance(n, bool) or not isinstance(n, int | float | np.number) or not math.isfinite(n) or n != int(n):
        raise InputError(f"n is {n!r}", hint="a whole number of units is right")
    if n < 0:
        raise InputError(f"n is {n}: a count of units cannot be negative")
    return int(n)


def centre(n: int, given: Mapping[str, Any]) -> tuple[tuple[str, ...], list[float], list[list[float]]]:
    """Return the variables' names, their means and the centred sums of products Σab − Σa·Σb/n.

    The difference is taken between fractions, so nothing cancels but what was rounded before.

    Parameters
    ----------
    n
        Number of units.
    given
        The sums by name: ``y``, ``yy``, ``x``, ``xx``, ``xy`` and so on, as `Moments.from_sums` takes them.

    Raises
    ------
    InputError
        A sum is missing or not finite, no units can have these sums, or they are too rounded to hold a variance.

    Examples
    --------
    >>> centre(4, {"y": 8, "yy": 26})
    (('y',), [2.0], [[10.0]])
    """
    sums = {name: _fraction(name, value) for name, value in given.items()}
    names = tuple(name for name in _SQUARES if name in sums)
    pairs = {pair: _NAMES[pair] for pair in combinations_with_replacement(names, 2)}
    _require_complete(names, set(pairs.values()), set(sums))
    if n == 0 and any(sums.values()):
        raise InputError("0 units cannot have sums other than 0")
    size = max(n, 1)
    centred = {(a, b): sums[name] - sums[a] * sums[b] / size for (a, b), name in pairs.items()}
    for name in names:
        raw = sums[_SQUARES[name]]
        rounded = not (_is_exact(given[name]) and _is_exact(given[_SQUARES[name]]))
        centred[name, name] = _require_square(name, centred[name, name], raw, rounded=rounded)
    for (a, b), product in centred.items():
        slack = Fraction(1, 10**9) * (abs(sums[_NAMES[a, b]]) + abs(product))
        if a != b and (abs(product) - slack > 0) and (abs(product) - slack) ** 2 > centred[a, a] * centred[b, b]:
            raise InputError(
                f"no units have these sums: {_NAMES[a, b]} = {given[_NAMES[a, b]]} makes a correlation beyond 1",
                hint=f"{_NAMES[a, b]} is the sum of {a} times {b} over the units",
            )
    products = [[float(centred[(a, b) if (a, b) in centred else (b, a)]) for b in names] for a in names]
    return names, [float(sums[name] / size) for name in names], products


def _require_complete(names: tuple[str, ...], products: set[str], given: set[str]) -> None:
    needed = {*names, *products}
    if needed - given:
        raise InputError(
            f"the sum{'s' * (len(needed - given) > 1)} {', '.join(sorted(needed - given))} "
            f"{'are' if len(needed - given) > 1 else 'is'} missing",
            hint=f"{' and '.join(names)} need their sums, sums of squares and sums of products",
        )
    if given - needed:
        raise InputError(
            f"{', '.join(sorted(given - needed))} was given without the sum that it belongs to",
            hint="x goes with xx and xy, d with dd and yd, xd with xdxd and yxd",
        )


def _require_square(name: str, centred: Fraction, raw: Fraction, *, rounded: bool) -> Fraction:
    """Return a centred sum of squares; refuse a negative one, and one that rounding has drowned."""
    noise = _ROUNDING * raw if rounded else Fraction(0)
    if centred < -noise:
        raise InputError(
            f"no units have these sums: the variance of {name} would be negative",
            hint=f"{_SQUARES[name]} is the sum of the squares of {name}, at least its sum squared over n",
        )
    if raw and rounded and centred <= noise:
        raise InputError(
            f"the sums of {name} are too rounded to tell its variance",
            hint="give Moments.from_values the values, or from_centred what VAR_POP gives times n",
        )
    return centred


def _is_exact(value: Any) -> bool:
    """Whether a sum is the number that was meant: a float has 53 bits, and larger ones have lost their last."""
    return isinstance(value, int | Fraction) or (abs(value) <= _EXACT and float(value).is_integer())


def _fraction(name: str, value: Any) -> Fraction:
    try:
        return Fraction(value.item() if isinstance(value, np.generic) else value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"the sum {name} is {value!r}", hint="a finite number is right") from None
