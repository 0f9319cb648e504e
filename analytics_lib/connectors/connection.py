"""A named connection: queries in, frames out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.engines.backend import Reads
from analytics_lib.connectors.engines.listing import table_names
from analytics_lib.connectors.statements.binding import bind, inner, plain_values, require_single_select
from analytics_lib.connectors.statements.definitions import is_repeatable, may_switch
from analytics_lib.connectors.writing.writing import Writing, read_only
from analytics_lib.errors import AnalyticsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import pandas as pd
    from sqlalchemy import CursorResult, Engine, TextClause
    from sqlalchemy.sql import Executable

    from analytics_lib.connectors.moments.tables import Table
    from analytics_lib.connectors.reading.sharing import SharedAnswers
    from analytics_lib.connectors.reading.watching import Watcher
    from analytics_lib.model.connections import ConnectionSpec

_DECIDES: Final = re.compile(r"TZ|PG(?!PASSWORD).*")
"""Environment variables that drivers look at beside the url."""


class Connection(Writing):
    """A connection by its name in ``analytics.toml``.

    Opened on first use; safe to keep for a whole notebook. Use it as a context manager, or call `close`, where the
    file must be free afterwards.
    """

    def __init__(
        self, spec: ConnectionSpec, watcher: Watcher | None = None, shared: SharedAnswers | None = None
    ) -> None:
        super().__init__(spec, watcher)
        self._shared = shared

    def __repr__(self) -> str:
        mode = "read-only" if self._spec.read_only else "read and write"
        return f"<connection {self.name!r}: {self._url.render_as_string(hide_password=True)}, {mode}>"

    @property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, for what the methods here do not cover."""
        self._tell(Reads())  # nobody sees what is read with it
        self._shared = None  # nor what becomes of its sessions
        return self._engine

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
        self._watch(query, values)
        try:
            frame, reads = self._answer(query, clause, values)
        except AnalyticsError:
            self._tell(Reads())
            raise
        self._tell(reads)
        return frame

    def table(self, name: str) -> Table:
        """Return a table or view whose rows stay in the database; `sql` fetches rows.

        Parameters
        ----------
        name
            ``"trial"`` or ``"ops.trial"``.

        Raises
        ------
        InputError
            It is no name.
        """
        from analytics_lib.connectors.moments.tables import table_of  # numpy comes with it

        return table_of(self, name)

    def query(self, query: str, /, **values: object) -> Table:
        """Return what one SELECT says, as rows that stay in the database; see `sql` for values and errors.

        Examples
        --------
        >>> db.query("select * from ops.trial where day < :day", day="2026-02-01").count()  # doctest: +SKIP
        """
        from analytics_lib.connectors.moments.tables import Table

        require_single_select(query, self.name)
        rows = bind(inner(query), values, self.name).columns().subquery("said")
        return Table(self, rows, query, values, is_table=False)

    def run(
        self,
        statement: Executable,
        query: str,
        values: Mapping[str, object],
        read: Callable[[CursorResult[Any]], Any] | None = None,
    ) -> Any:
        """Run a statement that the library has built from a query.

        Parameters
        ----------
        statement
            What is run.
        query, values
            What it reads, as a person wrote it.
        read
            Turns the result into what is returned; a frame of all rows by default.
        """
        self._watch(query, values)
        try:
            with self._sentences(), self._connect() as connection:
                answer = (read or self._backend.frame)(connection.execute(statement))
                reads = self._backend.reads(connection) if self._watcher is not None else Reads()
        except AnalyticsError:
            self._tell(Reads())
            raise
        self._tell(reads)
        return answer

    def execute(self, statement: str, /, **values: object) -> int:
        """Run one statement that writes, in a transaction of its own, and return the number of rows it touched.

        Raises
        ------
        ReadOnlyError
            The connection is read-only.
        """
        if self.read_only:
            raise read_only(self.name)
        clause = bind(statement, values, self.name)
        self._tell(Reads())
        with self._sentences(), self._engine.begin() as connection:
            return int(connection.execute(clause).rowcount)

    def tables(self) -> list[str]:
        """Return the names of all tables and views, with their schema where it is not the default one."""
        self._tell(Reads())
        with self._sentences():
            return table_names(self._engine)

    def _answer(self, query: str, clause: TextClause, values: Mapping[str, object]) -> tuple[pd.DataFrame, Reads]:
        """Return the answer to a query, another kernel's where that is the same."""
        shared = self._shared
        if shared is None or not self._is_shared(query, values):
            return self._run(query, clause)
        surroundings = {name: value for name, value in os.environ.items() if _DECIDES.fullmatch(name)}
        asked = (
            self.name, self._url.render_as_string(hide_password=True), Path.cwd(), sorted(surroundings.items()),
            query, sorted(plain_values(values, self.name).items()),
        )  # fmt: skip
        return shared.answer(asked, lambda: self._run(query, clause))

    def _is_shared(self, query: str, values: Mapping[str, object]) -> bool:
        """Return whether any kernel would get the same answer; a session that a query changes is a kernel's own."""
        if not self.read_only or not self._backend.is_shared(self._url):
            return False
        behind = self._definitions.behind(query)
        if may_switch(query, behind, has_programs=self._backend.has_programs):
            self._shared = None
            return False
        return is_repeatable(query, values, behind)

    def _run(self, query: str, clause: TextClause) -> tuple[pd.DataFrame, Reads]:
        """Let the database answer; say also what it has read, where somebody wants to know."""
        return self._read(query, clause, lambda asked: self._limited(asked.frame(self._spec.row_limit)))


def open_connection(
    spec: ConnectionSpec, *, watcher: Watcher | None = None, shared: SharedAnswers | None = None
) -> Connection:
    """Return the connection that `spec` describes; nothing is opened before its first use.

    Parameters
    ----------
    spec
        The connection as the workspace declares it.
    watcher
        Told of each query, and of what it has read.
    shared
        The answers of the kernels that run beside this one.
    """
    return Connection(spec, watcher, shared)
