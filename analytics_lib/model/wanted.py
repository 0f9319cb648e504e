"""What may be wanted of data beside moments: quantiles, and what a ratio leaves of a unit."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from analytics_lib.errors import InputError


@dataclass(frozen=True)
class QuantileRequest:
    """A quantile wanted in each group, with order statistics around it.

    Parameters
    ----------
    column
        The metric's column.
    q
        Which quantile, between 0 and 1.
    confidence
        How often the interval between the order statistics must hold the quantile.
    """

    column: str
    q: float = 0.5
    confidence: float = 0.95

    def __post_init__(self) -> None:
        for name, value in (("quantile q", self.q), ("confidence", self.confidence)):
            if not 0 < value < 1:
                raise InputError(f"the {name} of '{self.column}' is {value}", hint="it lies between 0 and 1")

    @property
    def z(self) -> float:
        """The normal quantile that belongs to the confidence."""
        return NormalDist().inv_cdf(0.5 + self.confidence / 2)


@dataclass(frozen=True)
class Residual:
    """What a unit, or a cluster, has more of one column than its part of another accounts for: above − slope·below.

    Parameters
    ----------
    name
        What the extremes are called, such as the metric.
    above, below
        Two of the columns measured.
    slope
        The ratio of all units.
    """

    name: str
    above: str
    below: str
    slope: float
