"""Servers that tests talk to. One that is absent skips the test, or fails it where services are required."""

from __future__ import annotations

import os

import psycopg
import pytest

POSTGRESQL = "postgresql://postgres@127.0.0.1:5432/test"


class Services:
    """Asked by the tests that need a server."""

    def postgresql(self):
        """Return the URL of a database that tests may write to."""
        try:
            psycopg.connect(POSTGRESQL, connect_timeout=3).close()
        except psycopg.OperationalError as error:
            self._absent(f"no PostgreSQL at {POSTGRESQL}: {str(error).splitlines()[0]}; tests/services.sh starts it")
        return POSTGRESQL

    def _absent(self, reason):
        if os.environ.get("ANALYTICS_REQUIRE_SERVICES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
