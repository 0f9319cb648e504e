"""A registered experiment as notebooks get it: frames, words and charts, before the first look and of data at fault."""

from __future__ import annotations

from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from support.experiments import checkout, visitors

from analytics_lib.errors import ExperimentError
from analytics_lib.experiments import AlwaysValid, Mean, Proportion, Ratio, analyze
from analytics_lib.experiments.decision import decide_experiment
from analytics_lib.experiments.readable import amount, checks_of, differences_of, effects_of, life_of
from analytics_lib.experiments.recorded import RecordedExperiment
from analytics_lib.model.decisions import Role
from analytics_lib.pipeline.storing import data_of
from analytics_lib.registry import Look, Step, StoredExperiment

AT = datetime(2026, 3, 15, 8, tzinfo=UTC)
METRICS = {
    "orders": {"kind": "mean", "role": "success"},
    "returned": {"kind": "proportion", "role": "guardrail", "margin": 0.2, "desired": "decrease"},
    "pace": {"kind": "ratio", "numerator": "orders", "denominator": "sessions"},
}
ASKED = {"orders": Mean("orders"), "returned": Proportion("returned"), "pace": Ratio("orders", "sessions")}
ROLES = {
    "orders": Role("success"),
    "returned": Role("guardrail", margin=0.2, desired="decrease"),
    "pace": Role("secondary"),
}


def seen(frame, metrics=None, **options):
    """Return the data of a look at a frame."""
    results = analyze(frame, metrics or ASKED, unit="user_id", **options)
    roles = {name: ROLES[name] for name in results.metrics}
    return data_of(results, results.checks, decide_experiment(results, roles, findings=results.checks))


def recorded(data=None, **changes):
    keys = checkout(**{"metrics": METRICS, "plan": {"kind": "always_valid", "n_star": 2000}, **changes})
    stored = StoredExperiment(
        "checkout", keys, "One step", "growth@example.com", (), date(2026, 3, 1), date(2026, 3, 14),
        status="running", decision=None, registered_at=AT,
    )  # fmt: skip
    steps = [Step("ann", AT, "registered", None, "draft"), Step("ann", AT, "its day has come", "draft", "running")]
    looks = [Look("ben", AT, data["decision"]["verdict"], data)] if data else []
    heads = [Look(each.who, each.at, each.verdict, {}) for each in looks]
    return RecordedExperiment(stored, steps, heads, looks[-1] if looks else None)


@pytest.fixture(scope="module")
def whole():
    frame = visitors()
    return recorded(seen(frame, by_day="day", plan=AlwaysValid(2000), segments=["country"]))


def test_before_the_first_look_there_is_nothing_but_the_plan():
    trial = recorded()
    assert (trial.verdict, trial.reason, trial.summary, trial.decided, trial.days_left) == ("", "", "", "", None)
    assert trial.findings == trial.looks == ()
    assert all(len(frame) == 0 for frame in (trial.results, trial.history, trial.heterogeneity, trial.units))
    assert trial.definition.planned_units is None
    assert repr(trial) == "<experiment checkout: running, not looked at yet>"
    assert life_of(trial)["What"].tolist() == ["Draft", "Running"]


def test_frames_are_those_of_the_analysis(whole):
    results = analyze(visitors(), ASKED, by_day="day", plan=AlwaysValid(2000), segments=["country"])
    pd.testing.assert_frame_equal(whole.results, results.to_frame(), check_dtype=False)
    pd.testing.assert_frame_equal(whole.history, results.history(), check_dtype=False)
    pd.testing.assert_frame_equal(whole.heterogeneity, results.heterogeneity(), check_dtype=False)
    assert whole.verdict == "ship"
    assert whole.summary == results.summary()


def test_units_until_each_day(whole):
    last = whole.units.set_index(["day", "variant"]).loc[pd.Timestamp("2026-03-14")]
    assert last["units"].tolist() == [1000, 1000]
    assert last["share"].tolist() == last["planned"].tolist() == [0.5, 0.5]
    assert len(whole.units) == 2 * 14


def test_a_difference_is_found_on_a_day(whole):
    days = whole.days("orders", "one_step")
    found = whole.found_on("orders", "one_step")
    before = days[days["day"] < found]
    assert set(before["decision"]) == {"no difference shown"}
    assert days.set_index("day").loc[found, "decision"] == "better"
    assert whole.found_on("returned", "one_step") is None
    for wrong in (("order", "one_step"), ("orders", "two_steps")):
        with pytest.raises(ExperimentError, match=r"has no (metric 'order'|treatment 'two_steps').*did you mean"):
            whole.days(*wrong)


def test_charts_say_what_they_show(whole):
    assert "raised orders" in whole.chart().description
    assert "A difference in orders was shown first after March" in whole.history_chart("orders", "one_step").description
    assert "No difference in returned was shown" in whole.evidence_chart("returned", "one_step").description
    chart = whole.segment_chart("orders", "one_step").to_dict()
    rows = next(iter(chart["datasets"].values()))
    assert [row["what"] for row in rows] == ["All units", "country: DE", "country: FR"]


def test_the_band_of_the_evidence_is_the_plans(whole):
    days = whole.days("orders", "one_step")
    rows = next(iter(whole.evidence_chart("orders", "one_step").to_dict()["datasets"].values()))
    plan = AlwaysValid(2000)
    expected = plan.critical(days["n_control"].to_numpy(float) + days["n_treatment"], 0.05, 2)
    reach = max(row["upper"] for row in rows)
    assert [row["upper"] for row in rows] == pytest.approx(np.minimum(expected, reach).tolist(), rel=1e-6)
    assert [row["lower"] for row in rows] == [-row["upper"] for row in rows]
    outside = [abs(row["statistic"]) > row["upper"] for row in rows if row["upper"] < reach]
    shown = days["decision"].isin(["better", "worse"]).tolist()[-len(outside) :]
    assert outside == shown


def test_tables_for_readers(whole):
    effects = effects_of(whole)
    assert effects.index.tolist() == ["Orders", "Returned", "Pace"]
    assert effects["Verdict"].tolist() == ["success metric: wins", "guardrail: holds", "rose"]
    assert effects.loc["Returned", "Control"].endswith("%")
    assert effects.loc["Orders", "p"] == "< 0.001"
    checks = checks_of(whole)
    assert checks.columns.tolist() == ["Outcome"]
    assert checks.loc["Units as planned", "Outcome"] == "The variants have the units planned (p = 1)."
    assert set(checks["Outcome"][1:]) == {"Nothing found."}
    assert "No effect that wears off" in checks.index
    (said,) = differences_of(whole)
    assert said.startswith("That the change of orders differs by country is not shown (p = 0.")
    assert life_of(whole)["What"].tolist()[-1] == "Looked at"


def test_data_at_fault_are_not_judged():
    frame = visitors()
    trial = recorded(seen(frame[(frame["variant"] == "control") | (frame["user_id"] % 5 > 0)]))
    assert trial.verdict == "unhealthy"
    verdicts = ["success metric: not judged", "guardrail: not judged", "not judged"]
    assert effects_of(trial)["Verdict"].tolist() == verdicts
    checks = checks_of(trial)
    assert checks.loc["Units as planned", "Outcome"].startswith("Error: sample-ratio mismatch")
    assert checks.loc["Units as planned", "What to do"].endswith(".")
    assert "No effect that wears off" not in checks.index  # there are no days
    assert len(trial.units) == 0


def test_a_metric_that_cannot_be_compared_says_why():
    trial = recorded(seen(visitors().assign(returned=0)))
    assert effects_of(trial).loc["Returned", ["Change", "p"]].tolist() == ["n/a", "n/a"]
    assert effects_of(trial).loc["Returned", "Verdict"].startswith("guardrail: ")
    assert trial.chart().to_dict()


def test_a_long_life_is_told_by_its_newest_looks():
    stored = recorded()
    hours = [AT.replace(hour=hour) for hour in range(9, 20)]
    looks = [Look("ben", at, "keep going", {}) for at in hours]
    trial = RecordedExperiment(stored._stored, stored.steps, looks, None)
    life = life_of(trial, newest=2)
    assert life["What"].tolist() == ["Draft", "Running", "9 earlier looks", "Looked at", "Looked at"]
    assert life.index[2:].tolist() == [f"2026-03-15 {hour}:00 UTC" for hour in (17, 18, 19)]


def test_several_treatments_are_named():
    frame = visitors()
    frame["variant"] = np.where(frame["user_id"] % 3 == 2, "two_steps", frame["variant"])
    trial = recorded(seen(frame), variants={"control": 1, "one_step": 1, "two_steps": 1})
    assert trial.treatments == ("one_step", "two_steps")
    assert effects_of(trial).index.tolist()[:2] == ["Orders, one_step", "Orders, two_steps"]


def test_limits_without_an_end_are_drawn_and_said():
    data = seen(visitors(), by_day="day", plan=AlwaysValid(2000))
    for name in ("rel_effect_size_ci_lower", "effect_size_ci_lower"):
        data["results"][name][0] = "-Infinity"
        data["history"][name][0] = "-Infinity"
    trial = recorded(data)
    assert effects_of(trial)["95% interval"].tolist()[0].startswith("no limit to +")
    rows = next(iter(trial.history_chart("orders", "one_step").to_dict()["datasets"].values()))
    assert np.isfinite(rows[0]["rel_effect_size_ci_lower"])


@pytest.mark.parametrize(
    ("value", "share", "said"),
    [(0.5, False, "0.5"), (123_456.7, False, "123,457"), (-0.00123, False, "-0.00123"), (1, True, "100.0%")],
)
def test_amounts(value, share, said):
    assert amount(value, share=share) == said
