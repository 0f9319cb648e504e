"""Warehouses that are known by their dialect alone: what keeps them from being opened is a sentence."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from analytics_lib.connectors import open_connection
from analytics_lib.errors import ConnectionFailed
from analytics_lib.model.connections import ConnectionSpec


class Dialect(SQLiteDialect_pysqlite):
    """One that does what a test says."""

    supports_statement_cache = True
    imported = opened = connected = None

    @classmethod
    def import_dbapi(cls):
        if cls.imported is not None:
            raise cls.imported
        return super().import_dbapi()

    def create_connect_args(self, url):
        if self.opened is not None:
            raise self.opened
        return [":memory:"], {}

    def connect(self, *arguments, **options):
        if self.connected is not None:
            raise self.connected
        return super().connect(*arguments, **options)


@pytest.fixture
def refused(monkeypatch):
    """Return what is said of a url whose dialect raises something at one of its steps."""

    def refused(url, **raised):
        def load(name):
            if "loaded" in raised:
                raise raised["loaded"]
            return type("Told", (Dialect,), raised)

        monkeypatch.setattr(sa.dialects.registry, "load", load)
        said = []
        for way in ("ping", "sql", "arrow"):
            with pytest.raises(ConnectionFailed) as caught:
                opened = open_connection(ConnectionSpec("w", url, where="analytics.toml:2"))
                getattr(opened, way)(*(["select 1 as a"] if way != "ping" else []))
            said.append(str(caught.value))
        assert len(set(said)) == 1
        assert "s3cret" not in said[0]
        assert "\n" not in said[0]
        return said[0]

    return refused


@pytest.mark.parametrize(
    ("url", "package"),
    [
        ("snowflake://ada:s3cret@account/db", "snowflake-sqlalchemy"),
        ("bigquery://project/set", "sqlalchemy-bigquery"),
        ("trino://ada@host/catalog", "'trino[sqlalchemy]'"),
    ],
)
def test_a_dialect_that_is_not_installed(refused, url, package):
    kind = url.partition(":")[0]
    said = refused(url, loaded=sa.exc.NoSuchModuleError(f"Can't load plugin: sqlalchemy.dialects:{kind}"))
    assert said == f"analytics.toml:2: connections of the kind '{kind}' need {package}; pip install {package}"


@pytest.mark.parametrize(
    ("url", "package"),
    [("redshift+psycopg2://ada:s3cret@host/db", "psycopg2"), ("mssql+pymssql://ada:s3cret@host/db", "pymssql")],
)
def test_a_driver_that_is_not_installed(refused, url, package):
    kind = url.partition("+")[0]
    said = refused(url, imported=ImportError(f"No module named {package}"))
    assert said == f"analytics.toml:2: connections of the kind '{kind}' need {package}; pip install {package}"


@pytest.mark.parametrize("step", ["opened", "connected"])
def test_what_a_driver_raises_as_it_opens(refused, step):
    """Google's library has errors of its own, and looks for credentials before anything is asked."""

    class NoCredentials(Exception):
        pass

    raised = NoCredentials("Your default credentials were not found.\nTo set them up, see …")
    assert refused("bigquery://project/set", **{step: raised}) == (
        "analytics.toml:2: the database cannot be opened: Your default credentials were not found; "
        "the account or its password is wrong, or has expired: renew it where the url takes it from"
    )


def test_a_password_that_a_driver_repeats(refused):
    said = refused("trino://ada:s3cret@host/catalog", connected=ValueError("no TLS to ada:s3cret@host"))
    assert said.startswith("analytics.toml:2: the database cannot be opened: no TLS to ada:***@host; ")


def test_a_text_within_a_pair_within_another(refused):
    told = b"DB-Lib error message 20009, severity 9:\nUnable to connect: Adaptive Server is unavailable (host)\nNet-Lib"
    said = refused(
        "mssql+pymssql://sa:s3cret@host/db", connected=Dialect.import_dbapi().OperationalError((20009, told))
    )
    assert said == (
        "analytics.toml:2: the database cannot be opened: Unable to connect: Adaptive Server is unavailable (host); "
        "is the server up, and are the address and the account in its url right?"
    )
