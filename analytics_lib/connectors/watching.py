"""Who is told what a connection reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.connectors.backend import Reads


class Watcher(Protocol):
    """Told of every query, and of what the database says that it has read."""

    def query(self, query: str, values: Mapping[str, object]) -> None:
        """Take note of a statement before it runs: one that a person wrote, or that stands behind a view in it."""

    def reads(self, connection: str, reads: Reads) -> None:
        """Take note of what a query has read."""
