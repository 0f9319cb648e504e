"""The two arms of R comparisons as arrays: any metric becomes a mean with the variance of one unit's linearised value.

A mean, a ratio and a covariate-adjusted either are smooth functions of the vector of means; by the delta method the
variance of the estimate is that of a linear combination of the columns (Deng, Knoblich & Lu 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.errors import InputError
from analytics_lib.experiments.cuped import Linear, adjust_pair, ratio_or_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from analytics_lib.model.moment_table import MomentTable
    from analytics_lib.model.moments import Moments

    Floats = NDArray[np.float64]

_ROUNDING: Final = 1e-13
"""Of the terms of a sum: what their last digits may come to."""
_LOOSE: Final = 1e-9
"""How far the variance of what is declared a share may be from p(1 − p)."""


@dataclass(frozen=True, eq=False)
class Samples:
    """The moments of one arm in R comparisons.

    Parameters
    ----------
    names
        The V variables, as in `Moments`.
    n
        Number of units; shape (R,).
    mean
        Means; shape (R, V).
    covariance
        n times the covariance matrix of the means, for plain units their covariance over n − 1; shape (R, V, V).
        NaN where there are too few units for one.
    degrees
        Degrees of freedom of the variances; shape (R,).
    origin
        What is to be added to a variable's mean, or ratio, the same in both arms; shape (R, V).
    """

    names: tuple[str, ...]
    n: Floats
    mean: Floats
    covariance: Floats
    degrees: Floats
    origin: Floats

    @classmethod
    def from_arrays(
        cls, names: Sequence[str], n: Floats, mean: Floats, comoment: Floats, origin: Floats | None = None
    ) -> Samples:
        """Return samples from counts (R,), means (R, V), centred products (R, V, V) and origins (R, V) or none."""
        degrees = np.asarray(n, dtype=float) - 1.0
        with np.errstate(divide="ignore", invalid="ignore"):
            covariance = comoment / np.where(degrees > 0, degrees, np.nan)[:, None, None]
        around = np.zeros(mean.shape) if origin is None else np.broadcast_to(origin, mean.shape)
        return cls(tuple(names), degrees + 1.0, mean, covariance, degrees, around)

    @classmethod
    def from_moments(cls, moments: Sequence[Moments]) -> Samples:
        """Return samples from one `Moments` a comparison."""
        names = moments[0].names
        for each in moments:
            if each.names != names:
                raise InputError(f"moments of {', '.join(names)} and of {', '.join(each.names)} do not go together")
        n = np.array([each.n for each in moments], dtype=float)
        mean = np.array([each.mean for each in moments])
        return cls.from_arrays(names, n, mean, np.array([each.comoment for each in moments]))

    @classmethod
    def from_table(cls, table: MomentTable, roles: Mapping[str, str]) -> Samples:
        """Return samples from the groups of a table, one a comparison."""
        return cls.from_arrays(tuple(roles), *table.arrays(roles))

    def __len__(self) -> int:
        return len(self.n)


@dataclass(frozen=True, eq=False)
class Arms:
    """One arm in R comparisons, after the metric's linearisation.

    Parameters
    ----------
    n
        Number of units; shape (R,).
    mean
        The estimate: a mean, ratio or adjusted either; shape (R,). NaN where a denominator is zero.
    variance
        Variance of one unit's linearised value: ``variance / n`` is the squared standard error; shape (R,).
    degrees
        Degrees of freedom of the variance; shape (R,).
    binary
        Whether the metric is a share of units; shape (R,).
    removed
        Fraction of the variance of both arms that covariates removed, NaN without any; shape (R,).
    """

    n: Floats
    mean: Floats
    variance: Floats
    degrees: Floats
    binary: NDArray[np.bool_]
    removed: Floats


def make_arms(control: Samples, treatment: Samples, *, binary: bool | None = None) -> tuple[Arms, Arms]:
    """Return both arms of R comparisons, linearised and, where there are covariates, adjusted.

    Parameters
    ----------
    control, treatment
        The moments, with the same variables and the same length R.
    binary
        Whether the metric is a share of units; None looks at the moments.

    Raises
    ------
    InputError
        The arms have different variables or lengths.

    Examples
    --------
    >>> from analytics_lib.model.moments import Moments
    >>> orders, sessions = [1, 0, 2, 3], [2, 1, 3, 4]
    >>> samples = Samples.from_moments([Moments.from_values(orders, denominator=sessions)])
    >>> make_arms(samples, samples)[0].mean
    array([0.6])
    """
    if control.names != treatment.names:
        raise InputError(
            f"control has {', '.join(control.names)}, treatment has {', '.join(treatment.names)}",
            hint="both arms need the same variables",
        )
    if len(control) != len(treatment):
        raise InputError(f"{len(control)} control arms meet {len(treatment)} treatment arms")
    covariates = any(name.startswith("x") for name in control.names)
    if covariates:
        pair, removed = adjust_pair(control, treatment)
    else:
        pair = (ratio_or_mean(control), ratio_or_mean(treatment))
        removed = np.full(len(control), np.nan)
    plain = control.names == ("y",)
    if not plain or binary is False:
        flags = np.zeros(len(control), dtype=bool)
    elif binary:
        wrong = np.flatnonzero(_is_no_share(control) | _is_no_share(treatment))
        if wrong.size:
            raise InputError(
                f"a proportion has values other than 0 and 1, in comparison {wrong[0]}", hint="Mean takes any number"
            )
        flags = np.ones(len(control), dtype=bool)
    else:
        flags = _is_binary(control) & _is_binary(treatment)
    return _arm(control, pair[0], flags, removed), _arm(treatment, pair[1], flags, removed)


def _arm(samples: Samples, linear: Linear, binary: NDArray[np.bool_], removed: Floats) -> Arms:
    terms = linear.gradient[:, :, None] * samples.covariance * linear.gradient[:, None, :]
    variance = terms.sum(axis=(1, 2))
    # what is left of terms that cancel (a ratio that is the same for every unit) is rounding, not variance
    variance = np.where(np.abs(variance) <= _ROUNDING * np.abs(terms).sum(axis=(1, 2)), 0.0, variance)
    # p(1 − p): a share has no variance apart from its mean, so no degree of freedom goes into it
    variance = np.where(binary, linear.value * (1.0 - linear.value), variance)
    return Arms(samples.n, linear.value, np.maximum(variance, 0.0), samples.degrees, binary, removed)


def _is_binary(samples: Samples) -> NDArray[np.bool_]:
    """As `Moments.binary`, for every comparison."""
    mean = samples.mean[:, 0]
    expected = samples.n * mean * (1.0 - mean)
    centred = samples.covariance[:, 0, 0] * samples.degrees
    return np.asarray((mean >= 0) & (mean <= 1) & (np.abs(centred - expected) <= 1e-9 * expected))


def _is_no_share(samples: Samples) -> NDArray[np.bool_]:
    """Return where values cannot all be 0 and 1, rounding allowed; fewer than two units tell nothing."""
    mean = samples.mean[:, 0]
    away = samples.covariance[:, 0, 0] * samples.degrees - samples.n * mean * (1.0 - mean)
    return np.asarray((mean < -_LOOSE) | (mean > 1.0 + _LOOSE) | (np.abs(away) > _LOOSE * samples.n))
