"""Rows that a suite refuses, one by one."""

from __future__ import annotations

import json

import pytest
import sqlalchemy as sa

from analytics_lib.errors import SuiteError
from analytics_lib.validation.rowwise import failing_rows, split
from analytics_lib.validation.suites import load_suite

ROWS = [(1, 1, "a@x", 10.0, "new"), (2, 2, None, -1.0, "new"), (3, 2, "c@x", 5.0, "odd"), (4, 4, "d", None, "won")]


@pytest.fixture(params=["duckdb", "sqlite"])
def engine(request, tmp_path):
    engine = sa.create_engine(f"{request.param}:///{tmp_path}/x.db")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create table leads (_row bigint, id bigint, mail text, sum double precision, state text)"
        )
        for row in ROWS:
            connection.execute(
                sa.text("insert into leads values (:a, :b, :c, :d, :e)"), dict(zip("abcde", row, strict=True))
            )
    yield engine
    engine.dispose()


@pytest.fixture
def suite(tmp_path):
    def suite(*expectations):
        listed = [
            {"type": kind, "kwargs": kwargs, "meta": {"quarantine": marked}} for kind, kwargs, marked in expectations
        ]
        path = tmp_path / "leads.json"
        path.write_text(json.dumps({"name": "leads", "expectations": listed}, indent=1), encoding="utf-8")
        return load_suite(path)

    return suite


def rows(engine, suite):
    return failing_rows(engine, "leads", suite, subject="leads", identity="_row")


def test_each_row_with_all_that_it_breaks(engine, suite):
    rowwise, whole = split(suite(
        ("expect_column_values_to_not_be_null", {"column": "mail"}, True),
        ("expect_column_values_to_be_between", {"column": "sum", "min_value": 0}, True),
        ("expect_table_row_count_to_be_between", {"min_value": 1}, False),
        ("expect_column_values_to_be_in_set", {"column": "state", "value_set": ["new", "won"]}, True),
        ("expect_column_values_to_be_unique", {"column": "id"}, True),
        ("expect_column_values_to_match_regex", {"column": "mail", "regex": "@"}, True),
    ))  # fmt: skip
    assert [each["type"] for each in whole.expectations] == ["expect_table_row_count_to_be_between"]
    assert len(rowwise.places) == 5
    found = rows(engine, rowwise)
    assert {row: len(reasons) for row, reasons in found.items()} == {2: 3, 3: 2, 4: 1}
    assert found[4] == ["values of mail must match @"] or "mail" in found[4][0]


def test_nothing_is_marked(engine, suite):
    rowwise, whole = split(suite(("expect_table_row_count_to_be_between", {"min_value": 1}, False)))
    assert (rows(engine, rowwise), len(whole.expectations)) == ({}, 1)


@pytest.mark.parametrize(("expectation", "said"), [
    (("expect_table_row_count_to_be_between", {"min_value": 1}, True),
     "leads.json:10: expect_table_row_count_to_be_between says nothing of single rows, and is marked"),
    (("expect_column_values_to_not_be_null", {"column": "male"}, True), "no column 'male'; did you mean 'mail'?"),
    (("expect_column_values_to_not_be_null", {"column": "mail"}, "yes"), "quarantine is 'yes'; give it true or false"),
])  # fmt: skip
def test_what_cannot_be(engine, suite, expectation, said):
    with pytest.raises(SuiteError) as caught:
        rows(engine, split(suite(expectation))[0])
    assert said in str(caught.value)
