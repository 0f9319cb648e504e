"""A database that is opened on first use, and what it tells of itself."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from analytics_lib.connectors.engines.backends import backend_of, url_of
from analytics_lib.connectors.engines.comments import comment_on
from analytics_lib.connectors.engines.deadline import Deadline
from analytics_lib.connectors.engines.failures import Failed, Lost
from analytics_lib.connectors.engines.refusals import first_line, refusal
from analytics_lib.errors import AnalyticsError, QueryError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from contextlib import AbstractContextManager
    from datetime import datetime

    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.adbc import Sessions
    from analytics_lib.connectors.engines.backend import Backend, Reads
    from analytics_lib.connectors.files.fingerprints import Stamps
    from analytics_lib.model.connections import ConnectionSpec


class Opened:
    """What a connection is before anything is asked of its tables.

    Parameters
    ----------
    spec
        The connection as the workspace declares it.
    """

    def __init__(self, spec: ConnectionSpec) -> None:
        self._spec = spec
        self._deadlines: list[Deadline] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The connection's name."""
        return self._spec.name

    @property
    def dialect(self) -> str:
        """SQLAlchemy's name of the dialect: ``"postgresql"``, ``"duckdb"``."""
        return self._url.get_backend_name()

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._spec.read_only

    def ping(self) -> None:
        """Open the database once.

        Raises
        ------
        ConnectionFailed
            It cannot be reached.
        """
        with self._sentences(), self._engine.connect():
            pass

    def fingerprint(self, stamps: Stamps | None = None) -> str | None:
        """Return text that changes whenever the data may have changed; None when that cannot be told.

        Parameters
        ----------
        stamps
            Hashes of files that need not be taken again.
        """
        with self._sentences():
            return self._backend.fingerprint(self._url, self._connect, stamps)

    def tables_behind(self, table: str) -> Reads:
        """Return which tables a query of all rows of a table or view would read, where the engine tells."""
        with self._sentences(), self._engine.connect() as connection:
            return self._backend.tables_behind(connection, table)

    def table_fingerprints(self, tables: Collection[str]) -> Mapping[str, str | None]:
        """Return a fingerprint of each of `tables`; None where that cannot be told.

        Parameters
        ----------
        tables
            Full names; "" stands for all that decides a query besides tables: functions, types, settings.
        """
        with self._sentences(), self._engine.connect() as connection:
            return self._backend.table_fingerprints(connection, tables)

    def changed_at(self) -> datetime | None:
        """Return when the data last changed (UTC), where that is known without a query."""
        return self._backend.changed_at(self._url)

    @contextmanager
    def time_limit(self, seconds: float) -> Iterator[Deadline]:
        """End what is still running after so many seconds; the limit is for all statements of the block together.

        Parameters
        ----------
        seconds
            How long.

        Yields
        ------
        Deadline
            Its ``cancel()`` ends them at once, from another thread.

        Raises
        ------
        QueryError
            The time is over, or the block was cancelled.

        Examples
        --------
        >>> with db.time_limit(30):  # doctest: +SKIP
        ...     db.sql("select count(*) from ops.flights")
        """
        with Deadline(self._engine, seconds, f"connection '{self.name}'") as deadline:
            self._deadlines.append(deadline)
            try:
                yield deadline
            finally:
                self._deadlines.remove(deadline)

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        if (sessions := self.__dict__.pop("_sessions", None)) is not None:
            sessions.close()
        if "_engine" in self.__dict__:
            self._engine.dispose()
            del self.__dict__["_engine"]

    @cached_property
    def _engine(self) -> Engine:
        with self._sentences():
            engine = self._backend.engine(self._url, read_only=self.read_only)
        comment_on(engine)
        return engine

    @cached_property
    def _sessions(self) -> Sessions | None:
        return self._backend.sessions(self._engine)

    def _connect(self) -> AbstractContextManager[SqlConnection]:
        return self._engine.connect()

    @cached_property
    def _url(self) -> URL:
        return url_of(self._spec)

    @cached_property
    def _backend(self) -> Backend:
        return backend_of(self._spec, self._url)

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Turn what drivers raise into sentences that name the connection and hide the password."""
        from sqlalchemy.exc import DBAPIError, SQLAlchemyError

        try:
            yield
        except AnalyticsError as error:
            if error.where is None:
                error.where = self._spec.where or f"connection '{self.name}'"
            raise
        except DBAPIError as error:
            raise refusal(error, self._spec, self._url) from None
        except (Lost, Failed) as error:
            raise refusal(error, self._spec, self._url) from None
        except SQLAlchemyError as error:
            raise QueryError(first_line(str(error)), where=f"connection '{self.name}'") from None
