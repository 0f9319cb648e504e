"""Suites that cannot be run change nothing; checks that fail leave the last good page up under a banner."""

from __future__ import annotations

import json

import pytest

TABLE = "checks:\n  - {suite: orders, connection: warehouse, table: orders}\n"
OUTPUT = "checks:\n  - {suite: orders, output: orders}\n"
SUITE = "expectations/orders.json"
NOT_NULL = ("expect_column_values_to_not_be_null", {"column": "amount"})


def suite_text(*expectations):
    return json.dumps({"name": "orders", "expectations": list(expectations)}, indent=2)


def test_a_missing_suite(shop):
    shop.suite(NOT_NULL)
    shop.report("owner:", TABLE.replace("suite: orders", "suite: order") + "owner:")
    assert shop.refused() == "reports/orders.yml:4: there is no suite 'order'. Did you mean 'orders'?"


def test_no_suite_at_all(shop):
    shop.report("owner:", f"{TABLE}owner:")
    assert shop.refused() == ("reports/orders.yml:4: there is no suite 'orders'. Write it: expectations/orders.json.")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"name": "orders",\n "expectations": [}',
            f"{SUITE}:2: the suite is not valid JSON: Expecting value. See column 19.",
        ),
        (
            '{"name": "orders"}',
            (
                f"{SUITE}:1: the file is not a Great Expectations suite. "
                'A suite is {"name": …, "expectations": [{"type": …, "kwargs": {…}}, …]}.'
            ),
        ),
        (
            '{"expectations": []}',
            (
                f"{SUITE}:1: the suite has no expectations, so it would pass on any data. "
                'Add one to "expectations" or take the check out of the report.'
            ),
        ),
        (
            suite_text({"expectation_type": "expect_column_to_exist", "kwargs": {"column": "id"}}),
            f"{SUITE}:4: the suite was written for Great Expectations before 1.0. 'expectation_type' is now 'type'.",
        ),
        (
            suite_text({"type": "expect_column_to_exist", "kwargs": {"column": "id"}, "severity": "high"}),
            f"{SUITE}:4: there is no severity \"high\". Known are 'critical', 'info' and 'warning'.",
        ),
    ],
)
def test_a_suite_that_is_none(shop, text, sentence):
    shop.write(SUITE, text)
    shop.report("owner:", f"{TABLE}owner:")
    assert shop.refused() == sentence


@pytest.mark.parametrize("command", ["build", "check"])
@pytest.mark.parametrize(
    ("expectation", "table", "sentence"),
    [
        (
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amuont"}}, "orders",
            f"{SUITE}:7: warehouse: orders has no column 'amuont'. Did you mean 'amount'?",
        ),
        (
            {"type": "expect_column_values_to_be_nul", "kwargs": {"column": "amount"}}, "orders",
            (f"{SUITE}:5: there is no expectation 'expect_column_values_to_be_nul'. "
            "Did you mean 'expect_column_values_to_be_null'?"),
        ),
        (
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "amount"}}, "order",
            "reports/orders.yml:4: there is no table 'order' to check. Did you mean 'orders'?",
        ),
    ],
)  # fmt: skip
def test_a_suite_that_names_what_there_is_not(shop, command, expectation, table, sentence):
    shop.write(SUITE, suite_text(expectation))
    shop.report("owner:", TABLE.replace("table: orders", f"table: {table}") + "owner:")
    assert shop.refused(command) == sentence


@pytest.mark.slow
def test_a_suite_that_names_a_column_which_the_frame_lacks(shop):
    shop.write(SUITE, suite_text({"type": NOT_NULL[0], "kwargs": {"column": "amuont"}}))
    shop.report("owner:", f"{OUTPUT}owner:")
    assert shop.refused() == f"{SUITE}:7: output: orders has no column 'amuont'. Did you mean 'amount'?"


@pytest.mark.slow
def test_a_table_that_fails_its_check(shop):
    shop.suite(NOT_NULL)
    shop.report("owner:", f"{TABLE}owner:")
    assert shop.built() == {"index": "published"}
    shop.sql("update orders set amount = null where id = 3")
    assert shop.stopped(code=3) == (
        "report 'orders': warehouse: orders: amount must not be null: 1 of 8 values fails (12.5 %)."
    )
    ran = shop.call("check")
    assert ran.code == 3
    assert "amount must not be null" in ran.out


@pytest.mark.slow
def test_a_frame_that_fails_its_check(shop):
    shop.suite(NOT_NULL, ("expect_column_values_to_be_between", {"column": "amount", "max_value": 20}))
    shop.report("owner:", f"{OUTPUT}owner:")
    assert shop.stopped(code=3) == (
        "report 'orders': output: orders: amount must be at most 20: 1 of 3 values fails (33.33 %)."
    )


@pytest.mark.slow
def test_a_warning_publishes(shop):
    shop.suite((*NOT_NULL, "warning"))
    shop.report("owner:", f"{TABLE}owner:")
    shop.sql("update orders set amount = null where id = 3")
    assert shop.built() == {"index": "published"}
    assert "Newer data was held back" not in shop.page()
    assert "1 of 1 check raised a warning" in shop.page()
