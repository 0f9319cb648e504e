"""What is wrong with a connection or a query of a report file: one sentence, and nothing published changes."""

from __future__ import annotations

import re

import pytest
from support.shop import CONNECT

WAREHOUSE = 'url = "duckdb:///data/shop.duckdb"'


def test_an_unknown_connection_in_a_notebook(shop):
    shop.cell(CONNECT, 'import analytics_lib as al\n\ndb = al.connect("warehous")')
    assert shop.refused() == (
        "notebooks/orders.ipynb cell 3, line 3: unknown connection 'warehous'. Did you mean 'warehouse'?"
    )


@pytest.mark.parametrize(
    "key",
    [
        "checks:\n  - {suite: orders, connection: warehous, table: orders}\n",
        "for_each:\n  region: {connection: warehous, query: select 1}\n",
        "freshness:\n  {connection: warehous, query: select 1}\n",
    ],
)
def test_an_unknown_connection_in_the_report_file(shop, key):
    shop.report("owner:", f"{key}owner:")
    assert shop.refused() == "reports/orders.yml:4: unknown connection 'warehous'. Did you mean 'warehouse'?"


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        (
            "duckdb:///data/gone.duckdb",
            (
                "the database of connection 'warehouse' cannot be opened: IO Error: Cannot open database \"{root}/data/"
                'gone.duckdb" in read-only mode: database does not exist. Check its url.'
            ),
        ),
        (
            "duckdb:///analytics.toml",
            (
                "the database of connection 'warehouse' cannot be opened: IO Error: The file \"{root}/analytics.toml\" "
                "exists, but it is not a valid DuckDB database file. Check its url."
            ),
        ),
        (
            "sqlite:///data/gone.sqlite",
            "there is no database file {root}/data/gone.sqlite. Check the connection's url.",
        ),
        (
            "sqlite:///analytics.toml",
            "the database of connection 'warehouse' cannot be opened: file is not a database. Check its url.",
        ),
        (
            "postgresql://shop:secret@127.0.0.1:9/shop",
            (
                "the database of connection 'warehouse' cannot be opened: connection failed: connection to server at "
                '"127.0.0.1", port 9 failed: Connection refused. '
                "Is the server up, and are the address and the account in its url right?"
            ),
        ),
        (
            "mongodb://127.0.0.1/shop",
            (
                "connection 'warehouse' has a url of the unknown kind 'mongodb'. "
                "Known are 'bigquery', 'databricks', 'duckdb', 'file', 'mariadb', 'mssql', 'mysql', 'postgresql', "
                "'redshift', 'snowflake', 'sqlite' and 'trino'."
            ),
        ),
        (
            "data/shop.duckdb",
            (
                "the url of connection 'warehouse' cannot be read. "
                "Write it as duckdb:///data/warehouse.duckdb or postgresql://user@host/database."
            ),
        ),
    ],
)
def test_a_database_that_cannot_be_opened(shop, url, sentence):
    shop.replace("analytics.toml", WAREHOUSE, f'url = "{url}"')
    assert shop.refused() == f"analytics.toml:5: {sentence.format(root=shop.root)}"


def test_a_server_that_cannot_be_reached_is_named_without_its_password(shop):
    shop.replace("analytics.toml", WAREHOUSE, 'url = "postgresql://shop:secret@no-such-host.invalid/shop"')
    sentence = shop.refused()
    assert sentence.startswith("analytics.toml:5: the database of connection 'warehouse' cannot be opened: ")
    assert "no-such-host.invalid" in sentence
    assert "secret" not in sentence


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "select region from order_lines",
            (
                "the database refuses the query: Catalog Error: Table with name order_lines does not exist. "
                'Did you mean "orders"?'
            ),
        ),
        (
            "select regoin from orders",
            (
                'the database refuses the query: Binder Error: Referenced column "regoin" not found in FROM clause. '
                'Candidate bindings: "region", "amount".'
            ),
        ),
        (
            "select region form orders",
            'the database refuses the query: Parser Error: syntax error at or near "orders".',
        ),
        (
            "select region from orders where region = :regoin",
            "the query names :regoin, which is no parameter. Known are 'as_of' and 'top'.",
        ),
        (
            "select region from orders where amount > 1000",
            "the query of for_each returns no row. A report needs one value at least.",
        ),
        (
            "select null",
            "the query of for_each returns a NULL. Leave it out: where … is not null.",
        ),
        (
            "delete from orders returning region",
            (
                "the connection is read-only and the statement starts with DELETE. "
                "Write one SELECT, or set `read_only = false` for the connection and use .execute()."
            ),
        ),
        (
            "select region from orders; drop table orders",
            "the query holds more than one statement. Write one SELECT.",
        ),
    ],
)
def test_a_query_of_for_each(shop, query, sentence):
    shop.report("owner:", f"for_each:\n  region:\n    connection: warehouse\n    query: {query}\nowner:")
    assert shop.refused() == f"reports/orders.yml:6: {sentence}"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        (
            "select max(daay) from orders",
            (
                'the database refuses the query: Binder Error: Referenced column "daay" not found in FROM clause. '
                'Candidate bindings: "day", "id".'
            ),
        ),
        (
            "select 'soon'",
            "the freshness query returns 'soon'. Let it return one date or time: select max(day) from …",
        ),
        (
            "select 5",
            "the freshness query returns 5. Let it return one date or time: select max(day) from …",
        ),
    ],
)
def test_a_freshness_query(shop, query, sentence):
    shop.report("owner:", f"freshness:\n  connection: warehouse\n  query: {query}\nowner:")
    assert shop.refused() == f"reports/orders.yml:5: {sentence}"


def test_a_database_that_another_process_writes_to(shop):
    import subprocess
    import sys

    code = f"import duckdb; c = duckdb.connect({str(shop.database)!r}); print('open', flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"open\n"
        sentence = shop.refused("build", "--force")
        writer.communicate(b"\n")
    assert re.fullmatch(
        r"analytics\.toml:5: the database of connection 'warehouse' cannot be opened: IO Error: "
        r"Could not set lock on file .*\. Another process writes to it; let that finish, or close it there\.",
        sentence,
    )
