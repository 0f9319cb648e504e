"""Many tests at once: p-values adjusted over a stated family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from analytics_lib.errors import InputError, nearest

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Method = Literal["holm", "benjamini_hochberg", "bonferroni"]

_METHODS: Final = ("holm", "benjamini_hochberg", "bonferroni")


def adjust(pvalues: ArrayLike, method: str = "holm") -> NDArray[np.float64]:
    """Return p-values adjusted for being one family.

    Holm (1979) and Bonferroni control the chance of any false alarm, Benjamini & Hochberg (1995) the expected share of
    false alarms among the alarms, for independent or positively dependent tests.

    Parameters
    ----------
    pvalues
        The whole family, shape (R,).
    method
        ``"holm"``, ``"benjamini_hochberg"`` or ``"bonferroni"``.

    Returns
    -------
    numpy.ndarray
        Adjusted p-values in the same order, shape (R,).

    Raises
    ------
    InputError
        A p-value is missing or outside [0, 1], or there is no such method.

    Examples
    --------
    >>> adjust([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    if method not in _METHODS:
        raise InputError(f"there is no method {method!r}", hint=nearest(str(method), _METHODS))
    try:
        values = np.asarray(pvalues, dtype=float)
    except (TypeError, ValueError):
        raise InputError("a p-value is no number", hint="numbers from 0 to 1 are right") from None
    if values.ndim != 1:
        raise InputError(f"the p-values have {values.ndim} dimensions", hint="one family is right: shape (R,)")
    wrong = np.flatnonzero(~((values >= 0) & (values <= 1)))
    if wrong.size:
        raise InputError(
            f"p-value {values[wrong[0]]:g} at place {wrong[0]} is outside [0, 1]",
            hint="leave out tests that gave none, and say that the family is smaller",
        )
    count = len(values)
    if method == "bonferroni":
        return np.asarray(np.minimum(values * count, 1.0))
    order = np.argsort(values, kind="stable")
    ranks = np.arange(1, count + 1)
    if method == "holm":
        stepped = np.maximum.accumulate(values[order] * (count + 1 - ranks))
    else:
        stepped = np.minimum.accumulate((values[order] * (count / ranks))[::-1])[::-1]
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
