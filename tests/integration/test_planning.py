"""Planning on the command line: from a file's history, from results, from any table; what is wrong is a sentence."""

from __future__ import annotations

import json
import math

import pytest
from support.experiments import make_laboratory, visitors, write

from analytics_lib.experiments import Mean, Proportion, plan_from
from analytics_lib.pipeline import experiments
from analytics_lib.pipeline.planned import power_of
from analytics_lib.workspace.experiments import load_experiment

METRICS = {
    "orders": {"kind": "mean", "covariate": "before", "role": "success"},
    "returned": {"kind": "proportion", "role": "guardrail", "margin": 0.08, "desired": "decrease"},
    "wait": {"kind": "quantile", "column": "sessions", "role": "guardrail"},
    "sessions": {"kind": "mean"},
}
PLAIN = {name: METRICS[name] for name in ("orders", "returned")}
PAST = "select * exclude (variant) from trial where variant = 'control'"
FROM_TABLE = ("power", "--connection", "warehouse", "--table", "trial", "--metric", "orders", "--mde", "0.05")


@pytest.fixture
def lab(tmp_path):
    return make_laboratory(tmp_path / "lab")


@pytest.fixture
def run(lab, analytics):
    """Return what a command prints as JSON."""

    def run(*arguments):
        answer = analytics("-w", lab.root, "experiment", *arguments, "--json")
        assert answer.code == 0, answer.err
        return json.loads(answer.out)

    return run


@pytest.fixture
def refused(lab, analytics):
    def refused(*arguments):
        answer = analytics("-w", lab.root, "experiment", *arguments)
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err
        return " ".join(answer.err.split())

    return refused


def test_a_file_is_planned_from_its_history_before_it_has_results(lab, run):
    write(lab.root, metrics=PLAIN, history=PAST, units="select * from trial where false", mde=0.05, day="day")
    orders, returned = run("power", "checkout")
    past = visitors().query("variant == 'control'")
    wanted = plan_from(past, [Mean("orders", "before")], mde=0.05, day="day", power=0.9)
    frame = wanted.to_frame()
    assert orders["basis"] == "1,000 units of its history"
    assert orders["mean"] == pytest.approx(past["orders"].mean())
    assert orders["variance_removed"] == pytest.approx(frame["variance_removed"][0])
    assert orders["units_needed"] == frame["units_needed"][0]
    assert orders["days_needed"] == frame["days_needed"][0]
    assert orders["planned_units"] == round(1000 / 14 * 14)
    assert (returned["mde"], returned["note"]) == (None, "to show that it loses less than its margin")


def test_history_goes_before_results(lab, run):
    write(lab.root, metrics=PLAIN, history=PAST.replace("(variant)", "(variant, day)"), mde=0.05)
    added = run("add", "checkout")
    assert added["status"] == "running"
    (orders, _) = run("power", "checkout")
    assert (orders["basis"], orders["days_needed"]) == ("1,000 units of its history", None)
    assert (orders["planned_units"], orders["power_as_planned"]) == (None, None)
    assert run("power", "checkout", "--mde", "0.5")[0]["units_needed"] < orders["units_needed"] / 50


def test_a_quantile_beside_what_can_be_planned(lab, run):
    metrics = {name: METRICS[name] for name in ("orders", "wait", "sessions")}
    write(lab.root, metrics=metrics, history=PAST, mde=0.05)
    found = {each["metric"]: each for each in run("power", "checkout")}
    assert set(found) == {"orders", "wait"}
    assert found["wait"]["note"] == "a quantile is planned from results only"
    assert found["orders"]["units_needed"] > 0


def test_results_so_far_and_history_agree_where_they_are_the_same(lab):
    """Under no effect the error of the difference is what the spread of a unit says."""
    same = "select user_id, day, before, orders, case when user_id % 2 = 0 then 'control' else 'one_step' end variant"
    plain = {"orders": {"kind": "mean", "role": "success"}}
    write(lab.root, metrics=plain, mde=0.05, units=f"{same} from trial where variant = 'control' or true")
    now = experiments.register(lab, load_experiment(lab.root, "checkout"))[0].registered_at.date()
    from_results = power_of(lab, "checkout", today=now)[0]
    write(lab.root, "again", metrics=plain, mde=0.05, history="select * from trial")
    from_history = power_of(lab, "again")[0]
    assert from_results.basis == "2,000 units of its results"
    assert from_history.units_needed == pytest.approx(from_results.units_needed, rel=0.1)


def test_clusters_of_a_history(lab):
    write(lab.root, metrics=PLAIN, history="select *, user_id // 20 as shop from trial", mde=0.05, cluster="shop")
    orders = power_of(lab, "checkout")[0]
    frame = visitors().assign(shop=visitors()["user_id"] // 20)
    wanted = plan_from(frame, [Mean("orders", "before")], mde=0.05, cluster="shop", power=0.9).to_frame()
    assert orders.basis == "100 clusters of its history"
    assert abs(orders.units_needed - wanted["clusters_needed"][0]) <= 1
    assert orders.days_needed is None


def test_any_table(lab, run):
    found = run(*FROM_TABLE, "--metric", "returned: {kind: proportion}", "--covariate", "before", "--day", "day",
                "--unit", "user_id", "--looks", "4", "--ratio", "0.5", "--power", "0.9", "--alpha", "0.01")  # fmt: skip
    assert found["units"] == 2000
    assert found["units_per_day"] == pytest.approx(2000 / 14)
    metrics = {"orders": Mean("orders", "before"), "returned": Proportion("returned", "before")}
    from analytics_lib.experiments import GroupSequential

    wanted = plan_from(
        visitors(),
        metrics,
        mde=0.05,
        day="day",
        plan=GroupSequential(4),
        variants={"a": 1, "b": 0.5},
        power=0.9,
        alpha=0.01,
    )
    for at, line in enumerate(found["metrics"]):
        for name, values in wanted.rows.items():
            same = values[at] if isinstance(values[at], str) else pytest.approx(values[at], rel=1e-6)
            assert line[name] == same or (line[name] is None and math.isnan(values[at])), name
    assert found["summary"] == wanted.summary()


def test_a_query_and_clusters(run):
    query = "select *, user_id // 20 as shop from trial where country = 'FR'"
    found = run("power", "--connection", "warehouse", "--query", query, "--metric", "orders", "--cluster", "shop",
                "--mde", "0.05", "--weeks", "2")  # fmt: skip
    assert found["clusters"] == 100
    assert found["metrics"][0]["clusters_needed"] > 0


def test_what_is_printed_fits(lab, analytics):
    said = analytics("-w", lab.root, "experiment", *FROM_TABLE, "--covariate", "before", "--day", "day").out
    table, costs, sentences = said.split("\n\n")
    assert table.split()[:7] == ["Metric", "Mean", "Needed", "Days", "Planned", "Power", "Finds"]
    assert costs.split()[:6] == ["Units", "needed", "As", "planned", "No", "covariate"]
    assert max(len(line) for line in [*table.splitlines(), *costs.splitlines()]) <= 80
    assert sentences.startswith("'orders' needs ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (FROM_TABLE[:-2], "it is not said which effect is worth finding. --mde 0.02"),
        (FROM_TABLE[:5] + FROM_TABLE[7:], "no metric was named. --metric orders"),
        (FROM_TABLE[:3] + FROM_TABLE[5:], "give one of --table and --query"),
        ((*FROM_TABLE, "--query", "select 1"), "give one of --table and --query"),
        ((*FROM_TABLE, "--sd", "2"), "--sd cannot stand here. They come from the data of --connection"),
        (("power", "--table", "trial", "--mde", "1"), "--table cannot stand here. Data is named with --connection"),
        (("power", "checkout", "--connection", "warehouse"), "--connection cannot stand here. Of an experiment only"),
        (("power", "nobody", "--mde", "1"), "there is no experiment 'nobody'"),
        ((*FROM_TABLE[:2], "werehouse", *FROM_TABLE[3:]), "unknown connection 'werehouse'. Did you mean 'warehouse'?"),
        ((*FROM_TABLE, "--metric", "ordrs"), "there is no column 'ordrs'. Did you mean 'orders'?"),
        ((*FROM_TABLE, "--metric", "returned: {kind: share}"), "kind is 'share'. Give it 'mean', 'proportion'"),
        (
            (*FROM_TABLE, "--metric", "returned: {knd: mean}"),
            "--metric returned: unknown key 'knd'. Did you mean 'kind'",
        ),
        ((*FROM_TABLE, "--metric", "returned: 3"), "--metric is 'returned: 3'. 'orders: {kind: mean}' is right"),
        ((*FROM_TABLE, "--metric", "sessions: {kind: proportion}"), "values other than 0 and 1"),
        ((*FROM_TABLE, "--metric", "w: {kind: quantile, column: sessions}"), "'w' is a quantile, whose power"),
        ((*FROM_TABLE, "--day", "sessions"), "column 'sessions' holds"),
        ((*FROM_TABLE, "--unit", "country"), "units stand in the history twice: 2 units have 2,000 rows"),
        ((*FROM_TABLE, "--power", "2"), "a power of 2.0 is outside"),
        ((*FROM_TABLE, "--looks", "0"), "looks"),
    ],
)
def test_what_is_wrong_is_said(refused, arguments, said):
    assert said in refused(*arguments)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("delete from trial", "the statement starts with DELETE"),
        ("select 1; select 2", "holds more than one statement"),
        ("show tables", "the query is no SELECT: it starts with SHOW"),
        ("select * from trial where false", "there are no rows"),
        ("select * from trial limit 1", "the history has 1 unit"),
        (
            "select a.* from trial a, range(10000000) b, range(1000000) c where b.range + c.range % 7 = 3",
            "ran longer than 1 s",
        ),
    ],
)
def test_histories(lab, refused, query, said):
    with (lab.root / "analytics.toml").open("a") as file:
        file.write("\n[experiments]\ntime_limit = 1\n")
    write(lab.root, metrics=PLAIN, history=query, mde=0.1)
    text = refused("power", "checkout")
    assert said in text
    assert "experiments/checkout.yml:" in text
    assert said in refused("power", "--connection", "warehouse", "--query", query, "--metric", "orders", "--mde", "1")
