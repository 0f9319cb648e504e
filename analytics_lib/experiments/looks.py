"""Which look of a plan a row of an analysis belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from analytics_lib.experiments.sequential import GroupSequential

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from analytics_lib.experiments.engine import Plan

    Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RowsOfPlan:
    """A plan for rows whose look is told by the units of the whole trial, whatever their own.

    Parameters
    ----------
    plan
        The trial's plan.
    units
        Units of the trial at each row's look; shape (R,).
    """

    plan: Plan
    units: Floats

    def critical(self, units: Floats, alpha: float, sides: int) -> Floats:  # noqa: ARG002 - the protocol's argument
        """Return the multiplier of the standard error at each row's look."""
        return self.plan.critical(self.units, alpha, sides)

    def pvalue(self, statistic: Floats, units: Floats, sides: int) -> Floats:  # noqa: ARG002 - as above
        """Return the p-value at each row's look."""
        return self.plan.pvalue(statistic, self.units, sides)


def plan_of_rows(plan: Plan | None, units: Floats, repeats: int, *, days: bool, every: bool) -> Plan | None:
    """Return the plan under which rows of one treatment are tested.

    An always-valid plan goes by each row's own units. A group-sequential one goes by the trial's: with days, each day
    was a look, taken at the units it had; from the planned maximum on, a day is the last look, taken late. Where the
    maximum is not known, the k-th day is the k-th look.

    Parameters
    ----------
    plan
        The trial's plan.
    units
        Units in control and this treatment up to each day; shape (T,).
    repeats
        How many rows, or rows of all days, there are.
    days
        Whether there are days.
    every
        Whether rows are days, in turn; else all belong to the last.
    """
    if not isinstance(plan, GroupSequential) or plan.look is not None:
        return plan
    if not days:
        return plan if plan.units is None else RowsOfPlan(plan, np.repeat(units[-1:], repeats))
    if plan.units is None:
        last = len(plan.fractions) - 1
        at = np.asarray(plan.fractions)[np.minimum(np.arange(len(units)), last)]
        plan = replace(plan, units=1.0)
    else:
        taken = np.unique(units[(units > 0) & (units < plan.units)]) / plan.units
        at = np.where(units > 0, units, plan.units)  # a day before the first unit has nothing to test
        plan = replace(plan, looks=(*taken.tolist(), 1.0))
    return RowsOfPlan(plan, np.tile(at, repeats) if every else np.repeat(at[-1:], repeats))
