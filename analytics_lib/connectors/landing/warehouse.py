"""Rows into a warehouse: written aside, settled, then switched in one transaction.

All SQL that a load writes is here. Tables beside the target ``NAME``: ``NAME__stage`` (rows as they came, numbered),
``NAME__bad`` (numbers of rows that are not wanted), ``NAME__clean`` (what will be switched), ``NAME__quarantine``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.connection import Connection
from analytics_lib.connectors.landing.claims import CLAIMED, Claim
from analytics_lib.connectors.landing.steps import (
    Landed,
    Switch,
    copied_quarantine,
    count_rows,
    drop_tables,
    forget_quarantined,
    is_there,
    keep_newest,
    land_rows,
    make_schema,
    ready_quarantine,
    ready_target,
    swap_tables,
)
from analytics_lib.connectors.landing.tables import (
    MARIADB,
    Columns,
    bad_table,
    clean_table,
    index_key,
    insert_rows,
    is_mariadb,
    names_of,
    quarantine_table,
    stage_table,
)
from analytics_lib.connectors.writing.writing import read_only
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Table

    from analytics_lib.model.source_parts import Kind

_ENGINES: Final = {"duckdb", "sqlite", "postgresql", *MARIADB}


class Warehouse(Connection):
    """A connection that rows land in."""

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the database open for all of a load: a DuckDB file is then nobody else's.

        Raises
        ------
        ReadOnlyError
            The connection is read-only.
        SourceError
            Nothing can be landed in this kind of database.
        ConnectionFailed
            It cannot be opened.
        """
        if self.read_only:
            raise read_only(self.name)
        if self.dialect not in _ENGINES:
            raise SourceError(f"sources cannot land in {self.dialect}", where=f"connection '{self.name}'",
                              hint="DuckDB, SQLite, PostgreSQL, MariaDB and MySQL are right")  # fmt: skip
        with self._sentences(), self.engine.connect():
            yield

    def claim(self, table: str, source: str) -> Claim:
        """Return the right to load into a table, not taken yet; the caller closes it.

        Parameters
        ----------
        table
            ``table`` or ``schema.table``.
        source
            What is to be loaded, for those who wait.

        Raises
        ------
        ConnectionFailed
            The session that is to hold it cannot be opened.
        """
        connection = None
        if self.dialect in CLAIMED:
            with self._sentences():
                connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
                connection.detach()  # closed at the end, not kept for others
        return Claim(connection, names_of(table), source, self._sentences)

    def columns_of(self, table: str) -> list[str] | None:
        """Return the columns of a table; None where there is none."""
        import sqlalchemy as sa

        names = names_of(table)
        with self._sentences(), self.engine.connect() as connection:
            inspector = sa.inspect(connection)
            if not is_there(connection, names.table, names.schema):
                return None
            return [column["name"] for column in inspector.get_columns(names.table, schema=names.schema)]

    def stage(self, table: str, columns: Columns, batches: Iterable[Sequence[tuple[Any, ...]]]) -> int:
        """Write rows beside a table, and return how many there are.

        Parameters
        ----------
        table
            ``table`` or ``schema.table``.
        columns
            Column → type.
        batches
            Rows, many at a time: a number each, then a value for each column.
        """
        names = names_of(table)
        with self._writing() as connection:
            make_schema(connection, names)
            drop_tables(connection, names, names.beside)
            stage = stage_table(names, columns, connection)
            stage.create(connection)
            return insert_rows(connection, stage, {"_row": "integer", **columns}, batches)

    def settle(self, table: str, columns: Columns, key: Sequence[str], bad: Iterable[int]) -> int:
        """Make of the stage what will be switched: no bad rows, of each key the last; return how many rows that are."""
        import sqlalchemy as sa

        names = names_of(table)
        with self._writing() as connection:
            drop_tables(connection, names, (names.bad, names.clean))
            stage, clean = stage_table(names, columns, connection), clean_table(names, columns, connection)
            refused = bad_table(names, connection)
            refused.create(connection)
            clean.create(connection)
            insert_rows(connection, refused, {"_row": "integer"}, [[(number,) for number in bad]])
            good = stage.c["_row"].not_in(sa.select(refused.c["_row"]))
            if key:
                newest = sa.select(sa.func.max(stage.c["_row"])).where(good).group_by(*(stage.c[name] for name in key))
                good = stage.c["_row"].in_(newest)
            rows = sa.select(*(stage.c[name] for name in columns)).where(good).order_by(stage.c["_row"])
            connection.execute(sa.insert(clean).from_select(list(columns), rows))
            count = count_rows(connection, clean)
            index_key(connection, clean, key)
            return count

    def switch(
        self, table: str, columns: Columns, switch: Switch, quarantined: Iterable[Sequence[Mapping[str, Any]]]
    ) -> Landed:
        """Let the clean rows become the table's, quarantined ones having been written before: one transaction.

        Parameters
        ----------
        table, columns
            Where, and what.
        switch
            How.
        quarantined
            Rows of the quarantine, many at a time.
        """
        names = names_of(table)
        with self._writing() as connection:
            clean = clean_table(names, columns, connection)
            # All statements that make tables come first: in MariaDB each of them ends the transaction.
            swaps = is_mariadb(connection) and (switch.rebuild or not is_there(connection, names.table, names.schema))
            quarantine = (copied_quarantine if swaps else ready_quarantine)(connection, names, columns, switch.key)
            target = None if swaps else ready_target(connection, names, columns, switch.key, rebuild=switch.rebuild)
            forget_quarantined(connection, quarantine, clean, switch)
            insert_rows(connection, quarantine, *_texts(quarantine, quarantined))
            keep_newest(connection, quarantine, switch)
            waiting = count_rows(connection, quarantine, quarantine.c["_source"] == switch.source)
            if target is None:
                count = count_rows(connection, clean)
                landed = Landed(count, 0, count, waiting)
                swap_tables(connection, names)
            else:
                landed = replace(land_rows(connection, target, clean, columns, switch), waiting=waiting)
            if not is_mariadb(connection):
                drop_tables(connection, names, names.beside)
        if self.dialect in MARIADB:
            self.discard(table)
        return landed

    def discard(self, table: str) -> None:
        """Remove what stands beside a table; the quarantine stays."""
        names = names_of(table)
        with self._writing() as connection:
            drop_tables(connection, names, names.beside)

    def quarantined(self, table: str, source: str) -> Iterator[list[str]]:
        """Yield the quarantined rows of a source as they came, as texts of JSON, many at a time."""
        import sqlalchemy as sa

        names = names_of(table)
        with self._sentences(), self.engine.connect() as connection:
            if not is_there(connection, names.quarantine, names.schema):
                return
            quarantine = quarantine_table(names, (), connection)
            rows = sa.select(quarantine.c["_record"]).where(quarantine.c["_source"] == source)
            rows = rows.order_by(quarantine.c["_quarantined_at"], quarantine.c["_row"])
            for part in connection.execution_options(yield_per=1000).execute(rows).partitions():
                yield [row[0] for row in part]

    @contextmanager
    def _writing(self) -> Iterator[SqlConnection]:
        """Open a transaction that holds statements that make tables as well."""
        with self._sentences(), self.engine.begin() as connection:
            if connection.dialect.name == "sqlite":  # Python begins one before the first INSERT only
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection


def _texts(table: Table, batches: Iterable[Sequence[Mapping[str, Any]]]) -> tuple[Columns, Iterator[list[Any]]]:
    """Return the columns of a table of texts, and rows as it takes them."""
    columns: dict[str, Kind] = dict.fromkeys((column.name for column in table.columns), "text")
    return columns, ([tuple(row.get(name) for name in columns) for row in batch] for batch in batches)
