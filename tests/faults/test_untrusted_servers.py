"""Servers whose certificate is not to be trusted, and credentials that are over: a sentence, whatever is asked."""

from __future__ import annotations

import pandas as pd
import pytest
from support.certificates import certificate
from support.clusters import cluster

from analytics_lib.connectors import open_connection
from analytics_lib.errors import ConnectionFailed
from analytics_lib.model.connections import ConnectionSpec

pytestmark = pytest.mark.services

TRUST = "are the certificates and the ssl options in its url those of the server?"
RENEW = "the account or its password is wrong, or has expired: renew it where the url takes it from"
OPTIONS = {
    "postgresql": ("-c ssl=on", "-c ssl_cert_file={cert}", "-c ssl_key_file={key}"),
    "mariadb": ("--ssl-cert={cert}", "--ssl-key={key}"),
}
TOLD = {"postgresql": "?sslmode=verify-full&sslrootcert={0}", "mariadb": "?ssl_ca={0}"}


@pytest.fixture(scope="module", params=["postgresql", "mariadb"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    cert, key = certificate(folder)
    with cluster(request.param) as made:
        made.kind, made.cert, made.other = request.param, cert, certificate(folder, name="elsewhere")[0]
        made.options = [each.format(cert=made.own(cert), key=made.own(key)) for each in OPTIONS[made.kind]]
        made.restart("fast")
        yield made


def at(server, trusted, host="localhost", account=None):
    url = server.url.replace("127.0.0.1", host)
    return (url if account is None else url.replace("//postgres@", f"//{account}@")) + TOLD[server.kind].format(trusted)


def opened(url):
    return open_connection(ConnectionSpec("shop", url, False, "analytics.toml:5"))


def refused(url):
    """Return what is said, which is the same in every way."""
    ways = {
        "ping": lambda shop: shop.ping(),
        "sql": lambda shop: shop.sql("select 1 as a"),
        "arrow": lambda shop: shop.arrow("select 1 as a"),
        "stream": lambda shop: next(shop.stream("select 1 as a")),
        "write": lambda shop: shop.write("rows", pd.DataFrame({"id": [1]})),
    }
    said = {}
    for way, ask in ways.items():
        with pytest.raises(ConnectionFailed) as caught, opened(url) as shop:
            ask(shop)
        said[way] = str(caught.value)
    assert len(set(said.values())) == 1, said
    assert "\n" not in said["sql"]
    assert "s3cret" not in said["sql"]
    assert said["sql"].startswith("analytics.toml:5: ")
    return said["sql"]


def test_a_certificate_that_is_trusted(server):
    with opened(at(server, server.cert)) as shop:
        assert shop.sql("select 1 as a")["a"].tolist() == [1]
        assert shop.arrow("select 2 as a")["a"].to_pylist() == [2]
        assert next(shop.stream("select 3 as a"))["a"].to_pylist() == [3]
        assert shop.write("rows", pd.DataFrame({"id": [1]}), mode="replace") == 1


def test_a_certificate_that_another_has_signed(server):
    said = refused(at(server, server.other))
    assert "certificate verify failed" in said
    assert said.endswith(TRUST)


def test_a_certificate_of_another_host(server):
    said = refused(at(server, server.cert, host="127.0.0.1"))
    assert "127.0.0.1" in said
    assert "certificate" in said
    assert said.endswith(TRUST)


def test_a_file_of_certificates_that_is_not_there(server, tmp_path):
    said = refused(at(server, tmp_path / "ca.pem"))
    assert f"{tmp_path}/ca.pem" in said
    assert "does not exist" in said or "there is no file" in said


@pytest.fixture
def guarded(server):
    """PostgreSQL asks for passwords from here on."""
    rules = server.data / "pg_hba.conf"
    before = rules.read_text()
    with server.session() as session:
        session.execute("create role old login password 's3cret' valid until '2020-01-01'")
        session.execute("create role ada login password 's3cret' valid until '2999-01-01'")
    rules.write_text("host all old,ada all scram-sha-256\n" + before)
    server.restart("fast")
    yield server
    rules.write_text(before)
    server.restart("fast")
    with server.session() as session:
        session.execute("drop role old")
        session.execute("drop role ada")


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_an_account_that_is_over(guarded):
    with opened(at(guarded, guarded.cert, account="ada:s3cret")) as shop:
        assert shop.sql("select 1 as a")["a"].tolist() == [1]
    said = refused(at(guarded, guarded.cert, account="old:s3cret"))
    assert 'password authentication failed for user "old"' in said
    assert said.endswith(RENEW)


@pytest.mark.parametrize("server", ["postgresql"], indirect=True)
def test_an_account_that_ends_while_it_is_used(guarded):
    """A session outlives its account's last day; who was lost does not get in again."""
    with opened(at(guarded, guarded.cert, account="ada:s3cret")) as shop:
        assert shop.sql("select 1 as a")["a"].tolist() == [1]
        with guarded.session() as session:
            session.execute("alter role ada valid until '2020-01-01'")
            session.execute("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'ada'")
        with pytest.raises(ConnectionFailed, match="password authentication failed") as caught:
            shop.sql("select 2 as a")
    assert str(caught.value).endswith(RENEW)
