"""The connections of one build: opened once, fingerprinted once."""

from __future__ import annotations

import glob
import hashlib
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analytics_lib.connectors import Connection, file_fingerprint, open_connection, placeholders
from analytics_lib.errors import AnalyticsError, QueryError, ReadOnlyError, nearest
from analytics_lib.model.pages import Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pandas as pd

    from analytics_lib.model.parameters import Value
    from analytics_lib.model.report import Query
    from analytics_lib.workspace import Workspace


@dataclass
class Sources:
    """Connections and files as they are at the beginning of a build.

    A fingerprint is taken before anything is rendered from it: data that changes meanwhile makes the page's recorded
    fingerprint an old one, and the next build renders it again.
    """

    workspace: Workspace
    _open: dict[str, Connection] = field(default_factory=dict)
    _fingerprints: dict[str, str | None] = field(default_factory=dict)
    _files: dict[Path, str | None] = field(default_factory=dict)

    def connection(self, name: str, *, where: str | None = None) -> Connection:
        """Return the connection called `name`, opened on first use."""
        if name not in self._open:
            self._open[name] = open_connection(self.workspace.connection(name, where=where))
        return self._open[name]

    def ask(self, query: Query, values: Mapping[str, Value], *, where: str) -> pd.DataFrame:
        """Run a query of the report file with the parameters that it names as ``:name``.

        Raises
        ------
        QueryError, ReadOnlyError
            It names what is no parameter, or the database refuses it.
        """
        named = placeholders(query.query)
        for name in named:
            if name not in values:
                raise QueryError(
                    f"the query names :{name}, which is no parameter", where=where, hint=nearest(name, values)
                )
        try:
            return self.connection(query.connection).sql(query.query, **{name: values[name] for name in named})
        except (QueryError, ReadOnlyError) as error:
            error.where = where
            raise

    def fingerprint(self, name: str) -> str | None:
        """Return the fingerprint of a connection's data; None when it cannot be told."""
        if name not in self._fingerprints:
            self._fingerprints[name] = self.connection(name).fingerprint()
        return self._fingerprints[name]

    def known(self, name: str) -> bool:
        """Return whether the connection's fingerprint was taken already, before rendering."""
        return name in self._fingerprints

    def file(self, path: Path) -> str | None:
        """Return the fingerprint of a file, or of the names that match a pattern; None when the file is gone."""
        if path not in self._files:
            self._files[path] = self._names(path) if is_pattern(path) else file_fingerprint(path)
        return self._files[path]

    def _names(self, pattern: Path) -> str:
        """Return the fingerprint of a pattern: the names of the files that match it."""
        matches = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - the pattern may be absolute
        return digest(*sorted(os.path.relpath(match, self.workspace.root) for match in matches))

    def of(self, names: Iterable[str]) -> tuple[Source, ...]:
        """Return what a page says of the connections it was made from."""
        return tuple(Source(name, self.connection(name).changed_at()) for name in sorted(names))

    def still(self, recorded: Mapping[str, Any]) -> bool:
        """Return whether everything that a version was made from is as it was."""
        if recorded.get("untraceable"):
            return False
        root = self.workspace.root
        if any(self.file(root / path) != digest for path, digest in recorded.get("files", {}).items()):
            return False
        try:
            return all(self.fingerprint(name) == was for name, was in recorded.get("connections", {}).items())
        except AnalyticsError:
            return False  # gone or out of reach: rendering will say so

    def close(self) -> None:
        """Close all connections, so that their files are free."""
        for connection in self._open.values():
            connection.close()


def is_pattern(path: Path) -> bool:
    """Return whether a path stands for all files that match it: ``data/*.csv``."""
    return glob.has_magic(str(path)) and not path.exists()


def digest(*parts: object) -> str:
    """Return the SHA-256 of the parts' text."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()
