from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics_lib.model.checks import CheckResult, ExpectationResult
from analytics_lib.model.wording import show_data_through, show_time, summarise_checks


def checks(*outcomes):
    results = tuple(ExpectationResult("x", "s", None, severity, passed, "") for severity, passed in outcomes)
    return (CheckResult("suite", "subject", results),)


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([("error", True)], "1 check passed"),
        ([("error", True), ("warning", True)], "All 2 checks passed"),
        ([("error", True), ("warning", False)], "1 of 2 checks raised a warning"),
        ([("warning", False), ("warning", False)], "2 of 2 checks raised warnings"),
        ([("error", False), ("warning", False), ("error", True)], "2 of 3 checks failed"),
    ],
)
def test_badge_counts(outcomes, words):
    assert summarise_checks(checks(*outcomes)) == words


def test_no_checks_say_so():
    assert summarise_checks(()) == "No checks"


def test_times_are_shown_in_the_reports_zone_across_summer_time():
    assert show_time(datetime(2026, 7, 1, 4, 30, tzinfo=UTC), "America/New_York") == "1 Jul 2026, 00:30 EDT"
    assert show_time(datetime(2026, 1, 1, 4, 30, tzinfo=UTC), "America/New_York") == "31 Dec 2025, 23:30 EST"


def test_data_through_is_a_day_where_it_is_midnight_in_the_zone():
    assert show_data_through(datetime(2014, 1, 1, 5, tzinfo=UTC), "America/New_York") == "1 Jan 2014"
    assert show_data_through(datetime(2014, 1, 1, 4, tzinfo=UTC), "America/New_York") == "31 Dec 2013, 23:00 EST"
