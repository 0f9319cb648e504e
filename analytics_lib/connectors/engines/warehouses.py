"""Warehouses that are known by their SQLAlchemy dialect alone: what is sent is SQL, what comes back are Python's rows.

Their statements are kept in snapshots of the tests; nothing here was run against a warehouse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from analytics_lib.connectors.engines.backend import Untraced
from analytics_lib.connectors.engines.refusals import unopened
from analytics_lib.connectors.reading.rows import Column, CursorRows
from analytics_lib.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import CursorResult, Engine, TextClause
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.backend import Connect
    from analytics_lib.connectors.files.fingerprints import Stamps


class Warehouse(Untraced):
    """Any engine that SQLAlchemy has a dialect for: the base of a connector of one's own.

    A read-only connection is kept so by the check of each statement; give its account no right to write. Nothing
    tells whether data have changed, so that pages are rendered each time.
    """

    package: ClassVar[str] = ""
    """What has to be installed, for the sentence where it is not."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:  # noqa: ARG002 - engines differ in how they say it
        """Return a SQLAlchemy engine."""
        from sqlalchemy import create_engine, event
        from sqlalchemy.exc import NoSuchModuleError, SQLAlchemyError

        try:
            engine = create_engine(url, pool_pre_ping=True)
        except NoSuchModuleError:
            raise _absent(url, self.package) from None
        except ImportError:  # the dialect is there: what the url names behind its + is not
            raise _absent(url, url.drivername.partition("+")[2] or self.package) from None
        except SQLAlchemyError:
            raise
        except Exception as error:  # BigQuery looks for its credentials here
            raise unopened(error, url) from error

        def connect(dialect: Any, _record: object, arguments: Any, options: Any) -> Any:
            try:
                return dialect.connect(*arguments, **options)
            except Exception as error:  # these drivers raise more than the errors that a driver is to raise
                raise unopened(error, url) from error

        event.listen(engine, "do_connect", connect)
        return engine

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> CursorRows:
        """Return rows whose values decide the types."""
        if batch:
            connection.execution_options(stream_results=True, max_row_buffer=batch)
        return _rows(connection.execute(clause))

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Return the rows with the types that their values have."""
        return _rows(result).frame(limit, widen=self.widens)

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:  # noqa: ARG002
        """Return None: nothing is known."""
        return None

    def changed_at(self, url: URL) -> datetime | None:  # noqa: ARG002
        """Return None: nothing is known."""
        return None

    def definitions(
        self,
        connection: SqlConnection,  # noqa: ARG002
        names: Collection[str],  # noqa: ARG002
        calls: Collection[str],  # noqa: ARG002
    ) -> Mapping[str, str | None]:
        """Return nothing: there is no fingerprint that a view could get around."""
        return {}

    @property
    def has_programs(self) -> bool:
        """Return True: functions may be written in any language."""
        return True

    def is_shared(self, url: URL) -> bool:  # noqa: ARG002
        """Return False: what stands behind a view is not looked up, so that no answer is known to be the same."""
        return False


class Snowflake(Warehouse):
    """Snowflake."""

    package = "snowflake-sqlalchemy"


class BigQuery(Warehouse):
    """Google's BigQuery."""

    package = "sqlalchemy-bigquery"


class Redshift(Warehouse):
    """Amazon's Redshift."""

    package = "sqlalchemy-redshift"


class Trino(Warehouse):
    """Trino, and Starburst."""

    package = "'trino[sqlalchemy]'"


class Databricks(Warehouse):
    """Databricks' SQL warehouses."""

    package = "databricks-sqlalchemy"


class SQLServer(Warehouse):
    """Microsoft's SQL Server: ``mssql+pymssql://…``, or another driver that the url names."""

    package = "pymssql"


def _absent(url: URL, package: str) -> ConnectionFailed:
    kind = url.get_backend_name()
    if not package:
        return ConnectionFailed(f"connections of the kind '{kind}' need a SQLAlchemy dialect called {kind}",
                                hint="install it beside this library")  # fmt: skip
    return ConnectionFailed(f"connections of the kind '{kind}' need {package}", hint=f"pip install {package}")


def _rows(result: CursorResult[Any]) -> CursorRows:
    return CursorRows(result, [Column(str(each[0])) for each in result.cursor.description or ()])
