"""The connections of one build: opened once, fingerprinted once."""

from __future__ import annotations

import glob
import hashlib
import os
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors import Connection, Reads, Stamps, file_fingerprint, open_connection, placeholders
from analytics_lib.errors import AnalyticsError, QueryError, ReadOnlyError, nearest
from analytics_lib.model.pages import Source
from analytics_lib.registry import is_missing, open_experiments

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    import pandas as pd

    from analytics_lib.model.parameters import Value
    from analytics_lib.model.report import Query
    from analytics_lib.registry import ExperimentRegistry
    from analytics_lib.workspace import Workspace

SETTINGS: Final = ""
"""Stands among a connection's tables for all that decides a query besides them: functions, types, settings."""

_WRITTEN: Final = "something was written on the server"


@dataclass
class Sources:
    """Connections and files as they are at the beginning of a build.

    A fingerprint is taken before anything is rendered from it: data that changes meanwhile makes the page's recorded
    fingerprint an old one, and the next build renders it again.
    """

    workspace: Workspace
    _open: dict[str, Connection] = field(default_factory=dict)
    _fingerprints: dict[str, str | None] = field(default_factory=dict)
    _tables: dict[str, dict[str, str | None]] = field(default_factory=dict)
    _read: dict[tuple[str, str], Reads] = field(default_factory=dict)
    _files: dict[Path, str | None] = field(default_factory=dict)
    _taken_at: dict[tuple[str, ...], datetime] = field(default_factory=dict)
    _heard: list[Reads] = field(default_factory=list)

    def connection(self, name: str, *, where: str | None = None) -> Connection:
        """Return the connection called `name`, opened on first use."""
        if name not in self._open:
            self._open[name] = open_connection(self.workspace.connection(name, where=where), watcher=self)
        return self._open[name]

    def query(self, query: str, values: Mapping[str, object]) -> None:
        """Take no note: a build asks its own queries each time."""

    def reads(self, connection: str, reads: Reads) -> None:  # noqa: ARG002 - one query is asked at a time
        """Take note of what the query under way has read."""
        self._heard.append(reads)

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
        key = query.connection, query.query
        self._heard[:] = [self._read[key]] if key in self._read else []
        try:
            return self.connection(query.connection).sql(query.query, **{name: values[name] for name in named})
        except (QueryError, ReadOnlyError) as error:
            error.where = where
            raise
        finally:
            self._read[key] = _together(self._heard)

    def asked(self, query: Query) -> Reads:
        """Return what a query of the report file has read, with all values that it was asked with."""
        return self._read.get((query.connection, query.query), Reads())

    def behind(self, connection: str, table: str) -> Reads:
        """Return what a check of a table or view reads."""
        key = connection, f"table {table}"
        if key not in self._read:
            self._read[key] = self.connection(connection).tables_behind(table)
        return self._read[key]

    def fingerprint(self, name: str) -> str | None:
        """Return the fingerprint of a connection's data; None when it cannot be told."""
        if name not in self._fingerprints:
            self._fingerprints[name] = self.connection(name).fingerprint(self._stamps)
            self._taken_at[name,] = datetime.now(UTC)
        return self._fingerprints[name]

    def known(self, name: str, begun: datetime) -> bool:
        """Return whether the connection's fingerprint was taken before a rendering that began then."""
        return self._was_taken(name, before=begun)

    def tables(self, name: str, tables: Collection[str]) -> dict[str, str | None]:
        """Return the fingerprints of tables of a connection, and of its settings."""
        taken = self._tables.setdefault(name, {})
        missing = {SETTINGS, *tables} - taken.keys()
        if missing:
            taken |= self.connection(name).table_fingerprints(sorted(missing))
            self._taken_at |= dict.fromkeys(((name, table) for table in missing), datetime.now(UTC))
        return {table: taken[table] for table in sorted({SETTINGS, *tables})}

    def known_tables(self, name: str, tables: Collection[str], begun: datetime) -> dict[str, str | None]:
        """Return the fingerprints of tables as far as they were taken before a rendering that began then."""
        taken = self._tables.get(name, {})
        return {
            table: taken.get(table) if self._was_taken(name, table, before=begun) else None
            for table in sorted({SETTINGS, *tables})
        }

    def _was_taken(self, *what: str, before: datetime) -> bool:
        """Return whether a fingerprint is older: other reports' are taken while notebooks run."""
        return what in self._taken_at and self._taken_at[what] <= before

    def file(self, path: Path) -> str | None:
        """Return the fingerprint of a file, or of the names that match a pattern; None when the file is gone."""
        if path not in self._files:
            self._files[path] = self._names(path) if is_pattern(path) else file_fingerprint(path, self._stamps)
        return self._files[path]

    def of(self, names: Iterable[str]) -> tuple[Source, ...]:
        """Return what a page says of the connections it was made from."""
        return tuple(Source(name, self.connection(name).changed_at()) for name in sorted(names))

    def changes_since(self, recorded: Mapping[str, Any]) -> list[str]:
        """Return what has changed of all that a version was made from, a phrase each; none where all is as it was."""
        if recorded.get("untraceable"):
            return [f"its data cannot be traced: {recorded['untraceable']}"]
        changes = [change for path, was in recorded.get("files", {}).items() for change in self._file_change(path, was)]
        for name, was in recorded.get("experiments", {}).items():
            if self.experiments.get(name) != was:
                changes.append(f"experiment {name}: {'a step or a look' if name in self.experiments else 'gone'}")
        for name, was in recorded.get("connections", {}).items():
            try:
                if self.fingerprint(name) is None or self.fingerprint(name) != was:
                    told = self._connection_changes(name, (recorded.get("tables") or {}).get(name))
                    changes += [f"connection {name}: {each}" for each in told]
            except AnalyticsError as error:  # gone or out of reach: rendering will say so
                changes.append(f"connection {name}: {error.message}")
        return changes

    @cached_property
    def experiments(self) -> dict[str, str]:
        """The mark of each registered experiment, which changes with each step and look."""
        with self._register() as register:
            return register.marks() if register else {}

    def registered(self, statuses: Collection[str]) -> list[tuple[str, str]]:
        """Return name and title of the registered experiments with one of the statuses, by name."""
        with self._register() as register:
            every = register.find() if register else []
        return sorted((each.name, each.title) for each in every if each.status in statuses)

    def close(self, *, remember: bool = True) -> None:
        """Close all connections, so that their files are free.

        Parameters
        ----------
        remember
            Keep the hashes of files for the next build.
        """
        for connection in self._open.values():
            connection.close()
        if remember:
            self._stamps.save()

    @contextmanager
    def _register(self) -> Iterator[ExperimentRegistry | None]:
        """Open the register of experiments; None where there is no state database: none is made for it."""
        workspace = self.workspace
        if is_missing(workspace.state_url):
            yield None
            return
        with closing(open_experiments(workspace.state_url, where=workspace.state_where)) as register:
            yield register

    @cached_property
    def _stamps(self) -> Stamps:
        return Stamps(self.workspace.state / "cache" / "stamps.json")

    def _names(self, pattern: Path) -> str:
        """Return the fingerprint of a pattern: the names of the files that match it."""
        matches = glob.glob(str(pattern), recursive=True)  # noqa: PTH207 - the pattern may be absolute
        return digest(*sorted(os.path.relpath(match, self.workspace.root) for match in matches))

    def _file_change(self, name: str, was: str | None) -> list[str]:
        path = self.workspace.root / name
        if self.file(path) == was:
            return []
        if is_pattern(path):
            return [f"other files match {name}"]
        if was is None or not path.exists():
            return [f"file {name} gone" if was else f"file {name} is there"]
        return [f"file {name} changed at {_moment(datetime.fromtimestamp(path.stat().st_mtime, UTC))}"]

    def _connection_changes(self, name: str, tables: Mapping[str, str | None] | None) -> list[str]:
        """Return what has changed of a connection's data whose fingerprint is another; none if no table has changed."""
        changed_at = self.connection(name).changed_at()
        if changed_at is not None:
            return [f"file changed at {_moment(changed_at)}"]
        if self.fingerprint(name) is None and not tables:
            self.connection(name).ping()  # says what is wrong, if anything is
            return ["its data have no fingerprint"]
        if not tables:
            return [f"{_WRITTEN}, and it is not known which tables the page reads"]
        if None in tables.values():
            return [f"{_WRITTEN}; its tables are compared from the next rendering on"]
        now = self.tables(name, tables.keys())
        return [_table_change(table, now[table]) for table, was in tables.items() if now[table] != was]


def is_pattern(path: Path) -> bool:
    """Return whether a path stands for all files that match it: ``data/*.csv``."""
    return glob.has_magic(str(path)) and not path.exists()


def digest(*parts: object) -> str:
    """Return the SHA-256 of the parts' text."""
    return hashlib.sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()


def _together(reads: Iterable[Reads]) -> Reads:
    """Return what several queries have read."""
    every = [*reads]
    reasons = [each.untraceable for each in every if each.untraceable]
    known = [each.tables for each in every if each.tables is not None]
    tables = frozenset().union(*known) if len(known) == len(every) else None
    return Reads(tables, reasons[0] if reasons else "")


def _table_change(table: str, now: str | None) -> str:
    if table == SETTINGS:
        return "its functions, types or settings changed"
    if now is None:
        return f"{_WRITTEN}, and table {table} is too large to compare"
    return f"table {table} gone" if now == "gone" else f"table {table} changed"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
