"""What an answer's moments hold of all units of an experiment, for the checks of `analytics_lib.experiments.trust`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.clusters import moments_of, ratios
from analytics_lib.experiments.engine import estimate
from analytics_lib.model.aggregation import SEGMENT, SIZE, VARIANT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from analytics_lib.model.aggregation import MomentAnswer
    from analytics_lib.model.moment_table import ClusterMoments, MomentTable

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Whole:
    """The answer without its segments.

    Parameters
    ----------
    variants
        V labels, control first.
    table
        The groups by variant, day and stratum as they were answered.
    arms
        The same by variant, in the order of `variants`. Columns with missing values mean nothing there.
    there
        Values that are not missing, by variant and column; shape (V, K).
    nonzero
        Whether any of them is other than zero; shape (V, K).
    low, high
        Smallest and largest value by variant, by column; (V,) each.
    rest
        Smallest and largest residual of a ratio by variant, by metric; (V,) each.
    clusters
        The moments over clusters by variant, where there are clusters.
    """

    variants: tuple[Any, ...]
    table: MomentTable
    arms: MomentTable
    there: Floats
    nonzero: NDArray[np.bool_]
    low: dict[str, Floats]
    high: dict[str, Floats]
    rest: dict[str, tuple[Floats, Floats]]
    clusters: ClusterMoments | None = None

    @classmethod
    def from_answer(cls, answer: MomentAnswer, control: Any) -> Whole:
        """Return what an answer holds of all units; control None is the first variant."""
        table = answer.table
        segments = table.labels.get(SEGMENT, [""] * len(table))
        rows = [at for at, segment in enumerate(segments) if segment == ""]
        table, missing = table.take(rows), np.asarray(answer.missing)[rows]
        names = list(dict.fromkeys(table.labels[VARIANT]))
        if control is not None:
            if control not in names:
                raise InputError(f"there is no control {control!r}", hint=nearest(str(control), map(str, names)))
            names.sort(key=lambda name: name != control)
        code = np.array([names.index(name) for name in table.labels[VARIANT]], dtype=np.intp)
        shape = (len(names), len(table.columns))
        there, some = np.zeros(shape), np.zeros(shape, dtype=bool)
        present = table.n[:, None] - missing
        squares = np.einsum("rkk->rk", table.comoment)
        np.add.at(there, code, present)
        np.logical_or.at(some, code, (present > 0) & ((table.mean != 0) | (squares > 0)))
        low, high = {}, {}
        if answer.extremes is not None:
            for at, column in enumerate(answer.extremes.columns):
                low[column], high[column] = np.full(len(names), np.inf), np.full(len(names), -np.inf)
                np.fmin.at(low[column], code, answer.extremes.minimum[rows, at])
                np.fmax.at(high[column], code, answer.extremes.maximum[rows, at])
        arms = table.rollup(keep=(VARIANT,))
        arms = arms.take([arms.labels[VARIANT].index(name) for name in names])
        clusters = moments_of(answer) if SIZE in table.columns else None
        if clusters is not None:
            clusters = replace(clusters, table=clusters.table.take(rows).rollup(keep=(VARIANT,)))
        rest = {
            name: (np.array([ends[each][0] for each in names]), np.array([ends[each][1] for each in names]))
            for name, ends in (answer.residuals or {}).items()
        }
        return cls(tuple(names), table, arms, there, some, low, high, rest, clusters)

    @property
    def clustered(self) -> bool:
        """Whether the moments are of clusters."""
        return SIZE in self.table.columns

    def complete(self, *columns: str) -> bool:
        """Return whether every unit has a value of these columns."""
        places = [self.table.columns.index(column) for column in columns]
        return bool((self.there[:, places] == self.arms.n[:, None]).all())

    def compare(
        self, treatment: Any, roles: Mapping[str, str], table: MomentTable | None = None
    ) -> tuple[Floats, Floats, Floats]:
        """Return effects, their squared errors and p-values, without covariates, NaN where there is nothing to compare.

        Parameters
        ----------
        treatment
            The variant that is compared with control.
        roles
            The metric's roles over units; over clusters they are made here.
        table
            Groups of which both variants have the same others' labels, in the same order; all units when left out.
        """
        used = {name: column for name, column in roles.items() if not name.startswith("x")}
        pair = self.samples(treatment, used, table)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = estimate(*make_arms(pair[0], pair[1], binary=False))
        return found.effect, found.error**2, found.pvalue

    def samples(
        self, treatment: Any, roles: Mapping[str, str], table: MomentTable | None = None
    ) -> tuple[Samples, Samples]:
        """Return control's and a treatment's samples; see `compare`."""
        groups = self.arms if table is None else table
        if self.clusters is not None:
            names, moments, origin = ratios(self.clusters, roles)
            at = [self.clusters.table.labels[VARIANT].index(arm) for arm in (self.variants[0], treatment)]
            n, mean, products = moments
            control, other = (Samples.from_arrays(names, n[[row]], mean[[row]], products[[row]], origin) for row in at)
            return control, other
        control, other = (
            Samples.from_table(groups.where(**{VARIANT: arm}), roles) for arm in (self.variants[0], treatment)
        )
        return control, other

    def sizes(self, arm: int) -> str:
        """Return an arm's number of units in words."""
        return f"{count(float(self.arms.n[arm]))} {self.unit}"

    @property
    def unit(self) -> str:
        """What is counted, in the plural."""
        return "clusters" if self.clustered else "units"


def count(value: float) -> str:
    """Return a count as people write it.

    Examples
    --------
    >>> count(12345.0)
    '12,345'
    """
    return f"{value:,.0f}"


def number(value: float) -> str:
    """Return a number with three digits, without an exponent.

    Examples
    --------
    >>> number(0.012345), number(1234.5)
    ('0.0123', '1,230')
    """
    if value == 0 or not np.isfinite(value):
        return f"{value:g}"
    places = 2 - int(np.floor(np.log10(abs(value))))
    rounded = round(value, places)
    return f"{rounded:,.{max(places, 0)}f}".rstrip("0").rstrip(".") if places > 0 else f"{rounded:,.0f}"
