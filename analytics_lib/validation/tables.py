"""Great Expectations on one borrowed connection.

Left alone, Great Expectations closes a connection before it fetches what it asked for; DuckDB then returns no rows, and
a check sees an empty table. Here it gets one connection for the whole check, which stays open until all is fetched.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import duckdb_sqlalchemy.datatypes
import sqlalchemy
from sqlalchemy.exc import DBAPIError, NoSuchTableError, SQLAlchemyError
from sqlalchemy.pool import StaticPool

from analytics_lib.errors import ConnectionFailed, SuiteError, nearest
from analytics_lib.model.checks import MAX_FAILING_ROWS
from analytics_lib.validation.evaluation import QUERY
from analytics_lib.validation.optional import without_clients

with without_clients():
    from great_expectations.core.batch import Batch
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import SqlAlchemyExecutionEngine
    from great_expectations.expectations.metrics.metric_provider import metric_value
    from great_expectations.expectations.metrics.query_metric_provider import QueryMetricProvider

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from sqlalchemy.engine.interfaces import DBAPIConnection

    from analytics_lib.validation.suites import Suite


class BorrowedConnectionEngine(SqlAlchemyExecutionEngine):
    """Great Expectations' SQL engine on a connection that somebody else opens and closes.

    Parameters
    ----------
    connection
        An open connection, used by nobody else meanwhile. Nothing is created on it: no temporary table, no event
        handler on its engine.
    """

    def __init__(self, connection: sqlalchemy.Connection) -> None:
        # Great Expectations wants an engine and puts event handlers on it; this one lives as long as the check.
        dialect = connection.dialect
        raw = cast("DBAPIConnection", connection.connection.dbapi_connection)
        pool = StaticPool(lambda: raw, dialect=dialect)
        super().__init__(engine=sqlalchemy.Engine(pool, dialect, connection.engine.url), create_temp_table=False)
        self._connection: sqlalchemy.Connection = connection
        self._inspector = sqlalchemy.inspect(connection)
        if dialect.name == "duckdb":
            self.dialect_module = _duckdb_module()

    @contextmanager
    def get_connection(self) -> Generator[sqlalchemy.Connection, None, None]:
        """Lend the one connection; after a failed statement it is fit for the next one."""
        try:
            yield self._connection
        except SQLAlchemyError:
            # PostgreSQL and DuckDB refuse everything after an error until the transaction is rolled back.
            self._connection.rollback()
            raise

    def close(self) -> None:
        """Do nothing: the connection is not ours. Great Expectations calls this when the object is collected."""


class FirstUnexpectedRows(QueryMetricProvider):
    """The rows that an unexpected-rows query finds, limited in SQL; Great Expectations' own asks for all of them."""

    metric_name = "unexpected_rows_query.table"
    value_keys = (QUERY,)
    query_param_name = QUERY

    @metric_value(engine=BorrowedConnectionEngine)
    def _sqlalchemy(
        cls,  # noqa: N805 - Great Expectations makes it a class method
        execution_engine: BorrowedConnectionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        **_: object,
    ) -> list[dict[str, Any]]:
        table, _, _ = execution_engine.get_compute_domain(metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE)
        query = cls._get_substituted_batch_subquery_from_query_and_batch_selectable(
            query=cls._get_query_from_metric_value_kwargs(metric_value_kwargs),
            batch_selectable=table,
            execution_engine=execution_engine,
        )
        found = sqlalchemy.text(query).columns().subquery("found")
        limited = sqlalchemy.select(sqlalchemy.text("*")).select_from(found).limit(MAX_FAILING_ROWS)
        return [dict(row) for row in execution_engine.execute_query(limited).mappings()]


@dataclass(frozen=True)
class Table:
    """A table that was found: what a suite may name, and Great Expectations' batch of it."""

    batch: Batch
    columns: tuple[str, ...]
    neighbours: tuple[str, ...]
    quoted: str

    def with_query(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return arguments with ``{batch}`` in an unexpected-rows query replaced by the table's quoted name.

        Great Expectations would paste the name unquoted.
        """
        query = kwargs.get(QUERY)
        return {**kwargs, QUERY: query.replace("{batch}", self.quoted)} if isinstance(query, str) else dict(kwargs)


@contextmanager
def borrowed(engine: sqlalchemy.Engine, subject: str) -> Iterator[BorrowedConnectionEngine]:
    """Open a connection for one check and give it back at its end."""
    try:
        connection = engine.connect()
    except DBAPIError as error:
        reason = str(error.orig).strip().partition("\n")[0]
        raise ConnectionFailed(f"the database cannot be reached: {reason}", where=subject) from error
    with connection:
        yield BorrowedConnectionEngine(connection)


def find(execution: BorrowedConnectionEngine, table: str, suite: Suite) -> Table:
    """Return the table or view ``name`` or ``schema.name``; one that is missing is answered with the nearest name."""
    schema, _, name = table.rpartition(".")
    inspector = execution.get_inspector()
    try:
        columns = inspector.get_columns(name, schema=schema or None)
    except NoSuchTableError as error:
        raise SuiteError(
            f"there is no table '{table}' to check", where=str(suite.path), hint=nearest(table, _names(inspector))
        ) from error
    data = SqlAlchemyBatchData(execution, table_name=name, schema_name=schema or None, create_temp_table=False)
    quoted = execution.dialect.identifier_preparer.format_table(data.selectable)
    return Table(
        batch=Batch(data=data),  # type: ignore[arg-type] # its annotation says a class of data
        columns=tuple(column["name"] for column in columns),
        neighbours=tuple(_relations(inspector, schema or None)),
        quoted=quoted.replace("{", "{{").replace("}", "}}"),  # Great Expectations formats the query once more
    )


def _names(inspector: sqlalchemy.Inspector) -> list[str]:
    """Return all tables and views as one would write them: with their schema, unless it is the default one."""
    names = []
    for schema in inspector.get_schema_names():
        database, _, own = schema.rpartition(".")
        if own in {"information_schema", "pg_catalog"} or database in {"system", "temp"}:
            continue
        prefix = "" if own == inspector.default_schema_name else f"{own}."
        names += [f"{prefix}{name}" for name in _relations(inspector, schema)]
    return names


def _relations(inspector: sqlalchemy.Inspector, schema: str | None) -> list[str]:
    return [*inspector.get_table_names(schema), *inspector.get_view_names(schema)]


def _duckdb_module() -> ModuleType:
    """Return what Great Expectations, which does not know DuckDB, asks a dialect's module for.

    It finds SQL types there by name, and takes a module with ``DremioDialect`` for a database that matches regular
    expressions by ``REGEXP_MATCHES``, as DuckDB does. (DuckDB's ``~``, which is PostgreSQL's way, meant a match of the
    whole value before version 2.)
    """
    module = ModuleType("duckdb")
    for source in (sqlalchemy.types, duckdb_sqlalchemy.datatypes):
        kinds = {name: kind for name, kind in vars(source).items() if isinstance(kind, type)}
        vars(module).update(kinds)
    module.DremioDialect = object  # type: ignore[attr-defined]
    return module
