"""Rows of a query, many at a time, as plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.statements.binding import bind, inner, require_single_select
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analytics_lib.connectors.connection import Connection

BATCH: Final = 5000

Row = dict[str, Any]


def query_rows(
    connection: Connection, query: str, values: Mapping[str, object], take: Callable[[list[Row]], None]
) -> None:
    """Hand the rows of a query to `take`, many at a time; no more than that are held.

    Raises
    ------
    ConnectionFailed
        The database cannot be reached.
    QueryError
        It refuses the query, or two columns have one name.
    ReadOnlyError
        The query is none that reads.
    """
    require_single_select(query, connection.name)
    statement = bind(inner(query), values, connection.name).execution_options(stream_results=True)

    def read(result: Any) -> None:
        names = list(result.keys())
        twin = next((name for name in names if names.count(name) > 1), None)
        if twin is not None:
            raise SourceError(f"the query has two columns '{twin}'", hint="name one of them otherwise: … as …")
        for part in result.partitions(BATCH):
            take([dict(zip(names, row, strict=True)) for row in part])

    connection.run(statement, query, values, read)
