from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.validation.sentences import _FIGURES, _ROWS, _WHOLES, describe

SENTENCES = [
    ("expect_column_values_to_not_be_null", {"column": "dep_time"}, "dep_time must not be null"),
    (
        "expect_column_values_to_not_be_null",
        {"column": "dep_time", "mostly": 0.97},
        "at least 97 % of dep_time must not be null",
    ),
    (
        "expect_column_values_to_be_unique",
        {"column": "id", "mostly": 0.9995},
        "at least 99.95 % of id must be unique",
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "carrier", "value_set": ["AA", "B6"]},
        "carrier must be in {AA, B6}",
    ),
    (
        "expect_column_values_to_be_in_set",
        {"column": "carrier", "value_set": {"$PARAMETER": "carriers"}},
        "carrier must be in $carriers",
    ),
    (
        "expect_table_row_count_to_be_between",
        {"min_value": 300000, "max_value": 400000},
        "row count must be between 300,000 and 400,000",
    ),
    ("expect_table_row_count_to_be_between", {"max_value": 5}, "row count must be at most 5"),
    (
        "expect_column_mean_to_be_between",
        {"column": "delay", "min_value": 0, "strict_min": True, "max_value": 10.5},
        "mean of delay must be more than 0 and at most 10.5",
    ),
    (
        "expect_column_values_to_be_between",
        {"column": "day", "min_value": "2013-01-01", "max_value": "2013-12-31"},
        "day must be between 2013-01-01 and 2013-12-31",
    ),
    (
        "expect_column_value_lengths_to_be_between",
        {"column": "code", "min_value": 2, "max_value": 3},
        "code must be between 2 and 3 characters long",
    ),
    (
        "expect_column_pair_values_a_to_be_greater_than_b",
        {"column_A": "arrival", "column_B": "departure", "or_equal": True},
        "arrival must be at least departure",
    ),
    (
        "expect_compound_columns_to_be_unique",
        {"column_list": ["year", "month", "day"]},
        "year, month and day must be unique together",
    ),
    (
        "expect_column_values_to_match_regex",
        {"column": "tail", "regex": "^N{1}"},
        "tail must match the pattern ^N{1}",
    ),
    (
        "expect_column_quantile_values_to_be_between",
        {"column": "fare", "quantile_ranges": {"quantiles": [0.5], "value_ranges": [[10, None]]}},
        "fare must have the 0.5 quantile at least 10",
    ),
    (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "SELECT *\n  FROM {batch}\n WHERE fare < 0;"},
        "no row must be found by: SELECT * FROM the table WHERE fare < 0",
    ),
    (
        "expect_column_values_to_not_be_null",
        {
            "column": "fare",
            "row_condition": {
                "type": "and",
                "conditions": [
                    {"type": "comparison", "column": {"name": "year"}, "operator": ">=", "parameter": 2013},
                    {"type": "nullity", "column": {"name": "refund"}, "is_null": True},
                ],
            },
        },
        "fare must not be null where year >= 2013 and refund is null",
    ),
    (
        "expect_column_values_to_match_regex_list",
        {"column": "tail", "regex_list": ["^N", "^C"], "match_on": "all"},
        "tail must match all of ^N, ^C",
    ),
    ("expect_a_thing", {}, "a thing"),
]


@pytest.mark.parametrize(("kind", "kwargs", "sentence"), SENTENCES)
def test_an_expectation_reads_as_a_sentence(kind, kwargs, sentence):
    assert describe({"type": kind, "kwargs": kwargs}) == sentence


def test_the_authors_own_description_comes_first():
    expectation = {"type": "expect_column_to_exist", "kwargs": {"column": "x"}, "description": "The x is there. "}
    assert describe(expectation) == "The x is there"


@pytest.mark.parametrize("kind", [*_ROWS, *_FIGURES, *_WHOLES, "expect_something_else"])
def test_arguments_that_are_missing_do_not_stop_it(kind):
    words = kind.removeprefix("expect_").replace("_", " ")
    assert describe({"type": kind, "kwargs": {}})
    assert describe({"type": kind}) in {describe({"type": kind, "kwargs": {}}), words}


ARGUMENTS = [
    "column", "column_A", "column_B", "column_list", "column_set", "mostly", "min_value", "max_value", "value_set",
    "value_pairs_set", "quantile_ranges", "regex_list", "row_condition", "type_list", "match_on",
    "unexpected_rows_query",
]  # fmt: skip
ODD = [None, True, -1, 0.5, float("nan"), "", "{x}", [], [None], [[1, 2, 3]], {}, {"$PARAMETER": 1}, {"quantiles": [1]}]


@given(
    kind=st.sampled_from([*_ROWS, *_FIGURES, *_WHOLES, "expect_something_else"]),
    kwargs=st.dictionaries(st.sampled_from(ARGUMENTS), st.sampled_from(ODD)),
)
def test_no_arguments_however_odd_stop_it(kind, kwargs):
    assert describe({"type": kind, "kwargs": kwargs})
