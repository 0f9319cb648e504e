"""Experiments of a real workspace on DuckDB: registered, looked at, stopped, decided; by command and by Python."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from support.experiments import checkout, load, make_laboratory, visitors, write

from analytics_lib.connectors import open_connection
from analytics_lib.experiments import Mean, analyze
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.model.plain import numbers
from analytics_lib.pipeline import experiments
from analytics_lib.pipeline.planned import power_of
from analytics_lib.workspace.experiments import load_experiment, make_experiment

LAST = datetime(2026, 3, 14, 20, tzinfo=UTC)
METRICS = {
    "orders": {"kind": "mean", "covariate": "before", "role": "success"},
    "returned": {"kind": "proportion", "role": "guardrail", "margin": 0.08, "desired": "decrease"},
    "pace": {"kind": "ratio", "numerator": "orders", "denominator": "sessions"},
}


@pytest.fixture
def lab(tmp_path):
    return make_laboratory(tmp_path / "lab")


def registered(lab, at=LAST, **changes):
    return experiments.register(lab, make_experiment("checkout", checkout(**changes)), who="ann", at=at)


def test_a_whole_life(lab, analytics):
    write(lab.root, metrics=METRICS, day="day", segments=["country"], title="One step")
    run = ("-w", lab.root, "experiment")
    added = analytics(*run, "add", "checkout", "--who", "ann", "--json")
    assert added.code == 0, added.err
    facts = json.loads(added.out)
    assert (facts["status"], facts["units"]) == ("running", {"control": 1000, "one_step": 1000})
    assert facts["means"]["orders"]["control"] == pytest.approx(visitors().query("variant == 'control'").orders.mean())

    looked = json.loads(analytics(*run, "analyze", "checkout", "--json").out)
    assert looked["verdict"] == looked["decision"]["verdict"] == "ship"
    assert looked["history"]["day"][-1] == "2026-03-14"
    assert looked["summary"] in " ".join(analytics(*run, "analyze", "checkout").out.split())

    assert analytics(*run, "decide", "checkout", "ship", "--why", "it wins").code == 2
    assert analytics(*run, "stop", "checkout", "--why", "the end").code == 0
    assert "decided: ship one_step" in analytics(*run, "decide", "checkout", "ship", "--why", "it wins").out

    shown = json.loads(analytics(*run, "show", "checkout", "--json").out)
    steps = [(step["before"], step["after"], step["why"]) for step in shown["steps"]]
    assert steps == [
        (None, "draft", "registered"), ("draft", "running", "its first day is 2026-03-01"),
        ("running", "stopped", "the end"), ("stopped", "decided", "it wins"),
    ]  # fmt: skip
    assert (shown["steps"][0]["who"], shown["decision"], len(shown["looks"])) == ("ann", "ship one_step", 2)
    assert "it wins" in analytics(*run, "show", "checkout").out
    (line,) = json.loads(analytics(*run, "list", "--search", "one step", "--status", "decided", "--json").out)
    assert (line["experiment"], line["verdict"], line["decision"]) == ("checkout", "ship", "ship one_step")
    assert "checkout" not in analytics(*run, "list", "--owner", "somebody else").out


def test_a_look_says_what_the_analysis_says(lab):
    registered(lab, metrics=METRICS, day="day")
    seen = experiments.look(lab, "checkout", at=LAST)
    own = analyze(visitors(), {"orders": Mean("orders", "before")}, by_day="day").rows
    at = seen.data["results"]["metric"].index("orders")
    for name in ("effect_size", "effect_size_ci_lower", "pvalue", "variance_removed"):
        assert numbers(seen.data["results"][name])[at] == pytest.approx(own[name][0])


def test_looks_of_a_growing_table_are_all_kept(lab):
    frame = visitors()
    load(lab.root, frame[frame["day"] <= "2026-03-05"])
    plan = {"kind": "group_sequential", "looks": 14}
    registered(lab, datetime(2026, 3, 5, tzinfo=UTC), day="day", plan=plan, planned_units=2000, metrics=METRICS)
    first = experiments.look(lab, "checkout", who="bob", at=datetime(2026, 3, 5, tzinfo=UTC))
    load(lab.root, frame)
    experiments.look(lab, "checkout", who="bob", at=LAST)
    found = experiments.registered(lab, "checkout")
    assert [look.who for look in found.looks] == ["bob", "bob"]
    assert found.looks[0] == first
    units = [sum(look.data["moments"]["n"]) for look in found.looks]
    assert units == [len(frame[frame["day"] <= "2026-03-05"]), len(frame)]


def test_before_the_end_it_keeps_going(lab):
    frame = visitors(effect=0.0)
    load(lab.root, frame[frame["day"] <= "2026-03-07"])
    registered(lab, datetime(2026, 3, 7, tzinfo=UTC), day="day")
    decision = experiments.look(lab, "checkout", at=datetime(2026, 3, 7, tzinfo=UTC)).data["decision"]
    assert (decision["verdict"], decision["days_left"]) == ("keep going", 7)
    experiments.stop(lab, "checkout", why="no hope")
    assert experiments.look(lab, "checkout").verdict == "inconclusive"


def test_data_that_cannot_be_trusted(lab):
    frame = visitors()
    load(lab.root, frame[(frame["variant"] == "control") | (frame["user_id"] % 4 == 1)])
    registered(lab)
    seen = experiments.look(lab, "checkout", at=LAST)
    assert seen.verdict == "unhealthy"
    assert seen.data["findings"][0]["kind"] == "sample ratio"


def test_a_draft_begins_on_its_first_day(lab, analytics):
    load(lab.root, visitors().head(0))
    stored, numbers_seen = registered(lab, datetime(2026, 2, 1, tzinfo=UTC))
    assert (stored.status, numbers_seen.units) == ("draft", {})
    load(lab.root, visitors())
    experiments.look(lab, "checkout", who="bob", at=LAST)
    steps = experiments.registered(lab, "checkout").steps
    assert [(step.after, step.who) for step in steps] == [("draft", "ann"), ("running", "bob")]


def test_a_draft_may_begin_early(lab, analytics):
    registered(lab, datetime(2026, 2, 1, tzinfo=UTC))
    assert analytics("-w", lab.root, "experiment", "start", "checkout", "--why", "ready").code == 0
    assert experiments.registered(lab, "checkout").steps[-1].why == "ready"


def test_a_summary(lab):
    select = """select variant, day, count(*) as n, sum(orders) as orders_sum,
        sum(orders * orders) as orders_sum_squares, sum(returned) as returned_sum
        from trial where day between :start and :end group by variant, day"""
    metrics = {"orders": {"kind": "mean", "role": "success"}, "returned": {"kind": "proportion"}}
    _, first = registered(lab, units=None, unit=None, summary=select, metrics=metrics, day="day")
    assert first.units == {"control": 1000, "one_step": 1000}
    data = experiments.look(lab, "checkout", at=LAST).data
    rows = analyze(visitors(), {"orders": Mean("orders")}).rows
    assert data["results"]["pvalue"][0] == pytest.approx(rows["pvalue"][0])
    assert len(data["history"]["day"]) == 2 * 14


def test_exposures_and_facts(lab):
    frame = visitors()
    twice = frame.head(4).assign(variant=["one_step", "control"] * 2)
    early = frame.tail(3).assign(day=pd.Timestamp("2026-02-20"))
    nameless = frame.tail(1).assign(user_id=-1, variant=None)
    seen = pd.concat([frame, twice, early, nameless])[["user_id", "variant", "day"]]
    orders = frame.loc[frame.index.repeat(frame["orders"]), ["user_id", "day"]]
    load(lab.root, seen, "seen")
    load(lab.root, orders, "sold")
    keys = {
        "units": None, "unit": None,
        "exposures": {"table": "seen", "unit": "user_id", "time": "day", "variant": "variant"},
        "facts": [{"table": "sold", "unit": "user_id", "time": "day", "columns": {"orders": {"take": "count"}}}],
    }  # fmt: skip
    registered(lab, **keys)
    data = experiments.look(lab, "checkout", at=LAST).data
    rows = analyze(frame.iloc[4:], {"orders": Mean("orders")}).rows
    assert data["results"]["effect_size"][0] == pytest.approx(rows["effect_size"][0])
    said = {each["kind"]: each["sentence"] for each in data["findings"]}
    assert list(said) == ["units in two variants", "exposure before start", "variant missing"]
    assert "4 units" in said["units in two variants"]
    assert said["exposure before start"] == "3 units were exposed before the start on 2026-03-01"
    assert said["variant missing"] == "1 unit was exposed without a variant, and is left out"


def test_quantiles_and_variants_that_are_numbers(lab):
    frame = visitors()
    wait = np.random.default_rng(1).exponential(1, len(frame))
    load(lab.root, frame.assign(variant=(frame["variant"] == "one_step").astype(int), wait=wait))
    metrics = {"typical": {"kind": "quantile", "column": "wait", "role": "success"}}
    _, first = registered(lab, variants={0: 1, 1: 1}, control=0, metrics=metrics)
    assert first.units == {"0": 1000, "1": 1000}
    assert experiments.look(lab, "checkout", at=LAST).data["results"]["treatment"] == ["1"]


def test_options_in_place_of_a_file(lab, analytics):
    added = analytics(
        "-w", lab.root, "experiment", "add", "--name", "prices", "--owner", "ann", "--hypothesis", "h",
        "--start", "2026-03-01", "--end", "2026-03-14", "--variant", "control=1", "--variant", "one_step=1",
        "--unit", "user_id", "--connection", "warehouse", "--units", "select * from trial",
        "--metric", "orders: {kind: mean, role: success}", "--set", "tags=[web, autumn]",
    )  # fmt: skip
    assert added.code == 0, added.err
    assert experiments.registered(lab, "prices").experiment.tags == ("web", "autumn")


def test_power_of_a_registered_experiment(lab, analytics):
    registered(lab, metrics=METRICS, mde=0.05, planned_units=4000)
    found = {each.metric: each for each in power_of(lab, "checkout")}
    assert set(found) == {"orders", "returned"}
    orders = found["orders"]
    assert orders.variance_removed > 0.4
    assert (orders.power_as_planned > 0.9) == (orders.units_needed < 4000) == (orders.minimum_effect < 0.05)
    assert found["returned"].mde is None
    said = json.loads(analytics("-w", lab.root, "experiment", "power", "checkout", "--mde", "0.05", "--json").out)
    assert said[0]["units_needed"] == orders.units_needed


def test_power_of_a_plan(lab, analytics):
    """Cohen's d = 0.5 (reference case 20)."""
    said = json.loads(
        analytics("experiment", "power", "--sd", "1", "--mde", "0.5", "--units-per-day", "10", "--json").out
    )
    assert said["units_in_control"] == pytest.approx(63.7656, abs=5e-5)
    assert said["days"] == 13
    assert analytics("experiment", "power", "--sd", "1").code == 2


def test_a_file_by_its_name(lab):
    write(lab.root, "prices")
    assert load_experiment(lab.root, "prices").where("owner") == "experiments/prices.yml:1"


def test_the_state_database_as_a_connection(lab):
    registered(lab, title="One step")
    with open_connection(ConnectionSpec("state", lab.state_url)) as state:
        names = state.sql("select name, title as label from experiments order by name")
    assert names.to_dict("list") == {"name": ["checkout"], "label": ["One step"]}
