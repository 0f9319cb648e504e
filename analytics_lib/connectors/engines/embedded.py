"""Engines that live in a file: DuckDB and SQLite. Each file is fingerprinted as a whole."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_lib.connectors.engines.backend import CONNECT_TIMEOUT_S, Untraced, joined
from analytics_lib.connectors.engines.comments import comment
from analytics_lib.connectors.files.fingerprints import file_fingerprint
from analytics_lib.connectors.reading.arrowframes import frame_of
from analytics_lib.connectors.reading.rows import Column, CursorRows, DuckRows, duck_failures
from analytics_lib.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import CursorResult, Engine, TextClause
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.backend import Connect
    from analytics_lib.connectors.files.fingerprints import Stamps


class _File(Untraced):
    """What files have in common: all tables change with their file."""

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:  # noqa: ARG002
        """Return the file's content hash, its write-ahead log included; in memory there is nothing to hash."""
        path = _file_of(url)
        return file_fingerprint(path, stamps) if path else None

    def changed_at(self, url: URL) -> datetime | None:
        """Return the file's time of change."""
        path = _file_of(url)
        try:
            return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
        except OSError:
            return None

    @property
    def has_programs(self) -> bool:
        """Return False: functions are macros, or belong to the process."""
        return False

    def is_shared(self, url: URL) -> bool:
        """Return whether there is a file; what is in memory belongs to its process."""
        path = _file_of(url)
        return path is not None and path.is_file()


class DuckDB(_File):
    """DuckDB files. In memory there is nothing to fingerprint: a page read from there is rendered every time."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open the file read-only: many processes may then read it at once. Extensions are never downloaded."""
        from sqlalchemy import create_engine

        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        if _file_of(url) is None:
            return create_engine(url, connect_args={"config": config})
        return create_engine(url, connect_args={"read_only": read_only, "config": config})

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> DuckRows:  # noqa: ARG002
        """Let DuckDB make the Arrow tables; what a cursor holds has been computed to its end, a relation has not."""
        compiled = clause.compile(dialect=connection.dialect, compile_kwargs={"render_postcompile": True})
        given = compiled.construct_params()
        raw: Any = connection.connection.driver_connection
        values = [given[name] for name in compiled.positiontup or ()]
        with duck_failures():
            relation = raw.sql(comment() + str(compiled), params=values or None)
        return DuckRows(relation)

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Let DuckDB build the frame: rows never become Python tuples. Decimals and intervals come through Arrow."""
        rows = DuckRows(result.cursor)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # DuckDB's own use of pandas, and its advice
            if limit is not None or not rows.is_plain:
                return frame_of(rows.whole(limit))
            return result.cursor.df()  # type: ignore[no-any-return]

    @property
    def widens(self) -> bool:
        """Return False: DuckDB's own frames have its types."""
        return False

    def definitions(
        self, connection: SqlConnection, names: Collection[str], calls: Collection[str]
    ) -> Mapping[str, str | None]:
        """Return the statements of views and macros; macros are asked for only where one may be called."""
        query = "select lower(view_name), sql from duckdb_views() where not internal and lower(view_name) in :names"
        if calls:
            query += (
                " union all select lower(function_name), macro_definition from duckdb_functions() "
                "where not internal and macro_definition is not null and lower(function_name) in :calls"
            )
        return joined(connection.execute(_named(query), {"names": [*names], "calls": [*calls]}))


class SQLite(_File):
    """SQLite files."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open the file; ``query_only`` refuses writes, whoever asks."""
        from sqlalchemy import create_engine, event

        path = _file_of(url)
        if path is not None and not path.exists() and read_only:
            raise ConnectionFailed(f"there is no database file {path}", hint="check the connection's url")
        engine = create_engine(url, connect_args={"timeout": CONNECT_TIMEOUT_S})
        event.listen(engine, "connect", _sqlite_first_look)
        if read_only:
            event.listen(engine, "connect", _sqlite_query_only)
        return engine

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> CursorRows:  # noqa: ARG002
        """Return rows whose values decide the types; SQLite computes no row before it is fetched."""
        return _sqlite_rows(connection.execute(clause))

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Return the rows with the types that their values have."""
        return _sqlite_rows(result).frame(limit, widen=self.widens)

    def definitions(
        self,
        connection: SqlConnection,
        names: Collection[str],
        calls: Collection[str],  # noqa: ARG002
    ) -> Mapping[str, str | None]:
        """Return the statements of views; functions are never part of the file."""
        query = "select lower(name), sql from sqlite_master where type = 'view' and sql <> '' and lower(name) in :names"
        return joined(connection.execute(_named(query), {"names": [*names]}))


def _sqlite_rows(result: CursorResult[Any]) -> CursorRows:
    """Return rows whose values have types: SQLite's columns have none."""
    return CursorRows(result, [Column(each[0]) for each in result.cursor.description])


def _sqlite_first_look(dbapi_connection: Any, _record: object) -> None:
    """Find out whether the file is a database: SQLite opens any file and looks into it at the first statement."""
    dbapi_connection.execute("select 1 from sqlite_master limit 1").close()


def _sqlite_query_only(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.execute("PRAGMA query_only = ON")


def _file_of(url: URL) -> Path | None:
    return None if url.database in {None, "", ":memory:"} else Path(str(url.database))


def _named(query: str) -> TextClause:
    """Return a query whose lists expand."""
    from sqlalchemy import bindparam, text

    return text(query).bindparams(
        *(bindparam(name, expanding=True) for name in ("names", "calls") if f":{name}" in query)
    )
