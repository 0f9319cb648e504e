"""Spending functions: how much of the error rate may be used up at each fraction of the information."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from analytics_lib.errors import InputError, nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

Spending = Literal["obrien_fleming", "pocock", "hwang_shih_decani", "power"]

_DEFAULTS: Final[dict[str, float | None]] = {
    "obrien_fleming": None,
    "pocock": None,
    "hwang_shih_decani": -4.0,
    "power": 2.0,
}


def require_spending(spending: str, parameter: float | None) -> float | None:
    """Return the parameter of a spending function, its default when none is given.

    Raises
    ------
    InputError
        There is no such function, it takes no parameter, or the parameter is out of range.
    """
    if spending not in _DEFAULTS:
        raise InputError(f"there is no spending function {spending!r}", hint=nearest(str(spending), _DEFAULTS))
    if parameter is None:
        return _DEFAULTS[spending]
    if _DEFAULTS[spending] is None:
        raise InputError(f"{spending} takes no parameter", hint="'hwang_shih_decani' and 'power' do")
    if not np.isfinite(parameter) or (spending == "power" and parameter <= 0):
        raise InputError(
            f"the parameter of {spending} is {parameter}",
            hint="a positive number is right" if spending == "power" else "a finite number is right, such as -4",
        )
    return float(parameter)


def spend(
    fractions: ArrayLike, alpha: ArrayLike, spending: str = "obrien_fleming", parameter: float | None = None
) -> Floats:
    """Return the error spent up to fractions of the information, one-sided.

    O'Brien–Fleming and Pocock types are those of Lan & DeMets (1983): 2 − 2Φ(z / √t), z the 1 − alpha/2
    quantile, and alpha·log(1 + (e − 1)t); Hwang, Shih & DeCani (1990) is alpha(1 − exp(−gamma·t)) / (1 − exp(−gamma));
    ``power`` (Kim & DeMets 1987) alpha·t^rho.

    Parameters
    ----------
    fractions
        Fractions of the planned information, any shape; above 1 everything is spent.
    alpha
        Error rate of one side, in (0, 1); several broadcast with the fractions.
    spending, parameter
        The function, and gamma (default −4) or rho (default 2).

    Examples
    --------
    >>> spend([0.5, 1.0, 1.2], 0.025, "power").tolist()
    [0.00625, 0.025, 0.025]
    """
    from scipy.special import ndtr, ndtri

    shape = require_spending(spending, parameter)
    t, alpha = np.clip(np.asarray(fractions, dtype=float), 0.0, 1.0), np.asarray(alpha, dtype=float)
    if spending == "obrien_fleming":
        with np.errstate(divide="ignore"):
            spent = 2.0 * ndtr(ndtri(alpha / 2.0) / np.sqrt(t))
    elif spending == "pocock":
        spent = alpha * np.log1p((np.e - 1.0) * t)
    elif spending == "power":
        spent = alpha * t ** float(shape or 0.0)
    else:
        gamma = float(shape or 0.0)
        spent = alpha * (t if gamma == 0 else np.expm1(-gamma * t) / np.expm1(-gamma))
    return np.asarray(np.where(t == 1.0, alpha, spent), dtype=float)


def increments(
    fractions: Floats, alpha: ArrayLike, spending: str = "obrien_fleming", parameter: float | None = None
) -> Floats:
    """Return what each look spends beyond the one before; see `spend`.

    Parameters
    ----------
    fractions
        Increasing fractions at the looks, shape (K,).

    Returns
    -------
    numpy.ndarray
        Shape (K,), or (L, K) for error rates of shape (L,).
    """
    levels = np.asarray(alpha, dtype=float)
    return np.diff(spend(fractions, levels[..., None], spending, parameter), prepend=0.0, axis=-1)
