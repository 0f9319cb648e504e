"""Who loads into a table now: a lock in the database, held by a session of its own and freed by its end.

Two loads of one table would meet on the tables beside it. A file's lock keeps those of one workspace apart; this one
keeps apart all that share a server. DuckDB and SQLite have no such locks.
"""

from __future__ import annotations

import hashlib
import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import AnalyticsError, ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection as SqlConnection

    from analytics_lib.connectors.landing.tables import Names

_LONGEST_NAME: Final = 63  # of an application, in PostgreSQL
_IDLE_S: Final = 7 * 24 * 3600
"""How long MariaDB lets the session wait: a service may give its pages slowly."""

_POSTGRESQL: Final = {
    "name": "select set_config('application_name', :who, false)",
    "stay": "select set_config(name, '0', false) from pg_settings where name = 'idle_session_timeout'",
    "take": "select pg_try_advisory_lock(:number)",
    "held": """
select count(*) from pg_locks where locktype = 'advisory' and granted and pid = pg_backend_pid()
and objsubid = 1 and (classid::bigint << 32 | objid::bigint) = :number""",
    "holder": """
select coalesce(nullif(a.application_name, ''), 'session ' || l.pid || ' of ' || coalesce(a.usename, 'another account'))
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.objsubid = 1
and l.database = (select oid from pg_database where datname = current_database())
and (l.classid::bigint << 32 | l.objid::bigint) = :number""",
}
_MARIADB: Final = {
    "stay": f"set session wait_timeout = {_IDLE_S}",
    "take": "select get_lock(:text, 0)",
    "held": "select is_used_lock(:text) = connection_id()",
    "holder": """
select concat('session ', id, ' of ', user, ' from ', host) from information_schema.processlist
where id = is_used_lock(:text)""",
}
CLAIMED: Final[Mapping[str, Mapping[str, str]]] = {"postgresql": _POSTGRESQL, "mysql": _MARIADB, "mariadb": _MARIADB}
"""Dialect → what is asked. The locks of PostgreSQL belong to a database, those of MariaDB and MySQL to a server."""


class Claim:
    """The right to load into one table.

    Parameters
    ----------
    connection
        The session, outside of transactions, and used for nothing else; None where the engine has no such locks.
    names
        The table.
    source
        What is loaded, for those who wait.
    sentences
        Turns what drivers raise into sentences.
    """

    def __init__(
        self,
        connection: SqlConnection | None,
        names: Names,
        source: str,
        sentences: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._connection = connection
        self._sentences = sentences
        if connection is None:
            return
        from sqlalchemy import inspect

        self._queries = CLAIMED[connection.dialect.name]
        schema = names.schema or inspect(connection).default_schema_name
        key = hashlib.sha256(f"{schema}.{names.table}".encode()).digest()
        who = f"process {os.getpid()} on {socket.gethostname()} ({source})"
        self._values = {
            "number": int.from_bytes(key[:8], signed=True), "text": f"analytics load {key.hex()[:32]}",
            "who": who[:_LONGEST_NAME],
        }  # fmt: skip
        for query in ("name", "stay"):
            if query in self._queries:
                self._ask(query)

    def take(self) -> bool:
        """Take it if it is free; return whether it was."""
        return self._connection is None or bool(self._ask("take"))

    def holder(self) -> str:
        """Return who has it, for a reader; empty where that cannot be told."""
        return "" if self._connection is None else str(self._ask("holder") or "")

    def require(self) -> None:
        """See that it is still held.

        Raises
        ------
        ConnectionFailed
            The session has ended, and the lock with it.
        """
        if self._connection is None:
            return
        held = False
        with suppress(AnalyticsError):  # a session that has ended holds nothing
            held = bool(self._ask("held"))
        if not held:
            raise ConnectionFailed(
                "the session that kept other loads of the table away has ended, and nothing was changed",
                hint="load it again; what was fetched from a service is kept",
            )

    def close(self) -> None:
        """End the session, and give the right back."""
        if self._connection is not None:
            with suppress(AnalyticsError), self._sentences():  # it may have ended by itself
                self._connection.close()

    def _ask(self, query: str) -> Any:
        from sqlalchemy import bindparam, text

        assert self._connection is not None  # noqa: S101 - for the type checker
        asked = text(self._queries[query])
        known = {name: value for name, value in self._values.items() if f":{name}" in self._queries[query]}
        with self._sentences():
            result = self._connection.execute(asked.bindparams(*(bindparam(name) for name in known)), known)
            return result.scalar() if result.returns_rows else None
