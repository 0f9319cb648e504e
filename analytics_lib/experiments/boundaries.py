"""Boundaries of group-sequential tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.recursion import walk
from analytics_lib.experiments.spending import increments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


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
        z values, shape (looks,); infinite where less may be spent than a float can hold.

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
    level = require_level(alpha, sides)
    times = times / times[-1]
    return np.asarray(walk(times, increments(times, level, spending, parameter)[None, :])[0])


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
    return require_alpha(alpha) / sides


def require_alpha(alpha: object) -> float:
    """Return an error rate as a number.

    Raises
    ------
    InputError
        It is no number between 0 and 1.
    """
    number = as_number(alpha)
    if number is None or not 0 < number < 1:
        raise InputError(f"alpha is {alpha!r}, outside (0, 1)", hint="0.05 is usual")
    return number


def as_number(value: object) -> float | None:
    """Return a value as a float, None where it is no number; text and truth values are none."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | np.integer | np.floating):
        return None
    return float(value)
