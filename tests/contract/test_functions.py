"""What the library believes of functions, held against what each engine says of its own."""

from __future__ import annotations

import sqlite3

import duckdb
import psycopg
import pytest

from analytics_lib.connectors.statements.functions import CHANGING, LEAST_ARGUMENTS, SAME

DETERMINISTIC = 0x800


def duckdb_volatile():
    with duckdb.connect() as database:
        query = "select distinct function_name from duckdb_functions() where stability <> 'CONSISTENT'"
        return {name.lower() for (name,) in database.execute(query).fetchall()}


def sqlite_volatile():
    connection = sqlite3.connect(":memory:")
    try:
        found = connection.execute("select name, flags from pragma_function_list").fetchall()
    finally:
        connection.close()
    return {name for name, flags in found} - {name for name, flags in found if flags & DETERMINISTIC}


def postgresql_volatile(url):
    with psycopg.connect(url) as connection:
        query = (
            "select proname from pg_proc where pronamespace = 'pg_catalog'::regnamespace group by 1 "
            "having bool_or(provolatile = 'v')"
        )
        return {name for (name,) in connection.execute(query)}


def test_duckdb():
    assert duckdb_volatile() & SAME - LEAST_ARGUMENTS.keys() == set()
    assert {"random", "now", "nextval"} <= duckdb_volatile() & CHANGING


def test_sqlite():
    # SQLite calls aggregates, and functions of its windows, indeterminate as a matter of form.
    assert sqlite_volatile() & {"random", "randomblob", "last_insert_rowid", "total_changes"} <= CHANGING
    assert {"random", "randomblob"} <= sqlite_volatile()
    assert not {"random", "randomblob", "last_insert_rowid", "total_changes", "load_extension"} & SAME


@pytest.mark.services
def test_postgresql(services):
    volatile = postgresql_volatile(services.postgresql())
    assert volatile & SAME == set()
    assert {"random", "nextval", "clock_timestamp", "set_config"} <= volatile & CHANGING


def test_the_lists_do_not_overlap():
    assert not SAME & CHANGING
