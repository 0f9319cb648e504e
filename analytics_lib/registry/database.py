"""Open the state database and bring it to the newest schema."""

from __future__ import annotations

import shutil
import sqlite3
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from analytics_lib.errors import PublishError, WorkspaceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

HEAD: Final = "0004"
"""The newest schema; a test compares it with the migrations."""

_MIGRATIONS: Final = Path(__file__).parent / "migrations"
_BUSY_TIMEOUT_S: Final = 30
_AGAIN_S: Final = 0.01
_NO_ROOM: Final = 1024 * 1024
# Several processes may meet an old schema at once: one migrates, the others wait and find it done. Until commit.
_LOCKS: Final = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "select pg_advisory_xact_lock(1634623852)"}


def is_missing(url: str) -> bool:
    """Return whether the state database is a file that is not there: whoever opens it makes it."""
    try:
        read = make_url(url)
    except ArgumentError:
        return False  # opening it says so
    return read.get_backend_name() == "sqlite" and not Path(read.database or "").is_file()


def open_database(url: str, *, where: str | None = None) -> Engine:
    """Return an engine on a state database of the newest schema, made first where there is none.

    Parameters
    ----------
    url
        SQLAlchemy URL.
    where
        Where the url was given, for errors.

    Raises
    ------
    WorkspaceError
        The url cannot be read, or a newer version of the library has been here.
    PublishError
        The database cannot be opened or written.
    """
    try:
        engine = create_engine(url, **_options(url))
    except (ArgumentError, NoSuchModuleError):
        raise WorkspaceError(
            "the url of the state database cannot be read",
            where=where,
            hint="write it as sqlite:///.analytics/state.db or postgresql://user@host/database",
        ) from None
    try:
        if engine.url.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _sqlite_settings)
            if engine.url.database:
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        with engine.begin() as connection:
            _migrate(connection)
    except (SQLAlchemyError, OSError) as error:
        engine.dispose()
        raise refusal(engine, error, "opened", where=where) from None
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that is committed at the end, or whole undone; what the database refuses is a sentence.

    Raises
    ------
    PublishError
        The database cannot be used.
    """
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with engine.begin() as connection:
            yield connection
    except SQLAlchemyError as error:
        raise refusal(engine, error, "used") from None


def refusal(engine: Engine, error: Exception, done: str, *, where: str | None = None) -> PublishError:
    """Return what a database or the operating system refused as a sentence.

    Parameters
    ----------
    engine
        The state database's engine.
    error
        What was raised.
    done
        What could not be done with it: ``opened``, ``used``.
    where
        Where the database's url was given.
    """
    reason = str(getattr(error, "orig", error)).strip().splitlines()[0]
    if "disk is full" in reason or ("disk I/O error" in reason and _room(engine) < _NO_ROOM):
        return PublishError(
            "the disk is full: the state database could not be written",
            where=engine.url.database,
            hint="make room and run it again; what was published is unchanged",
        )
    return PublishError(
        f"the state database cannot be {done}: {reason}",
        where=where,
        hint="check the state's folder, and `url` under [state] in analytics.toml; what was published is unchanged",
    )


def naive(moment: datetime) -> datetime:
    """Return a time as it is stored: SQLite keeps no zone, so all times are in UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)


def aware(moment: datetime) -> datetime:
    """Return a stored time with its zone."""
    return moment.replace(tzinfo=UTC)


def _room(engine: Engine) -> int:
    """Return the bytes that are free where a SQLite file lies: on a full disk its log fails as an I/O error."""
    folder = Path(engine.url.database or ".").parent
    return shutil.disk_usage(folder).free if folder.is_dir() else 0


def _options(url: str) -> dict[str, Any]:
    return {"connect_args": {"timeout": _BUSY_TIMEOUT_S}} if url.startswith("sqlite") else {"pool_pre_ping": True}


def _sqlite_settings(dbapi_connection: Any, _record: object) -> None:
    cursor = dbapi_connection.cursor()
    _turn_on_log(cursor)
    cursor.execute("PRAGMA synchronous = FULL")  # what is said to be published survives a power cut
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


def _turn_on_log(cursor: sqlite3.Cursor) -> None:
    """Turn on the write-ahead log, with which readers never wait for a build.

    While somebody else does the same to a new database SQLite refuses at once, whatever the busy time-out.
    """
    end = time.monotonic() + _BUSY_TIMEOUT_S
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(_AGAIN_S)
        else:
            return


def _migrate(connection: Connection) -> None:
    current = None
    if inspect(connection).has_table("alembic_version"):
        current = connection.execute(text("select version_num from alembic_version")).scalar()
    if current == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    if connection.dialect.name in _LOCKS:
        connection.exec_driver_sql(_LOCKS[connection.dialect.name])
    try:
        command.upgrade(config, "head")
    except CommandError:
        raise WorkspaceError(
            f"the state database is of schema {current}, newer than this library knows",
            hint="install the newest analytics-lib here too",
        ) from None
