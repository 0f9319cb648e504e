"""What differs between engines: how each is opened read-only, fingerprinted, and what its refusals mean."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from analytics_lib.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import CursorResult, Engine
    from sqlalchemy.engine import URL


HASHED_UP_TO: Final = 256 * 1024 * 1024
"""Files up to this many bytes are fingerprinted by content, larger ones by size and time of change."""

CONNECT_TIMEOUT_S: Final = 10


class Backend(Protocol):
    """What the library needs to know of a database engine."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Return a SQLAlchemy engine; nothing is opened yet."""

    def frame(self, result: CursorResult[Any]) -> pd.DataFrame:
        """Return all rows of a result."""

    def fingerprint(self, url: URL, connection: SqlConnection) -> str | None:
        """Return text that changes whenever the data may have changed; None when that cannot be told."""

    def changed_at(self, url: URL) -> datetime | None:
        """Return when the data last changed (UTC), where that is known without a query."""


def rows_to_frame(result: CursorResult[Any]) -> pd.DataFrame:
    """Return the rows of any DBAPI cursor as a frame with inferred types."""
    import pandas as pd

    return pd.DataFrame.from_records(result.fetchall(), columns=list(result.keys()), coerce_float=True)


def file_fingerprint(path: Path) -> str | None:
    """Return a fingerprint of a file's content and that of its write-ahead log; None when it is absent."""
    digest = hashlib.sha256()
    try:
        for part in (path, path.with_name(path.name + ".wal"), path.with_name(path.name + "-wal")):
            if part is not path and not part.exists():
                continue
            stat = part.stat()
            if stat.st_size > HASHED_UP_TO:
                digest.update(f"{stat.st_size}:{stat.st_mtime_ns}:{stat.st_ino}".encode())
            else:
                with part.open("rb") as stream:
                    digest.update(hashlib.file_digest(stream, "sha256").digest())
    except OSError:
        return None
    return digest.hexdigest()


def _file_of(url: URL) -> Path | None:
    return None if url.database in {None, "", ":memory:"} else Path(str(url.database))


def _file_changed_at(url: URL) -> datetime | None:
    path = _file_of(url)
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC) if path else None
    except OSError:
        return None


class DuckDB:
    """DuckDB files. In memory there is nothing to fingerprint: a page read from there is rendered every time."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open the file read-only: many processes may then read it at once. Extensions are never downloaded."""
        from sqlalchemy import create_engine

        config = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        if _file_of(url) is None:
            return create_engine(url, connect_args={"config": config})
        return create_engine(url, connect_args={"read_only": read_only, "config": config})

    def frame(self, result: CursorResult[Any]) -> pd.DataFrame:
        """Let DuckDB build the frame: rows never become Python tuples."""
        return result.cursor.df()  # type: ignore[no-any-return]

    def fingerprint(self, url: URL, connection: SqlConnection) -> str | None:  # noqa: ARG002
        """Return the file's content hash."""
        path = _file_of(url)
        return file_fingerprint(path) if path else None

    def changed_at(self, url: URL) -> datetime | None:
        """Return the file's time of change."""
        return _file_changed_at(url)


class SQLite:
    """SQLite files."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open the file; ``query_only`` refuses writes, whoever asks."""
        from sqlalchemy import create_engine, event

        path = _file_of(url)
        if path is not None and not path.exists() and read_only:
            raise ConnectionFailed(f"there is no database file {path}", hint="check the connection's url")
        engine = create_engine(url, connect_args={"timeout": CONNECT_TIMEOUT_S})
        if read_only:
            event.listen(engine, "connect", _sqlite_query_only)
        return engine

    def frame(self, result: CursorResult[Any]) -> pd.DataFrame:
        """Return the rows with inferred types."""
        return rows_to_frame(result)

    def fingerprint(self, url: URL, connection: SqlConnection) -> str | None:
        """Return the file's content hash, its write-ahead log included."""
        # SQLite opens any file; the first statement finds out whether it is a database.
        connection.exec_driver_sql("select 1 from sqlite_master limit 1")
        path = _file_of(url)
        return file_fingerprint(path) if path else None

    def changed_at(self, url: URL) -> datetime | None:
        """Return the file's time of change."""
        return _file_changed_at(url)


def _sqlite_query_only(dbapi_connection: Any, _record: object) -> None:
    dbapi_connection.execute("PRAGMA query_only = ON")


class PostgreSQL:
    """PostgreSQL through psycopg 3."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Open sessions whose transactions are read-only by default."""
        from sqlalchemy import create_engine

        try:
            import psycopg  # noqa: F401
        except ImportError:
            raise ConnectionFailed(
                "PostgreSQL needs the package psycopg", hint="pip install 'analytics-lib[postgresql]'"
            ) from None
        options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "analytics_lib"}
        options |= url.query
        if read_only:
            options["options"] = f"{options.get('options', '')} -c default_transaction_read_only=on".lstrip()
        return create_engine(url.set(drivername="postgresql+psycopg"), connect_args=options, pool_pre_ping=True)

    def frame(self, result: CursorResult[Any]) -> pd.DataFrame:
        """Return the rows with inferred types."""
        return rows_to_frame(result)

    def fingerprint(self, url: URL, connection: SqlConnection) -> str | None:
        """Return the write-ahead log's position: it moves with any write to the server, so it is never stale silently.

        It also moves with writes to tables that the page does not read: the page is then rendered without need.
        """
        from sqlalchemy import text

        position = connection.execute(
            text(
                "select case when pg_is_in_recovery() then pg_last_wal_replay_lsn()\\:\\:text "
                "else pg_current_wal_insert_lsn()\\:\\:text end, (select system_identifier from pg_control_system())"
            )
        ).one()
        return hashlib.sha256(f"{position[0]}:{position[1]}:{url.database}".encode()).hexdigest()

    def changed_at(self, url: URL) -> datetime | None:  # noqa: ARG002
        """Return None: PostgreSQL does not tell without `track_commit_timestamp`."""
        return None


BACKENDS: Final[Mapping[str, Backend]] = {"duckdb": DuckDB(), "sqlite": SQLite(), "postgresql": PostgreSQL()}
"""Engines by the name that a URL starts with."""
