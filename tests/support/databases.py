"""An empty database of each engine, and connections to it through the library."""

from __future__ import annotations

import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec

KINDS = ("duckdb", "sqlite", "postgresql", "mariadb")
ALL = [each if each in {"duckdb", "sqlite"} else pytest.param(each, marks=pytest.mark.services) for each in KINDS]
"""The same as parameters of tests."""


class Database:
    """A database of its own; `open` connects, and `close` takes all connections back."""

    def __init__(self, kind, url):
        self.kind = kind
        self.url = url
        self.opened = []

    def open(self, *, read_only=False, **options):
        if self.kind == "duckdb":
            self.close()  # one process may read and write, but not with both kinds of connections
        spec = ConnectionSpec("lab", self.url, read_only, "analytics.toml:5", **options)
        self.opened.append(open_connection(spec))
        return self.opened[-1]

    def close(self):
        for connection in self.opened:
            connection.close()


@contextmanager
def database(kind, folder, services):
    """Make an empty database; remove it afterwards."""
    if kind in {"duckdb", "sqlite"}:
        made = Database(kind, f"{kind}:///{folder}/lab.db")
        if kind == "sqlite":
            (folder / "lab.db").touch()
        yield made
        made.close()
        return
    name = f"lab_{uuid.uuid4().hex[:12]}"
    url = services.postgresql() if kind == "postgresql" else services.mariadb()
    server = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with server.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    own = f"{url}?options=-csearch_path%3D{name}" if kind == "postgresql" else url.replace("/test", f"/{name}")
    made = Database(kind, own)
    try:
        yield made
    finally:
        made.close()
        with server.begin() as connection:
            connection.exec_driver_sql(f"drop schema {name}{' cascade' if kind == 'postgresql' else ''}")
