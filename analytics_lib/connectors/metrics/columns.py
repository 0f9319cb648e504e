"""What the columns of models hold, as the database tells it of a SELECT that returns no row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from analytics_lib.connectors.metrics import clocks
from analytics_lib.connectors.metrics.rows import measure_label, own_columns, source_of
from analytics_lib.connectors.moments.kinds import DAY as DAY_KIND
from analytics_lib.connectors.moments.kinds import OTHER, kind_of
from analytics_lib.connectors.moments.kinds import TIME as TIME_KIND
from analytics_lib.connectors.moments.tables import named_rows
from analytics_lib.connectors.statements.binding import require_single_select
from analytics_lib.errors import ConnectionFailed, DataError, MetricError, QueryError
from analytics_lib.model.metrics.keys import key_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Dialect

    from analytics_lib.connectors.connection import Connection
    from analytics_lib.model.metrics.joins import Placed

_INSTANTS: Final = frozenset({1184, "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ"})
_ANY_TYPE: Final = frozenset({"count", "count_distinct"})
_SAMPLE: Final = 1000


def columns_of(connection: Connection, file: Placed) -> tuple[dict[str, str], Dialect]:
    """Return what each column of a model holds, by the labels of `own_columns`, and the database's dialect.

    Raises
    ------
    MetricError
        The table, or a column that the file names, is not there; an expression is none; a measure has no numbers.
    """
    _require_one_select(file)
    own = own_columns(file.model)
    if not own:
        own = {"row": sa.literal_column("1")}
    try:
        kinds, dialect = _described(connection, file, own)
    except ConnectionFailed:
        raise
    except QueryError as error:
        raise _found_wrong(connection, file, own, error) from None
    if dialect.name == "sqlite":
        kinds |= _sampled(connection, file)
    _require_numbers(file, kinds)
    return kinds, dialect


def _require_one_select(file: Placed) -> None:
    if file.model.query is None:
        return
    try:
        require_single_select(file.model.query, file.model.connection)
    except DataError as error:
        raise MetricError(error.message, where=file.where("query"), hint=error.hint) from None


def count_keys(connection: Connection, file: Placed, entity: str) -> tuple[int, int]:
    """Return how many rows of a model have an entity, and how many different ones there are."""
    key = own_columns(file.model)[key_label(entity)]
    counts = sa.select(sa.func.count(key), sa.func.count(key.distinct())).select_from(source_of(file.model, file.name))
    row = connection.run(counts, said(file), {}, lambda result: result.one())
    return int(row[0]), int(row[1])


def column_kind(connection: Connection, table: str, column: str) -> str:
    """Return what a column of any table holds; `UNKNOWN` where the table has none of that name.

    Raises
    ------
    QueryError
        The database refuses to tell, for one because there is no such table.
    """

    def read(result: Any) -> str:
        codes = {entry[0].casefold(): entry[1] for entry in result.cursor.description}
        name = column.casefold()
        return _kind(result.context.dialect.name, codes[name]) if name in codes else clocks.UNKNOWN

    nothing = sa.select(sa.text("*")).select_from(named_rows(table)).limit(0)
    kind: str = connection.run(nothing, f"select * from {table}", {}, read)  # noqa: S608 - never run: it says what is read
    return kind


def said(file: Placed) -> str:
    """Return what a model reads, as a person would have written it."""
    model = file.model
    return f"select * from {model.table}" if model.table is not None else str(model.query)  # noqa: S608 - never run: it says what is read


def _described(
    connection: Connection, file: Placed, columns: Mapping[str, Any], *, grouped: bool = False
) -> tuple[dict[str, str], Dialect]:
    nothing = sa.select(*(column.label(label) for label, column in columns.items()))
    nothing = nothing.select_from(source_of(file.model, file.name)).limit(0)
    if grouped:  # an aggregate cannot be grouped by
        nothing = nothing.group_by(*columns.values())

    def read(result: Any) -> tuple[dict[str, str], Dialect]:
        dialect = result.context.dialect
        return {entry[0]: _kind(dialect.name, entry[1]) for entry in result.cursor.description}, dialect

    found: tuple[dict[str, str], Dialect] = connection.run(nothing, said(file), {}, read)
    return found


def _kind(dialect: str, code: object) -> str:
    if code in _INSTANTS or str(code).upper() in _INSTANTS:
        return clocks.INSTANT
    kind = kind_of(dialect, code)
    return {DAY_KIND: clocks.DAY, TIME_KIND: clocks.TIME}.get(kind, kind)


def _sampled(connection: Connection, file: Placed) -> dict[str, str]:
    """Return which measures of SQLite hold text: it adds text up to nought, and says nothing."""
    own = own_columns(file.model)
    labels = [measure_label(name) for name, each in file.model.measures.items() if each.aggregate not in _ANY_TYPE]
    if not labels:
        return {}
    few = sa.select(*(own[label].label(label) for label in labels)).select_from(source_of(file.model, file.name))
    rows = few.limit(_SAMPLE).subquery("sample")
    texts = sa.select(*(sa.func.max(sa.func.typeof(rows.c[label]) == "text").label(label) for label in labels))
    row = connection.run(texts, said(file), {}, lambda result: result.one())
    return {label: OTHER for label, text in zip(labels, row, strict=True) if text}


def _require_numbers(file: Placed, kinds: Mapping[str, str]) -> None:
    for name, measure in file.model.measures.items():
        kind = kinds[measure_label(name)]
        if measure.aggregate not in _ANY_TYPE and kind in {OTHER, clocks.DAY, clocks.TIME, clocks.INSTANT}:
            what = measure.column or measure.expression or name
            holds = "text" if kind == OTHER else "times"
            raise MetricError(
                f"measure '{name}' does not aggregate: {measure.aggregate} needs numbers, and '{what}' holds {holds}",
                where=file.where("measures", name),
                hint="count and count_distinct take anything",
            )


def _found_wrong(connection: Connection, file: Placed, own: Mapping[str, Any], error: QueryError) -> Exception:
    """Return the complaint with the line of what the database refuses: the columns are tried one by one."""
    try:
        _described(connection, file, {"row": sa.literal_column("1")})
    except QueryError as refused:
        key = "table" if file.model.table is not None else "query"
        return MetricError(refused.message, where=file.where(key), hint=f"`{key}` of the model is what is refused")
    for grouped in (False, True):
        for label, column in own.items():
            try:
                _described(connection, file, {label: column}, grouped=grouped)
            except QueryError as refused:
                hint = "write what each row has; `aggregate` makes one number of it" if grouped else None
                return MetricError(refused.message, where=file.where(*_keys(file, label)), hint=hint)
    return error


def _keys(file: Placed, label: str) -> tuple[str, ...]:
    for name in file.model.entities:
        if label == key_label(name):
            return "entities", name
    for name in file.model.measures:
        if label == measure_label(name):
            return "measures", name
    return "dimensions", label
