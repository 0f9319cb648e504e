"""A report over registered experiments: a page each, rendered again after a step or a look, and not otherwise."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import pytest
from support.bench import Bench
from support.experiments import checkout, load, make_laboratory, visitors

import analytics_lib as al
from analytics_lib import session
from analytics_lib.errors import ExperimentError
from analytics_lib.pipeline import experiments
from analytics_lib.workspace.experiments import make_experiment

LAST = datetime(2026, 3, 14, 20, tzinfo=UTC)
CELL = """
import analytics_lib as al
trial = al.experiment(experiment)
al.finding(f"{trial.title} is {trial.status}: {trial.verdict or 'not looked at'}; {len(trial.looks)} looks")
"""


@pytest.fixture
def lab(tmp_path):
    lab = make_laboratory(tmp_path / "lab")
    bench = Bench(lab.root)
    bench.notebook("trials", CELL, parameters="experiment: str = 'checkout'")
    bench.report("trials", title="{experiment}", for_each={"experiment": {"experiments": "all"}})
    return lab


@pytest.fixture
def build(lab, analytics):
    def build(*more):
        """Return page → status and reasons of a build."""
        ran = analytics("-w", lab.root, "build", "--json", *more)
        pages = json.loads(ran.out)["pages"]
        return {page["page"]: (page.get("status") or page["verdict"], page["reasons"]) for page in pages}

    return build


def registered(lab, name="checkout", **changes):
    experiments.register(lab, make_experiment(name, checkout(**changes)), who="ann", at=LAST)


def test_a_page_for_each_experiment_follows_its_looks(lab, build):
    registered(lab, title="One step")
    registered(lab, "prices", title="Higher prices")
    pages = build()
    assert {name: status for name, (status, _) in pages.items()} == {"checkout": "published", "prices": "published"}
    assert {status for status, _ in build().values()} == {"unchanged"}

    experiments.look(lab, "checkout", at=LAST)
    explained = build("--explain")
    assert explained["checkout"] == ("render", ["experiment checkout: a step or a look"])
    assert explained["prices"][0] == "keep"
    assert {name: status for name, (status, _) in build().items()} == {"checkout": "published", "prices": "unchanged"}
    html = (lab.root / "site/trials/checkout.html").read_text(encoding="utf-8")
    assert "One step is running: ship; 1 looks" in html

    experiments.stop(lab, "prices", why="too dear", who="ann", at=LAST)
    assert build()["prices"][1] == ["experiment prices: a step or a look"]
    assert {status for status, _ in build().values()} == {"unchanged"}


def test_pages_can_be_of_some_statuses_alone(lab, build):
    registered(lab)
    registered(lab, "prices")
    experiments.stop(lab, "prices", why="too dear", who="ann", at=LAST)
    Bench(lab.root).report("trials", title="{experiment}", for_each={"experiment": {"experiments": ["running"]}})
    assert [*build()] == ["checkout"]


def test_what_is_explained_makes_no_state_database(lab, analytics):
    ran = analytics("-w", lab.root, "build", "--explain")
    assert ran.code == 2
    assert "no experiment is registered" in ran.err
    assert not (lab.root / ".analytics/state.db").exists()


def test_an_experiment_that_is_not_registered(lab, monkeypatch):
    registered(lab)
    monkeypatch.chdir(lab.root)
    session._workspace.cache_clear()
    try:
        assert al.experiment("checkout").title == "checkout"
        with pytest.raises(ExperimentError, match="there is no experiment 'chekout'; did you mean 'checkout'"):
            al.experiment("chekout")
    finally:
        session._workspace.cache_clear()


def test_all_that_run_are_looked_at_and_one_that_fails_does_not_stop_the_others(lab, analytics):
    registered(lab)
    registered(lab, "prices")
    registered(lab, "old")
    experiments.stop(lab, "old", why="the end", who="ann", at=LAST)
    load(lab.root, visitors(), "gone_soon")
    registered(lab, "broken", units="select * from gone_soon")
    with duckdb.connect(str(lab.root / "warehouse.duckdb")) as database:
        database.execute("drop table gone_soon")
    ran = analytics("-w", lab.root, "experiment", "analyze", "--all", "--json")
    assert ran.code == 2
    told = {each["experiment"]: each.get("verdict") for each in json.loads(ran.out)}
    assert told == {"broken": None, "checkout": "ship", "prices": "ship"}
    assert "gone_soon" in json.loads(ran.out)[-1]["error"]
    shown = analytics("-w", lab.root, "experiment", "analyze", "--all")
    assert "checkout" in shown.out
    assert "gone_soon" in shown.err
    assert len(experiments.registered(lab, "checkout").looks) == 2
    assert len(experiments.registered(lab, "old").looks) == len(experiments.registered(lab, "broken").looks) == 0


def test_one_experiment_or_all(lab, analytics):
    for arguments in ((), ("checkout", "--all")):
        ran = analytics("-w", lab.root, "experiment", "analyze", *arguments)
        assert (ran.code, "name one experiment, or give --all" in ran.err) == (2, True)
    assert analytics("-w", lab.root, "experiment", "analyze", "--all").out == "No experiment is running.\n"
