"""Numbers as words."""

from __future__ import annotations

import doctest

import pandas as pd
import pytest

from analytics_lib.charts import figures


def test_the_examples_run():
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize("nothing", [None, float("nan"), float("inf"), pd.NA, pd.NaT, "x"])
@pytest.mark.parametrize(
    "write", [figures.count, figures.decimal, figures.percent, figures.points, figures.money, figures.minutes]
)
def test_no_number_reads_as_none(write, nothing):
    assert write(nothing) == figures.NONE


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (figures.percent(-0.0001), "0.0%"),
        (figures.percent(-0.05), "-5.0%"),
        (figures.decimal(-0.04), "0.0"),
        (figures.money(-0.001, 2), "$0.00"),
        (figures.money(999_999), "$999,999"),
        (figures.money(1_500_000_000), "$1.50 billion"),
        (figures.money(2_500_315.63, 2), "$2,500,315.63"),
        (figures.minutes(-1), "-1 minute"),
        (figures.count(1.0, "day"), "1 day"),
        (figures.points(-0.01), "1.0 percentage point"),
        (figures.clock(24), "midnight"),
        (figures.listing([]), figures.NONE),
    ],
)
def test_signs_scales_and_plurals(written, expected):
    assert written == expected


def test_dates_of_frames_are_written():
    assert figures.day(pd.Timestamp("2013-02-08")) == "February 8, 2013"
    assert figures.month(pd.Timestamp("2013-02-08")) == "February 2013"
