"""Servers that tests talk to. One that is absent skips the test, or fails it where services are required."""

from __future__ import annotations

import os
from importlib.util import find_spec

import psycopg
import pytest

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/test"
MARIADB = "mariadb+pymysql://root@127.0.0.1:3306/test"


class Services:
    """Asked by the tests that need a server."""

    def postgresql(self):
        """Return the URL of a database that tests may write to."""
        try:
            psycopg.connect(POSTGRESQL, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            absent(f"no PostgreSQL at {POSTGRESQL}: {str(error).splitlines()[0]}; tests/services.sh starts it")
        return POSTGRESQL

    def mariadb(self):
        """Return the URL of a database that tests may write to."""
        if find_spec("pymysql") is None:
            absent("PyMySQL is not installed: pip install 'analytics-lib[mariadb]'")
        import pymysql

        try:
            pymysql.connect(host="127.0.0.1", user="root", database="test", connect_timeout=3).close()
        except pymysql.err.OperationalError as error:
            absent(f"no MariaDB at {MARIADB}: {error.args[-1]}; tests/services.sh starts it")
        return MARIADB

    def dask(self):
        """Skip the test where Dask is not installed."""
        if find_spec("distributed") is None:
            absent("Dask is not installed: pip install 'analytics-lib[dask]'")


def absent(reason):
    """Skip the test, or fail it where nothing may be absent."""
    if os.environ.get("ANALYTICS_REQUIRE_SERVICES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)
