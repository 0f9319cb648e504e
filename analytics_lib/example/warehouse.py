"""Builds the example warehouse: one DuckDB file, complete or absent."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import WorkspaceError
from analytics_lib.example.campaigns import LOADS
from analytics_lib.example.sources import SOURCES as PUBLIC
from analytics_lib.example.sources import Source
from analytics_lib.example.trials import TRIALS

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]

SOURCES: Final[tuple[Source, ...]] = (*PUBLIC, *TRIALS)
"""All tables of the warehouse."""

_NULLS: Final = "['', 'NA']"
_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
}
"""Nothing is downloaded, and one thread lays out the same data the same way each time."""


def build_warehouse(path: Path, *, progress: Progress | None = None) -> dict[str, int]:
    """Build the example warehouse from the installed packages.

    The file is written beside `path` and then renamed: a build that is killed leaves what was there before.

    Parameters
    ----------
    path
        The DuckDB file to write or replace; its folder is made when absent.
    progress
        Called with a line for every table.

    Returns
    -------
    dict
        Table, with its schema, → rows.

    Raises
    ------
    InputError
        A package that carries the data is not installed or incomplete.
    WorkspaceError
        The file cannot be written, or another process is building it.
    """
    tell = progress or (lambda _: None)
    present = [source for source in SOURCES if not source.missing]
    for source in present:
        source.locate()
    for source in SOURCES:
        if source not in present:
            tell(f"{source.table} is left out: it needs `pip install 'analytics-lib[{source.extra}]'`")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f".{path.name}.building")
        with tempfile.TemporaryDirectory(prefix="analytics-example-") as scratch, _fresh(aside) as database:
            rows = {source.table: _load(database, source, Path(scratch), tell) for source in present}
            _describe(database, {source: rows[source.table] for source in present})
        aside.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"the example warehouse cannot be written: {error.strerror or error}",
            where=str(path),
            hint="choose a folder that you may write to",
        ) from error
    return rows


def is_current(path: Path) -> bool:
    """Tell whether `path` is a warehouse that `build_warehouse` would build again with the same content.

    What was loaded into it since does not count.
    """
    loaded = {each.table for each in LOADS.values()}
    found = [row for row in _described(path) if row[0] not in loaded]
    return found == _facts([each for each in SOURCES if not each.missing])


def is_loaded(path: Path) -> bool:
    """Tell whether the warehouse at `path` holds the tables of `LOADS`, loaded as they would be loaded again."""
    return set(_facts([*LOADS.values()])) <= set(_described(path))


def note_loads(path: Path, rows: Mapping[str, int]) -> None:
    """Write down in the warehouse where loaded tables come from.

    Parameters
    ----------
    path
        The warehouse.
    rows
        Source → rows of its table.
    """
    import duckdb

    tables = [LOADS[name].table for name in rows]
    with duckdb.connect(str(path), config=_CONFIG) as database:
        database.execute("delete from meta.sources where list_contains(?, table_name)", [tables])
        _note(database, {LOADS[name]: count for name, count in rows.items()})


def _described(path: Path) -> list[tuple[str, ...]]:
    """Return table, package, version and definition of what the warehouse says it was made from, in order."""
    import duckdb

    if not path.is_file():
        return []
    try:
        with duckdb.connect(str(path), read_only=True, config=_CONFIG) as database:
            found = database.execute("select table_name, package, version, definition from meta.sources").fetchall()
    except duckdb.Error:  # another release's file format, another layout, or no database at all
        return []
    return sorted(found)


def _facts(sources: Sequence[Source]) -> list[tuple[str, ...]]:
    return sorted((each.table, each.package, each.version, _definition(each)) for each in sources)


@contextmanager
def _fresh(aside: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a new database; DuckDB's own lock on the file keeps a second builder out.

    A builder that was killed left its file, but not its lock.
    """
    import duckdb

    try:
        if aside.exists():
            duckdb.connect(str(aside), config=_CONFIG).close()
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise WorkspaceError(
                "another process is building the example warehouse", where=str(aside), hint="wait until it has finished"
            ) from error
    for leftover in (aside, aside.with_name(f"{aside.name}.wal")):
        leftover.unlink(missing_ok=True)
    try:
        with duckdb.connect(str(aside), config=_CONFIG) as database:
            yield database
    except duckdb.IOException as error:
        raise OSError(str(error)) from error


def _load(database: duckdb.DuckDBPyConnection, source: Source, scratch: Path, tell: Progress) -> int:
    """Create the table of one source and return its number of rows."""
    path = source.as_csv(scratch)
    schema = source.table.partition(".")[0]
    names = ", ".join(f"'{name}': 'VARCHAR'" for name in source.columns)
    database.execute(f"create schema if not exists {schema}")
    database.execute(
        f"create table {source.table} as with source as "
        f"(from read_csv(?, header = true, columns = {{{names}}}, nullstr = {_NULLS})) {source.select}",
        [str(path)],
    )
    row = database.execute(f"select count(*) from {source.table}").fetchone()  # noqa: S608 - our own table names
    rows = int(row[0]) if row else 0
    tell(f"{source.table}: {rows:,} rows from {source.package} {source.version}")
    return rows


def _definition(source: Source) -> str:
    return " ".join(source.select.split())


def _describe(database: duckdb.DuckDBPyConnection, rows: Mapping[Source, int]) -> None:
    """Write down where each table comes from, so that the warehouse can answer for itself."""
    database.execute("create schema meta")
    database.execute(
        "create table meta.sources (table_name varchar, package varchar, version varchar, file varchar, "
        "licence varchar, loaded_rows integer, definition varchar)"
    )
    _note(database, rows)


def _note(database: duckdb.DuckDBPyConnection, rows: Mapping[Source, int]) -> None:
    database.executemany(
        "insert into meta.sources values (?, ?, ?, ?, ?, ?, ?)",
        [(s.table, s.package, s.version, s.file, s.licence, count, _definition(s)) for s, count in rows.items()],
    )
