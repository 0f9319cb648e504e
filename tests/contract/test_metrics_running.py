"""What adds up over time, who converts, what was before, and who may see which rows: the same in every engine."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from support.metered import ZONE, business, make_business

from analytics_lib.errors import MetricError

FRAMES = make_business()
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]
ORDERS = FRAMES["orders"].merge(FRAMES["customers"].rename(columns={"id": "customer"}), left_on="customer_id",
                                right_on="customer", how="left")  # fmt: skip
ORDERS["amount"] = ORDERS["amount"].astype(float)
ORDERS["day"] = ORDERS["placed"].dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.date
START, END = date(2026, 1, 1), date(2026, 4, 10)


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def asked_by(request, tmp_path_factory, services):
    """One engine after the other."""
    with business(request.param, tmp_path_factory.mktemp("lab"), services, FRAMES) as made:
        yield made


@pytest.fixture(scope="module")
def metrics(asked_by):
    return asked_by()


def last_days(grain):
    ends = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}[grain]
    return [(each.start_time, min(each.end_time.date(), END)) for each in pd.period_range(START, END, freq=ends)]


def window(name, last):
    """Return the first day that counts."""
    return {
        "revenue_so_far": date.min,
        "month_to_date": last.replace(day=1),
        "buyers_of_week": last - timedelta(days=6),
        "average_of_month": (pd.Timestamp(last) + pd.Timedelta(days=1) - pd.DateOffset(months=1)).date(),
        "middle_of_fortnight": last - timedelta(days=13),
    }[name]


TAKEN = {
    "revenue_so_far": "sum", "month_to_date": "sum", "buyers_of_week": "nunique", "average_of_month": "mean",
    "middle_of_fortnight": "median",
}  # fmt: skip


def running(name, rows, last):
    column = "customer_id" if name == "buyers_of_week" else "amount"
    inside = rows[(rows["day"] >= window(name, last)) & (rows["day"] <= last)][column].dropna()
    return float(getattr(inside, TAKEN[name])()) if len(inside) or TAKEN[name] in {"sum", "nunique"} else np.nan


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter"])
def test_what_adds_up_is_told_as_of_each_periods_last_day(metrics, grain):
    found = metrics.query([*TAKEN], by=[grain], start=START, end=END)
    assert found[grain].tolist() == [start for start, _ in last_days(grain)]
    for name in TAKEN:
        expected = [running(name, ORDERS, last) for _, last in last_days(grain)]
        assert found[name].tolist() == pytest.approx(expected, rel=1e-12, nan_ok=True), name


def test_what_adds_up_by_dimension_beside_what_does_not(metrics):
    found = metrics.query(["buyers_of_week", "month_to_date", "revenue"], by=["month", "channel"], start=START, end=END)
    for channel, rows in ORDERS.groupby("channel", dropna=False):
        own = found[found["channel"].isna() if pd.isna(channel) else found["channel"].eq(channel)]
        assert len(own) == 4
        for name in ("buyers_of_week", "month_to_date"):
            expected = [running(name, rows, last) for _, last in last_days("month")]
            assert own[name].tolist() == pytest.approx(expected, rel=1e-12), (channel, name)
    inside = ORDERS["day"].between(START, END)
    assert found["revenue"].sum() == pytest.approx(ORDERS.loc[inside, "amount"].sum())


def test_without_a_period_it_is_told_as_of_the_last_day(metrics):
    row = metrics.query([*TAKEN], end=END).iloc[0]
    assert row.tolist() == pytest.approx([running(name, ORDERS, END) for name in TAKEN], rel=1e-12)
    open_end = metrics.query(["revenue_so_far", "buyers_of_week"]).iloc[0]
    last = ORDERS["day"].max()
    assert open_end.tolist() == pytest.approx([ORDERS["amount"].sum(), running("buyers_of_week", ORDERS, last)])


def converted(visits, orders, days, *, strictly):
    """Return who began, and who of them went on, one by one."""
    began, done = set(), set()
    for who, at in visits:
        began.add(who)
        later = (
            moment
            for other, moment in orders
            if other == who and moment >= at and moment - at < pd.Timedelta(days=days) and (moment > at or not strictly)
        )
        if any(True for _ in later):
            done.add(who)
    return len(done) / len(began) if began else np.nan


def events(frame, time):
    there = frame[frame["customer_id"].notna()]
    return list(zip(there["customer_id"], there[time], strict=True))


def test_conversion(metrics):
    visits, orders = FRAMES["visits"], events(ORDERS, "placed")
    total = metrics.query(["bought"]).iloc[0, 0]
    assert total == pytest.approx(converted(events(visits, "seen_at"), orders, 3, strictly=False))
    assert 0.1 < total < 0.9
    found = metrics.query(["bought", "visits"], by=["month", "channel"], start=START, end=END)
    months = visits["seen_at"].dt.to_period("M").dt.start_time
    for row in found.itertuples():
        rows = visits[months.eq(row.month) & visits["source"].eq(row.channel)]
        rows = rows[rows["seen_at"] < pd.Timestamp(END) + pd.Timedelta(days=1)]
        assert row.bought == pytest.approx(converted(events(rows, "seen_at"), orders, 3, strictly=False), nan_ok=True)


def test_no_row_completes_itself(metrics):
    every = events(ORDERS, "placed")
    assert metrics.query(["again"]).iloc[0, 0] == pytest.approx(converted(every, every, 7, strictly=True))


def sums(start, end, by="channel"):
    inside = ORDERS[ORDERS["day"].between(start, end)]
    return inside.groupby(by, dropna=False)["amount"].sum()


def test_compare_with_the_period_before(metrics):
    found = metrics.compare(["revenue", "orders", "mean_amount"], by=["channel"], start="2026-03-01", end="2026-03-31")
    now, before = sums(date(2026, 3, 1), date(2026, 3, 31)), sums(date(2026, 2, 1), date(2026, 2, 28))
    assert before.empty
    assert found["revenue"].sum() == pytest.approx(now.sum())
    assert found["revenue_before"].tolist() == [0.0] * len(now)
    assert found["revenue_change"].tolist() == pytest.approx(found["revenue"].tolist())
    assert found["revenue_growth"].isna().all()
    assert found["orders_before"].dtype == "int64"
    assert found["mean_amount_before"].isna().all()


def test_compare_by_period(metrics):
    found = metrics.compare(["revenue"], by=["week"], start="2026-03-09", end="2026-03-22", to="previous_period")
    assert found["week"].astype(str).tolist() == ["2026-03-09", "2026-03-16"]
    for place, monday in enumerate((date(2026, 2, 23), date(2026, 3, 2))):
        assert found["revenue_before"][place] == pytest.approx(sums(monday, monday + timedelta(days=6)).sum())
    growth = (found["revenue"] - found["revenue_before"]) / found["revenue_before"]
    assert found["revenue_growth"].tolist() == pytest.approx(growth.tolist(), nan_ok=True)


def test_compare_with_a_year_ago_is_one_statement(metrics):
    found = metrics.compare(["revenue"], start="2026-01-01", end="2026-01-31", to="previous_year")
    assert found["revenue_before"].tolist() == [0.0]
    assert found["revenue"].tolist() == pytest.approx([sums(date(2026, 1, 1), date(2026, 1, 31)).sum()])
    assert "is_earlier" in found.sql


def test_row_rules(asked_by):
    partners = asked_by("partners", channel="app")
    assert partners.query(["orders"]).iloc[0, 0] == ORDERS["channel"].eq("app").sum()
    assert partners.query(["orders"], where={"channel": ["web", "app"]}).iloc[0, 0] == ORDERS["channel"].eq("app").sum()
    assert partners.query(["orders"], by=["channel"])["channel"].tolist() == ["app"]
    europe = asked_by("europe")
    rows = ORDERS[ORDERS["region"].eq("EU")]
    found = europe.query(["orders", "revenue", "customers"], by=["customer.region"])
    assert found["customer.region"].tolist() == ["EU"]
    assert found["orders"].tolist() == [len(rows)]
    assert found["customers"].tolist() == [FRAMES["customers"]["region"].eq("EU").sum()]
    assert asked_by("staff").query(["orders"]).iloc[0, 0] == len(ORDERS)


def test_rules_hold_for_both_sides_of_a_conversion_and_for_comparisons(asked_by):
    app = ORDERS[ORDERS["channel"].eq("app")]
    partners = asked_by("partners", channel=["app"])
    wanted = converted(events(FRAMES["visits"], "seen_at"), events(app, "placed"), 3, strictly=False)
    assert partners.query(["bought"]).iloc[0, 0] == pytest.approx(wanted)
    found = partners.compare(["orders"], start="2026-03-01", end="2026-03-31", to="previous_year")
    assert found["orders"].tolist() == [app["day"].between(date(2026, 3, 1), date(2026, 3, 31)).sum()]


def test_a_rule_without_its_value_shows_nothing(asked_by):
    with pytest.raises(MetricError, match="the rule for 'partners' needs the caller's 'channel'"):
        asked_by("partners").query(["orders"])
    with pytest.raises(MetricError, match="the caller's 'channel' is an empty list"):
        asked_by("partners", channel=[]).query(["orders"])
    with pytest.raises(MetricError, match="no model has a rule for the audience 'partner'; did you mean 'partners'"):
        asked_by("partner")


def test_nothing_between_two_days(metrics):
    found = metrics.query(["revenue", "orders", "mean_amount"], by=["channel"], start="2020-01-01", end="2020-01-31")
    assert found.empty
    months = metrics.query(["revenue", "mean_amount"], by=["month"], start="2020-01-01", end="2020-03-31")
    assert months["revenue"].tolist() == [0.0, 0.0, 0.0]
    assert months["mean_amount"].isna().all()


def test_more_than_a_thousand_days(metrics):
    """MariaDB ends a recursion after a thousand rounds, and says nothing."""
    found = metrics.query(["orders"], by=["day"], start="2020-01-01", end="2026-12-31")
    assert len(found) == 2557
    assert found["orders"].sum() == len(ORDERS)
    assert found["day"].diff().dropna().eq(pd.Timedelta(days=1)).all()
