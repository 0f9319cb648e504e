"""Frames into tables: appended, replaced or merged by key, all of it or nothing."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from analytics_lib.connectors.engines.backend import Reads
from analytics_lib.connectors.reading.reading import Reading
from analytics_lib.connectors.writing.aside import made_aside, stage_name
from analytics_lib.connectors.writing.incoming import Incoming, incoming, sql_type
from analytics_lib.connectors.writing.loading import LOADED, load
from analytics_lib.errors import InputError, ReadOnlyError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    import pyarrow as pa
    import sqlalchemy as sa

Mode = Literal["append", "replace", "upsert"]

_LASTING: Final = frozenset({"mysql", "mariadb"})
"""Where a table that was made or dropped stays so, whatever becomes of the transaction."""


class Writing(Reading):
    """What a connection does with rows that come from elsewhere."""

    def write(
        self,
        name: str,
        rows: pd.DataFrame | pa.Table | Iterable[pa.RecordBatch],
        *,
        mode: Mode = "append",
        key: str | Sequence[str] | None = None,
    ) -> int:
        """Write rows into a table, in one transaction: whatever fails leaves the table as it was.

        A table that is not there is made, with the types of the rows. One that is there keeps its types, indexes and
        rights; columns that the rows lack get their defaults, or keep their values.

        Parameters
        ----------
        name
            ``"orders"`` or ``"shop.orders"``.
        rows
            A frame, whose index is left out; an Arrow table; or record batches, as `stream` yields them, which are
            never in memory together.
        mode
            ``append`` adds the rows; ``replace`` puts them in the place of all that are there; ``upsert`` updates rows
            with the same `key` and adds the others.
        key
            The column, or columns, that tell rows apart; for ``upsert``.

        Returns
        -------
        int
            Rows written.

        Raises
        ------
        ReadOnlyError
            The connection is read-only.
        InputError
            Columns that the table does not have, a key that is missing, empty or there twice, values of no type.
        QueryError
            The database refuses a row.

        Examples
        --------
        >>> db.write("shop.customers", frame, mode="upsert", key="id")  # doctest: +SKIP
        """
        if self.read_only:
            raise read_only(self.name)
        if mode not in get_args(Mode):
            raise InputError(f"the mode is '{mode}'", hint=nearest(mode, get_args(Mode)))
        keys = [key] if isinstance(key, str) else [*(key or ())]
        if bool(keys) != (mode == "upsert"):
            hint = 'write key="id"' if mode == "upsert" else 'write mode="upsert", or leave the key out'
            raise InputError(f"mode '{mode}' {'needs a' if mode == 'upsert' else 'takes no'} key", hint=hint)
        found = incoming(rows)
        for each in keys:
            if each not in found.schema.names:
                raise InputError(f"the rows have no column '{each}'", hint=nearest(each, found.schema.names))
        if self._engine.dialect.name not in LOADED:
            raise InputError(
                f"connection '{self.name}' is of a kind that rows are not written to",
                hint=f"write to one of {', '.join(sorted(LOADED))}",
            )
        self._tell(Reads())
        with self._sentences(), self._engine.connect() as connection:
            return _Landing(connection, name, found, keys).land(mode)


def read_only(name: str) -> ReadOnlyError:
    """Return what is said of a write through a read-only connection."""
    return ReadOnlyError(
        "the connection is read-only",
        where=f"connection '{name}'",
        hint=f"set `read_only = false` under [connections.{name}] in analytics.toml",
    )


class _Landing:
    """One write.

    Parameters
    ----------
    connection
        Where to; no transaction is open yet.
    name
        The table.
    rows
        What is written.
    keys
        The columns that tell rows apart.
    """

    def __init__(self, connection: sa.Connection, name: str, rows: Incoming, keys: list[str]) -> None:
        self._connection = connection
        self._dialect = connection.dialect.name
        self._rows = rows
        self._keys = keys
        *schema, self._name = name.split(".")
        self._schema = ".".join(schema) or None
        if not self._name.strip():
            raise InputError(f"'{name}' is no table's name", hint='write "table" or "schema.table"')

    def land(self, mode: Mode) -> int:
        """Write, and return the number of rows."""
        import sqlalchemy as sa

        target = self._found()
        if target is None and self._dialect in _LASTING:
            with made_aside(self._connection, sa.Table(self._name, sa.MetaData(), schema=self._schema)) as name:
                table = self._made(name)
                with self._transaction():
                    return self._filled(table, mode)
        with self._transaction():
            if target is not None and mode == "replace" and not self._fits(target):
                target.drop(self._connection)
                target = None
            return self._filled(target if target is not None else self._made(self._name), mode)

    def _filled(self, target: sa.Table, mode: Mode) -> int:
        self._require_columns(target)
        if mode == "upsert":
            return self._merged(target)
        if mode == "replace":
            self._connection.execute(target.delete())
        return load(self._connection, target, self._rows)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        if self._dialect == "sqlite" and not self._connection.in_transaction():
            self._connection.exec_driver_sql("begin immediate")  # Python's driver would begin after the first DDL
        elif self._dialect == "sqlite":
            self._connection.rollback()
            self._connection.exec_driver_sql("begin immediate")
        try:
            yield
            self._connection.commit()
        except BaseException:
            self._connection.rollback()
            raise

    def _found(self) -> sa.Table | None:
        import sqlalchemy as sa

        try:
            return sa.Table(self._name, sa.MetaData(), schema=self._schema, autoload_with=self._connection)
        except sa.exc.NoSuchTableError:
            return None

    def _fits(self, target: sa.Table) -> bool:
        """Return whether the rows may take the place of the table's; else it is made anew, where that can be undone."""
        same = {column.name for column in target.columns} == {*self._rows.schema.names}
        if not same and self._dialect in _LASTING:
            raise InputError(
                f"table '{target.fullname}' has other columns than the rows",
                hint="MariaDB cannot change a table and undo it: drop it first, or write to another name",
            )
        return same

    def _made(self, name: str) -> sa.Table:
        import sqlalchemy as sa

        family = "mysql" if self._dialect == "mariadb" else self._dialect
        columns = [
            sa.Column(
                each.name, sql_type(each, family, self._keys), primary_key=each.name in self._keys, autoincrement=False
            )
            for each in self._rows.schema
        ]
        table = sa.Table(name, sa.MetaData(), *columns, schema=self._schema)
        table.create(self._connection)
        return table

    def _require_columns(self, target: sa.Table) -> None:
        known = {column.name for column in target.columns}
        for name in self._rows.schema.names:
            if name not in known:
                raise InputError(f"table '{target.fullname}' has no column '{name}'", hint=nearest(name, known))

    def _merged(self, target: sa.Table) -> int:
        """Stage the rows, then update and insert from there."""
        import sqlalchemy as sa

        stage = self._staged(target)
        count = load(self._connection, stage, self._rows)
        self._require_keys(stage)
        same = sa.and_(*(target.c[name] == stage.c[name] for name in self._keys))
        others = [column.name for column in stage.columns if column.name not in self._keys]
        if others:
            self._connection.execute(target.update().where(same).values({name: stage.c[name] for name in others}))
        names = [column.name for column in stage.columns]
        new = sa.select(*(stage.c[name] for name in names)).where(~sa.exists().where(same).correlate(stage))
        self._connection.execute(target.insert().from_select(names, new))
        stage.drop(self._connection) if self._dialect not in _LASTING else self._drop_temporary(stage)
        return count

    def _staged(self, target: sa.Table) -> sa.Table:
        import sqlalchemy as sa

        columns = [sa.Column(name, target.c[name].type, autoincrement=False) for name in self._rows.schema.names]
        stage = sa.Table(stage_name(), sa.MetaData(), *columns, prefixes=["TEMPORARY"])
        stage.create(self._connection, checkfirst=False)
        return stage

    def _drop_temporary(self, stage: sa.Table) -> None:
        quoted = self._connection.dialect.identifier_preparer.format_table(stage)
        self._connection.exec_driver_sql(f"drop temporary table {quoted}")  # a plain one would end the transaction

    def _require_keys(self, stage: sa.Table) -> None:
        """Refuse rows that cannot be told apart.

        Raises
        ------
        InputError
            A key is empty, or there twice.
        """
        import sqlalchemy as sa

        columns: list[Any] = [stage.c[name] for name in self._keys]
        told = " and ".join(f"'{name}'" for name in self._keys)
        empty = self._connection.execute(
            sa.select(sa.func.count()).where(sa.or_(*(c.is_(None) for c in columns)))
        ).scalar()
        if empty:
            raise InputError(
                f"{empty:,} rows have no {told}", hint="a key tells rows apart: fill it, or leave them out"
            )
        twice = sa.select(*columns).group_by(*columns).having(sa.func.count() > 1).limit(1)
        found = self._connection.execute(twice).first()
        if found is not None:
            shown = ", ".join(repr(str(value)) for value in found)
            raise InputError(f"several rows have the same {told}: {shown}", hint="keep one of them")
