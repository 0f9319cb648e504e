"""Windows, look-backs, columns of the first exposure and variants of true and false: every engine as plain Python."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pytest
import sqlalchemy as sa
from support.trial import database, load_tables, make_trial

from analytics_lib.connectors.moments.exposures import DAY, UNIT, VARIANT, Exposed, ExposedUnits
from analytics_lib.experiments import Mean, analyze
from analytics_lib.model.aggregation import MomentRequest
from analytics_lib.model.experiment_parts import Exposures, Facts

DAYS = (date(2026, 3, 1), date(2026, 3, 10))
SEEN = Exposures(table="seen", unit="u", time="t", variant="treated")
ENGINES = ["duckdb", "sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb"))]
KINDS = {
    "u": sa.Integer, "t": sa.DateTime, "d": sa.Date, "treated": sa.Boolean, "country": sa.String(10),
    "shop": sa.Integer, "web": sa.Boolean, "amount": sa.Integer,
}  # fmt: skip
KEPT = ("country", "shop", "web")

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)


def clock(month, day, *hours):
    """Return a time without a zone, as the databases hold it."""
    return datetime.combine(date(2026, month, day), time(*hours))


def facts(table="sold", time="t", **more):
    columns = {
        "orders": {"take": "count"}, "revenue": {"take": "sum", "column": "amount"},
        "orders_before": {"take": "count", "when": "before"},
    }  # fmt: skip
    return Facts.model_validate({"table": table, "unit": "u", "time": time, "columns": columns} | more)


def make_tables(seed=4):
    rng = np.random.default_rng(seed)
    begin, noon = clock(2, 26), clock(3, 5, 12)
    seen = [
        {
            "u": int(u), "t": begin + timedelta(seconds=int(rng.integers(0, 15 * 86_400))), "treated": bool(u % 2),
            "country": str(rng.choice(["DE", "FR"])), "shop": int(u) // 5, "web": bool(rng.integers(0, 2)),
        }
        for u in rng.integers(0, 100, 250)
    ]  # fmt: skip
    again = {"u": 200, "t": noon, "treated": True, "shop": 1, "web": False}
    seen += [again | {"country": name} for name in ("FR", "DE")]  # twice at the same moment
    sold = [
        {"u": int(u), "t": clock(1, 20) + timedelta(seconds=int(rng.integers(0, 55 * 86_400))), "amount": at}
        for at, u in enumerate(rng.integers(0, 100, 600))
    ]
    at_bounds = (
        noon,
        noon + WEEK - timedelta(seconds=1),
        noon + WEEK,
        noon - MONTH + timedelta(seconds=1),
        noon - MONTH,
    )
    sold += [{"u": 200, "t": moment, "amount": 10**at} for at, moment in enumerate(at_bounds)]
    days = [{"u": row["u"], "d": row["t"].date(), "amount": row["amount"]} for row in sold]
    return {"seen": seen, "sold": sold, "sold_daily": days}


TABLES = make_tables()
NEWEST = max(row["t"] for row in TABLES["sold"])


@pytest.fixture(scope="module", params=ENGINES)
def lab(request, tmp_path_factory, services):
    with database(request.param, tmp_path_factory.mktemp("lab"), services, make_trial(5)) as connection:
        load_tables(connection, TABLES, KINDS)
        yield connection


def first_exposures():
    """Return unit → its first exposure of those within the days, the least of several at the same moment."""
    found = {}
    for row in TABLES["seen"]:
        if clock(3, 1) <= row["t"] < clock(3, 11):
            key = (row["t"], *(row[name] for name in KEPT))
            found[row["u"]] = min(found.get(row["u"], (key, row)), (key, row), key=lambda pair: pair[0])
    return {unit: row for unit, (_, row) in found.items()}


def test_only_the_facts_of_the_window_count_and_only_units_whose_window_is_over(lab):
    units = ExposedUnits(lab, Exposed(SEEN, [facts(window=7, lookback=30)], DAYS))
    frame = units.to_frame().set_index(UNIT)
    exposed = first_exposures()
    over = {unit: row for unit, row in exposed.items() if row["t"] + WEEK <= NEWEST}
    assert 20 < len(over) < len(exposed)
    assert sorted(frame.index) == sorted(over)
    assert units.counts.young == len(exposed) - len(over)
    for unit, row in over.items():
        mine = [each for each in TABLES["sold"] if each["u"] == unit]
        after = [each["amount"] for each in mine if row["t"] <= each["t"] < row["t"] + WEEK]
        before = sum(row["t"] - MONTH < each["t"] < row["t"] for each in mine)
        got = frame.loc[unit]
        assert [float(got[name]) for name in ("orders", "revenue", "orders_before")] == [len(after), sum(after), before]
    assert [float(frame.loc[200][name]) for name in ("revenue", "orders_before")] == [11, 1]  # at the bounds


def test_facts_of_days(lab):
    """A day is its midnight: that of the eighth day lies within seven times 24 hours of a later exposure."""
    units = ExposedUnits(lab, Exposed(SEEN, [facts("sold_daily", "d", window=7)], DAYS))
    frame = units.to_frame().set_index(UNIT)
    newest = datetime.combine(NEWEST.date(), time())
    over = {unit: row for unit, row in first_exposures().items() if row["t"] + WEEK <= newest}
    assert sorted(frame.index) == sorted(over)
    for unit, row in over.items():
        midnights = [
            datetime.combine(each["d"], datetime.min.time()) for each in TABLES["sold_daily"] if each["u"] == unit
        ]
        assert float(frame.loc[unit]["orders"]) == sum(row["t"] <= each < row["t"] + WEEK for each in midnights)


def test_the_window_reaches_beyond_the_last_day(lab):
    own = facts(window=2)
    frame = ExposedUnits(lab, Exposed(SEEN, [own], (DAYS[0], date(2026, 3, 4)))).to_frame().set_index(UNIT)
    late = [row for row in TABLES["sold"] if row["t"] >= clock(3, 5)]
    exposed = {unit: row for unit, row in first_exposures().items() if row["t"] < clock(3, 5)}
    reached = [row for row in late if row["u"] in exposed and row["t"] < exposed[row["u"]]["t"] + timedelta(days=2)]
    assert reached
    for row in reached:
        assert frame.loc[row["u"]]["orders"] >= 1


def test_without_a_window_all_facts_and_units_count(lab):
    units = ExposedUnits(lab, Exposed(SEEN, [facts()], DAYS))
    assert units.count() == len(first_exposures())
    assert units.counts.young == 0
    with_two = ExposedUnits(lab, Exposed(SEEN, [facts(), facts(columns={"n": {"take": "count"}}, window=7)], DAYS))
    assert with_two.count() == units.count() - with_two.counts.young


def test_columns_of_the_first_exposure(lab):
    frame = ExposedUnits(lab, Exposed(SEEN, [facts()], DAYS, KEPT)).to_frame().set_index(UNIT)
    wanted = first_exposures()
    assert sorted(frame.index) == sorted(wanted)
    for unit, row in wanted.items():
        got = frame.loc[unit]
        assert (got["country"], int(got["shop"]), bool(got["web"])) == (row["country"], row["shop"], row["web"])
        assert str(got[VARIANT]).lower() in ({"true", "1"} if row["treated"] else {"false", "0"})
        assert str(got[DAY])[:19] == str(row["t"])


def test_segments_strata_and_clusters(lab):
    units = ExposedUnits(lab, Exposed(SEEN, [facts(window=7)], DAYS, KEPT))
    over = {unit: row for unit, row in first_exposures().items() if row["t"] + WEEK <= NEWEST}
    answer = units.moments(MomentRequest(VARIANT, ("orders",), by=(DAY,), segments=("country", "web")))
    labels = answer.table.labels
    french = [at for at, value in enumerate(labels["segment_value"]) if value == "FR"]
    assert sum(answer.table.n[at] for at in french) == sum(row["country"] == "FR" for row in over.values())
    results = analyze(units, {"orders": Mean("orders")}, variant=VARIANT, cluster="shop", segments=("country",))
    assert sum(results.sample_ratio.counts.values()) == len({(row["shop"], row["treated"]) for row in over.values()})
    assert analyze(units, {"orders": Mean("orders")}, variant=VARIANT, strata="country").rows["n_control"][0] > 10


def test_rows_are_picked_by_any_value(lab):
    """True and false, days and numbers as well as text."""
    everyone = len(first_exposures())
    for where, picked in (({"web": True}, "web"), ({"web": False}, "other"), ({"shop": 1}, "shop")):
        own = ExposedUnits(lab, Exposed(SEEN.model_copy(update={"where": where}), [facts()], DAYS))
        assert 0 < own.count() < everyone, picked
