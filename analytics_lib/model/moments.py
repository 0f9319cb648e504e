"""Moments of one group: what every decision about an experiment is computed from.

A warehouse, a frame and sums typed by hand all become the same few numbers: how many units, the mean of each variable
and the *centred* sums of products. Centred, because Σy² − n·ȳ² cancels: of 1,000 draws around 10⁹ with variance 1 it
keeps no digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.model.sums import centre, require_count

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from numpy.typing import ArrayLike, NDArray

    Real = int | float | Fraction

_COVARIATE: Final = re.compile(r"x\d*")


@dataclass(frozen=True)
class Moments:
    """The count, means and centred sums of products of one group's units.

    Groups add: ``moments(a) + moments(b) == moments(a ∪ b)``, and ``sum(groups)`` works.

    Parameters
    ----------
    n
        Number of units.
    names
        The K variables: ``"y"``, then as there are ``"x"`` (or ``"x0"``, ``"x1"``, …) for covariates, ``"d"`` for a
        ratio's denominator, ``"xd"`` for the denominator of its covariate.
    mean
        K means, in the variables' own units.
    comoment
        K × K sums Σ(a − ā)(b − b̄).

    Examples
    --------
    >>> moments = Moments.from_values([1, 0, 3, 4], x=[1, 1, 2, 4])
    >>> moments.names, moments.mean, moments.variance()
    (('y', 'x'), (2.0, 2.0), 3.3333333333333335)
    """

    n: int
    names: tuple[str, ...]
    mean: tuple[float, ...]
    comoment: tuple[tuple[float, ...], ...]

    @classmethod
    def from_values(
        cls,
        y: ArrayLike,
        x: ArrayLike | None = None,
        denominator: ArrayLike | None = None,
        covariate_denominator: ArrayLike | None = None,
    ) -> Self:
        """Return the moments of values, one a unit.

        Parameters
        ----------
        y
            The metric, or the numerator of a ratio; shape (n,).
        x
            A covariate measured before the experiment, shape (n,), or several, shape (n, covariates).
        denominator, covariate_denominator
            The denominator of a ratio, and that of its covariate; shape (n,).

        Raises
        ------
        InputError
            A value is missing, infinite or no number, or the lengths differ.
        """
        columns = {"y": _column("y", y)}
        if x is not None:
            columns |= _covariates(x)
        if denominator is not None:
            columns["d"] = _column("denominator", denominator)
        if covariate_denominator is not None:
            if "x" not in columns or denominator is None:
                raise InputError(
                    "covariate_denominator was given without what it belongs to",
                    hint="it needs one covariate x and a denominator",
                )
            columns["xd"] = _column("covariate_denominator", covariate_denominator)
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{name} has {length}" for name, length in lengths.items())
            raise InputError(f"the columns differ in length: {said}", hint="give one value a unit in each")
        n = lengths["y"]
        values = np.stack(list(columns.values()))
        constant = np.ptp(values, axis=1) == 0 if n else np.zeros(len(values), dtype=bool)
        first = values[:, 0].copy() if n else np.zeros(len(values))
        with np.errstate(over="ignore", invalid="ignore"):
            mean = values.mean(axis=1) if n else np.zeros(len(values))
            values -= mean[:, None]
            left = values.sum(axis=1)  # what rounding left in the mean (Chan, Golub & LeVeque 1983, corrected two-pass)
            comoment = values @ values.T - np.outer(left, left) / max(n, 1)
        if n:
            mean = np.where(constant, first, mean + left / n)
            comoment[constant] = comoment[:, constant] = 0.0  # a sum of equal numbers is not always n times one
        return cls.from_centred(n, mean.tolist(), comoment.tolist(), tuple(columns))

    @classmethod
    def from_sums(  # noqa: PLR0913, PLR0917 - the sums that a statement or a person has, by their usual names
        cls,
        n: int,
        y: Real,
        yy: Real,
        x: Real | None = None,
        xx: Real | None = None,
        xy: Real | None = None,
        d: Real | None = None,
        dd: Real | None = None,
        yd: Real | None = None,
        dx: Real | None = None,
        xd: Real | None = None,
        xdxd: Real | None = None,
        yxd: Real | None = None,
        xxd: Real | None = None,
        dxd: Real | None = None,
    ) -> Self:
        """Return the moments that plain sums stand for, computed exactly.

        Parameters
        ----------
        n
            Number of units.
        y, yy
            Σy and Σy² of the metric, or of a ratio's numerator.
        x, xx, xy
            Σx, Σx² and Σxy of a covariate.
        d, dd, yd, dx
            Σd, Σd² and Σyd of a ratio's denominator; Σdx too when there is a covariate.
        xd, xdxd, yxd, xxd, dxd
            The sums for the covariate's denominator e: Σe, Σe², Σye, Σxe, Σde.

        Raises
        ------
        InputError
            A sum is missing or not finite, no units can have these sums, or they are too rounded to hold a variance.

        Examples
        --------
        >>> Moments.from_sums(n=4, y=8, yy=26).variance()
        3.3333333333333335
        """
        n = require_count(n)
        given = {
            "y": y, "yy": yy, "x": x, "xx": xx, "xy": xy, "d": d, "dd": dd, "yd": yd, "dx": dx,
            "xd": xd, "xdxd": xdxd, "yxd": yxd, "xxd": xxd, "dxd": dxd,
        }  # fmt: skip
        names, mean, comoment = centre(n, {name: value for name, value in given.items() if value is not None})
        return cls.from_centred(n, mean, comoment, names)

    @classmethod
    def from_centred(
        cls, n: int, mean: Sequence[float], comoment: Sequence[Sequence[float]], names: Sequence[str] = ("y",)
    ) -> Self:
        """Return the moments that means and centred sums of products stand for.

        A warehouse's ``VAR_POP`` and ``COVAR_POP`` times n are such sums. See the class for the shapes.

        Raises
        ------
        InputError
            The shapes differ, a number is not finite, or a sum of squares is negative.
        """
        n, names = require_count(n), tuple(names)
        means = np.asarray(mean, dtype=float)
        products = np.asarray(comoment, dtype=float)
        k = len(names)
        if means.shape != (k,) or products.shape != (k, k):
            raise InputError(
                f"{k} variables need {k} means and {k} × {k} sums of products, not {means.shape} and {products.shape}"
            )
        if not (np.isfinite(means).all() and np.isfinite(products).all()):
            raise InputError(
                "a moment is missing or infinite", where=", ".join(names), hint="drop or fill missing values first"
            )
        if (products.diagonal() < 0).any():
            raise InputError("a sum of squares is negative", where=names[int(np.argmin(products.diagonal()))])
        return cls(n, names, tuple(means.tolist()), tuple(tuple(row) for row in products.tolist()))

    def __add__(self, other: object) -> Self:
        """Add groups: the pairwise update of Chan, Golub & LeVeque (1979)."""
        if not isinstance(other, Moments):
            return NotImplemented
        if self.names != other.names:
            raise InputError(
                f"moments of {', '.join(self.names)} and of {', '.join(other.names)} do not add",
                hint="both groups need the same variables",
            )
        large, small = (self, other) if self.n >= other.n else (other, self)
        if small.n == 0:
            return type(self)(large.n, large.names, large.mean, large.comoment)
        n = self.n + other.n
        step = np.subtract(small.mean, large.mean)
        mean = np.asarray(large.mean) + step * (small.n / n)
        comoment = np.add(self.comoment, other.comoment) + np.outer(step, step) * (large.n / n * small.n)
        return type(self)(n, self.names, tuple(mean.tolist()), tuple(tuple(row) for row in comoment.tolist()))

    def __radd__(self, other: object) -> Self:
        if other == 0:  # what sum() starts from
            return self
        return NotImplemented

    @property
    def covariates(self) -> tuple[str, ...]:
        """The names of the covariates, without a covariate's denominator."""
        return tuple(name for name in self.names if _COVARIATE.fullmatch(name))

    @property
    def binary(self) -> bool:
        """Whether y holds only zeros and ones: then, and only then, Σ(y − ȳ)² = n·ȳ(1 − ȳ) for y in [0, 1]."""
        mean, expected = self.mean[0], self.n * self.mean[0] * (1 - self.mean[0])
        return self.n > 0 and 0 <= mean <= 1 and abs(self.comoment[0][0] - expected) <= 1e-9 * expected

    def variance(self, name: str = "y") -> float:
        """Return the unbiased variance of a variable, over n − 1."""
        return self.covariance(name, name)

    def covariance(self, a: str, b: str) -> float:
        """Return the unbiased covariance of two variables, over n − 1.

        Raises
        ------
        InputError
            There is no such variable, or there are fewer than two units.
        """
        for name in (a, b):
            if name not in self.names:
                raise InputError(f"these moments have no '{name}'", hint=nearest(name, self.names))
        if self.n < 2:  # noqa: PLR2004 - what a variance needs
            raise InputError(f"{self.n} units have no variance", hint="at least 2 are needed")
        return self.comoment[self.names.index(a)][self.names.index(b)] / (self.n - 1)


def _column(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Return one variable's values as floats, or say what is wrong with them."""
    column = _numbers(name, values)
    if column.ndim != 1:
        raise InputError(f"{name} has {column.ndim} dimensions", hint="one value a unit is right: shape (n,)")
    wrong = np.flatnonzero(~np.isfinite(column))
    if len(wrong):
        raise InputError(
            f"{name} holds {len(wrong)} missing or infinite value{'s' * (len(wrong) > 1)}, the first at row {wrong[0]}",
            hint="drop these units, or fill in what their absence means",
        )
    return column


def _covariates(x: ArrayLike) -> dict[str, NDArray[np.float64]]:
    values = _numbers("x", x)
    if values.ndim != 2 or values.shape[1] == 1:  # noqa: PLR2004 - units × covariates
        return {"x": _column("x", values.reshape(len(values)) if values.ndim == 2 else values)}  # noqa: PLR2004 - a column
    return {f"x{at}": _column(f"x{at}", column) for at, column in enumerate(values.T)}


def _numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values)
    if array.dtype.kind not in "biufO":
        raise InputError(f"{name} holds {array.dtype} values", hint="numbers are right")
    try:
        return array.astype(float)
    except (TypeError, ValueError):
        raise InputError(f"{name} holds values that are no numbers", hint="drop or fill missing values first") from None
