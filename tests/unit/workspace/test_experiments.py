"""Experiment files: every mistake is told with file, line and what would be right."""

from __future__ import annotations

import pickle

import pytest
import yaml
from support.experiments import checkout

from analytics_lib.errors import ExperimentError, ExperimentProblems
from analytics_lib.workspace.experiments import experiment_names, load_experiment, make_experiment

RATIO = {"kind": "ratio", "numerator": "orders", "denominator": "sessions", "role": "success"}
FACTS = [{"table": "orders", "unit": "u", "time": "t", "columns": {"orders": {"take": "count"}}}]
SEEN = {"table": "seen", "unit": "u", "time": "t", "variant": "v"}
EXPOSED = {"units": None, "unit": None, "exposures": SEEN, "facts": FACTS}


@pytest.fixture
def complaint(tmp_path):
    """Return where and what is said of a file with these changes."""

    def complaint(text=None, **changes):
        path = tmp_path / "experiments/checkout.yml"
        path.parent.mkdir(exist_ok=True)
        text = yaml.safe_dump(checkout(**changes), sort_keys=False) if text is None else text
        path.write_text(text, encoding="utf-8")
        with pytest.raises(ExperimentError) as caught:
            load_experiment(tmp_path, "checkout")
        file, _, line = caught.value.where.partition(":")
        assert file == "experiments/checkout.yml"
        return text.splitlines()[int(line) - 1].strip() if line else "", str(caught.value)

    return complaint


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ({"hypotesis": "x"}, "hypotesis: x", "unknown key 'hypotesis'; did you mean 'hypothesis'?"),
        ({"owner": None}, "", "key 'owner' is missing; it is who answers for it"),
        ({"owner": ""}, "owner: ''", "owner is ''; give it some text"),
        ({"owner": "  "}, "owner: '  '", "owner is '  '; give it some text"),
        ({"metrics": {"orders": None}}, "orders: null", "metrics.orders is empty; give it keys with values: {key"),
        ({"plan": "fixed"}, "plan: fixed", "plan is 'fixed'; give it keys with values: {key: value}"),
        ({"metrics": {"orders": {"kind": "mean", "role": "success", "covariate": "orders"}}}, "metrics:",
         "metric 'orders' is its own covariate: 'orders' is what it measures; a covariate is known before"),
        ({"segments": ["user_id"]}, "segments:", "the segment 'user_id' stands twice, or is the variant or the unit"),
        ({"segments": ["a", "a"]}, "segments:", "the segment 'a' stands twice, or is the variant or the unit"),
        ({"start": "soon"}, "start: soon", "start is 'soon'; give it a day: 2026-03-01"),
        ({"end": "2026-02-01"}, "end: '2026-02-01'", "ends on 2026-02-01, before it starts on 2026-03-01"),
        ({"control": "contrl"}, "control: contrl", "control 'contrl' is none of the variants; known are 'control'"),
        ({"variants": {"control": 1}}, "variants:", "there is one variant; two at least are compared"),
        ({"variants": {"control": 1, "b": -1}}, "variants:", "variant 'b' has the share -1; a number above 0"),
        ({"variants": {True: 1, False: 1}}, "variants:", "a variant reads as true or false; put its name in quotes"),
        ({"variants": ["control", "b"]}, "variants:", "variants is ['control', 'b']; give it keys with values"),
        ({"units": None}, "connection: warehouse", "the results have no sources; give one of units, summary"),
        ({"summary": "select 1"}, "summary: select 1", "2 sources: units and summary; give one of"),
        ({"unit": None}, "units: select * from trial", "`unit` does not name its column; unit: user_id"),
        ({"alpha": 1.5}, "alpha: 1.5", "alpha is 1.5; give it a number below 1"),
        ({"mde": 0}, "mde: 0", "mde is 0; give it a number above 0"),
        ({"metrics": {}}, "metrics: {}", "no metric has the role success; one at least decides"),
        ({"metrics": {"orders": {"kind": "mean"}}}, "metrics:", "no metric has the role success; one at least decides"),
        ({"plan": {"kind": "group_sequential", "looks": 5}}, "plan:", "of a number of units that is not known"),
        ({"facts": FACTS}, "facts:", "exposures and facts belong together"),
        ({**EXPOSED, "facts": None}, "exposures:", "exposures and facts belong together"),
        ({**EXPOSED, "unit": "w"}, "unit: w", "the unit is 'w' here and 'u' under exposures; leave it out here"),
        ({**EXPOSED, "segments": ["day"]}, "segments:", "the column 'day' has a meaning of its own; name another"),
        ({**EXPOSED, "cluster": "orders"}, "cluster: orders", "the column 'orders' is made of facts; name another"),
        ({**EXPOSED, "facts": [{**FACTS[0], "window": 0}]}, "window: 0", "facts[0].window is 0; give it 1 or more"),
        ({**EXPOSED, "facts": [{**FACTS[0], "lookback": 3}]}, "lookback: 3",
         "no column of these facts is of the time before exposure; leave out lookback"),
        ({**EXPOSED, "cluster": "shop", "plan": {"kind": "group_sequential", "looks": 5}}, "plan:",
         "of a number of units that is not known"),
        ({**EXPOSED, "metrics": {"x": {"kind": "mean", "role": "success"}}}, "metrics:",
         "metric 'x' reads the column 'x', which no facts make; known are 'orders'"),
        ({**EXPOSED, "facts": [*FACTS, *FACTS]}, "facts:", "the column 'orders' stands twice under facts"),
        ({"units": None, "summary": "select 1", "segments": ["a"]}, "segments:", "a summary has no segments"),
    ],
)  # fmt: skip
def test_mistakes_of_the_whole(complaint, changes, line, said):
    found, text = complaint(**changes)
    assert found == line
    assert said in text


@pytest.mark.parametrize(
    ("metric", "line", "said"),
    [
        ({"kind": "avg"}, "kind: avg", "metrics.orders.kind is 'avg'; give it 'mean', 'proportion', 'ratio' or"),
        ({"kind": "ratio"}, "kind: ratio", "a ratio has a numerator and a denominator; name both columns"),
        ({**RATIO, "column": "x"}, "column: x", "a ratio has no column; name numerator and denominator"),
        ({"kind": "mean", "denominator": "x"}, "denominator: x", "only a ratio has a denominator; a mean has a column"),
        ({"kind": "quantile", "q": 90}, "q: 90", "the quantile 90 is outside (0, 1); 0.5 is the median"),
        ({"kind": "quantile", "covariate": "x"}, "covariate: x", "a quantile takes no covariate; leave it out"),
        ({"kind": "mean", "q": 0.5}, "q: 0.5", "only a quantile has q; this is a mean"),
        ({"kind": "mean", "role": "success", "margin": 0.1}, "margin: 0.1", "a success metric has no margin"),
        ({"kind": "mean", "role": "guardrail", "margin": -0.1}, "margin: -0.1", "margin is -0.1; give it 0 or more"),
        ({"kind": "mean", "margn": 1}, "margn: 1", "unknown key 'margn' in metrics.orders; did you mean 'margin'?"),
        ({**RATIO, "covariate_denominator": "x"}, "covariate_denominator: x", "without a covariate; give both"),
    ],
)
def test_mistakes_of_a_metric(complaint, metric, line, said):
    found, text = complaint(metrics={"orders": metric})
    assert found == line
    assert said in text


@pytest.mark.parametrize(
    ("plan", "line", "said"),
    [
        ({"kind": "always_valid"}, "kind: always_valid", "an always-valid plan has n_star, other plans do not"),
        ({"n_star": 100}, "n_star: 100", "an always-valid plan has n_star, other plans do not"),
        ({"kind": "group_sequential"}, "kind: group_sequential", "a group-sequential plan has looks"),
        ({"kind": "group_sequential", "looks": 0}, "looks: 0", "0 looks are none; 1 or more is right"),
        ({"kind": "group_sequential", "looks": [0.5, 0.4, 1]}, "looks:", "the looks do not increase"),
        ({"kind": "peek"}, "kind: peek", "plan.kind is 'peek'"),
    ],
)
def test_mistakes_of_a_plan(complaint, plan, line, said):
    found, text = complaint(plan=plan)
    assert found == line
    assert said in text


@pytest.mark.parametrize("key", ["day", "cluster", "strata"])
def test_quantiles_stand_alone(complaint, key):
    metrics = {"wait": {"kind": "quantile", "role": "success"}}
    assert f"is not told by {key}; leave out one of them" in complaint(metrics=metrics, **{key: "column"})[1]


@pytest.mark.parametrize("text", ["", "- a list", "owner: [", "owner: a\nowner: b\n"])
def test_files_that_are_none(complaint, text):
    complaint(text)


def test_names(tmp_path):
    assert experiment_names(tmp_path) == []
    (tmp_path / "experiments").mkdir()
    for name in ("b.yml", "a.yaml", ".draft.yml", "notes.txt"):
        (tmp_path / "experiments" / name).touch()
    assert experiment_names(tmp_path) == ["a", "b"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ExperimentError, match=r"there is no experiment file 'x'; write one: experiments/NAME\.yml"):
        load_experiment(tmp_path, "x")


def test_a_file_anywhere(tmp_path):
    path = tmp_path / "one.yml"
    path.write_text(yaml.safe_dump(checkout(), sort_keys=False))
    file = load_experiment(tmp_path, str(path))
    assert (file.name, file.where("start")) == ("one", "one.yml:3")


def test_values_without_a_file():
    file = make_experiment("checkout", checkout())
    assert file.where("units") == "experiment 'checkout'"
    with pytest.raises(ExperimentError, match="'a/b' cannot be an experiment's name"):
        make_experiment("a/b", checkout())


def test_all_that_is_wrong_is_told_in_the_order_of_the_file(tmp_path):
    changes = {
        "ownr": "ann", "owner": None, "start": "soon", "alpha": 2, "hypothesis": None, "control": "contrl",
        "metrics": {"orders": {"kind": "avg"}, "paid": {"kind": "ratio", "role": "success"}},
    }  # fmt: skip
    (tmp_path / "experiments").mkdir()
    (tmp_path / "experiments/checkout.yml").write_text(yaml.safe_dump(checkout(**changes), sort_keys=False))
    with pytest.raises(ExperimentProblems) as caught:
        load_experiment(tmp_path, "checkout")
    said = [each.message for each in caught.value.problems]
    assert said == [
        "key 'hypothesis' is missing", "start is 'soon'", "control 'contrl' is none of the variants",
        "metrics.orders.kind is 'avg'",
        "a ratio has a numerator and a denominator", "unknown key 'ownr'", "alpha is 2",
    ]  # fmt: skip
    assert caught.value.exit_code == 2
    assert str(caught.value).splitlines()[1] == "experiments/checkout.yml:1: start is 'soon'; give it a day: 2026-03-01"
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)


def test_all_that_does_not_fit_together_is_told():
    with pytest.raises(ExperimentProblems) as caught:
        make_experiment("checkout", checkout(unit=None, summary="select 1", cluster="shop", day="day"))
    said = " ".join(str(each) for each in caught.value.problems)
    for part in (
        "a summary has no cluster",
        "leave out day and strata",
        "2 sources: units and summary",
        "does not name its",
    ):
        assert part in said
