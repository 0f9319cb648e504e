"""What statistics ask of data, whatever holds the data: moments by group, order statistics, counts of units.

A warehouse answers with one statement, a frame with a few passes over its columns; both answer the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from analytics_lib.errors import InputError, nearest
from analytics_lib.model.wanted import QuantileRequest, Residual

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from analytics_lib.model.moment_table import ClusterMoments, MomentTable

__all__ = [
    "MISSING", "SEGMENT", "SEGMENT_VALUE", "SIZE", "STRATUM", "VARIANT", "Extremes", "MomentAnswer", "MomentRequest",
    "MomentSource", "QuantileRequest", "QuantileTable", "Residual", "UnitCounts",
]  # fmt: skip

VARIANT: Final = "variant"
"""The label of a unit's variant, whatever its column is called."""
STRATUM: Final = "stratum"
SEGMENT: Final = "segment"
SEGMENT_VALUE: Final = "segment_value"
SIZE: Final = "__size__"
"""The column that holds a cluster's number of units."""
MISSING: Final = "(missing)"
"""The value of a segment that holds the units without one."""

_RESERVED: Final = (VARIANT, STRATUM, SEGMENT, SEGMENT_VALUE)


@dataclass(frozen=True)
class MomentRequest:
    """Which moments are wanted, of which groups of rows. A row is a unit.

    Parameters
    ----------
    variant
        The column that tells the variants, whose label is `VARIANT`; None where all rows are one group.
    columns
        Metric columns: numbers or booleans.
    pairs
        Pairs of them whose centred sums of products are wanted; a column's own always are.
    by
        Further label columns: the day, another experiment's variant. Times are cut to days.
    segments
        Segment columns, each a grouping of its own beside `variant`, `by` and `strata`. Labels are then `SEGMENT`,
        the column's name, and `SEGMENT_VALUE`; "" and None in the rows of all units together.
    strata
        A column of strata; its label is `STRATUM`.
    cluster
        A column of clusters: a row of the moments' sample is then a cluster, its values are sums over the cluster's
        units, and a column `SIZE` holds their number. Sums are within a group, so days do not add.
    unit
        A column of units to be counted.
    extremes
        Columns whose smallest and largest values are wanted.
    residuals
        Residuals whose smallest and largest values are wanted as well.
    quantiles
        Quantiles wanted. Never by stratum, and not together with clusters.

    Examples
    --------
    >>> request = MomentRequest("variant", ("orders", "orders_before"), pairs=(("orders", "orders_before"),))
    >>> request.labels, request.measured
    (('variant',), ('orders', 'orders_before'))
    """

    variant: str | None
    columns: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...] = ()
    by: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    strata: str | None = None
    cluster: str | None = None
    unit: str | None = None
    extremes: tuple[str, ...] = ()
    quantiles: tuple[QuantileRequest, ...] = ()
    residuals: tuple[Residual, ...] = ()

    def __post_init__(self) -> None:
        for what, names in (("columns", self.columns), ("by", self.by), ("segments", self.segments)):
            twice = {name for name in names if names.count(name) > 1}
            if twice:
                raise InputError(f"{what} names '{min(twice)}' twice", hint="name each column once")
        known = {*self.measured}
        unknown = [
            name for name in (*self.extremes, *(name for pair in self.pairs for name in pair)) if name not in known
        ]
        if unknown:
            raise InputError(f"'{unknown[0]}' is none of the metric columns", hint=nearest(unknown[0], known))
        taken = [name for name in self.by if name in _RESERVED and name != self.variant]
        if taken or SIZE in self.columns:
            raise InputError(f"the name '{(*taken, SIZE)[0]}' has a meaning of its own", hint="rename the column")
        if self.cluster is not None and self.quantiles:
            raise InputError(
                f"a quantile of '{self.quantiles[0].column}' is wanted over clusters",
                hint="quantiles need independent units: leave out the cluster, or the quantile",
            )

    @property
    def measured(self) -> tuple[str, ...]:
        """The columns of the moments: those asked for, those of quantiles, and the clusters' size."""
        extra = (each.column for each in self.quantiles if each.column not in self.columns)
        return (*self.columns, *dict.fromkeys(extra), *((SIZE,) if self.cluster is not None else ()))

    @property
    def ends(self) -> tuple[str, ...]:
        """The names of what extremes are wanted of."""
        return (*self.extremes, *(each.name for each in self.residuals))

    @property
    def products(self) -> tuple[tuple[int, int], ...]:
        """The pairs of places in `measured`, i < j, whose centred sums of products are wanted."""
        place = {name: at for at, name in enumerate(self.measured)}
        pairs = [*self.pairs]
        if self.cluster is not None:  # a mean over clusters is a ratio to their size
            pairs += [(name, SIZE) for name in self.measured[:-1]]
        places = {(min(place[a], place[b]), max(place[a], place[b])) for a, b in pairs if a != b}
        return tuple(sorted(places))

    @property
    def keys(self) -> tuple[str, ...]:
        """The columns that each grouping has."""
        names = (self.variant, *self.by, self.strata)
        return tuple(name for name in names if name is not None)

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels that go with `keys`."""
        first, last = (VARIANT,) * (self.variant is not None), (STRATUM,) * (self.strata is not None)
        return (*first, *self.by, *last)

    @property
    def groupings(self) -> tuple[str, ...]:
        """What is grouped by beside `keys`, "" for nothing: all units together are the first segment's groups added.

        Clusters may lie in several segments, so that their groups do not add.
        """
        return ("", *self.segments) if self.cluster is not None or not self.segments else self.segments

    @property
    def needed(self) -> tuple[str, ...]:
        """Every column that is read."""
        names = (*self.keys, *self.segments, *self.measured, self.cluster, self.unit)
        return tuple(dict.fromkeys(name for name in names if name is not None and name != SIZE))

    def require_columns(self, present: Collection[str], where: str) -> None:
        """Refuse data that lacks a column.

        Raises
        ------
        InputError
            A column is absent.
        """
        for name in self.needed:
            if name not in present:
                what = "variant column" if name == self.variant else "column"
                raise InputError(f"there is no {what} '{name}'", where=where, hint=nearest(name, present))


@dataclass(frozen=True)
class Extremes:
    """The smallest and largest values of columns; of clusters' sums where there are clusters.

    Parameters
    ----------
    columns
        E names.
    minimum, maximum
        Shape (R, E), NaN where a group has no values. With the moments' total they tell what one unit carries.
    """

    columns: tuple[str, ...]
    minimum: NDArray[np.float64]
    maximum: NDArray[np.float64]


@dataclass(frozen=True)
class QuantileTable:
    """A quantile of each group.

    Parameters
    ----------
    request
        What was wanted.
    labels
        Label name → G values.
    n
        Values in the group, shape (G,).
    value
        The quantile, interpolated between two order statistics as numpy does, shape (G,).
    lower, upper
        The order statistics whose interval holds the quantile with the wanted confidence (Woodruff 1952; Conover 1999);
        −inf and inf where the group is too small to have them. Shape (G,).
    """

    request: QuantileRequest
    labels: dict[str, list[Any]]
    n: NDArray[np.int64]
    value: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True)
class UnitCounts:
    """How often units stand in the data.

    Parameters
    ----------
    rows
        Rows in all.
    missing
        Rows without a unit.
    distinct
        Different units.
    repeated
        Units with more than one row for the same `by` labels, or in several variants.
    in_two
        Units seen in more than one variant.
    """

    rows: int
    missing: int
    distinct: int
    repeated: int = 0
    in_two: int = 0


@dataclass(frozen=True)
class MomentAnswer:
    """What a source has answered.

    Parameters
    ----------
    table
        R groups' moments; a column is one of ``request.measured``. A mean and a column's own centred sum of squares
        are over the values that are there; a sum of products with a column of which values are missing is NaN.
    missing
        Missing values by group and column, shape (R, K).
    extremes, quantiles, units
        What was asked for beside moments.
    residuals
        Name → variant → smallest and largest residual, of ratios that one unit could carry.
    clusters
        The moments over clusters around each column's origin, where there are clusters.
    """

    table: MomentTable
    missing: NDArray[np.int64]
    extremes: Extremes | None = None
    quantiles: tuple[QuantileTable, ...] = ()
    units: UnitCounts | None = None
    residuals: Mapping[str, Mapping[Any, tuple[float, float]]] | None = None
    clusters: ClusterMoments | None = None


class MomentSource(Protocol):
    """Data that answers with moments: a table of a database, a frame."""

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for.

        Raises
        ------
        InputError
            A column is absent, holds no numbers, or a value of it is not finite.
        """
