"""What is wrong with an experiment's results is a sentence with file and line, and nothing is stored."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml
from support.experiments import checkout, load, make_laboratory, visitors, write

from analytics_lib.pipeline import experiments
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.experiments import make_experiment

SLOW = "select a.* from trial a, range(1000000) b, range(1000000) c where b.range + c.range % 7 = 3"
MEAN = {"kind": "mean", "role": "success"}
SEEN = {"table": "trial", "unit": "user_id", "time": "day", "variant": "variant"}


@pytest.fixture
def lab(tmp_path):
    return make_laboratory(tmp_path / "lab")


@pytest.fixture
def refused(lab, analytics):
    """Return the line of the file that is complained of, and what is said; nothing may be stored."""

    def refused(frame=None, **changes):
        if frame is not None:
            load(lab.root, frame)
        path = write(lab.root, **changes)
        answer = analytics("-w", lab.root, "experiment", "add", "checkout")
        assert answer.code == 2, answer.out
        assert "Traceback" not in answer.err
        with experiments.opened_registry(lab) as registry:
            assert registry.find() == []
        said = " ".join(answer.err.split())
        place = said.removeprefix("Error ").split(": ")[0]
        assert place.startswith(("experiments/checkout.yml", "analytics.toml")), said
        number = int(place.rpartition(":")[2].split(",")[0])
        lines = (path if place.startswith("exp") else lab.root / "analytics.toml").read_text().splitlines()
        return lines[number - 1].strip(), said

    return refused


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("delete from trial", "the statement starts with DELETE"),
        ("select 1; select 2", "holds more than one statement"),
        ("-- nothing", "the query is empty"),
        ("select * from trial where false", "there are no rows"),
        ("select * from trail", "trail"),
        ("selec * from trial", "the statement starts with SELEC"),
        ("select * from trial where", "the database refuses the query"),
        ("show tables", "the query is no SELECT: it starts with SHOW"),
        ("select * from trial where day > :begin", "the query names :begin, which stands for nothing"),
        ("with x as (insert into trial select * from trial returning *) select * from x", "refuses"),
    ],
)
def test_queries(refused, query, said):
    line, text = refused(units=query)
    assert line == f"units: {query}" or line.startswith("units:")
    assert said in text
    assert len(visitors()) == 2000


def test_a_query_cannot_write(lab, refused):
    refused(units="with x as (insert into trial select * from trial returning *) select * from x")
    write(lab.root)
    load_workspace(lab.root)
    _, first = experiments.register(lab, make_experiment("ok", checkout()))
    assert sum(first.units.values()) == 2000


def test_a_query_that_runs_too_long(lab, refused):
    with (lab.root / "analytics.toml").open("a") as file:
        file.write("\n[experiments]\ntime_limit = 1\n")
    line, text = refused(units=SLOW)
    assert line == f"units: {SLOW}" or line.startswith("units:")
    assert "the query ran longer than 1 s and was ended" in text


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"connection": "werehouse"}, "connection: werehouse", "unknown connection 'werehouse'. Did you mean"),
        ({"variant": "arm"}, "owner: growth@example.com", "there is no variant column 'arm' in the results"),
        ({"unit": "users_id"}, "unit: users_id", "no column 'users_id' in the results. Did you mean 'user_id'?"),
        ({"day": "dya"}, "day: dya", "there is no column 'dya' in the results. Did you mean 'day'?"),
        ({"segments": ["contry"]}, "segments:", "Did you mean 'country'?"),
        ({"metrics": {"ordrs": MEAN}}, "ordrs:", "there is no column 'ordrs' in the results. Did you mean 'orders'?"),
        ({"metrics": {"orders": {**MEAN, "covariate": "befor"}}}, "orders:", "Did you mean 'before'?"),
        ({"metrics": {"name": MEAN}}, "units: select * from trial", "column 'name' holds text, no numbers"),
        ({"metrics": {"orders": {**MEAN, "kind": "proportion"}}}, "units: select * from trial", "other than 0 and 1"),
        ({"day": "country"}, "day: country", "column 'country' holds 'DE'. A day is right: 2026-03-01"),
        ({"day": "sessions"}, "day: sessions", "column 'sessions' holds 1. A day is right"),
        ({"variants": {"control": 1, "b": 1}}, "variants:", "a variant 'one_step', which is not planned"),
        ({"variants": {"control": 1, "one_step": 1, "two_step": 1}}, "two_step: 1", "'two_step' has no units"),
        ({"unit": "country"}, "units: select * from trial", "units stand in the data twice: 2 units have 2,000 rows"),
        ({"plan": {"kind": "group_sequential", "looks": [0.2, 0.9]}, "day": "day"}, "plan:", "the looks end at 0.9"),
    ],
)  # fmt: skip
def test_columns_variants_and_types(refused, changes, line, said):
    found, text = refused(**changes)
    if "variant" not in changes:
        assert found == line
    assert said in text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"orders": np.nan}, "'orders'"),
        ({"orders": np.inf}, "column 'orders' holds NaN, infinite or too large values"),
        ({"orders": 3.0}, "the metric does not vary in either arm"),
        ({"variant": "control"}, "variant 'one_step' has no units in the results"),
    ],
)
def test_values(refused, changed, said):
    assert said in refused(visitors().assign(**changed))[1]


def test_rows_without_a_variant(refused):
    frame = visitors()
    frame.loc[:9, "variant"] = None
    assert "10 units have no variant: 'variant' is missing" in refused(frame)[1]


def test_a_unit_twice(refused):
    frame = visitors()
    assert "2,000 units have 2,005 rows" in refused(pd.concat([frame, frame.head(5)]))[1]


def test_a_ratio_over_nothing(refused):
    ratio = {"kind": "ratio", "numerator": "orders", "denominator": "sessions", "role": "success"}
    assert "denominator" in refused(visitors().assign(sessions=0), metrics={"pace": ratio})[1]


@pytest.mark.parametrize(
    ("select", "said"),
    [
        ("select variant, count(*) as n from trial group by 1", "there is no column 'orders_sum'"),
        ("select variant, 5 as n, 10 as orders_sum, 1 as orders_sum_squares from trial group by 1",
         "no units have these sums: the variance of y would be negative"),
        ("select variant, 5 as n, 1 as orders_sum, 1 as orders_sum_squares from trial limit 4", "two rows for control"),
        ("select * from range(20000)", "the summary has more than 10,000 rows"),
        ("select variant, 5 as n, 'x' as orders_sum, 1 as orders_sum_squares from trial group by 1", "holds 'x'"),
    ],
)  # fmt: skip
def test_summaries(refused, select, said):
    line, text = refused(units=None, unit=None, summary=select)
    assert line.startswith("summary:")
    assert said in text


@pytest.mark.parametrize(
    ("exposures", "facts", "place", "said"),
    [
        ({"table": "seen"}, {}, "table: seen", "Table with name seen does not exist"),
        ({"time": "dya"}, {}, "time: dya", "there is no column 'dya' in trial. Did you mean 'day'?"),
        ({}, {"table": "sold"}, "- table: sold", "Table with name sold does not exist"),
        ({}, {"columns": {"orders": {"take": "sum", "column": "ordrs"}}}, "column: ordrs", "'ordrs' in trial. Did you"),
        ({"where": {"experiment": "x"}}, {}, "experiment: x", "there is no column 'experiment' in trial"),
        ({"table": "trial."}, {}, "exposures:", "'trial.' is no table's name"),
    ],
)
def test_exposures(refused, exposures, facts, place, said):
    own = {"table": "trial", "unit": "user_id", "time": "day", "columns": {"orders": {"take": "count"}}}
    line, text = refused(units=None, unit=None, exposures=SEEN | exposures, facts=[own | facts])
    assert line == place
    assert said in text


def run(lab, analytics, *arguments):
    answer = analytics("-w", lab.root, "experiment", *arguments)
    assert (answer.code, answer.out) == (2, "")
    return " ".join(answer.err.split())


def test_steps(lab, analytics):
    write(lab.root)
    assert analytics("-w", lab.root, "experiment", "add", "checkout").code == 0
    assert "there is an experiment 'checkout' already" in run(lab, analytics, "add", "checkout")
    assert "there is no experiment 'chekout'. Did you mean" in run(lab, analytics, "show", "chekout")
    assert "is running and cannot become decided" in run(lab, analytics, "decide", "checkout", "ship", "--why", "x")
    assert "is running already" in run(lab, analytics, "start", "checkout", "--why", "x")
    assert "no reason was given" in run(lab, analytics, "stop", "checkout", "--why", " ")
    assert "no status 'runing'" in run(lab, analytics, "list", "--status", "runing")
    assert analytics("-w", lab.root, "experiment", "stop", "checkout", "--why", "x").code == 0
    for choice, more, said in (
        ("shipp", (), "there is no decision 'shipp'. Ship and roll-back are right"),
        ("ship", ("--variant", "control"), "there is no treatment 'control'"),
        ("roll-back", ("--variant", "one_step"), "was named for a roll back"),
    ):
        assert said in run(lab, analytics, "decide", "checkout", choice, "--why", "x", *more)
    assert experiments.registered(lab, "checkout").experiment.status == "stopped"


def test_several_treatments_need_a_name(lab, analytics):
    frame = visitors()
    load(lab.root, frame.assign(variant=np.array(["control", "one_step", "two_step"])[frame["user_id"] % 3]))
    write(lab.root, variants={"control": 1, "one_step": 1, "two_step": 1})
    for step in (("add", "checkout"), ("stop", "checkout", "--why", "x")):
        assert analytics("-w", lab.root, "experiment", *step).code == 0
    said = run(lab, analytics, "decide", "checkout", "ship", "--why", "x")
    assert "it has several treatments. Say which is shipped: one_step, two_step" in said
    shipped = analytics(
        "-w", lab.root, "experiment", "decide", "checkout", "ship", "--why", "x", "--variant", "two_step"
    )
    assert "ship two_step" in shipped.out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "neither a file nor --name was given"),
        (("checkout", "--owner", "ann"), "a file and options were given"),
        (("--name", "a/b"), "'a/b' cannot be an experiment's name"),
        (("--name", "x", "--variant", "control"), "--variant is 'control'. NAME=SHARE is right"),
        (("--name", "x", "--metric", "orders"), "--metric is 'orders'"),
        (("--name", "x", "--metric", "orders: {kind: mean"), "is not valid YAML"),
        (("--name", "x", "--set", "tags"), "--set is 'tags'. KEY=VALUE is right"),
        (("--name", "x", "--set", "ownr=ann"), "the options: unknown key 'ownr'. Did you mean 'owner'?"),
        (("--name", "x"), "the options: key 'owner' is missing"),
    ],
)
def test_options(lab, analytics, options, said):
    write(lab.root)
    assert said in run(lab, analytics, "add", *options)


def test_nobody_looks_before_the_first_day(lab, analytics):
    write(lab.root, start="2999-01-01", end="2999-02-01")
    assert analytics("-w", lab.root, "experiment", "add", "checkout").code == 0
    assert "has not begun: its first day is 2999-01-01" in run(lab, analytics, "analyze", "checkout")
    assert experiments.registered(lab, "checkout").looks == []


def test_results_that_have_changed_since(lab, analytics):
    write(lab.root)
    assert analytics("-w", lab.root, "experiment", "add", "checkout").code == 0
    load(lab.root, visitors().drop(columns="orders"))
    assert "there is no column 'orders'" in run(lab, analytics, "analyze", "checkout")
    frame = visitors()
    frame.loc[0, "variant"] = "third"
    load(lab.root, frame)
    assert "a variant 'third', which is not planned" in run(lab, analytics, "analyze", "checkout")
    assert experiments.registered(lab, "checkout").looks == []


def test_the_effect_worth_finding_must_be_known(lab, analytics):
    write(lab.root)
    analytics("-w", lab.root, "experiment", "add", "checkout")
    assert "it is not said which effect is worth finding" in run(lab, analytics, "power", "checkout")
    said = run(lab, analytics, "power", "checkout", "--sd", "2", "--power", "0.9")
    assert "--sd, --power cannot stand here. Of an experiment only --mde can be given" in said
    assert "neither --mde nor --n was given" in run(lab, analytics, "power", "--sd", "2")
    assert "either sd or proportion" in run(lab, analytics, "power", "--mde", "2")


def test_yaml_of_the_support_is_what_people_write(lab):
    assert yaml.safe_load(write(lab.root).read_text()) == checkout()
