"""Experiments on every engine: registered, looked at, planned from; bad statements refused, and nothing written."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from support.experiments import checkout
from support.trial import database, load_tables, make_trial, plain_url

from analytics_lib.errors import InputError
from analytics_lib.experiments import Mean, Proportion, Ratio, analyze, plan_from
from analytics_lib.pipeline import experiments
from analytics_lib.pipeline.planned import power_of
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.experiments import make_experiment

LAST = datetime(2026, 3, 4, 20, tzinfo=UTC)
FRAME = make_trial(300)
METRICS = {
    "orders": {"kind": "mean", "covariate": "balance", "role": "success"},
    "paid": {"kind": "proportion", "role": "guardrail", "margin": 0.2},
    "pace": {"kind": "ratio", "numerator": "price", "denominator": "unit"},
}
DECLARED = {"orders": Mean("orders", "balance"), "paid": Proportion("paid"), "pace": Ratio("price", "unit")}
ENGINES = ["duckdb", "sqlite", *(pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb"))]
WRITES = {
    "duckdb": "select nextval('counter') as unit, 'A' as variant, 1 as orders",
    "postgresql": "select writes() as orders, unit, variant from trial",
    "mariadb": "select writes() as orders, unit, variant from trial",
}
NUMBERED = "as unit, 'A' as variant, 1 as orders from"
SLOW = {
    "duckdb": f"select a.range {NUMBERED} range(10000000) a, range(10000000) b where a.range + b.range % 7 = 3",
    "sqlite": f"with recursive r(x) as (select 1 union all select x + 1 from r) select x {NUMBERED} r",
    "postgresql": "select unit, variant, orders, pg_sleep(60) from trial",
    "mariadb": "select unit, variant, orders + sleep(60) as orders from trial",
}
WRITING = "begin insert into trial(unit) values (-1); return 1; end"
PROGRAMS = {
    "duckdb": ["create sequence counter"],
    "postgresql": [f"create function writes() returns int language plpgsql as $$ {WRITING} $$"],
    "mariadb": [f"create function writes() returns int {WRITING}"],
    "sqlite": [],
}


@pytest.fixture(scope="module", params=ENGINES)
def place(request, tmp_path_factory, services):
    """A database with the trial, as units and as exposures and facts; the engine's name and its URL."""
    folder = tmp_path_factory.mktemp("lab")
    with database(request.param, folder, services, FRAME) as connection:
        url = connection._spec.url
        connection.close()
        seen = FRAME[["unit", "variant", "seen", "country"]].astype(object)
        rows = seen.where(seen.notna(), None).to_dict("records")
        rows = [row | {"seen": row["seen"].to_pydatetime()} for row in rows]
        sold = [
            {"unit": int(unit), "seen": at.to_pydatetime(), "amount": 1}
            for unit, at, orders in zip(FRAME["unit"], FRAME["seen"], FRAME["orders"], strict=True)
            for _ in range(orders)
        ]
        kinds = {"unit": sa.Integer, "variant": sa.String(10), "seen": sa.DateTime, "country": sa.String(10)}
        load_tables(connection, {"seen": rows, "sold": sold}, kinds | {"amount": sa.Integer})
        own = sa.create_engine(plain_url(url), poolclass=sa.NullPool)
        with own.begin() as writing:
            for statement in PROGRAMS[request.param]:
                writing.exec_driver_sql(statement)
        own.dispose()
        yield SimpleNamespace(kind=request.param, url=url)


@pytest.fixture
def lab(place, tmp_path):
    toml = f'[connections.warehouse]\nurl = "{place.url}"\n\n[experiments]\ntime_limit = 20\n'
    (tmp_path / "analytics.toml").write_text(toml)
    return load_workspace(tmp_path)


def keys(**changes):
    given = {"end": "2026-03-04", "variants": {"A": 1, "B": 1}, "control": "A", "unit": "unit", "metrics": METRICS}
    return checkout(**{**given, **changes})


def registered(lab, **changes):
    return experiments.register(lab, make_experiment("checkout", keys(**changes)), at=LAST)


def count(place):
    own = sa.create_engine(plain_url(place.url), poolclass=sa.NullPool)
    with own.begin() as connection:
        found = connection.exec_driver_sql("select count(*) from trial").scalar()
    own.dispose()
    return found


def test_units(lab):
    _, first = registered(lab, day="day", segments=["country", "tier"])
    assert first.units == FRAME["variant"].value_counts().to_dict()
    seen = experiments.look(lab, "checkout", at=LAST)
    wanted = analyze(FRAME, DECLARED, segments=["country", "tier"], by_day="day", expected={"A": 1, "B": 1})
    for name in ("metric", "segment", "segment_value"):
        assert [str(each) for each in seen.data["results"][name]] == [str(each) for each in wanted.rows[name]]
    got = [each if each is not None else float("nan") for each in seen.data["results"]["effect_size"]]
    assert got == pytest.approx(wanted.rows["effect_size"], nan_ok=True)
    assert seen.data["history"]["day"][-1] == "2026-03-04"


def test_a_bare_experiment(lab):
    """Without days, segments, unit counts of several metrics: variants are counted without any column."""
    _, first = registered(lab, metrics={"orders": {"kind": "mean", "role": "success"}})
    assert sum(first.units.values()) == len(FRAME)
    assert experiments.look(lab, "checkout", at=LAST).verdict is not None


def test_clusters_strata_and_quantiles(lab):
    orders = {"orders": {"kind": "mean", "role": "success"}}
    for name, more in (
        ("clusters", {"cluster": "village"}),
        ("strata", {"strata": "stratum"}),
        ("quantiles", {"metrics": {"typical": {"kind": "quantile", "column": "price", "role": "success"}}}),
    ):
        file = make_experiment(name, keys(**({"metrics": orders} | more)))
        experiments.register(lab, file, at=LAST)
        assert experiments.look(lab, name, at=LAST).data["results"]["pvalue"][0] is not None


def test_a_summary(lab):
    select = """select variant, count(*) as n, sum(orders) as orders_sum, sum(orders * orders) as orders_sum_squares
        from trial group by variant"""
    registered(lab, units=None, unit=None, summary=select, metrics={"orders": {"kind": "mean", "role": "success"}})
    wanted = analyze(FRAME, {"orders": Mean("orders")}).rows["pvalue"]
    assert experiments.look(lab, "checkout", at=LAST).data["results"]["pvalue"] == pytest.approx(wanted)


def test_exposures(lab):
    facts = {"table": "sold", "unit": "unit", "time": "seen", "columns": {"orders": {"take": "count"}}}
    exposures = {"table": "seen", "unit": "unit", "time": "seen", "variant": "variant"}
    more = {"exposures": exposures, "facts": [facts], "metrics": {"orders": {"kind": "mean", "role": "success"}}}
    registered(lab, units=None, unit=None, segments=["country"], **more)
    seen = experiments.look(lab, "checkout", at=LAST)
    wanted = analyze(FRAME, {"orders": Mean("orders")}, segments=["country"]).rows
    assert seen.data["results"]["effect_size"] == pytest.approx(wanted["effect_size"])


def test_power_from_a_history(lab):
    file = make_experiment("checkout", keys(history="select * from trial where variant = 'A'", mde=0.1, day="day"))
    experiments.register(lab, file, at=LAST)
    found = {each.metric: each for each in power_of(lab, "checkout")}
    past = FRAME[FRAME["variant"] == "A"]
    wanted = plan_from(past, [DECLARED["orders"]], mde=0.1, day="day", power=0.9).to_frame()
    assert found["orders"].units_needed == wanted["units_needed"][0]
    assert found["orders"].days_needed == wanted["days_needed"][0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("select * from trial for update", ""),
        ("select * into evil from trial", "refuses"),
        ("with x as (delete from trial returning *) select * from x", "refuses"),
        ("select * from trial) said; drop table trial; --", "more than one statement"),
        ("select * from trial where 1 = 0", "there are no rows"),
        ("select unit, variant, 'x' as orders from trial", "no numbers"),
        ("WRITES", "read-only"),
        ("SLOW", "ran longer than 1 s and was ended"),
    ],
)
def test_bad_statements(place, lab, query, said):
    if query in {"WRITES", "SLOW"}:
        query = {"WRITES": WRITES, "SLOW": SLOW}[query].get(place.kind)
        if query is None:
            pytest.skip("this engine has no functions that write")
    before = count(place)
    lab.settings["experiments.time_limit"] = 1
    with pytest.raises(InputError) as caught:
        registered(lab, units=query, metrics={"orders": {"kind": "mean", "role": "success"}})
    assert said in str(caught.value)
    assert count(place) == before
    with experiments.opened_registry(lab) as registry:
        assert registry.find() == []
