"""The metric model keeps its word in every engine: the same numbers as pandas finds in the same rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from support.metered import ZONE, business, make_business

FRAMES = make_business()
SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def asked_by(request, tmp_path_factory, services):
    """One engine after the other."""
    with business(request.param, tmp_path_factory.mktemp("lab"), services, FRAMES) as made:
        yield made


@pytest.fixture(scope="module")
def metrics(asked_by):
    return asked_by()


def orders():
    """The orders with what they are told by: Berlin's days, the customer's region."""
    frame = FRAMES["orders"].merge(FRAMES["customers"], left_on="customer_id", right_on="id", how="left")
    frame = frame.rename(columns={"id_x": "id"})
    frame["local"] = frame["placed"].dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.tz_localize(None)
    frame["amount"] = frame["amount"].astype(float)
    return frame


def period(times, grain):
    letter = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}[grain]
    return times.dt.to_period(letter).dt.start_time.astype("datetime64[us]")


def agree(found, expected, keys=()):
    """Compare rows whatever their order, to twelve digits; missing keys are keys as well."""
    assert list(found.columns) == list(expected.columns)
    assert len(found) == len(expected)
    for name in found.columns:
        left, right = (
            frame.sort_values(list(keys), kind="stable", na_position="last").reset_index(drop=True)[name]
            if keys
            else frame[name]
            for frame in (found, expected)
        )
        if name in keys:
            assert left.isna().tolist() == right.isna().tolist()
            assert left.dropna().tolist() == right.dropna().tolist()
        else:
            assert left.astype(float).to_numpy() == pytest.approx(right.astype(float), rel=1e-12, nan_ok=True), name


def test_totals(metrics):
    frame = orders()
    amount = frame["amount"].dropna()
    names = ["revenue", "orders", "with_amount", "buyers", "paid_orders", "mean_amount", "least", "most", "middle"]
    found = metrics.query([*names, "ninth", "order_value"])
    wanted = [
        amount.sum(), len(frame), len(amount), frame["customer_id"].nunique(), frame["paid"].sum(), amount.mean(),
        amount.min(), amount.max(), amount.median(), amount.quantile(0.9), amount.sum() / len(frame),
    ]  # fmt: skip
    assert len(found) == 1
    assert found.iloc[0].astype(float).tolist() == pytest.approx([float(each) for each in wanted], rel=1e-12)
    assert found.dtypes.astype(str).tolist()[:4] == ["float64", "int64", "int64", "int64"]


@pytest.mark.parametrize("grain", ["day", "week", "month", "quarter", "year"])
def test_periods_are_those_of_the_zone_and_none_is_missing(metrics, grain):
    frame = orders()
    frame[grain] = period(frame["local"], grain)
    every = pd.period_range(frame["local"].min(), frame["local"].max(), freq={"day": "D", "week": "W", "month": "M",
                            "quarter": "Q", "year": "Y"}[grain]).start_time  # fmt: skip
    expected = frame.groupby(grain).agg(revenue=("amount", "sum"), orders=("id", "size")).reindex(every, fill_value=0)
    expected["mean_amount"] = frame.groupby(grain)["amount"].mean().reindex(every)
    expected["order_value"] = expected["revenue"] / expected["orders"].replace(0, np.nan)
    expected = expected.rename_axis(grain).reset_index()
    expected[grain] = expected[grain].astype("datetime64[us]")
    found = metrics.query(["revenue", "orders", "mean_amount", "order_value"], by=[grain])
    agree(found, expected, [grain])
    assert found[grain].is_monotonic_increasing


def test_the_month_without_orders_is_there_for_every_group(metrics):
    found = metrics.query(["revenue", "middle"], by=["month", "channel"], start="2026-01-01", end="2026-03-31")
    february = found[found["month"].eq("2026-02-01")]
    assert set(february["channel"].iloc[:3]) == {"O'Hara; --", "app", "web"}  # in the order of the database's collation
    assert february["channel"].isna().tolist() == [False, False, False, True]
    assert february["revenue"].tolist() == [0.0] * 4
    assert february["middle"].isna().all()


def test_the_period_may_stand_anywhere(metrics):
    first = metrics.query(["revenue", "orders"], by=["month", "channel"], start="2026-01-01", end="2026-03-31")
    last = metrics.query(["revenue", "orders"], by=["channel", "month"], start="2026-01-01", end="2026-03-31")
    assert list(last.columns) == ["channel", "month", "revenue", "orders"]
    agree(last[list(first.columns)], first, ["month", "channel"])


def test_the_day_begins_at_midnight_of_the_zone(metrics):
    day = metrics.query(["orders"], by=["day"], start="2026-01-01", end="2026-01-01")
    local = orders()["local"]
    assert day["orders"].tolist() == [local.between("2026-01-01", "2026-01-01 23:59:59.999999").sum()]
    assert 1 in FRAMES["orders"].loc[FRAMES["orders"]["placed"].eq("2025-12-31 23:00:00"), "id"].tolist()


def test_two_models_meet_on_their_own_dimensions_and_no_row_counts_twice(metrics):
    frame, visits = orders(), FRAMES["visits"]
    found = metrics.query(["revenue", "visits", "visits_per_order"], by=["channel"])
    expected = frame.groupby("channel", dropna=False).agg(revenue=("amount", "sum"), orders=("id", "size"))
    expected["visits"] = visits.groupby("source").size().reindex(expected.index, fill_value=0)
    expected["visits_per_order"] = expected["visits"] / expected["orders"]
    agree(found, expected.drop(columns="orders").reset_index(), ["channel"])


def test_lines_do_not_multiply_orders(metrics):
    """One to many: joined before they are added up, an order's amount would count once a line."""
    frame, lines = orders(), FRAMES["order_lines"]
    lines = lines[lines["quantity"] >= 0].merge(frame[["id", "channel"]], left_on="order_id", right_on="id")
    wrong = lines.merge(frame[["id", "amount"]], left_on="order_id", right_on="id")["amount"].sum()
    found = metrics.query(["revenue", "units", "lines", "value", "units_per_order"], by=["channel"])
    assert found["revenue"].sum() == pytest.approx(frame["amount"].sum())
    assert found["revenue"].sum() != pytest.approx(wrong)
    expected = frame.groupby("channel", dropna=False).agg(revenue=("amount", "sum"), orders=("id", "size"))
    grouped = lines.assign(value=lines["quantity"] * lines["price"].astype(float)).groupby("channel", dropna=False)
    expected["units"] = grouped["quantity"].sum()
    expected["lines"] = grouped.size()
    expected["value"] = grouped["value"].sum()
    expected["units_per_order"] = expected["units"] / expected["orders"]
    agree(found, expected.drop(columns="orders").reset_index(), ["channel"])


def test_orders_do_not_multiply_customers(metrics):
    found = metrics.query(["customers", "orders", "orders_per_customer", "buyers"], by=["customer.region"])
    frame = orders()
    expected = frame.groupby("region", dropna=False).agg(orders=("id", "size"), buyers=("customer_id", "nunique"))
    customers = FRAMES["customers"].groupby("region", dropna=False).size()
    expected.insert(0, "customers", customers)
    expected.insert(2, "orders_per_customer", expected["orders"] / expected["customers"])
    agree(found, expected.rename_axis("customer.region").reset_index(), ["customer.region"])


def test_ratios_are_sums_over_sums(metrics):
    by_channel = metrics.query(["revenue", "orders", "order_value"], by=["channel"])
    total = metrics.query(["order_value"]).iloc[0, 0]
    assert total == pytest.approx(by_channel["revenue"].sum() / by_channel["orders"].sum())
    assert total != pytest.approx(by_channel["order_value"].mean())


def test_filters_of_metrics_and_formulas(metrics):
    frame = orders()
    discounted = frame["amount"].where(~(frame["amount"] > 50), frame["amount"] - 5).sum()
    row = metrics.query(["web_revenue", "eu_revenue", "margin", "discounted", "odd"]).iloc[0]
    assert row["odd"] == (frame["id"] % 2).sum()
    assert row["web_revenue"] == pytest.approx(frame.loc[frame["channel"].eq("web"), "amount"].sum())
    europe = frame["region"].eq("EU") | frame["region"].isna()
    assert row["eu_revenue"] == pytest.approx(frame.loc[europe, "amount"].sum())
    assert row["discounted"] == pytest.approx(discounted)
    assert row["margin"] == pytest.approx((frame["amount"].sum() - discounted) / frame["amount"].sum() * 100)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"channel": "web"}, lambda frame: frame["channel"].eq("web")),
        ({"channel": "O'Hara; --"}, lambda frame: frame["channel"].eq("O'Hara; --")),
        ({"channel": ["web", None]}, lambda frame: frame["channel"].eq("web") | frame["channel"].isna()),
        ({"channel": {"not": "web"}}, lambda frame: ~frame["channel"].eq("web")),
        ({"channel": {"not": ["web", None]}}, lambda frame: ~frame["channel"].eq("web") & frame["channel"].notna()),
        ({"channel": ("v", "x")}, lambda frame: frame["channel"].eq("web")),
        ({"paid": True}, lambda frame: frame["paid"].fillna(False).astype(bool)),
        ({"customer.region": "EU", "paid": True}, lambda frame: frame["region"].eq("EU") & frame["paid"].eq(True)),
        ({"placed": ("2026-03-01", "2026-03-29")}, lambda frame: frame["local"].between("2026-03-01", "2026-03-30")),
        ({"placed": {"from": "2026-03-30"}}, lambda frame: frame["local"] >= "2026-03-30"),
        ({"booked": "2026-01-05"}, lambda frame: frame["booked"].astype(str).eq("2026-01-05")),
        ({"channel": "web' or '1'='1"}, lambda frame: frame["channel"].eq("web' or '1'='1")),
        ({"channel": "\\' or 1=1 -- "}, lambda frame: frame["channel"].eq("\\' or 1=1 -- ")),
    ],
    ids=lambda value: "rows" if callable(value) else str(value),
)  # fmt: skip
def test_conditions(metrics, where, rows):
    frame = orders()
    assert metrics.query(["orders"], where=where)["orders"].tolist() == [int(rows(frame).sum())]


def test_booleans_and_times_as_dimensions(metrics):
    frame = orders()
    found = metrics.query(["orders"], by=["paid"])
    assert str(found["paid"].dtype) == "boolean"
    expected = frame.groupby("paid", dropna=False).size().rename("orders").reset_index()
    agree(found, expected, ["paid"])
    months = metrics.query(["orders"], by=["booked.month"])
    expected = frame.groupby(period(pd.to_datetime(frame["booked"]), "month")).size().rename("orders")
    agree(months, expected.rename_axis("booked.month").reset_index(), ["booked.month"])


def test_metrics_told_by_different_times_share_the_period(metrics):
    frame = orders()
    found = metrics.query(["revenue", "booked_revenue"], by=["month"], start="2026-01-01", end="2026-03-31")
    booked = frame.groupby(period(pd.to_datetime(frame["booked"]), "month"))["amount"].sum()
    assert found["booked_revenue"].tolist() == pytest.approx(
        booked.reindex(found["month"], fill_value=0).tolist(), rel=1e-12
    )
