"""The tables of exposures and facts that an experiment names, and their columns, looked for one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import ExperimentError, InputError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.connectors.moments.exposures import ExposedUnits
    from analytics_lib.workspace.experiments import ExperimentFile

    Keys = tuple[str | int, ...]
    Named = tuple[Keys, str]
    """The keys that name a column, and the column."""


def absent_in_tables(file: ExperimentFile, source: ExposedUnits) -> Iterator[InputError]:
    """Yield a sentence for each table that cannot be read, and for each column that its table has not.

    Parameters
    ----------
    file
        The experiment, of exposures and facts.
    source
        Its units.
    """
    for keys, table, columns in _named(file):
        try:
            present = source.columns_of(table)
        except InputError as error:
            error.where = file.where(*keys, "table")
            yield error
            continue
        known = {name.casefold() for name in present}  # most engines take any case; the others say so themselves
        for place, name in columns:
            if name.casefold() not in known:
                yield ExperimentError(
                    f"there is no column '{name}' in {table}", where=file.where(*place), hint=nearest(name, present)
                )


def _named(file: ExperimentFile) -> Iterator[tuple[Keys, str, list[Named]]]:
    """Yield the keys of each table, its name, and the columns that are named of it."""
    experiment = file.experiment
    exposures = experiment.exposures
    if exposures is not None:
        own: list[Named] = [(("exposures", key), getattr(exposures, key)) for key in ("unit", "time", "variant")]
        own += [(("exposures", "where", name), name) for name in exposures.where]
        own += [(("segments",), name) for name in experiment.segments]
        own += [((key,), getattr(experiment, key)) for key in ("cluster", "strata") if getattr(experiment, key)]
        yield ("exposures",), exposures.table, own
    for at, facts in enumerate(experiment.facts):
        place: Keys = ("facts", at)
        named: list[Named] = [((*place, key), getattr(facts, key)) for key in ("unit", "time")]
        read = ((name, measure.column) for name, measure in facts.columns.items())
        named += [((*place, "columns", name, "column"), column) for name, column in read if column is not None]
        yield place, facts.table, named
