"""Units of an experiment from a table of exposures and tables of facts: one SELECT with a row a unit.

A unit counts from its first exposure within the experiment's days. Facts are those of the same days, joined from the
first exposure on, or, for covariates, those before it; with a window those of so many days from the first exposure on,
of units whose days are over. Units that were seen in several variants are left out and counted: nobody can say which
one they answer to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from analytics_lib.connectors.moments.exposing import DAY, UNIT, VARIANT, counts_statement, units_statement
from analytics_lib.connectors.moments.tables import Table, table_of
from analytics_lib.errors import InputError
from analytics_lib.model.aggregation import UnitCounts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.connectors.moments.exposing import Sums
    from analytics_lib.model.aggregation import MomentAnswer, MomentRequest
    from analytics_lib.model.experiment_parts import Exposures, Facts

    Days = tuple[date, date]

__all__ = ["DAY", "UNIT", "VARIANT", "Exposed", "ExposedUnits", "ExposureCounts"]


@dataclass(frozen=True)
class Exposed:
    """An experiment's tables.

    Parameters
    ----------
    exposures, facts
        The tables.
    days
        The experiment's first and last day.
    kept
        Columns of the exposures that a unit has from its first one: segments, clusters, strata.
    sums
        What else units are told by.
    """

    exposures: Exposures
    facts: Sequence[Facts]
    days: Days
    kept: tuple[str, ...] = ()
    sums: Sums | None = None

    @property
    def windows(self) -> list[Facts]:
        """The facts that have a window."""
        return [each for each in self.facts if each.window is not None]

    @property
    def windowed(self) -> bool:
        """Whether only units whose window is over count."""
        return bool(self.windows) or (self.sums is not None and self.sums.windowed)

    def query(self, *, facts: Sequence[Facts]) -> str:
        """Return what is read, as a person would write it; it is never run."""
        names = ", ".join([self.exposures.table, *(each.table for each in facts)])
        more = f" union all {self.sums.query}" if self.sums is not None else ""
        return f"select * from {names}{more}"  # noqa: S608 - never run: it says what is read


@dataclass(frozen=True)
class ExposureCounts:
    """What the table of exposures holds of an experiment.

    Parameters
    ----------
    units
        Different units seen within the experiment's days.
    in_several
        Those of them seen in more than one variant, which are left out.
    without_variant
        Those of them whose variant is always missing, which are left out.
    early
        Different units seen before the first day.
    late
        Different units first seen after the last day.
    young
        Of the units that would count, those whose window is not over, which are left out.
    """

    units: int
    in_several: int
    without_variant: int
    early: int
    late: int = 0
    young: int = 0


class ExposedUnits(Table):
    """The units of an experiment, as rows that stay in the database.

    A row a unit: `UNIT`, `VARIANT`, `DAY`, the columns kept of its first exposure, and the facts' columns. Where a unit
    has no facts they are 0.

    Parameters
    ----------
    connection
        Where the tables are.
    tables
        What is read of them.
    """

    def __init__(self, connection: Connection, tables: Exposed) -> None:
        rows = units_statement(tables, connection.dialect).subquery("units")
        super().__init__(connection, rows, tables.query(facts=tables.facts), {}, is_table=False)
        self._tables = tables

    @property
    def _where(self) -> str:
        return f"the exposures of {self._tables.exposures.table}, connection '{self._connection.name}'"

    @cached_property
    def counts(self) -> ExposureCounts:
        """How many units were seen, in several variants, without one, too early, too late, and too recently."""
        query = self._tables.query(facts=self._tables.windows)
        statement = counts_statement(self._tables, self._connection.dialect)
        row = self._connection.run(statement, query, {}, lambda result: result.one())
        return ExposureCounts(*(int(value or 0) for value in row))

    def columns_of(self, table: str) -> list[str]:
        """Return the names of the columns of one of the tables; no row is read for that."""
        return table_of(self._connection, table).columns()

    def problems(self) -> Iterator[InputError]:
        """Yield what is wrong with the tables that are joined to others, and would count rows twice."""
        if self._tables.sums is not None:
            yield from self._tables.sums.problems()

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for; units that were left out are counted among the answer's units.

        Raises
        ------
        InputError
            As of any table; and that no unit's window is over.
        """
        try:
            answer = super().moments(replace(request, unit=None))
        except InputError as error:
            if error.message != "there are no rows" or not self.counts.young:
                raise
            raise InputError(
                f"the window of none of the {self.counts.young:,} units is over", where=self._where,
                hint="by the newest facts it goes on: look again later, or choose a shorter one",
            ) from None  # fmt: skip
        counts = self.counts
        several = counts.in_several
        units = UnitCounts(counts.units, 0, counts.units, repeated=several, in_two=several)
        return replace(answer, units=units)
