"""One SELECT and its answer: as a frame, as an Arrow table, or batch by batch; asked again where that is harmless."""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from analytics_lib.connectors.engines.adbc import Unsuited
from analytics_lib.connectors.engines.adbc_values import numbered
from analytics_lib.connectors.engines.backend import Reads
from analytics_lib.connectors.engines.comments import comment
from analytics_lib.connectors.engines.failures import is_lost
from analytics_lib.connectors.reading.arrowframes import frame_of
from analytics_lib.connectors.reading.rows import BATCH_ROWS
from analytics_lib.connectors.reading.watching import Watched
from analytics_lib.connectors.statements.binding import bind, first_word, inner, placeholders, require_single_select
from analytics_lib.errors import AnalyticsError, ConnectionFailed, InputError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd
    import pyarrow as pa
    from sqlalchemy import Connection as SqlConnection
    from sqlalchemy import Engine, TextClause

    from analytics_lib.connectors.engines.adbc import AdbcRows
    from analytics_lib.connectors.engines.backend import Backend
    from analytics_lib.connectors.reading.rows import Rows

Answer = TypeVar("Answer")

_WAITS_S: Final = (0.0, 0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
"""How long a server that was lost is waited for, from one try to the next."""

_COPIED: Final = frozenset({"select", "with", "values", "table"})
"""What PostgreSQL hands out in binary form."""


class Asked(Protocol):
    """An answer whose rows are still to be fetched."""

    @property
    def rows(self) -> Rows:
        """What fetches them."""

    def frame(self, limit: int | None) -> pd.DataFrame:
        """Return all rows; where there are more than `limit`, at least one more than that."""

    def reads(self) -> Reads:
        """Return what the statement has read."""


class _Ours:
    """An answer through SQLAlchemy."""

    def __init__(self, connection: SqlConnection, clause: TextClause, batch: int, backend: Backend) -> None:
        self._connection, self._clause, self._batch, self._backend = connection, clause, batch, backend

    @property
    def rows(self) -> Rows:
        return self._backend.rows(self._connection, self._clause, self._batch)

    def frame(self, limit: int | None) -> pd.DataFrame:
        return self._backend.frame(self._connection.execute(self._clause), limit)

    def reads(self) -> Reads:
        return self._backend.reads(self._connection)


class _Beside:
    """An answer through the faster driver."""

    def __init__(self, rows: AdbcRows, backend: Backend, engine: Engine) -> None:
        self.rows, self._backend, self._engine = rows, backend, engine

    def frame(self, limit: int | None) -> pd.DataFrame:
        return frame_of(self.rows.whole(limit), widen=self._backend.widens)

    def reads(self) -> Reads:
        locked = self.rows.locked()
        with self._engine.connect() as connection:
            return self._backend.reads(connection, locked)


class Reading(Watched):
    """What a connection answers to one reading statement."""

    def arrow(self, query: str, /, **values: object) -> pa.Table:
        """Run one SELECT and return its rows as an Arrow table, with the types that the database tells.

        Parameters
        ----------
        query, **values
            As for `Connection.sql`.

        Raises
        ------
        ConnectionFailed, QueryError, ReadOnlyError
            As for `Connection.sql`.

        Examples
        --------
        >>> db.arrow("select * from ops.flights where carrier = :carrier", carrier="UA")  # doctest: +SKIP
        """
        return self._noted(query, values, lambda asked: self._limited(asked.rows.whole(self._spec.row_limit)))

    def stream(self, query: str, /, *, batch: int = BATCH_ROWS, **values: object) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and yield its rows as Arrow record batches: no more than a few are in memory.

        All batches have one schema. Limits of time and rows are for answers as a whole, not for streams.

        Parameters
        ----------
        query, **values
            As for `Connection.sql`; no value can be called ``batch``.
        batch
            Rows of a batch at most.

        Raises
        ------
        InputError
            `batch` is less than 1.
        ConnectionFailed, QueryError, ReadOnlyError
            As for `Connection.sql`; while rows are being fetched, too.

        Examples
        --------
        >>> for rows in db.stream("select * from ops.flights", batch=10_000):  # doctest: +SKIP
        ...     print(rows.num_rows)
        """
        if batch < 1:
            raise InputError(f"a batch of {batch} rows was asked for", hint="give 1 or more")
        if "batch" in placeholders(query):
            raise QueryError(
                "the query names :batch, which is the size of a batch here",
                where=f"connection '{self.name}'",
                hint="call the placeholder something else",
            )
        require_single_select(query, self.name)
        clause = bind(query, values, self.name)
        self._watch(query, values)
        return self._streamed(query, clause, batch)

    def explain(self, query: str, /, **values: object) -> str:
        """Return how the database would run a SELECT, in its own words; nothing is run.

        Parameters
        ----------
        query, **values
            As for `Connection.sql`.

        Raises
        ------
        ConnectionFailed, QueryError, ReadOnlyError
            As for `Connection.sql`.
        """
        require_single_select(query, self.name)
        words = "explain query plan" if self._url.get_backend_name() == "sqlite" else "explain"
        clause = bind(f"{words} {inner(query).strip()}", values, self.name)
        with self._sentences(), self._connect() as connection:
            rows = connection.execute(clause).all()
        return "\n".join("  ".join(str(part) for part in row if part is not None) for row in rows)

    def _noted(self, query: str, values: Mapping[str, object], take: Callable[[Asked], Answer]) -> Answer:
        """Read, and let the watcher know what."""
        require_single_select(query, self.name)
        clause = bind(query, values, self.name)
        self._watch(query, values)
        try:
            answer, reads = self._read(query, clause, take)
        except AnalyticsError:
            self._tell(Reads())
            raise
        self._tell(reads)
        return answer

    def _read(self, query: str, clause: TextClause, take: Callable[[Asked], Answer]) -> tuple[Answer, Reads]:
        """Return what `take` makes of the answer, and what was read; asked again if the connection is lost.

        Parameters
        ----------
        query, clause
            The statement as it was written, and with its values.
        take
            Fetches the rows.
        """

        def attempt() -> tuple[Answer, Reads]:
            with self._asked(query, clause) as asked:
                return take(asked), asked.reads() if self._watcher is not None else Reads()

        import pandas as pd  # noqa: F401 - its import is none of the query's time

        limit = self._spec.time_limit
        with self._sentences(), self.time_limit(limit) if limit else nullcontext():
            return self._again(attempt)

    def _streamed(self, query: str, clause: TextClause, batch: int) -> Iterator[pa.RecordBatch]:
        reads = Reads()  # of a stream that is left half-way nobody knows
        try:
            with self._sentences(), ExitStack() as stack:

                def first() -> tuple[Asked, Iterator[pa.RecordBatch], pa.RecordBatch]:
                    with ExitStack() as opened:
                        asked = opened.enter_context(self._asked(query, clause, batch))
                        batches = opened.enter_context(closing(asked.rows.pieces(batch)))
                        found = next(batches)
                        stack.push(opened.pop_all())
                        return asked, batches, found

                asked, batches, found = self._again(first)  # from here on rows are handed out: nothing is asked again
                yield found
                yield from batches
                if self._watcher is not None:
                    reads = asked.reads()
        finally:
            self._tell(reads)

    def _again(self, attempt: Callable[[], Answer]) -> Answer:
        """Return what a reading attempt does; once more, with a new connection, where the first one was lost."""
        try:
            return attempt()
        except Exception as error:
            if not is_lost(error):
                raise
        self._wait_until_open()
        return attempt()

    def _wait_until_open(self) -> None:
        """Open a lost database again: a server that is starting needs a moment."""
        from sqlalchemy.exc import DBAPIError

        for number, wait in enumerate(_WAITS_S, start=1):
            time.sleep(wait)
            try:
                with self._engine.connect():
                    return
            except (DBAPIError, ConnectionFailed):  # refused, or starting up
                if number == len(_WAITS_S):
                    raise

    @contextmanager
    def _asked(self, query: str, clause: TextClause, batch: int = 0) -> Iterator[Asked]:
        """Ask the database: through the faster driver where it reads this statement, else through SQLAlchemy."""
        sessions = self._sessions
        bound = bool(placeholders(query))  # no stream: the driver has all rows of such an answer in memory
        if sessions is not None and not (bound and batch) and first_word(query) in _COPIED:
            with ExitStack() as stack:
                try:
                    text, values = numbered(clause) if bound else (inner(query), [])
                    rows = stack.enter_context(sessions.reading(comment() + text, self._held(stack), values))
                except Unsuited:
                    stack.close()  # SQLAlchemy's driver reads it, or says why not
                else:
                    yield _Beside(rows, self._backend, self._engine)
                    return
        with self._connect() as connection:
            yield _Ours(connection, clause, batch, self._backend)

    def _held(self, stack: ExitStack) -> Callable[[Any], None]:
        """Return what puts a session under the time limits that hold at present."""

        def hold(session: Any) -> None:
            for deadline in self._deadlines:
                stack.callback(deadline.watch(session))

        return hold

    def _limited(self, answer: Answer) -> Answer:
        """Refuse an answer with more rows than the connection allows.

        Raises
        ------
        QueryError
            There are more.
        """
        limit = self._spec.row_limit
        if limit is not None and len(answer) > limit:  # type: ignore[arg-type] # a frame or a table
            raise QueryError(
                f"the query returns more than {limit:,} rows, which is the row limit",
                where=f"connection '{self.name}'",
                hint="aggregate in the query, read with .stream(), or raise row_limit in analytics.toml",
            )
        return answer
