"""A named connection: queries in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Self

from analytics_lib.connectors.backends import BACKENDS, Backend
from analytics_lib.connectors.statements import bind, require_single_select
from analytics_lib.errors import AnalyticsError, ConnectionFailed, QueryError, ReadOnlyError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from analytics_lib.model.connections import ConnectionSpec


Observe = Callable[[str, Mapping[str, object]], None]


class Connection:
    """A connection by its name in ``analytics.toml``.

    Opened on first use; safe to keep for a whole notebook. Use it as a context manager, or call `close`, where the
    file must be free afterwards.
    """

    def __init__(self, spec: ConnectionSpec, observe: Observe | None = None) -> None:
        self._spec = spec
        self._observe = observe

    def __repr__(self) -> str:
        mode = "read-only" if self._spec.read_only else "read and write"
        return f"<connection {self.name!r}: {self._url.render_as_string(hide_password=True)}, {mode}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The connection's name."""
        return self._spec.name

    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
        return self._spec.read_only

    @cached_property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for what the methods here do not cover."""
        with self._sentences():
            return self._backend.engine(self._url, read_only=self.read_only)

    def sql(self, query: str, /, **values: object) -> pd.DataFrame:
        """Run one SELECT and return its rows.

        Parameters
        ----------
        query
            One reading statement; ``:name`` stands for a bound value. A list expands: ``carrier in :carriers``.
        **values
            A value for each placeholder.

        Raises
        ------
        ConnectionFailed
            The database cannot be reached.
        QueryError
            The database refuses the statement, or placeholders and values do not match.
        ReadOnlyError
            The statement is not a reading one.

        Examples
        --------
        >>> db.sql("select * from ops.airlines where carrier = :carrier", carrier="UA")  # doctest: +SKIP
        """
        require_single_select(query, self.name)
        clause = bind(query, values, self.name)
        if self._observe is not None:
            self._observe(query, values)
        with self._sentences(), self.engine.connect() as connection:
            return self._backend.frame(connection.execute(clause))

    def execute(self, statement: str, /, **values: object) -> int:
        """Run one statement that writes, in a transaction of its own, and return the number of rows it touched.

        Raises
        ------
        ReadOnlyError
            The connection is read-only.
        """
        if self.read_only:
            raise ReadOnlyError(
                "the connection is read-only",
                where=f"connection '{self.name}'",
                hint=f"set `read_only = false` under [connections.{self.name}] in analytics.toml",
            )
        clause = bind(statement, values, self.name)
        with self._sentences(), self.engine.begin() as connection:
            return int(connection.execute(clause).rowcount)

    def tables(self) -> list[str]:
        """Return the names of all tables and views, with their schema where it is not the default one."""
        from sqlalchemy import inspect

        names: list[str] = []
        with self._sentences():
            inspector = inspect(self.engine)
            for schema in inspector.get_schema_names():
                if schema.split(".")[-1] in {"information_schema", "pg_catalog"} or schema.startswith(
                    ("system.", "temp.")
                ):
                    continue
                found = inspector.get_table_names(schema=schema) + inspector.get_view_names(schema=schema)
                short = schema.split(".")[-1]
                default = short in {inspector.default_schema_name, "main"}
                names += [name if default else f"{short}.{name}" for name in found]
        return sorted(set(names))

    def ping(self) -> None:
        """Open the database once.

        Raises
        ------
        ConnectionFailed
            It cannot be reached.
        """
        with self._sentences(), self.engine.connect():
            pass

    def fingerprint(self) -> str | None:
        """Return text that changes whenever the data may have changed; None when that cannot be told."""
        with self._sentences(), self.engine.connect() as connection:
            return self._backend.fingerprint(self._url, connection)

    def changed_at(self) -> datetime | None:
        """Return when the data last changed (UTC), where that is known without a query."""
        return self._backend.changed_at(self._url)

    def close(self) -> None:
        """Close what is open; the next use opens it again."""
        if "engine" in self.__dict__:
            self.engine.dispose()
            del self.__dict__["engine"]

    @cached_property
    def _url(self) -> URL:
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            return make_url(self._spec.url)
        except ArgumentError:
            raise ConnectionFailed(
                f"the url of connection '{self.name}' cannot be read",
                where=self._spec.where,
                hint="write it as duckdb:///data/warehouse.duckdb or postgresql://user@host/database",
            ) from None

    @cached_property
    def _backend(self) -> Backend:
        kind = self._url.get_backend_name()
        if kind not in BACKENDS:
            raise ConnectionFailed(
                f"connection '{self.name}' has a url of the unknown kind '{kind}'",
                where=self._spec.where,
                hint=nearest(kind, BACKENDS),
            )
        return BACKENDS[kind]

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
            raise self._translated(error) from None
        except SQLAlchemyError as error:
            raise QueryError(_first_line(str(error)), where=f"connection '{self.name}'") from None

    def _translated(self, error: object) -> AnalyticsError:
        original = getattr(error, "orig", error)
        message = self._without_password(str(original).strip())
        where = f"connection '{self.name}'"
        lowered = message.lower()
        if ("read-only" in lowered and "cannot open" not in lowered) or "readonly" in lowered:
            return ReadOnlyError(
                f"the connection is read-only: {_first_line(message)}",
                where=where,
                hint=f"set `read_only = false` under [connections.{self.name}] in analytics.toml",
            )
        opening = type(original).__name__ in _UNREACHABLE and (self._is_opening(error) or "connection" in lowered)
        if opening or "file is not a database" in lowered:
            return ConnectionFailed(
                f"the database of connection '{self.name}' cannot be opened: {_first_line(message)}",
                where=self._spec.where,
                hint=_opening_hint(lowered),
            )
        return QueryError(f"the database refuses the query: {_sentence(message)}", where=where)

    @staticmethod
    def _is_opening(error: object) -> bool:
        return getattr(error, "statement", None) is None

    def _without_password(self, message: str) -> str:
        secret = self._url.password
        return message.replace(str(secret), "***") if secret else message


_UNREACHABLE = {"IOException", "OperationalError", "ConnectionException", "ConnectionTimeout", "InterfaceError"}


def _opening_hint(message: str) -> str:
    if "lock" in message:
        return "another process writes to it; let that finish, or close it there"
    if any(part in message for part in ("does not exist", "no such file", "unable to open", "not a ")):
        return "check its url"
    return "is the server up, and are the address and the account in its url right?"


def _first_line(message: str) -> str:
    return message.splitlines()[0].strip().rstrip(".!") if message else "no reason was given"


def _sentence(message: str) -> str:
    """Join what a database says over several lines; its drawing of the place is left out."""
    kept = []
    for line in message.splitlines():
        if line.startswith("LINE ") or set(line.strip()) <= {"^", "~"}:
            continue
        kept.append(line.strip().rstrip(".!"))
    return ". ".join(part for part in kept if part) or "no reason was given"


def open_connection(spec: ConnectionSpec, *, observe: Observe | None = None) -> Connection:
    """Return the connection that `spec` describes; nothing is opened before its first use.

    Parameters
    ----------
    spec
        The connection as the workspace declares it.
    observe
        Called with each query and its values before it runs.
    """
    return Connection(spec, observe)
