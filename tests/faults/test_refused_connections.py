"""A password that has expired, a server without TLS, a full disk: a sentence each, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
import uuid

import pandas as pd
import pymysql
import pytest
from support.databases import database

from analytics_lib.connectors import open_connection
from analytics_lib.errors import ConnectionFailed
from analytics_lib.model.connections import ConnectionSpec


def refused(url, way):
    with (
        pytest.raises(ConnectionFailed) as caught,
        open_connection(ConnectionSpec("shop", url, False, "analytics.toml:5")) as shop,
    ):
        if way == "write":
            shop.write("rows", pd.DataFrame({"id": [1]}))
        elif way == "stream":
            next(shop.stream("select 1 as a"))
        else:
            getattr(shop, way)("select 1 as a")
    assert "s3cret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.services
@pytest.mark.parametrize("way", ["sql", "arrow", "stream", "write"])
class TestRefused:
    def test_a_server_without_tls(self, services, way):
        url = services.postgresql().replace("postgres@", "postgres:s3cret@") + "?sslmode=require"
        said = refused(url, way)
        assert "does not support SSL" in said
        assert "are the certificates and the ssl options in its url those of the server?" in said

    def test_a_password_that_has_expired(self, services, way):
        services.mariadb()
        account = f"old_{uuid.uuid4().hex[:8]}"
        with pymysql.connect(host="127.0.0.1", user="root") as server:
            cursor = server.cursor()
            cursor.execute(f"create user {account}@'127.0.0.1' identified by 's3cret' password expire")
            cursor.execute(f"grant all on test.* to {account}@'127.0.0.1'")
        try:
            said = refused(f"mariadb+pymysql://{account}:s3cret@127.0.0.1:3306/test", way)
        finally:
            with pymysql.connect(host="127.0.0.1", user="root") as server:
                server.cursor().execute(f"drop user {account}@'127.0.0.1'")
        assert "SET PASSWORD" in said
        assert "or has expired: renew it where the url takes it from" in said

    def test_a_certificate_that_is_not_there(self, services, way):
        said = refused(f"{services.mariadb()}?ssl_ca=/nowhere/ca.pem", way)
        assert "there is no file /nowhere/ca.pem; check ssl_ca in the connection's url" in said


FILLING = """
import resource, sys
import numpy as np, pandas as pd
from analytics_lib.connectors import open_connection
from analytics_lib.errors import AnalyticsError
from analytics_lib.model.connections import ConnectionSpec
words = [f"{n:x}" * 9 for n in np.random.default_rng(1).integers(0, 2**60, 200_000)]
rows = pd.DataFrame({"id": range(200_000), "word": words})
with open_connection(ConnectionSpec("shop", sys.argv[1], False)) as shop:
    shop.sql("select count(*) as n from rows")
    resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
    try:
        shop.write("rows", rows, mode=sys.argv[2])
    except AnalyticsError as error:
        print(error)
"""


@pytest.mark.parametrize(("kind", "mode"), [("duckdb", "replace"), ("sqlite", "append")])
def test_a_disk_without_room(kind, mode, tmp_path, services):
    with database(kind, tmp_path, services) as made:
        made.open().write("rows", pd.DataFrame({"id": [1, 2], "word": ["a", "b"]}))
        made.close()
        said = subprocess.run(
            [sys.executable, "-c", FILLING, made.url, mode], capture_output=True, text=True, timeout=120, check=False
        )
        lines = [line for line in said.stdout.splitlines() if line]
        assert len(lines) == 1, said.stdout + said.stderr
        assert "connection 'shop': the database " in lines[0]
        assert made.open().sql("select word from rows order by id")["word"].tolist() == ["a", "b"]
