"""Rows into a warehouse: written aside, settled, then switched in one transaction.

All SQL that a load writes is here. Tables beside the target ``NAME``: ``NAME__stage`` (rows as they came, numbered),
``NAME__bad`` (numbers of rows that are not wanted), ``NAME__clean`` (what will be switched), ``NAME__quarantine``.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.connection import Connection
from analytics_lib.connectors.landing.steps import (
    Switch,
    count_rows,
    drop_tables,
    has_twin,
    is_there,
    keep_newest,
    make_schema,
    ready_quarantine,
    ready_target,
)
from analytics_lib.connectors.landing.tables import (
    Columns,
    clean_table,
    insert_rows,
    names_of,
    quarantine_table,
    stage_table,
)
from analytics_lib.errors import ReadOnlyError, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection as SqlConnection

    from analytics_lib.model.source_parts import Kind

_ENGINES: Final = ("duckdb", "sqlite", "postgresql")


@dataclass(frozen=True)
class Landed:
    """What a switch has done: rows of the load, of the table now, and waiting in the quarantine."""

    rows: int
    total: int
    waiting: int


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
            raise ReadOnlyError(
                "the connection is read-only", where=f"connection '{self.name}'",
                hint=f"set `read_only = false` under [connections.{self.name}] in analytics.toml",
            )  # fmt: skip
        kind = self._url.get_backend_name()
        if kind not in _ENGINES:
            raise SourceError(f"sources cannot land in {kind}", where=f"connection '{self.name}'",
                              hint="DuckDB, SQLite and PostgreSQL are right")  # fmt: skip
        with self._sentences(), self.engine.connect():
            yield

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
        names, count = names_of(table), 0
        with self._writing() as connection:
            make_schema(connection, names)
            drop_tables(connection, names, names.beside)
            stage = stage_table(names, columns, connection)
            stage.create(connection)
            for batch in batches:
                insert_rows(connection, stage, {"_row": "integer", **columns}, batch)
                count += len(batch)
        return count

    def settle(self, table: str, columns: Columns, key: Sequence[str], bad: Iterable[int]) -> int:
        """Make of the stage what will be switched: no bad rows, of each key the last; return how many rows that are."""
        import sqlalchemy as sa

        names = names_of(table)
        with self._writing() as connection:
            drop_tables(connection, names, (names.bad, names.clean))
            stage, clean = stage_table(names, columns, connection), clean_table(names, columns, connection)
            refused = sa.Table(names.bad, sa.MetaData(), sa.Column("_row", sa.BigInteger), schema=names.schema)
            refused.create(connection)
            clean.create(connection)
            insert_rows(connection, refused, {"_row": "integer"}, [(number,) for number in bad])
            good = stage.c["_row"].not_in(sa.select(refused.c["_row"]))
            if key:
                newest = sa.select(sa.func.max(stage.c["_row"])).where(good).group_by(*(stage.c[name] for name in key))
                good = stage.c["_row"].in_(newest)
            rows = sa.select(*(stage.c[name] for name in columns)).where(good).order_by(stage.c["_row"])
            connection.execute(sa.insert(clean).from_select(list(columns), rows))
            return int(connection.execute(sa.select(sa.func.count()).select_from(clean)).scalar_one())

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
        import sqlalchemy as sa

        names = names_of(table)
        with self._writing() as connection:
            clean = clean_table(names, columns, connection)
            quarantine = ready_quarantine(connection, names, columns, clean, switch)
            for batch in quarantined:
                texts: dict[str, Kind] = dict.fromkeys((column.name for column in quarantine.columns), "text")
                insert_rows(connection, quarantine, texts, [tuple(row.get(name) for name in texts) for row in batch])
            keep_newest(connection, quarantine, switch)
            target = ready_target(connection, names, columns, rebuild=switch.rebuild)
            rows = sa.select(*(clean.c[name] for name in columns))
            if switch.mode == "replace":
                connection.execute(sa.delete(target))
            elif switch.mode == "upsert":
                connection.execute(sa.delete(target).where(has_twin(target, clean, switch.key, connection)))
            elif switch.mode == "append":
                rows = rows.where(~has_twin(clean, target, switch.key, connection))
            before = count_rows(connection, target)
            connection.execute(sa.insert(target).from_select(list(columns), rows))
            total = count_rows(connection, target)
            waiting = sa.select(sa.func.count()).where(quarantine.c["_source"] == switch.source)
            landed = Landed(total - before, total, int(connection.execute(waiting).scalar_one()))
            drop_tables(connection, names, names.beside)
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
            quarantine = quarantine_table(names, ())
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
