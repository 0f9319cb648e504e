from __future__ import annotations

import doctest
import importlib

import pytest

from analytics_lib.validation.observations import observe

NOT_NULL = "expect_column_values_to_not_be_null"
IN_SET = "expect_column_values_to_be_in_set"
DISTINCT = "expect_column_distinct_values_to_equal_set"


@pytest.mark.parametrize(
    ("kind", "result", "sentence"),
    [
        (NOT_NULL, {"element_count": 336776, "unexpected_count": 8255}, "8,255 of 336,776 values fail (2.45 %)"),
        (NOT_NULL, {"element_count": 1, "unexpected_count": 1}, "1 of 1 value fails (100 %)"),
        (NOT_NULL, {"element_count": 12, "unexpected_count": 0}, "0 of 12 values fail"),
        (NOT_NULL, {"element_count": 0, "unexpected_count": 0}, "no values to look at"),
        # Missing values are not looked at by an expectation about values.
        (IN_SET, {"element_count": 10, "unexpected_count": 2, "missing_count": 6}, "2 of 4 values fail (50 %)"),
        (IN_SET, {"element_count": 10, "unexpected_count": 0, "missing_count": 10}, "no values to look at"),
        (IN_SET, {"element_count": 10, "unexpected_count": None, "missing_count": None}, "0 of 10 values fail"),
        (
            "expect_compound_columns_to_be_unique",
            {"element_count": 4, "unexpected_count": 2},
            "2 of 4 rows fail (50 %)",
        ),
        ("expect_column_mean_to_be_between", {"observed_value": 12.639070257304708}, "observed 12.6391"),
        ("expect_column_max_to_be_between", {"observed_value": None}, "observed no value"),
        ("expect_column_max_to_be_between", {"observed_value": "2014-01-01"}, "observed 2014-01-01"),
        ("expect_table_row_count_to_equal_other_table", {"observed_value": {"self": 3, "other": 40000}},
         "observed self 3, other 40,000"),
        ("expect_column_quantile_values_to_be_between",
         {"observed_value": {"quantiles": [0.5], "values": [872.0]}}, "observed 872 at 0.5"),
        (DISTINCT, {"observed_value": None, "unexpected_count": 2, "partial_unexpected_list": ["b", "a"],
                    "missing_count": 1, "partial_missing_list": ["c"]}, "2 not in the set: {a, b}; 1 missing: {c}"),
        (DISTINCT, {"observed_value": None, "unexpected_count": 0, "missing_count": 0}, "none outside the set"),
        ("unexpected_rows_expectation", {"observed_value": 1}, "1 row"),
        ("unexpected_rows_expectation", {"observed_value": 12345}, "12,345 rows"),
        ("expect_column_to_exist", {}, ""),
    ],
)  # fmt: skip
def test_an_observation_reads_as_a_sentence(kind, result, sentence):
    assert observe(kind, result) == sentence


@pytest.mark.parametrize("name", ["figures", "observations", "rows", "sentences"])
def test_the_examples_in_the_documentation_are_true(name):
    module = importlib.import_module(f"analytics_lib.validation.{name}")
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
