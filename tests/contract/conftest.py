"""A small shop in each database engine, for the contract that all connections keep."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
import sqlalchemy as sa

from analytics_lib.connectors import open_connection
from analytics_lib.model.connections import ConnectionSpec

SHOP = (
    "create table orders (id integer, customer varchar(20), amount {double}, paid boolean, day date, placed timestamp)",
    "insert into orders values (1, 'Ada', 10.5, {true}, '2026-01-01', '2026-01-01 08:30:00')",
    "insert into orders values (2, 'Bob', 20.25, {false}, '2026-01-02', '2026-01-02 09:00:00')",
    "insert into orders values (3, 'O''Hara; --', null, null, '2026-01-03', '2026-01-03 00:00:00')",
    "create view large as select * from orders where amount > 15",
)


@dataclass
class Engine:
    """A database that holds the shop, and the connections that a test opened to it."""

    kind: str
    url: str
    opened: list = field(default_factory=list)

    def open(self, *, read_only=True, url=None):
        connection = open_connection(ConnectionSpec("shop", url or self.url, read_only, "analytics.toml:5"))
        self.opened.append(connection)
        return connection

    def close(self):
        for connection in self.opened:
            connection.close()

    def write(self, *statements):
        """Change the data, past the library; DuckDB's file must be free for that."""
        self.close()
        words = {"double": "double precision", "true": "1", "false": "0"}
        if self.kind != "sqlite":
            words |= {"true": "true", "false": "false"}
        engine = sa.create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
        with engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement.format(**words))
        engine.dispose()


@contextmanager
def _postgresql(url):
    schema = f"shop_{uuid.uuid4().hex[:12]}"
    server = sa.create_engine(url.replace("postgresql:", "postgresql+psycopg:"), poolclass=sa.NullPool)
    with server.begin() as connection:
        connection.execute(sa.schema.CreateSchema(schema))
    yield Engine("postgresql", f"{url}?options=-csearch_path%3D{schema}")
    with server.begin() as connection:
        connection.execute(sa.schema.DropSchema(schema, cascade=True))


@contextmanager
def _file(kind, folder):
    yield Engine(kind, f"{kind}:///{folder}/shop.db")


@contextmanager
def made(kind, folder, services):
    """Make the shop in a database of its own; remove it afterwards."""
    with _postgresql(services.postgresql()) if kind == "postgresql" else _file(kind, folder) as engine:
        engine.write(*SHOP)
        try:
            yield engine
        finally:
            engine.close()


@pytest.fixture(scope="module", params=["duckdb", "sqlite", pytest.param("postgresql", marks=pytest.mark.services)])
def kind(request):
    """One engine after the other."""
    return request.param


@pytest.fixture(scope="module")
def shop(kind, tmp_path_factory, services):
    """A read-only connection to a shop that nobody changes."""
    with made(kind, tmp_path_factory.mktemp("shop"), services) as engine:
        yield engine.open()


@pytest.fixture
def engine(kind, tmp_path, services):
    """A shop to be changed."""
    with made(kind, tmp_path, services) as engine:
        yield engine
