"""Metrics, as declarations: which columns they read and which moments they need."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def _names(covariate: str | Sequence[str] | None) -> tuple[str, ...]:
    if covariate is None:
        return ()
    return (covariate,) if isinstance(covariate, str) else tuple(covariate)


class _Metric:
    """What metrics share. Subclasses are frozen dataclasses that define `roles`."""

    @property
    def roles(self) -> dict[str, str]:
        """The variable among `Moments` (``"y"``, ``"x"``, ``"d"``, ``"xd"``) → its column."""
        raise NotImplementedError

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        return tuple(dict.fromkeys(self.roles.values()))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The pairs of columns whose centred products are needed, each column with itself among them."""
        return tuple(combinations_with_replacement(self.columns, 2))

    def __post_init__(self) -> None:
        for name in self.roles.values():
            if not isinstance(name, str) or not name:
                raise InputError(f"{type(self).__name__} names the column {name!r}", hint="a column's name is right")

    @staticmethod
    def _covariates(covariate: str | Sequence[str] | None) -> dict[str, str]:
        names = _names(covariate)
        return {"x": names[0]} if len(names) == 1 else {f"x{at}": name for at, name in enumerate(names)}


@dataclass(frozen=True)
class Mean(_Metric):
    """The mean of a column over units.

    Parameters
    ----------
    column
        The metric's column.
    covariate
        One or several columns measured before the experiment, to reduce variance by.

    Examples
    --------
    >>> Mean("orders", covariate="orders_before").pairs
    (('orders', 'orders'), ('orders', 'orders_before'), ('orders_before', 'orders_before'))
    """

    column: str
    covariate: str | Sequence[str] | None = None

    @property
    def roles(self) -> dict[str, str]:
        """The variable among `Moments` → its column."""
        return {"y": self.column} | self._covariates(self.covariate)


@dataclass(frozen=True)
class Proportion(Mean):
    """The share of units whose column is 1 (or true); the others' is 0.

    See `Mean` for the parameters.
    """


@dataclass(frozen=True)
class Ratio(_Metric):
    """The sum of a numerator over the sum of a denominator, such as orders a session, by the delta method.

    Parameters
    ----------
    numerator, denominator
        Columns with one value a unit.
    covariate
        One or several columns measured before the experiment.
    covariate_denominator
        What the covariates are divided by, measured before the experiment as well.

    Examples
    --------
    >>> Ratio("orders", "sessions").roles
    {'y': 'orders', 'd': 'sessions'}
    """

    numerator: str
    denominator: str
    covariate: str | Sequence[str] | None = None
    covariate_denominator: str | None = None

    def __post_init__(self) -> None:
        if self.covariate_denominator is not None and self.covariate is None:
            raise InputError("Ratio has a covariate_denominator without a covariate", hint="give both, or none")
        super().__post_init__()

    @property
    def roles(self) -> dict[str, str]:
        """The variable among `Moments` → its column."""
        below = {} if self.covariate_denominator is None else {"xd": self.covariate_denominator}
        return {"y": self.numerator} | self._covariates(self.covariate) | {"d": self.denominator} | below


@dataclass(frozen=True)
class Quantile(_Metric):
    """A quantile of a column over units, such as the median or the 0.9 quantile of waiting times.

    Moments do not hold it: it needs the units' values or a sketch of them, so it declares no pairs.

    Parameters
    ----------
    column
        The metric's column.
    q
        Which quantile, between 0 and 1.
    """

    column: str
    q: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.q < 1:
            raise InputError(f"the quantile {self.q} is outside (0, 1)", hint="0.5 is the median")
        super().__post_init__()

    @property
    def roles(self) -> dict[str, str]:
        """The variable → its column."""
        return {"y": self.column}

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """No pairs: a quantile is not made of moments."""
        return ()


Metric = Mean | Proportion | Ratio | Quantile
"""What `analyze` takes."""


def over_clusters(roles: Mapping[str, str], size: str) -> dict[str, str]:
    """Return a metric's roles over clusters: its columns summed within each, and divided by the clusters' sizes.

    When whole clusters (villages, shops, days) were randomised, the cluster is the unit of analysis. A mean over units
    is the ratio Σy_g / Σn_g over clusters, whose delta-method variance is the cluster-robust one: with the factor
    G / (G − 1) of CR1, and G − 1 degrees of freedom for an arm of G clusters (Deng, Lu & Litz 2017; Cameron & Miller
    2015, few clusters).

    Parameters
    ----------
    roles
        The metric's roles over units.
    size
        The column with the number of units of each cluster.

    Examples
    --------
    >>> over_clusters({"y": "takeup"}, size="households")
    {'y': 'takeup', 'd': 'households'}
    """
    above = {name: column for name, column in roles.items() if name not in ("d", "xd")}
    below = {"d": roles.get("d", size)}
    if any(name.startswith("x") for name in above):
        below["xd"] = roles.get("xd", size)
    return above | below
