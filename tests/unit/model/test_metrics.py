"""The metric model without a database: ways between models, periods, conditions, formulas, what a question needs."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.metered import FILES, write_files

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.conditions import conditions_of
from analytics_lib.model.metrics.excerpts import catalogue_of
from analytics_lib.model.metrics.formulas import Name, Number, Operation, names_in, parse_formula
from analytics_lib.model.metrics.joins import names_from
from analytics_lib.model.metrics.periods import GRAINS, floor, parse_window, periods, previous, shift, within
from analytics_lib.model.metrics.plan import empty_value, make_plan
from analytics_lib.model.metrics.requests import make_request


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("files"))


def plan(catalogue, *given, **more):
    return make_plan(catalogue, make_request(*given, **more))


@pytest.mark.parametrize(
    ("given", "more", "said"),
    [
        (["revenu"], {}, "there is no metric 'revenu'; did you mean 'revenue'?"),
        ([], {}, "no metric was asked for"),
        (["revenue", "revenue"], {}, "metrics names 'revenue' twice"),
        (["revenue"], {"by": ["chanel"]}, "metric 'revenue' has no dimension 'chanel'; did you mean 'channel'?"),
        (["revenue"], {"by": ["month", "day"]}, "by names two periods, month and day"),
        (["revenue"], {"by": ["hour"]}, "metric 'revenue' has no dimension 'hour'"),
        (["revenue"], {"by": ["region"]}, "say which one: 'customer.region' or 'payer.region'"),
        (["revenue"], {"by": ["product"]}, "would then be counted more than once; ask for a metric of 'lines'"),
        (["visits"], {"by": ["product"]},
         "no join leads from metric 'visits' (model 'visits') to the dimension 'product'"),
        (["customers"], {"by": ["product"]}, "model 'lines' has many rows for each row of model 'customers'"),
        (["revenue"], {"by": ["seen"]},
         "to the dimension 'seen' (model 'visits'); 'visits' has no primary entity to be joined by"),
        (["revenue"], {"where": {"booked": ("2026-02-01", date(2026, 1, 31))}}, "is a range that ends before it"),
        (["revenue"], {"where": {"channel": {"from": 3, "to": 2.5}}}, "that ends before it begins, from 3 to 2.5"),
        (["revenue"], {"by": ["channel.month"]}, "asks for periods of a dimension that is no time"),
        (["revenue"], {"where": {"chanel": "web"}}, "did you mean 'channel'?"),
        (["revenue"], {"where": "channel"}, "where is of type str; a mapping is right"),
        (["revenue"], {"where": {"channel": []}}, "the condition on 'channel' is an empty list"),
        (["revenue"], {"where": {"channel": object()}},
         "holds a value of type object; give it text, a number or a day"),
        (["revenue"], {"where": {"channel": ("a", "b", "c")}}, "is a tuple of 3; (low, high) is a range"),
        (["revenue"], {"where": {"channel": float("nan")}}, "holds nan; give it a finite number"),
        (["revenue"], {"where": {"channel": {"caller": "x"}}}, "takes its value from caller"),
        (["revenue"], {"start": "2026-13-01"}, "start is '2026-13-01'; a day is right: 2026-01-31"),
        (["revenue"], {"start": "2026-02-01", "end": "2026-01-01"}, "the end 2026-01-01 is before the start"),
        (["revenue"], {"start": pd.Timestamp("2026-01-01 12:00")}, "12:00:00'); a day is right"),
        (["revenue"], {"where": {"month": "2026-01"}}, "where names the period 'month'; give start and end"),
        (["customers"], {"by": ["month"]},
         "metric 'customers' cannot be told by month: model 'customers' names no time"),
        (["revenue", "customers"], {"start": "2026-01-01"}, "cannot be asked of a range of days"),
        (["orders"], {"by": ["orders"]}, "'orders' is asked for as a metric and as a dimension"),
        ("revenue", {"by": 3}, "by is 3; give it a name, or a list of names"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_said(catalogue, given, more, said):
    with pytest.raises(MetricError) as error:
        plan(catalogue, given, **more)
    assert said in str(error.value)


def test_an_excerpt_may_leave_the_model_of_an_entity_out(catalogue):
    kept = {"owner", "connection", "table", "entities"}
    orders = {"orders": catalogue.models["orders"].model.model_dump(include=kept, exclude_unset=True)}
    assert orders["orders"]["entities"]["payer"]["of"] == "customer"
    assert list(catalogue_of(orders, "experiment 'checkout'").models) == ["orders"]


@pytest.mark.parametrize("asked", ["region", "customer.region"])
def test_two_models_about_the_same_entity_are_not_taken_for_each_other(tmp_path, asked):
    head, _, _ = FILES["customers"].partition("metrics:")
    visits, _, _ = FILES["visits"].partition("  bought:")
    catalogue = write_files(tmp_path, {"customers": head, "people": head, "visits": visits})
    with pytest.raises(MetricError, match="models 'customers' and 'people' have the same primary entity, and both"):
        plan(catalogue, ["visits"], by=[asked])


def test_a_period_finer_than_what_is_kept(tmp_path):
    visits = (
        FILES["visits"].replace("{type: time, column", "{type: time, grain: month, column").replace("bought", "more")
    )
    visits = "\n".join(line for line in visits.splitlines() if "conversion" not in line)
    catalogue = write_files(tmp_path, {**FILES, "visits": visits})
    with pytest.raises(MetricError, match="kept by month and cannot be told by week; ask for month, quarter or year"):
        plan(catalogue, "visits", by=["week"])
    assert plan(catalogue, "visits", by=["quarter"]).request.grain == "quarter"


def test_two_databases_are_two_questions(tmp_path):
    visits = FILES["visits"].replace("connection: lab", "connection: web")
    catalogue = write_files(tmp_path, {**FILES, "visits": visits})
    with pytest.raises(MetricError, match="one statement asks one database"):
        plan(catalogue, ["revenue", "visits"])


def test_names_of_dimensions_say_the_way_where_there_are_two(catalogue):
    names = names_from(catalogue.models, "orders")
    assert names == ["placed", "booked", "channel", "paid", "customer.region", "payer.region"]
    assert "region" in names_from(catalogue.models, "visits")
    own = plan(catalogue, "customers", by=["region"]).leaves[0].by[0]
    assert own.hops == ()
    assert plan(catalogue, "customers", by=["customer.region"]).leaves[0].by[0] == own
    far = plan(catalogue, "units", by=["customer.region"]).leaves[0].by[0]
    assert far.path == "order.customer.region"


def test_two_models_of_one_entity_are_one_join_away(tmp_path):
    scores = (
        FILES["customers"]
        .split("rows:")[0]
        .replace("region:", "tier:")
        .replace("  customers:\n", "  scored: {measure: customers}\n")
    )
    catalogue = write_files(tmp_path, {**FILES, "scores": scores})
    assert plan(catalogue, "revenue", by=["customer.tier", "customer.region"]).leaves[0].by[0].path == "customer.tier"
    assert plan(catalogue, "customers", by=["tier"]).leaves[0].by[0].path == "customer.tier"
    assert plan(catalogue, "units", by=["customer.tier"]).leaves[0].by[0].path == "order.customer.tier"


def test_what_a_metric_is_where_no_rows_are(catalogue):
    asked = plan(catalogue, ["revenue", "order_value", "mean_amount", "bought"])
    assert [empty_value(asked, name) for name in asked.formulas] == [0.0, None, None, None]


def test_a_metric_is_read_once(catalogue):
    asked = plan(catalogue, ["revenue", "order_value", "margin"])
    assert [leaf.label for leaf in asked.leaves] == ["revenue", "orders", "discounted"]


def test_formulas():
    assert parse_formula("a - -b * 2") == Operation(
        "-", Name("a"), Operation("*", Operation("-", Number(0.0), Name("b")), Number(2.0))
    )
    assert names_in(parse_formula("coalesce(a, b) / abs(a)")) == ["a", "b"]


NO_FORMULAS = [
    "a;b", "a.b", "a if b else c", "[a]", "'a'", "1e999 * a", "abs(a, b)", "a(", "f(a)", "lambda: a", "True + a",
    "-" * 100 + "a",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_FORMULAS)
def test_nothing_else_is_a_formula(text):
    with pytest.raises(ValueError, match="formula"):
        parse_formula(text)


def test_values_of_other_libraries():
    frame = pd.DataFrame({"x": np.array([1, 2])})
    ((_, condition),) = conditions_of({"x": frame["x"]})
    assert condition.values == (1, 2)
    assert all(type(value) is int for value in condition.values)
    ((_, condition),) = conditions_of({"x": [pd.Timestamp("2026-01-01"), pd.NaT, np.float64(1.5), Decimal(1)]})
    assert condition.values == (datetime(2026, 1, 1), None, 1.5, Decimal(1))  # noqa: DTZ001 - a time without a zone
    ((_, condition),) = conditions_of({"x": {"from": 1}})
    assert (condition.is_range, condition.low, condition.high) == (True, 1, None)


@pytest.mark.parametrize(
    "day",
    ["2026-01-31", date(2026, 1, 31), pd.Timestamp("2026-01-31"), np.datetime64("2026-01-31")],
)
def test_days_of_other_libraries(day):
    assert make_request("revenue", start=day).start == date(2026, 1, 31)


def test_windows():
    assert [parse_window(text) for text in ("1 day", "2 weeks", "1 month", "2 quarters", "1 year")] == [
        ("day", 1), ("day", 14), ("month", 1), ("month", 6), ("month", 12),
    ]  # fmt: skip
    for text in ("0 days", "7", "days", "-1 days", "1.5 months"):
        with pytest.raises(ValueError, match="the window is"):
            parse_window(text)


@pytest.mark.parametrize(
    ("start", "end", "to", "expected"),
    [
        ("2026-03-01", "2026-03-31", "previous_period", ("2026-02-01", "2026-02-28")),
        ("2026-01-01", "2026-06-30", "previous_period", ("2025-07-01", "2025-12-31")),
        ("2026-03-10", "2026-03-12", "previous_period", ("2026-03-07", "2026-03-09")),
        ("2024-02-01", "2024-02-29", "previous_year", ("2023-02-01", "2023-02-28")),
        ("2025-02-01", "2025-02-28", "previous_year", ("2024-02-01", "2024-02-29")),
        ("2026-03-10", "2026-03-12", "previous_year", ("2025-03-10", "2025-03-12")),
    ],
)
def test_what_came_before(start, end, to, expected):
    found = previous(date.fromisoformat(start), date.fromisoformat(end), to)
    assert tuple(map(str, found)) == expected


DAYS = st.dates(date(1990, 1, 1), date(2040, 12, 31))


@given(DAYS, st.sampled_from(GRAINS))
def test_a_period_begins_on_its_own_first_day(day, grain):
    first = floor(day, grain)
    letter = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}[grain]
    assert first == pd.Timestamp(day).to_period(letter).start_time.date()
    assert floor(first, grain) == first


@given(DAYS, st.integers(0, 900), st.sampled_from(GRAINS))
def test_periods_have_no_gap(start, days, grain):
    end = shift(start, "day", days)
    found = periods(start, end, grain)
    assert found == sorted({floor(shift(start, "day", each), grain) for each in range(days + 1)})


@given(DAYS, st.integers(-60, 60))
def test_months_end_with_their_last_day(day, months):
    assert shift(day, "month", months) == (pd.Timestamp(day) + pd.DateOffset(months=months)).date()


def test_what_is_kept_decides_what_can_be_told():
    assert [grain for grain in GRAINS if within(grain, "week")] == ["week"]
    assert [grain for grain in GRAINS if within(grain, "quarter")] == ["quarter", "year"]
