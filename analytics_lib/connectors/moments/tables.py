"""Rows that stay where they are: a table, or what a query says, answering with moments instead of rows."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from analytics_lib.connectors.moments import orderstatistics, statements
from analytics_lib.connectors.moments.grouping import Source, keys_found
from analytics_lib.connectors.moments.kinds import kind_of
from analytics_lib.connectors.moments.units import count_units
from analytics_lib.errors import InputError
from analytics_lib.model.answers import assemble

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd
    from sqlalchemy import FromClause, TableClause
    from sqlalchemy.sql import Executable

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.connectors.moments.grouping import Found
    from analytics_lib.model.aggregation import MomentAnswer, MomentRequest


class Table:
    """A table of a database, or a query, that is read only where an answer needs it.

    Made by `Connection.table` and `Connection.query`. Nothing is asked of the database before a method is called.

    Examples
    --------
    >>> trial = db.table("ops.trial")  # doctest: +SKIP
    >>> trial.count()  # doctest: +SKIP
    """

    def __init__(
        self, connection: Connection, rows: FromClause, query: str, values: Mapping[str, object], *, is_table: bool
    ) -> None:
        self._connection = connection
        self._rows = rows
        self._query = query
        self._values = values
        self._is_table = is_table

    def __repr__(self) -> str:
        return f"<{self._where}>"

    @property
    def _where(self) -> str:
        what = self._query.removeprefix("select * from ") if self._is_table else "a query"
        return f"{what}, connection '{self._connection.name}'"

    def columns(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._source.kinds)

    def count(self) -> int:
        """Return the number of rows."""
        import sqlalchemy as sa

        return int(self._found(sa.select(sa.func.count().label("n")).select_from(self._rows))["n"][0])

    def to_frame(self, limit: int | None = None) -> pd.DataFrame:
        """Return the rows.

        Parameters
        ----------
        limit
            At most so many; None for all.

        Raises
        ------
        InputError
            `limit` is negative.
        """
        import sqlalchemy as sa

        if limit is not None and limit < 0:
            raise InputError(f"the limit is {limit}", hint="it is a number of rows")
        rows = sa.select(sa.text("*")).select_from(self._rows).limit(limit)
        frame: pd.DataFrame = self._connection.run(rows, self._query, self._values)
        return frame

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for, computed by the database in one statement.

        Quantiles and counts of units are statements of their own: each sorts or groups all rows by itself.

        Raises
        ------
        InputError
            A column is absent, holds no numbers, or a value of it is not finite.
        QueryError
            The database refuses the statement.
        """
        source = self._source
        request.require_columns(source.kinds, self._where)
        form = statements.form_of(source, request)
        found = self._found(statements.statement(source, request, form))
        statements.require_measurable(request, found, self._where)
        groups = statements.groups_of(request, found, form)
        if statements.lost_digits(request, groups, form):
            found = self._found(statements.statement(source, request, statements.SHIFTED))
            groups = statements.groups_of(request, found, statements.SHIFTED)
        answer = assemble(request, keys_found(request, found), groups, self._where)
        quantiles = tuple(
            orderstatistics.table_of(request, each, self._found(orderstatistics.statement(source, request, each)))
            for each in request.quantiles
        )
        units = count_units(source, request, self._found) if request.unit is not None else None
        return replace(answer, quantiles=quantiles, units=units)

    def statement(self, request: MomentRequest) -> str:
        """Return the SQL of the statement that `moments` runs first, for people to read."""
        source = self._source
        written = statements.statement(source, request, statements.form_of(source, request))
        return str(written.compile(self._connection.engine))

    @cached_property
    def _source(self) -> Source:
        """What the database says of the columns; no row is read for that."""
        import sqlalchemy as sa

        def described(result: Any) -> tuple[str, dict[str, str]]:
            dialect = result.context.dialect.name
            kinds = {entry[0]: kind_of(dialect, entry[1]) for entry in result.cursor.description}
            return dialect, kinds

        nothing = sa.select(sa.text("*")).select_from(self._rows).limit(0)
        dialect, kinds = self._connection.run(nothing, self._query, self._values, described)
        return Source(self._rows, kinds, dialect, self._is_table, self._where)

    def _found(self, statement: Executable) -> Found:
        found: Found = self._connection.run(statement, self._query, self._values, _columns)
        return found


def table_of(connection: Connection, name: str) -> Table:
    """Return a table or view by its name.

    Raises
    ------
    InputError
        It is no name.
    """
    return Table(connection, named_rows(name), f"select * from {name}", {}, is_table=True)  # noqa: S608 - never run: it says what is read


def named_rows(name: str) -> TableClause:
    """Return a table or view by its name, for statements.

    Raises
    ------
    InputError
        It is no name.
    """
    import sqlalchemy as sa

    parts = name.split(".")
    if not all(part.strip() for part in parts):
        raise InputError(f"'{name}' is no table's name", hint='write "table" or "schema.table"')
    *schema, last = parts
    return sa.table(last, schema=".".join(schema) or None)


def _columns(result: Any) -> Found:
    names = list(result.keys())
    rows: Sequence[Any] = result.all()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    return dict(zip(names, columns, strict=True))
