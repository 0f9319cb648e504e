"""MariaDB and MySQL through PyMySQL."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.engines.backend import CONNECT_TIMEOUT_S, Untraced, joined
from analytics_lib.connectors.engines.columns import mariadb_columns
from analytics_lib.connectors.reading.rows import CursorRows
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

STATEMENT_LIMIT_S: Final = 600
"""How long a statement of a read-only session may run; ``?statement_limit=`` in the url says otherwise."""

# Quotes and backslashes then mean what they mean elsewhere, to the server as to the guard against second statements.
_STANDARD: Final = "set session sql_mode = concat_ws(',', @@sql_mode, 'ANSI_QUOTES', 'NO_BACKSLASH_ESCAPES')"

_DEFINITIONS: Final = """
select lower(table_name), view_definition from information_schema.views
where table_schema = database() and lower(table_name) in :names
union all
select lower(routine_name), routine_definition from information_schema.routines
where routine_schema = database() and lower(routine_name) in :calls
"""


class MariaDB(Untraced):
    """MariaDB servers. They tell neither which tables a query has read, nor whether data have changed."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open sessions whose transactions are read-only and whose statements end in time."""
        from sqlalchemy import create_engine, event

        try:
            import pymysql  # noqa: F401
        except ImportError:
            raise ConnectionFailed(
                "MariaDB needs the package PyMySQL", hint="pip install 'analytics-lib[mariadb]'"
            ) from None
        given = dict(url.query)
        limit = _seconds(given.pop("statement_limit", STATEMENT_LIMIT_S))
        for name in ("ssl_ca", "ssl_cert", "ssl_key"):
            if name in given and not Path(str(given[name])).is_file():
                raise ConnectionFailed(f"there is no file {given[name]}", hint=f"check {name} in the connection's url")
        options = {"connect_timeout": CONNECT_TIMEOUT_S, "init_command": _STANDARD}
        engine = create_engine(
            url.set(drivername=f"{url.get_backend_name()}+pymysql", query=given),
            connect_args=options,
            pool_pre_ping=True,
        )
        if read_only:

            def restrict(connection: Any, _record: object) -> None:
                with connection.cursor() as cursor:
                    cursor.execute("set session transaction read only")
                    known = "max_statement_time" if "MariaDB" in connection.get_server_info() else "max_execution_time"
                    cursor.execute(
                        f"set session {known} = {limit if known.endswith('statement_time') else limit * 1000}"
                    )

            event.listen(engine, "connect", restrict)
        return engine

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> CursorRows:
        """Return rows with the types that the server tells."""
        if batch:
            connection.execution_options(stream_results=True, max_row_buffer=batch)
        result = connection.execute(clause)
        return CursorRows(result, mariadb_columns(result))

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Return the rows with the types that the server tells."""
        return CursorRows(result, mariadb_columns(result)).frame(limit, widen=self.widens)

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:  # noqa: ARG002
        """Return None: the server keeps no position of its log that every account may read."""
        return None

    def changed_at(self, url: URL) -> datetime | None:  # noqa: ARG002
        """Return None: times of change are lost when the server starts."""
        return None

    def definitions(
        self, connection: SqlConnection, names: Collection[str], calls: Collection[str]
    ) -> Mapping[str, str | None]:
        """Return the statements of views and stored functions of the session's database."""
        from sqlalchemy import bindparam, text

        query = text(_DEFINITIONS).bindparams(*(bindparam(name, expanding=True) for name in ("names", "calls")))
        return joined(connection.execute(query, {"names": [*names], "calls": [*calls]}))

    @property
    def has_programs(self) -> bool:
        """Return True: stored functions may set variables of the session."""
        return True

    def is_shared(self, url: URL) -> bool:  # noqa: ARG002
        """Return True: a server shows all its clients the same."""
        return True


def _seconds(text: Any) -> int:
    try:
        seconds = int(text)
    except (TypeError, ValueError):
        seconds = 0
    if seconds < 1:
        raise ConnectionFailed(f"statement_limit is {text!r}", hint="it is a number of seconds, 1 or more")
    return seconds
