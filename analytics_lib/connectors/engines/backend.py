"""What the library needs to know of a database engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from datetime import datetime

    import pandas as pd
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import CursorResult, Engine, TextClause
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.adbc import Sessions
    from analytics_lib.connectors.files.fingerprints import Stamps
    from analytics_lib.connectors.reading.rows import Rows

    Connect = Callable[[], AbstractContextManager[SqlConnection]]


CONNECT_TIMEOUT_S: Final = 10


@dataclass(frozen=True)
class Reads:
    """What the database says that a query has read.

    Parameters
    ----------
    tables
        Tables and views by their full names; None where the engine does not tell.
    untraceable
        Why no fingerprint covers what was read; empty where one does.
    """

    tables: frozenset[str] | None = None
    untraceable: str = ""


class Backend(Protocol):
    """One kind of database engine."""

    def engine(self, url: URL, *, read_only: bool) -> Engine:
        """Return a SQLAlchemy engine; nothing is opened yet."""

    def rows(self, connection: SqlConnection, clause: TextClause, batch: int = 0) -> Rows:
        """Run a query and return what fetches its rows as Arrow; in bounded memory where a size of `batch` is given."""

    def frame(self, result: CursorResult[Any], limit: int | None = None) -> pd.DataFrame:
        """Return all rows of a result; where there are more than `limit`, at least one more than that."""

    def sessions(self, engine: Engine) -> Sessions | None:
        """Return what reads beside the engine and faster, where there is such a driver."""

    @property
    def widens(self) -> bool:
        """Whether frames hold all whole numbers, and all floats, in 64 bits."""

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:
        """Return text that changes whenever the data may have changed; None when that cannot be told."""

    def changed_at(self, url: URL) -> datetime | None:
        """Return when the data last changed (UTC), where that is known without a query."""

    def reads(self, connection: SqlConnection, locked: list[int] | None = None) -> Reads:
        """Return what has been read in the present transaction, or in one that holds the locks named."""

    def tables_behind(self, connection: SqlConnection, table: str) -> Reads:
        """Return what a query of all rows of `table` would read; the name is as people write it."""

    def table_fingerprints(self, connection: SqlConnection, tables: Collection[str]) -> Mapping[str, str | None]:
        """Return a fingerprint of each of `tables`, as `Reads` names them; None where one cannot be told.

        The name "" stands for what is no table and decides a query all the same: functions, types, settings.
        """

    def definitions(
        self, connection: SqlConnection, names: Collection[str], calls: Collection[str]
    ) -> Mapping[str, str | None]:
        """Return the statements behind views of these `names`, and behind macros and functions called as in `calls`.

        All names are in lower case. None stands for a function that does more than a statement could say, and may
        answer differently each time.
        """

    def is_shared(self, url: URL) -> bool:
        """Return whether other processes see the same data at this URL."""

    @property
    def has_programs(self) -> bool:
        """Whether functions may be programs, which can leave a session other than they found it."""


class Untraced:
    """An engine that does not tell which tables a query has read: the fingerprint of its whole data must do."""

    def sessions(self, engine: Engine) -> None:
        """Return None: there is one driver, which SQLAlchemy uses."""

    @property
    def widens(self) -> bool:
        """Return True: rows are Python's."""
        return True

    def reads(self, connection: SqlConnection, locked: list[int] | None = None) -> Reads:  # noqa: ARG002
        """Return that nothing is known."""
        return Reads()

    def tables_behind(self, connection: SqlConnection, table: str) -> Reads:  # noqa: ARG002
        """Return that nothing is known."""
        return Reads()

    def table_fingerprints(
        self,
        connection: SqlConnection,  # noqa: ARG002
        tables: Collection[str],
    ) -> Mapping[str, str | None]:
        """Return none."""
        return dict.fromkeys(tables)


def joined(rows: Iterable[Sequence[Any]]) -> dict[str, str | None]:
    """Return name → statement; those of one name, in two schemas perhaps, count together."""
    found: dict[str, str | None] = {}
    for row in rows:
        name, statement = row[0], row[1]
        before = found.get(name, "")
        found[name] = None if before is None or statement is None else f"{before}\n{statement}"
    return found
