"""One contract over all places where a suite is evaluated: DuckDB, SQLite, PostgreSQL and a frame give one answer.

Each expectation is broken by rows that are known, so a check that reads nothing cannot pass.
"""

from __future__ import annotations

import json
import os
from datetime import date

import pandas as pd
import pytest
import sqlalchemy as sa

from analytics_lib.errors import SuiteError
from analytics_lib.model.checks import CheckResult
from analytics_lib.validation import check_frame, check_table, load_suite

COLUMNS = ["id", "customer", "code", "price", "quantity", "delivered", "day"]
ROWS = [
    (1, "Ada", "AA", 10.5, 1, 2, date(2013, 1, 1)),
    (2, "Bob", "B6", -4.0, 3, 3, date(2013, 1, 2)),
    (2, "Bob", "B6", 20.0, 3, 1, date(2013, 1, 2)),
    (4, None, "zz", 30.0, 4, 5, date(2013, 1, 3)),
    (5, "Eve", "x1AA", 999.0, 5, 6, date(2013, 1, 4)),
    (6, None, None, None, 6, 7, date(2014, 6, 1)),
]
CLEAN = ROWS[:2]


def metadata():
    holder = sa.MetaData()
    kinds = [sa.Integer(), sa.String(20), sa.String(20), sa.Float(), sa.Integer(), sa.Integer(), sa.Date()]
    sa.Table("orders", holder, *(sa.Column(name, kind) for name, kind in zip(COLUMNS, kinds, strict=True)))
    return holder


def fill(engine, rows):
    holder = metadata()
    holder.drop_all(engine)
    holder.create_all(engine)
    with engine.begin() as connection:
        if rows:
            connection.execute(holder.tables["orders"].insert(), [dict(zip(COLUMNS, row, strict=True)) for row in rows])
    engine.dispose()


def duckdb(folder):
    url = f"duckdb:///{folder}/shop.duckdb"
    return sa.create_engine(url), sa.create_engine(url, connect_args={"read_only": True})


def sqlite(folder):
    return (
        sa.create_engine(f"sqlite:///{folder}/shop.sqlite"),
        sa.create_engine(f"sqlite:///file:{folder}/shop.sqlite?mode=ro&uri=true"),
    )


def postgresql(folder):
    url = os.environ.get("ANALYTICS_TEST_POSTGRESQL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")
    options = f"-c search_path=checks_{os.getpid()}"
    writing = sa.create_engine(url, connect_args={"options": options, "connect_timeout": 2})
    try:
        with writing.begin() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA IF NOT EXISTS checks_{os.getpid()}"))
    except sa.exc.OperationalError:
        pytest.skip("no PostgreSQL server answers")
    return writing, sa.create_engine(
        url, connect_args={"options": f"{options} -c default_transaction_read_only=on", "connect_timeout": 2}
    )


class Tables:
    """A database that is written once and then only read."""

    def __init__(self, engines):
        self.writing, self.reading = engines

    def check(self, rows, suite, **options) -> CheckResult:
        fill(self.writing, rows)
        try:
            return check_table(self.reading, "orders", suite, subject="shop: orders", **options)
        finally:
            assert self.reading.pool.checkedout() == 0
            self.reading.dispose()


class Frames:
    """A frame whose labels are of no use, as after a concatenation."""

    def check(self, rows, suite, **options) -> CheckResult:
        frame = pd.DataFrame(rows, columns=COLUMNS, index=[0] * len(rows))
        before = frame.copy()
        result = check_frame(frame, suite, subject="shop: orders", **options)
        pd.testing.assert_frame_equal(frame, before)
        return result


@pytest.fixture(
    params=[duckdb, sqlite, pytest.param(postgresql, marks=pytest.mark.services), Frames],
    ids=["duckdb", "sqlite", "postgresql", "pandas"],
)
def place(request, tmp_path):
    if request.param is Frames:
        yield Frames()
        return
    tables = Tables(request.param(tmp_path))
    yield tables
    metadata().drop_all(tables.writing)
    if tables.writing.dialect.name == "postgresql":
        with tables.writing.begin() as connection:
            connection.execute(sa.text(f"DROP SCHEMA checks_{os.getpid()} CASCADE"))
    tables.writing.dispose()


@pytest.fixture
def suite_of(tmp_path):
    def suite_of(*expectations):
        path = tmp_path / "orders.json"
        listed = [dict(zip(("type", "kwargs", "severity"), each, strict=False)) for each in expectations]
        path.write_text(json.dumps({"name": "orders", "expectations": listed}, indent=2), encoding="utf-8")
        return load_suite(path)

    return suite_of


# An expectation, what is observed, and the ids of the rows that break it.
BROKEN = [
    ("expect_column_values_to_not_be_null", {"column": "customer"}, "2 of 6 values fail (33.33 %)", [4, 6]),
    ("expect_column_values_to_be_unique", {"column": "id"}, "2 of 6 values fail (33.33 %)", [2, 2]),
    (
        "expect_column_values_to_be_between",
        {"column": "price", "min_value": 0, "max_value": 100},
        "2 of 5 values fail (40 %)",
        [2, 5],
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "day", "min_value": "2013-01-01", "max_value": "2013-12-31"},
        "1 of 6 values fails (16.67 %)",
        [6],
    ),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "^[A-Z]"}, "2 of 5 values fail (40 %)", [4, 5]),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "A"}, "3 of 5 values fail (60 %)", [2, 2, 4]),
    ("expect_column_values_to_not_match_regex", {"column": "code", "regex": "A"}, "2 of 5 values fail (40 %)", [1, 5]),
    (
        "expect_column_values_to_be_in_set",
        {"column": "code", "value_set": ["AA", "B6"]},
        "2 of 5 values fail (40 %)",
        [4, 5],
    ),
    ("expect_column_value_lengths_to_equal", {"column": "code", "value": 2}, "1 of 5 values fails (20 %)", [5]),
    ("expect_compound_columns_to_be_unique", {"column_list": ["id", "day"]}, "2 of 6 rows fail (33.33 %)", [2, 2]),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "delivered", "column_B": "quantity", "or_equal": True},
        "1 of 6 rows fails (16.67 %)",
        [2],
    ),
    (
        "expect_column_values_to_not_be_null",
        {
            "column": "customer",
            "row_condition": {"type": "comparison", "column": {"name": "id"}, "operator": ">", "parameter": 4},
        },
        "1 of 2 values fails (50 %)",
        [6],
    ),
    ("expect_table_row_count_to_be_between", {"min_value": 7, "max_value": 9}, "observed 6", []),
    ("expect_table_row_count_to_equal", {"value": 7}, "observed 6", []),
    ("expect_column_max_to_be_between", {"column": "price", "max_value": 100}, "observed 999", []),
    ("expect_column_mean_to_be_between", {"column": "quantity", "max_value": 3}, "observed 3.66667", []),
    ("expect_column_stdev_to_be_between", {"column": "quantity", "max_value": 1}, "observed 1.75119", []),
    (
        "expect_column_distinct_values_to_be_in_set",
        {"column": "code", "value_set": ["AA", "B6"]},
        "2 not in the set: {x1AA, zz}",
        [],
    ),
    ("expect_column_to_exist", {"column": "colour"}, "", []),
    ("expect_table_columns_to_match_ordered_list", {"column_list": ["id", "colour"]}, None, []),
]
KEPT = [
    ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 9}),
    ("expect_column_values_to_not_be_null", {"column": "customer"}),
    ("expect_column_values_to_be_unique", {"column": "id"}),
    ("expect_column_values_to_be_between", {"column": "price", "min_value": -4, "max_value": 10.5}),
    ("expect_column_values_to_match_regex", {"column": "code", "regex": "^[A-Z]"}),
    ("expect_compound_columns_to_be_unique", {"column_list": ["id", "day"]}),
    ("expect_column_to_exist", {"column": "id"}),
]


def test_every_broken_expectation_shows_its_rows(place, suite_of):
    result = place.check(ROWS, suite_of(*((kind, kwargs) for kind, kwargs, _, _ in BROKEN)))
    assert [each.expectation for each in result.results] == [kind for kind, *_ in BROKEN]
    for (kind, _, observed, ids), found in zip(BROKEN, result.results, strict=True):
        assert not found.passed, kind
        assert found.problem is None, kind
        assert found.observed == observed or observed is None, kind
        assert sorted(row["id"] for row in found.failing_rows) == ids, kind
    assert CheckResult.from_json(json.loads(json.dumps(result.to_json(), allow_nan=False))) == result


def test_a_failing_row_has_every_column_ready_for_json(place, suite_of):
    result = place.check(ROWS, suite_of(("expect_column_values_to_not_be_null", {"column": "code"})))
    (found,) = result.results
    assert found.failing_rows == (
        {"id": 6, "customer": None, "code": None, "price": None, "quantity": 6, "delivered": 7, "day": "2014-06-01"},
    )


def test_clean_data_pass(place, suite_of):
    result = place.check(CLEAN, suite_of(*KEPT))
    assert [each.expectation for each in result.results if not each.passed] == []
    assert not result.holds_back
    assert all(each.failing_rows == () for each in result.results)


def test_mostly_lets_a_share_pass(place, suite_of):
    expectation = "expect_column_values_to_not_be_null"
    kept, broken = ({"column": "price", "mostly": mostly} for mostly in (0.8, 0.9))
    result = place.check(ROWS, suite_of((expectation, kept), (expectation, broken)))
    assert [each.passed for each in result.results] == [True, False]
    assert [each.observed for each in result.results] == ["1 of 6 values fails (16.67 %)"] * 2
    assert [len(each.failing_rows) for each in result.results] == [0, 1]


def test_an_empty_table_fails_where_a_row_count_is_expected(place, suite_of):
    result = place.check([], suite_of(*KEPT, ("expect_column_max_to_be_between", {"column": "price", "max_value": 5})))
    assert [each.expectation for each in result.failures] == [
        "expect_table_row_count_to_be_between",
        "expect_column_max_to_be_between",
    ]
    assert [each.observed for each in result.failures] == ["observed 0", "observed no value"]
    assert result.holds_back
    assert result.results[1].observed == "no values to look at"


def test_severity_is_great_expectations_unless_it_is_given(place, suite_of):
    expectation = ("expect_column_values_to_not_be_null", {"column": "code"})
    suite = suite_of(expectation, *((*expectation, severity) for severity in ("critical", "warning", "info")))
    assert [each.severity for each in place.check(ROWS, suite).results] == ["error", "error", "warning", "warning"]
    lenient = place.check(ROWS, suite, severity="warning")
    assert {each.severity for each in lenient.results} == {"warning"}
    assert not lenient.holds_back


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("expect_column_values_to_not_be_null", {"column": "pirce"}),
        ("expect_column_pair_values_to_be_equal", {"column_A": "quantity", "column_B": "pirce"}),
        ("expect_compound_columns_to_be_unique", {"column_list": ["id", "pirce"]}),
    ],
)
def test_a_column_that_does_not_exist_is_an_error_of_the_suite(place, suite_of, kind, kwargs):
    suite = suite_of(("expect_column_to_exist", {"column": "colour"}), (kind, kwargs))
    with pytest.raises(SuiteError) as caught:
        place.check(ROWS, suite)
    assert caught.value.message == "shop: orders has no column 'pirce'"
    assert caught.value.hint == "did you mean 'price'?"
    named = [number for number, line in enumerate(suite.path.read_text().splitlines(), 1) if "pirce" in line]
    assert caught.value.where == f"{suite.path}:{named[0]}"


def test_what_cannot_be_evaluated_has_not_passed_and_does_not_spoil_the_rest(place, suite_of):
    result = place.check(
        ROWS,
        suite_of(
            ("expect_column_values_to_match_regex", {"column": "code", "regex": "("}),
            ("expect_column_values_to_not_be_null", {"column": "customer"}),
            ("expect_query_results_to_match_comparison", {
                "base_query": "SELECT 1", "comparison_data_source_name": "x", "comparison_query": "SELECT 1",
            }),
            ("expect_table_row_count_to_equal", {"value": 6}),
        ),
    )  # fmt: skip
    broken, nulls, elsewhere, count = result.results
    for each in (broken, elsewhere):
        assert not each.passed
        assert each.problem
        assert "\n" not in each.problem
    assert [row["id"] for row in nulls.failing_rows] == [4, 6]
    assert (count.passed, count.problem) == (True, None)
    assert result.holds_back
