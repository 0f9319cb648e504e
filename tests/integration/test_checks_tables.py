"""What only tables have: read-only connections, schemas, views, odd names, failing statements, limits in SQL."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import sqlalchemy as sa

from analytics_lib.errors import ConnectionFailed, SuiteError
from analytics_lib.model.checks import MAX_FAILING_ROWS
from analytics_lib.validation import check_frame, check_table, load_suite

MANY = 5000
SETUP = [
    "CREATE SCHEMA ops",
    f"CREATE TABLE ops.flights AS SELECT i AS id, CASE WHEN i % 2 = 0 THEN i END AS delay FROM range({MANY}) t(i)",
    "CREATE VIEW late AS SELECT * FROM ops.flights WHERE delay > 4000",
    'CREATE TABLE "Order {lines}" AS SELECT 1 AS "Unit Price", 2 AS "select"',
    "CREATE TABLE ops.airports (faa VARCHAR)",
]


@pytest.fixture
def engine(tmp_path):
    url = f"duckdb:///{tmp_path}/warehouse.duckdb"
    writing = sa.create_engine(url)
    with writing.begin() as connection:
        for statement in SETUP:
            connection.execute(sa.text(statement))
    writing.dispose()
    reading = sa.create_engine(url, connect_args={"read_only": True})
    yield reading
    reading.dispose()


@pytest.fixture
def suite_of(tmp_path):
    def suite_of(*expectations):
        path = tmp_path / "suite.json"
        listed = [{"type": kind, "kwargs": kwargs} for kind, kwargs in expectations]
        path.write_text(json.dumps({"name": "suite", "expectations": listed}, indent=1), encoding="utf-8")
        return load_suite(path)

    return suite_of


NOT_NULL = ("expect_column_values_to_not_be_null", {"column": "delay"})
NOT_EMPTY = ("expect_table_row_count_to_be_between", {"min_value": 1})


def found_by(query):
    return ("unexpected_rows_expectation", {"unexpected_rows_query": query})


def test_only_as_many_rows_leave_the_database_as_are_shown(engine, suite_of):
    statements = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def _(connection, cursor, statement, *rest):
        statements.append(statement)

    suite = suite_of(NOT_NULL, found_by("SELECT * FROM {batch} WHERE delay IS NULL"))
    result = check_table(engine, "ops.flights", suite, subject="flights")
    assert [each.observed for each in result.results] == ["2,500 of 5,000 values fail (50 %)", "2,500 rows"]
    assert [len(each.failing_rows) for each in result.results] == [MAX_FAILING_ROWS] * 2
    of_rows = [each for each in statements if "flights" in each and "count(" not in each.lower()]
    assert of_rows
    assert [each for each in of_rows if "LIMIT" not in each and "sum(" not in each.lower()] == []
    assert [each for each in statements if "CREATE" in each.upper()] == []


def test_the_database_file_is_free_after_a_check(engine, suite_of):
    result = check_table(engine, "ops.flights", suite_of(NOT_NULL), subject="flights")
    assert not result.results[0].passed
    assert engine.pool.checkedout() == 0
    engine.dispose()
    writing = sa.create_engine(engine.url)
    with writing.begin() as connection:
        connection.execute(sa.text("DROP TABLE ops.airports"))
    writing.dispose()


def test_many_checks_leave_nothing_behind(engine, suite_of):
    from analytics_lib.validation.evaluation import _context
    from analytics_lib.validation.tables import BorrowedConnectionEngine

    suite = suite_of(NOT_NULL)
    handlers = len(engine.pool.dispatch.connect)
    for _ in range(5):
        check_table(engine, "ops.flights", suite, subject="flights")
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, BorrowedConnectionEngine)] == []
    assert len(engine.pool.dispatch.connect) == handlers
    assert len(_context().data_sources.all()) == 0


def test_an_in_memory_database_outlives_its_checks(suite_of):
    engine = sa.create_engine("sqlite://", poolclass=sa.pool.StaticPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE flights AS SELECT 1 AS id, NULL AS delay"))
    for _ in range(2):
        assert check_table(engine, "flights", suite_of(NOT_NULL), subject="flights").failures
        gc.collect()
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM flights")).scalar() == 1
    engine.dispose()


def test_threads_check_at_the_same_time(engine, suite_of):
    suite = suite_of(NOT_NULL, NOT_EMPTY)

    def check(number):
        return check_table(engine, "ops.flights", suite, subject=f"flights {number}")

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(check, range(8)))
    assert [each.subject for each in results] == [f"flights {number}" for number in range(8)]
    assert {tuple(found.passed for found in each.results) for each in results} == {(False, True)}


def test_a_view_is_checked_like_a_table(engine, suite_of):
    result = check_table(engine, "late", suite_of(NOT_NULL, NOT_EMPTY), subject="late")
    assert [each.observed for each in result.results] == ["0 of 499 values fail", "observed 499"]


def test_names_that_need_quotes(engine, suite_of):
    suite = suite_of(
        ("expect_column_values_to_be_between", {"column": "Unit Price", "min_value": 5}),
        ("expect_column_values_to_be_between", {"column": "select", "min_value": 5}),
        found_by('SELECT * FROM {batch} AS lines WHERE lines."Unit Price" = 1'),
    )
    result = check_table(engine, "Order {lines}", suite, subject="lines")
    assert [each.problem for each in result.results] == [None] * 3
    assert [each.failing_rows for each in result.results] == [({"Unit Price": 1, "select": 2},)] * 3


@pytest.mark.parametrize(
    ("query", "observed"),
    [
        ("SELECT * FROM {batch} WHERE id < 3;", "3 rows"),
        ("SELECT f.id FROM {batch} f JOIN {batch} g ON f.id = g.id + 1 WHERE f.id < 3 -- neighbours", "2 rows"),
        ("SELECT id % 3 AS rest, count(*) AS n FROM {batch} GROUP BY 1 ORDER BY 2", "3 rows"),
        ("SELECT * FROM ops.flights WHERE id = 7", "1 row"),
    ],
)
def test_any_select_finds_unexpected_rows(engine, suite_of, query, observed, capfd):
    (found,) = check_table(engine, "ops.flights", suite_of(found_by(query)), subject="flights").results
    assert (found.observed, found.problem, found.passed) == (observed, None, False)
    assert len(found.failing_rows) == int(observed.split()[0])
    assert capfd.readouterr() == ("", "")


def test_a_query_that_finds_nothing_passes(engine, suite_of):
    (found,) = check_table(
        engine, "ops.flights", suite_of(found_by("SELECT * FROM {batch} WHERE id < 0")), subject="flights"
    ).results
    assert (found.passed, found.observed, found.failing_rows) == (True, "0 rows", ())


def test_a_query_cannot_be_evaluated_on_a_frame_and_has_not_passed(suite_of):
    frame = pd.DataFrame({"id": [1, 2]})
    (found,) = check_frame(frame, suite_of(found_by("SELECT * FROM {batch} WHERE id < 0")), subject="frame").results
    assert not found.passed
    assert found.problem == "Great Expectations cannot evaluate this expectation on this kind of data"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("SELCT * FROM {batch}", "syntax error"),
        ("SELECT * FROM {batch} WHERE colour = 1", "colour"),
        ("SELECT error('no good') FROM {batch}", "no good"),
        ("DROP TABLE {batch}", "syntax error"),
        ("SELECT {colour} FROM {batch}", "colour"),
    ],
)
def test_a_query_that_fails_is_a_problem_and_the_next_one_runs(engine, suite_of, query, problem):
    suite = suite_of(found_by(query), NOT_NULL)
    broken, nulls = check_table(engine, "ops.flights", suite, subject="flights").results
    assert not broken.passed
    assert problem in broken.problem
    assert len(nulls.failing_rows) == MAX_FAILING_ROWS


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ("ops.fligths", "did you mean 'ops.flights'?"),
        ("flights", "did you mean 'ops.flights'?"),
        ("lates", "did you mean 'late'?"),
        ("nowhere.xyz", "known are 'Order {lines}', 'late', 'ops.airports' and 'ops.flights'"),
    ],
)
def test_a_table_that_does_not_exist_is_an_error(engine, suite_of, table, hint):
    suite = suite_of(NOT_NULL)
    with pytest.raises(SuiteError) as caught:
        check_table(engine, table, suite, subject="flights")
    assert caught.value.message == f"there is no table '{table}' to check"
    assert (caught.value.where, caught.value.hint) == (str(suite.path), hint)
    assert engine.pool.checkedout() == 0


def test_another_table_that_does_not_exist_is_an_error(engine, suite_of):
    kind = "expect_table_row_count_to_equal_other_table"
    with pytest.raises(SuiteError, match=r"suite\.json:\d+: there is no table 'airprots'; did you mean 'airports'"):
        check_table(engine, "ops.flights", suite_of((kind, {"other_table_name": "airprots"})), subject="flights")
    (found,) = check_table(
        engine, "ops.flights", suite_of((kind, {"other_table_name": "airports"})), subject="flights"
    ).results
    assert (found.passed, found.observed) == (False, "observed self 5000, other 0")


@pytest.mark.parametrize(
    ("kind", "kwargs", "message", "hint"),
    [
        (
            "expect_column_values_to_not_be_nul",
            {"column": "id"},
            "there is no expectation 'expect_column_values_to_not_be_nul'",
            "did you mean 'expect_column_values_to_not_be_null'?",
        ),
        (
            "expect_column_values_to_be_between",
            {"column": "id", "min_vale": 1},
            "expect_column_values_to_be_between has no argument 'min_vale'",
            "did you mean 'min_value'?",
        ),
        ("expect_column_values_to_be_null", {}, "expect_column_values_to_be_null lacks its argument 'column'", None),
        (
            "expect_column_values_to_be_null",
            {"column": "id", "mostly": 97},
            "expect_column_values_to_be_null: mostly: ensure this value is less than or equal to 1.0",
            None,
        ),
        (
            "expect_table_row_count_to_equal",
            {"value": {"$PARAMETER": "rows"}},
            "expect_table_row_count_to_equal: No value found for $PARAMETER rows",
            None,
        ),
    ],
)
def test_an_expectation_that_does_not_exist_is_an_error(engine, suite_of, kind, kwargs, message, hint):
    with pytest.raises(SuiteError) as caught:
        check_table(engine, "ops.flights", suite_of((kind, kwargs)), subject="flights")
    assert (caught.value.message, caught.value.hint) == (message, hint)
    assert ".json:" in caught.value.where


def test_a_database_that_cannot_be_reached(suite_of, tmp_path):
    engine = sa.create_engine(f"duckdb:///{tmp_path}/nowhere/x.duckdb", connect_args={"read_only": True})
    with pytest.raises(ConnectionFailed, match="warehouse: x: the database cannot be reached: "):
        check_table(engine, "x", suite_of(NOT_NULL), subject="warehouse: x")


QUIET = """
import logging, sys, socket
def audit(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        raise SystemExit(f"reached for the network: {arguments}")
sys.addaudithook(audit)
import pandas, sqlalchemy
from pathlib import Path
from analytics_lib.validation import check_frame, check_table, load_suite
suite = load_suite(Path(sys.argv[1]))
engine = sqlalchemy.create_engine(sys.argv[2], connect_args={"read_only": True})
result = check_table(engine, "ops.flights", suite, subject="flights")
check_frame(pandas.DataFrame({"delay": [1, None]}), suite, subject="frame")
engine.dispose()
raise SystemExit(0 if [each.passed for each in result.results] == [False, True, False, False] else 1)
"""


def test_a_process_that_checks_is_quiet_and_stays_off_the_network(engine, suite_of):
    engine.dispose()
    suite = suite_of(
        NOT_NULL,
        NOT_EMPTY,
        ("expect_column_values_to_match_regex", {"column": "delay", "regex": "("}),
        found_by("SELECT 1"),
    )
    done = subprocess.run(
        [sys.executable, "-c", QUIET, str(suite.path), str(engine.url)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
