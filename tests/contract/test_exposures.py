"""Units from exposures and facts: every engine answers as plain Python does; statements end when their time is over."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from support.trial import database, load_tables, make_trial

from analytics_lib.connectors.moments.exposures import DAY, UNIT, VARIANT, Exposed, ExposedUnits, ExposureCounts
from analytics_lib.errors import QueryError
from analytics_lib.model.aggregation import MomentRequest
from analytics_lib.model.experiment_parts import Exposures, Facts

DAYS = (date(2026, 3, 1), date(2026, 3, 7))
SEEN = Exposures(table="seen", unit="u", time="t", variant="v", where={"experiment": "checkout"})
SOLD = Facts.model_validate(
    {
        "table": "sold", "unit": "u", "time": "t",
        "columns": {
            "orders": {"take": "count"}, "revenue": {"take": "sum", "column": "amount"},
            "largest": {"take": "max", "column": "amount"}, "bought": {"take": "any"},
            "revenue_before": {"take": "sum", "column": "amount", "when": "before"},
        },
    }
)  # fmt: skip
CLICKS = Facts.model_validate({"table": "clicks", "unit": "u", "time": "t", "columns": {"clicks": {"take": "count"}}})
COLUMNS = (*SOLD.columns, *CLICKS.columns)
ENGINES = [
    "duckdb", "sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")),
]  # fmt: skip
SLOW = {
    "duckdb": "select count(*) from range(10000000) a, range(10000000) b where a.range + b.range % 7 = 3",
    "sqlite": "with recursive r(x) as (select 1 union all select x + 1 from r) select max(x) from r",
    "postgresql": "select pg_sleep(60)",
    "mariadb": "select sleep(60)",
}


def clock(month, day, *hours):
    """Return a time without a zone, as the databases hold it."""
    return datetime.combine(date(2026, month, day), time(*hours))


def moments(rng, count, first, days):
    """Return random times to the second."""
    return [first + timedelta(seconds=int(each)) for each in rng.integers(0, days * 86_400, count)]


def make_tables(seed=11):
    rng = np.random.default_rng(seed)
    seen = [
        {"u": int(u), "t": t, "v": "a" if u % 2 else "b", "experiment": "checkout"}
        for u, t in zip(rng.integers(0, 60, 150), moments(rng, 150, clock(2, 27), 11), strict=True)
    ]
    noon = clock(3, 4, 12)
    seen += [{"u": 3, "t": noon, "v": "b", "experiment": "checkout"}]  # in two variants
    seen += [{"u": 90, "t": noon, "v": None, "experiment": "checkout"}]
    seen += [{"u": 91, "t": noon, "v": "a", "experiment": "another"}]
    seen += [{"u": 92, "t": clock(3, 7, 23, 59, 59), "v": "a", "experiment": "checkout"}]
    sold = [
        {"u": int(u), "t": t, "amount": None if at % 17 == 0 else int(at)}
        for at, (u, t) in enumerate(zip(rng.integers(0, 80, 400), moments(rng, 400, clock(2, 20), 20), strict=True))
    ]
    sold += [{"u": 92, "t": clock(3, 7, 23, 59, 59), "amount": 5}]  # at the very moment of exposure
    clicks = [{"u": u, "t": noon, "amount": 1} for u in range(0, 60, 3)]
    return {"seen": seen, "sold": sold, "clicks": clicks}


TABLES = make_tables()


def expected():
    """Return unit → (variant, first exposure, facts) as plain Python finds them."""
    begin, end = clock(3, 1), clock(3, 8)
    rows = [row for row in TABLES["seen"] if row["experiment"] == "checkout" and begin <= row["t"] < end]
    found = {}
    for unit in {row["u"] for row in rows}:
        variants = {row["v"] for row in rows if row["u"] == unit} - {None}
        if len(variants) != 1:
            continue
        first = min(row["t"] for row in rows if row["u"] == unit)
        mine = [row for row in TABLES["sold"] if row["u"] == unit and row["t"] < end]
        after = [row for row in mine if row["t"] >= first]
        amounts = [row["amount"] for row in after if row["amount"] is not None]
        before = sum(row["amount"] or 0 for row in mine if row["t"] < first)
        clicks = sum(row["u"] == unit and first <= row["t"] < end for row in TABLES["clicks"])
        facts = (len(after), sum(amounts), max(amounts, default=0), int(bool(after)), before, clicks)
        found[unit] = (variants.pop(), first, facts)
    return found


@pytest.fixture(scope="module", params=ENGINES)
def lab(request, tmp_path_factory, services):
    with database(request.param, tmp_path_factory.mktemp("lab"), services, make_trial(5)) as connection:
        load_tables(
            connection, TABLES,
            {"u": sa.Integer, "t": sa.DateTime, "v": sa.String(10), "experiment": sa.String(20), "amount": sa.Integer},
        )  # fmt: skip
        yield connection


def test_a_row_a_unit(lab):
    frame = ExposedUnits(lab, Exposed(SEEN, [SOLD, CLICKS], DAYS)).to_frame()
    wanted = expected()
    assert len(wanted) > 40
    assert sorted(frame[UNIT]) == sorted(wanted)
    for _, row in frame.iterrows():
        variant, first, facts = wanted[row[UNIT]]
        assert (row[VARIANT], pd.Timestamp(row[DAY])) == (variant, pd.Timestamp(first))
        assert tuple(float(row[name]) for name in COLUMNS) == facts


def test_what_was_left_out_is_counted(lab):
    rows = [row for row in TABLES["seen"] if row["experiment"] == "checkout"]
    units = {row["u"] for row in rows if clock(3, 1) <= row["t"] < clock(3, 8)}
    early = {row["u"] for row in rows if row["t"] < clock(3, 1)}
    after = {row["u"] for row in rows if row["t"] >= clock(3, 8)}
    late = after - units - early
    assert len(late) == 3
    counts = ExposedUnits(lab, Exposed(SEEN, [SOLD], DAYS)).counts
    assert counts == ExposureCounts(len(units), in_several=1, without_variant=1, early=len(early), late=len(late))


def test_moments_by_day(lab):
    answer = ExposedUnits(lab, Exposed(SEEN, [SOLD], DAYS)).moments(
        MomentRequest(VARIANT, ("revenue",), by=(DAY,), unit=UNIT)
    )
    wanted = {}
    for variant, first, facts in expected().values():
        wanted.setdefault((variant, first.date()), []).append(facts[1])
    labels = list(zip(answer.table.labels[VARIANT], answer.table.labels[DAY], strict=True))
    assert set(labels) == set(wanted)
    for at, key in enumerate(labels):
        assert answer.table.n[at] == len(wanted[key])
        assert answer.table.mean[at, 0] == pytest.approx(np.mean(wanted[key]))
    assert (answer.units.in_two, answer.units.distinct - len(expected())) == (1, 2)


def test_the_values_of_a_where_are_bound(lab):
    bad = SEEN.model_copy(update={"where": {"experiment": "x' or '1'='1"}})
    assert ExposedUnits(lab, Exposed(bad, [SOLD], DAYS)).counts.units == 0


def test_a_query_that_runs_too_long_is_ended(lab):
    slow = SLOW[lab.engine.dialect.name]
    with pytest.raises(QueryError, match=r"the query ran longer than 0\.3 s and was ended"), lab.time_limit(0.3):
        lab.sql(slow)
    with lab.time_limit(60):
        assert lab.sql("select 1 as x")["x"].tolist() == [1]


def test_the_limit_is_for_all_queries_together(lab):
    def many():
        for _ in range(100_000):
            lab.sql("select 1 as x")

    with pytest.raises(QueryError, match="ran longer than"), lab.time_limit(0.3):
        many()


def test_an_error_within_the_limit_stays_what_it_is(lab):
    with pytest.raises(QueryError, match="refuses the query"), lab.time_limit(60):
        lab.sql("select * from nowhere_at_all")
