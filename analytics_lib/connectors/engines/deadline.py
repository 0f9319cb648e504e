"""A time after which statements are ended, whatever the engine: each driver has a way to interrupt a connection."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Self

from analytics_lib.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sqlalchemy import Engine

_AGAIN_S: Final = 0.2
"""An interruption that meets no statement is lost, and the next statement must end too."""
_KILL_TIMEOUT_S: Final = 5


class Deadline:
    """Interrupts what an engine's connections are doing once the time is over, until the block is left.

    What other threads do with the engine meanwhile is none of the block's.

    Parameters
    ----------
    engine
        Whose connections are watched, those checked out within the block.
    seconds
        How long the block's statements may take together.
    where
        Its name, for errors.
    """

    def __init__(self, engine: Engine, seconds: float, where: str) -> None:
        self._engine = engine
        self._seconds = seconds
        self._where = where
        self._out: dict[int, Any] = {}
        self._owner = 0
        self._lock = threading.RLock()  # a connection that kills gives itself back
        self._left, self._over = threading.Event(), threading.Event()
        self._cancelled, self._awake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._watch, name="deadline", daemon=True)

    def __enter__(self) -> Self:
        from sqlalchemy import event

        self._owner = threading.get_ident()
        event.listen(self._engine, "checkout", self._took)
        event.listen(self._engine, "checkin", self._gave)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        from sqlalchemy import event

        self._left.set()
        self._awake.set()
        self._thread.join()
        event.remove(self._engine, "checkout", self._took)
        event.remove(self._engine, "checkin", self._gave)
        # Without an error too: MariaDB's sleep() answers when it is ended, and other functions may.
        if self._over.is_set() and (error is None or isinstance(error, Exception)):
            raise self._refusal() from None

    def cancel(self) -> None:
        """End the block's statements now, from any thread: nobody waits for what they find."""
        self._cancelled.set()
        self._awake.set()

    def watch(self, session: Any) -> Callable[[], None]:
        """Interrupt also a session that is none of the engine's; return what ends that.

        Raises
        ------
        QueryError
            The time is over.
        """
        self._took(session, None, None)
        return lambda: self._gave(session, None)

    def _refusal(self) -> QueryError:
        if self._cancelled.is_set():
            return QueryError(
                "the query was ended before it was answered", where=self._where, hint="ask again if you need the answer"
            )
        return QueryError(
            f"the query ran longer than {self._seconds:g} s and was ended",
            where=self._where,
            hint="let it read less: aggregate in a view or a table first, or pick fewer rows",
        )

    def _took(self, connection: Any, _record: object, _proxy: object) -> None:
        if threading.get_ident() != self._owner:
            return
        with self._lock:
            if self._over.is_set():
                raise self._refusal()
            self._out[id(connection)] = connection

    def _gave(self, connection: Any, _record: object) -> None:
        with self._lock:
            self._out.pop(id(connection), None)

    def _watch(self) -> None:
        self._awake.wait(self._seconds)
        wait = 0.0
        while not self._left.wait(wait):
            with self._lock:
                self._over.set()
                for connection in self._out.values():
                    with suppress(Exception):  # it may have ended by itself: then there is nothing to interrupt
                        self._interrupt(connection)
            wait = _AGAIN_S

    def _interrupt(self, connection: Any) -> None:
        """Let a driver interrupt its connection, from another thread as all of these allow."""
        if hasattr(connection, "adbc_cancel"):
            connection.adbc_cancel()
        elif hasattr(connection, "cancel_safe"):  # psycopg
            connection.cancel_safe(timeout=_KILL_TIMEOUT_S)
        elif hasattr(connection, "thread_id"):  # PyMySQL has no way of its own
            with self._engine.connect() as other:
                other.exec_driver_sql(f"kill query {int(connection.thread_id())}")
        else:  # DuckDB, SQLite
            connection.interrupt()
