"""A file as a connection: its rows are a table of a DuckDB in memory, which nothing else can be reached from."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.engines.embedded import DuckDB
from analytics_lib.connectors.files.fingerprints import file_fingerprint
from analytics_lib.connectors.files.reading import load_file
from analytics_lib.errors import ConnectionFailed
from analytics_lib.model.files import FileSpec, name_of

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.backend import Connect
    from analytics_lib.connectors.files.fingerprints import Stamps
    from analytics_lib.model.connections import ConnectionSpec

PREFIX: Final = "file:"


class File(DuckDB):
    """CSV, Parquet, JSON lines or Excel.

    Parameters
    ----------
    spec
        The connection, whose url is ``file:`` and a path or an address of fsspec.
    """

    def __init__(self, spec: ConnectionSpec) -> None:
        address = spec.url.removeprefix(PREFIX)
        self._name = spec.name
        name = name_of(address)
        self._file = FileSpec(address, name, PurePosixPath(name).name, spec.where, "url", spec.options)
        self._path = None if "://" in address else Path(address)

    def engine(self, url: URL, *, read_only: bool) -> Engine:  # noqa: ARG002 - the url hides what the spec holds
        """Read the file; each session is one of the same database in memory, closed to files and networks."""
        import duckdb
        from duckdb_sqlalchemy import ConnectionWrapper
        from sqlalchemy import QueuePool, create_engine

        if not read_only:
            raise ConnectionFailed(
                f"{self._file.name} is a file, which is read and not written",
                hint="remove `read_only = false`, or write the rows into a database",
            )
        database = duckdb.connect(
            ":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        )
        load_file(database, self._name, self._file)
        database.execute("set enable_external_access = false")
        database.execute("set lock_configuration = true")
        return create_engine("duckdb://", creator=lambda: ConnectionWrapper(database.cursor()), poolclass=QueuePool)

    def fingerprint(self, url: URL, connect: Connect, stamps: Stamps | None) -> str | None:  # noqa: ARG002
        """Return the content hash of a file that lies here; of one elsewhere nothing is known without fetching it."""
        return file_fingerprint(self._path, stamps) if self._path else None

    def changed_at(self, url: URL) -> datetime | None:  # noqa: ARG002
        """Return the file's time of change."""
        try:
            return datetime.fromtimestamp(self._path.stat().st_mtime, UTC) if self._path else None
        except OSError:
            return None

    def is_shared(self, url: URL) -> bool:  # noqa: ARG002
        """Return whether the file lies here: all processes see the same."""
        return self._path is not None and self._path.is_file()
