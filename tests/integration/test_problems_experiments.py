"""Registration tells all problems at once: each a sentence with its line, nothing stored; for machines as JSON."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from support.experiments import load, make_laboratory, visitors, write

from analytics_lib.errors import ExperimentProblems
from analytics_lib.pipeline import experiments
from analytics_lib.workspace.experiments import load_experiment

MEAN = {"kind": "mean", "role": "success"}


@pytest.fixture
def lab(tmp_path):
    return make_laboratory(tmp_path / "lab")


@pytest.fixture
def problems(lab, analytics):
    """Return line of the file → sentence, as the command tells them; nothing may be stored."""

    def problems(frame=None, name="checkout", **changes):
        if frame is not None:
            load(lab.root, frame)
        path = write(lab.root, name, **changes)
        answer = analytics("-w", lab.root, "experiment", "add", name)
        assert (answer.code, answer.out) == (2, "")
        assert "Traceback" not in answer.err
        with experiments.opened_registry(lab) as registry:
            assert registry.find() == []
        lines = path.read_text().splitlines()
        found = []
        for line in answer.err.splitlines():
            if line.startswith("Error "):
                where, _, said = line.removeprefix("Error ").partition(": ")
                number = where.removeprefix(f"experiments/{name}.yml").removeprefix(":")
                found.append((lines[int(number) - 1].strip() if number else "", said))
        return found

    return problems


def test_columns_plan_and_history(problems):
    found = problems(
        metrics={"orders": {**MEAN, "covariate": "befor"}, "ordrs": {"kind": "mean"}, "name": {"kind": "mean"}},
        segments=["contry"], day="dya", plan={"kind": "group_sequential", "looks": [0.2, 0.9]}, planned_units=5000,
        history="delete from trial",
    )  # fmt: skip
    assert [line for line, _ in found][:2] == ["plan:", "day: dya"]
    said = " ".join(each for _, each in found)
    for part in (
        "the looks end at 0.9", "no column 'dya'", "no column 'contry'", "no column 'befor'", "no column 'ordrs'",
        "column 'name' holds text, no numbers", "the statement starts with DELETE",
    ):  # fmt: skip
        assert part in said
    assert len(found) == 7
    assert "starts with DELETE" in dict(found)["history: delete from trial"]


def test_each_metric_by_itself(problems):
    frame = visitors().assign(bought=2, gaps=np.where(visitors()["user_id"] < 5, np.nan, 1.0))
    metrics = {
        "orders": MEAN, "bought": {"kind": "proportion"}, "gaps": {"kind": "mean"}, "name": {"kind": "mean"},
        "returned": {"kind": "proportion"},
    }  # fmt: skip
    found = problems(frame, metrics=metrics)
    assert {line for line, _ in found} == {"bought:", "gaps:", "name:"}
    said = dict(found)
    assert "'bought' has values other than 0 and 1" in said["bought:"]
    assert "'gaps' is missing for" in said["gaps:"]
    assert "holds text" in said["name:"]


def test_what_is_wrong_with_all_is_told_once(problems):
    frame = pd.concat([visitors(), visitors().head(5)])
    found = problems(frame, metrics={"orders": MEAN, "sessions": {"kind": "mean"}})
    assert found == [("units: select * from trial", "units stand in the data twice: 2,000 units have 2,005 rows.")]


def test_all_variants(problems):
    variants = {"control": 1, "b": 1, "c": 1}
    found = problems(variants=variants, metrics={"orders": MEAN, "name": {"kind": "mean"}})
    assert sorted(said for _, said in found) == [
        "column 'name' holds text, no numbers.",
        "the results have a variant 'one_step', which is not planned.",
        "variant 'b' has no units in the results.",
        "variant 'c' has no units in the results.",
    ]


def test_without_rows_before_the_first_day_columns_are_still_looked_at(problems, lab):
    later = {"start": "2999-03-01", "end": "2999-03-14", "units": "select * from trial where false"}
    found = problems(metrics={"ordrs": MEAN}, segments=["contry"], **later)
    assert [said for _, said in found] == [
        "there is no column 'contry' in the results.", "there is no column 'ordrs' in the results.",
    ]  # fmt: skip
    write(lab.root, **later)
    stored, numbers = experiments.register(lab, load_experiment(lab.root, "checkout"))
    assert (stored.status, dict(numbers.units)) == ("draft", {})


def test_as_json(lab, analytics):
    write(lab.root, metrics={"ordrs": MEAN}, segments=["contry"])
    answer = analytics("-w", lab.root, "experiment", "add", "checkout", "--json")
    assert answer.code == 2
    first, second = json.loads(answer.out)["problems"]
    assert first["message"] == "there is no column 'contry' in the results"
    assert first["where"].startswith("experiments/checkout.yml:")
    assert second["hint"] == "did you mean 'orders'?"
    write(lab.root, owner=None)
    (only,) = json.loads(analytics("-w", lab.root, "experiment", "add", "checkout", "--json").out)["problems"]
    assert only["message"] == "key 'owner' is missing"


def test_the_name_and_the_rest(lab):
    write(lab.root)
    experiments.register(lab, load_experiment(lab.root, "checkout"))
    write(lab.root, segments=["contry"])
    with pytest.raises(ExperimentProblems) as caught:
        experiments.register(lab, load_experiment(lab.root, "checkout"))
    assert [each.message for each in caught.value.problems] == [
        "there is an experiment 'checkout' already", "there is no column 'contry' in the results",
    ]  # fmt: skip


def test_a_column_of_many_variants_or_values_is_one_sentence(problems):
    frame = visitors()
    found = problems(frame.assign(variant=frame["user_id"].astype(str)))
    assert found == [("variants:", "the results have 2,000 variants that are not planned, '0' one of them.")]
    found = problems(frame.assign(session=frame["user_id"]), segments=["session"])
    assert found == [("segments:", "the segment 'session' has more than 200 values.")]


def test_units_without_a_day(problems):
    frame = visitors()
    frame.loc[:2, "day"] = pd.NaT
    assert problems(frame, day="day") == [("day: day", "3 units have no day: 'day' is missing.")]


def test_all_columns_of_all_tables(problems):
    seen = {"table": "trial", "unit": "usr", "time": "day", "variant": "variant", "where": {"test": 1}}
    orders = {"orders": {"take": "sum", "column": "ordrs"}, "n": {"take": "count"}}
    sold = [
        {"table": "trial", "unit": "User_ID", "time": "dya", "columns": orders},
        {"table": "nowhere", "unit": "u", "time": "t", "columns": {"m": {"take": "count"}}},
    ]
    found = problems(units=None, unit=None, exposures=seen, facts=sold, segments=["contry"], strata="statum")
    assert sorted(said.split(" in trial")[0] for _, said in found[:-1]) == [
        f"there is no column '{name}'" for name in ("contry", "dya", "ordrs", "statum", "test", "usr")
    ]
    assert found[-1][0] == "- table: nowhere"
