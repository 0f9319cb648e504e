"""Metrics that look back: the month before, the week before, in periods with and without rows; the same everywhere."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from support.metered import ZONE, business, make_business

from analytics_lib.errors import MetricError

FRAMES = make_business()
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]
ORDERS = FRAMES["orders"].assign(amount=FRAMES["orders"]["amount"].astype(float))
ORDERS["day"] = pd.to_datetime(ORDERS["placed"].dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.date)
START, END = date(2026, 1, 1), date(2026, 4, 30)


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def metrics(request, tmp_path_factory, services):
    """One engine after the other."""
    with business(request.param, tmp_path_factory.mktemp("lab"), services, FRAMES) as made:
        yield made()


def between(rows, first, last):
    return rows[rows["day"].between(pd.Timestamp(first), pd.Timestamp(last))]


def month(period, rows=ORDERS):
    return between(rows, period.start_time.normalize(), period.end_time.normalize())


LONG = "came_back_after_such_a_time_that_it_has_50_letters"
MONTHS = pd.period_range("2026-01", "2026-04", freq="M")


def test_a_month_and_the_one_before(metrics):
    """February has no order: what it was is nought in March, and there is no growth from it."""
    found = metrics.query(["revenue", "growth"], by=["month"], start=START, end=END)
    assert found["month"].tolist() == [each.start_time for each in MONTHS]
    now = [month(each)["amount"].sum() for each in MONTHS]
    before = [month(each - 1)["amount"].sum() for each in MONTHS]
    assert before[2] == 0
    assert before[0] > 0, "December is read, though January is the first month asked for"
    wanted = [a / b - 1 if b else float("nan") for a, b in zip(now, before, strict=True)]
    assert found["growth"].tolist() == pytest.approx(wanted, nan_ok=True)
    assert found["revenue"].tolist() == pytest.approx(now)


def test_by_a_dimension(metrics):
    """Groups of the earlier month alone are told, too."""
    found = metrics.query("growth", by=["month", "channel"], start="2026-03-01", end="2026-04-30")
    for channel, rows in ORDERS.groupby("channel", dropna=False):
        own = found[found["channel"].isna() if pd.isna(channel) else found["channel"].eq(channel)]
        march, april = (month(each, rows)["amount"].sum() for each in MONTHS[2:])
        assert own["growth"].tolist() == pytest.approx([float("nan"), april / march - 1], nan_ok=True)


def test_all_periods_that_there_are(metrics):
    found = metrics.query("growth", by=["month"])
    asked = metrics.query(
        "growth", by=["month"], start="2025-12-01", end=found["month"].iloc[-1] + pd.offsets.MonthEnd()
    )
    assert found["growth"].tolist() == pytest.approx(asked["growth"].tolist(), nan_ok=True)


def test_weeks_and_days(metrics):
    weeks = metrics.query(["orders", "orders_of_last_week"], by=["week"], start="2026-01-05", end="2026-04-05")
    assert weeks["orders_of_last_week"].tolist()[1:] == weeks["orders"].tolist()[:-1]
    days = metrics.query(["orders", "orders_of_last_week"], by=["day"], start="2026-01-05", end="2026-04-05")
    assert days["orders_of_last_week"].tolist()[7:] == days["orders"].tolist()[:-7]
    assert days["orders_of_last_week"].tolist()[:7] == [
        len(between(ORDERS, day - pd.Timedelta(days=7), day - pd.Timedelta(days=7))) for day in days["day"][:7]
    ]
    assert str(days["orders_of_last_week"].dtype) == "int64"


def test_the_same_day_of_a_shorter_month(metrics):
    """The last days of March look at the last day of February."""
    found = metrics.query("pace", by=["day"], start="2026-03-28", end="2026-03-31")
    february = between(ORDERS, "2026-02-01", "2026-02-28")["amount"].sum()
    so_far = [between(ORDERS, "2026-03-01", day)["amount"].sum() for day in found["day"]]
    assert found["pace"].tolist() == pytest.approx([each - february for each in so_far])


def test_what_adds_up_stands_as_of_the_same_day(metrics):
    found = metrics.query("pace", by=["month"], start="2026-01-01", end="2026-04-12")
    last = ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-12"]
    before = ["2025-12-31", "2026-01-31", "2026-02-28", "2026-03-12"]

    def to_date(day):
        return between(ORDERS, pd.Timestamp(day).replace(day=1), day)["amount"].sum()

    assert found["pace"].tolist() == pytest.approx([to_date(a) - to_date(b) for a, b in zip(last, before, strict=True)])


@pytest.mark.parametrize("grain", ["quarter", "day"])
def test_a_ratio_of_before(metrics, grain):
    found = metrics.query(["order_value", "value_gained"], by=[grain], start="2026-04-01", end="2026-04-03")
    for row in found.itertuples():
        first = row[1] - pd.DateOffset(months=3)
        last = first if grain == "day" else pd.Timestamp("2026-01-03")
        rows = between(ORDERS, first, last)
        before = rows["amount"].sum() / len(rows) if len(rows) else float("nan")
        assert row.value_gained == pytest.approx(row.order_value - before, nan_ok=True)


def test_offsets_add_up(metrics):
    found = metrics.query(["growth", "swing"], by=["month"], start="2026-01-01", end="2026-04-30")
    sums = {each: month(each)["amount"].sum() for each in pd.period_range("2025-11", "2026-04", freq="M")}
    growth = {each: sums[each] / sums[each - 1] - 1 if sums[each - 1] else float("nan") for each in MONTHS}
    growth[MONTHS[0] - 1] = float("nan")  # nothing was sold in November
    assert found["swing"].tolist() == pytest.approx([growth[each] - growth[each - 1] for each in MONTHS], nan_ok=True)


@pytest.mark.parametrize(("name", "part", "back"), [
    ("growth", "revenue", ("2026-02-01", "2026-02-28")), ("swing", "growth", ("2026-02-01", "2026-02-28")),
    ("middle_moved", "middle", ("2026-02-15", "2026-03-17")), ("again_moved", "again", ("2026-02-01", "2026-02-28")),
    ("pace", "month_to_date", ("2026-02-01", "2026-02-28")), ("long_moved", LONG, ("2026-02-01", "2026-02-28")),
])  # fmt: skip
@pytest.mark.parametrize("by", [[], ["channel"]])
def test_without_a_period_the_same_days_before(metrics, name, part, back, by):
    march = {"start": "2026-03-01", "end": "2026-03-31"}
    found = metrics.query([name, part], by=by, **march)
    earlier = metrics.query(part, by=by, start=back[0], end=back[1])
    if by:
        earlier = found[by].merge(earlier, on=by, how="left")
        if part in {"revenue", "month_to_date"}:
            earlier = earlier.fillna({part: 0.0})
    wanted = (
        found[part] / earlier[part].mask(earlier[part] == 0) - 1 if name == "growth" else found[part] - earlier[part]
    )
    assert found[name].tolist() == pytest.approx(wanted.tolist(), nan_ok=True)


def test_compared_with_the_time_before(metrics):
    found = metrics.compare("pace", start="2026-04-01", end="2026-04-30", to="previous_period").iloc[0]
    april, march, february = (month(each)["amount"].sum() for each in (MONTHS[3], MONTHS[2], MONTHS[1]))
    assert found["pace"] == pytest.approx(april - march)
    assert found["pace_before"] == pytest.approx(march - february)


def test_what_is_checked_of_all(metrics):
    names = [
        "growth",
        "orders_of_last_week",
        "value_gained",
        "pace",
        "swing",
        "middle_moved",
        "again_moved",
        "long_moved",
    ]
    assert [(each.metric, each.problems) for each in metrics.check(names)] == [(name, []) for name in names]


@pytest.mark.parametrize(("name", "given", "said"), [
    ("growth", {}, "metric 'growth' looks back, and no days are asked for; give start and end, or tell it by a period"),
    ("growth", {"start": "2026-01-01"}, "looks back, and no days are asked for"),
    ("growth", {"by": ["week"]}, "by what is no whole number of weeks; tell it by day or month"),
    ("value_gained", {"by": ["month", "channel"], "start": "0001-02-01"}, "looks back to before the year 1"),
    ("value_gained", {"by": ["year"]}, "by what is no whole number of years; tell it by day or month or quarter"),
    ("middle_moved", {"by": ["month"]}, "by what is no whole number of months; tell it by day or week"),
])  # fmt: skip
def test_what_cannot_be_asked(metrics, name, given, said):
    with pytest.raises(MetricError, match=said):
        metrics.query(name, **given)
