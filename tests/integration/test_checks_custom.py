"""Expectations that somebody else registered with Great Expectations, and frames of every shape."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from analytics_lib.errors import SuiteError
from analytics_lib.validation import check_frame, load_suite


@pytest.fixture
def check(tmp_path):
    def check(frame, *expectations):
        path = tmp_path / "suite.json"
        listed = [{"type": kind, "kwargs": kwargs} for kind, kwargs in expectations]
        path.write_text(json.dumps({"name": "suite", "expectations": listed}), encoding="utf-8")
        return check_frame(frame, load_suite(path), subject="output: summary").results

    return check


@pytest.fixture(scope="module")
def registered():
    """Defining a class registers it: that is Great Expectations' own way."""
    from great_expectations.expectations import ExpectColumnMaxToBeBetween

    class ExpectSummaryMaxToBeSmall(ExpectColumnMaxToBeBetween):
        max_value: float = 5

    class ExpectNothingToWork(ExpectColumnMaxToBeBetween):
        max_value: float = 5

        def get_validation_dependencies(self, *arguments, **options):
            raise RuntimeError("it is broken.")

    return ExpectSummaryMaxToBeSmall, ExpectNothingToWork


def test_a_registered_expectation_is_evaluated_and_described(check, registered):
    (found,) = check(pd.DataFrame({"n": [1, 9]}), ("expect_summary_max_to_be_small", {"column": "n"}))
    assert (found.passed, found.observed, found.sentence) == (False, "observed 9", "n: summary max to be small")


def test_an_expectation_that_raises_has_not_passed_and_leaves_the_others_alone(check, registered):
    broken, kept = check(
        pd.DataFrame({"n": [1, 2]}),
        ("expect_nothing_to_work", {"column": "n"}),
        ("expect_column_max_to_be_between", {"column": "n", "max_value": 2}),
    )
    assert (broken.passed, broken.problem) == (False, "it is broken")
    assert (kept.passed, kept.problem) == (True, None)


def test_columns_are_named_as_text(check):
    (found,) = check(pd.DataFrame({2013: [1.0, None]}), ("expect_column_values_to_not_be_null", {"column": "2013"}))
    assert found.failing_rows == ({"2013": None},)


def test_a_frame_without_columns(check):
    (found,) = check(pd.DataFrame(), ("expect_table_row_count_to_be_between", {"min_value": 1}))
    assert (found.passed, found.observed) == (False, "observed 0")
    with pytest.raises(SuiteError, match="output: summary has no column 'n'; none is defined"):
        check(pd.DataFrame(), ("expect_column_values_to_not_be_null", {"column": "n"}))


def test_a_column_that_stands_twice_is_not_a_pass(check):
    frame = pd.DataFrame([[1, None]], columns=["n", "n"])
    (found,) = check(frame, ("expect_column_values_to_not_be_null", {"column": "n"}))
    assert not found.passed


@pytest.mark.parametrize("kind", ["category", "string", "Int64"])
def test_missing_values_of_every_kind_of_column(check, kind):
    frame = pd.DataFrame({"n": pd.array([1, None, 3], dtype="Int64")}).astype({"n": kind})
    (found,) = check(frame, ("expect_column_values_to_not_be_null", {"column": "n"}))
    assert (found.observed, found.failing_rows) == ("1 of 3 values fails (33.33 %)", ({"n": None},))
