"""Who is told what a connection reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from analytics_lib.connectors.engines.backend import Reads
from analytics_lib.connectors.engines.opened import Opened
from analytics_lib.connectors.statements.definitions import Definitions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from analytics_lib.model.connections import ConnectionSpec


class Watcher(Protocol):
    """Told of every query, and of what the database says that it has read."""

    def query(self, query: str, values: Mapping[str, object]) -> None:
        """Take note of a statement before it runs: one that a person wrote, or that stands behind a view in it."""

    def reads(self, connection: str, reads: Reads) -> None:
        """Take note of what a query has read."""


class Watched(Opened):
    """A database whose reading somebody is told of.

    Parameters
    ----------
    spec
        The connection as the workspace declares it.
    watcher
        Who is told; None for nobody.
    """

    def __init__(self, spec: ConnectionSpec, watcher: Watcher | None = None) -> None:
        super().__init__(spec)
        self._watcher = watcher
        self._definitions = Definitions(self._define)

    def _tell(self, reads: Reads) -> None:
        if self._watcher is not None:
            self._watcher.reads(self.name, reads)

    def _watch(self, query: str, values: Mapping[str, object]) -> None:
        """Let the watcher know a query, and the statements of the views and functions that it names."""
        if self._watcher is None:
            return
        self._watcher.query(query, values)
        for name, statement in self._definitions.behind(query).items():
            if statement is None:
                self._tell(Reads(untraceable=f"a query calls {name}(), whose answer changes by itself"))
            else:
                self._watcher.query(statement, {})

    def _define(self, names: Collection[str], calls: Collection[str]) -> Mapping[str, str | None]:
        with self._sentences(), self._connect() as connection:
            return self._backend.definitions(connection, names, calls)
