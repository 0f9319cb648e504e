"""What any decision and any check of an experiment's data must hold to."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.experiments import Mean, Moments, Role, compare, decide_experiment
from analytics_lib.experiments.evidence import Whole
from analytics_lib.experiments.frames import Frame
from analytics_lib.experiments.influence import _leave_one_out
from analytics_lib.experiments.trust import check
from analytics_lib.model.aggregation import MomentRequest

EFFECTS = st.floats(-0.3, 0.3)


def analysed(effects, sign=1):
    """Return what `analyze` returns, of effects with a standard error of 0.045."""

    def of(mean):
        return Moments.from_centred(1000, [mean], [[999.0]])

    def compared(metric, _treatment, **options):
        return compare(of(sign * 10.0), of(sign * 10.0 + effects[metric]), **options)

    return SimpleNamespace(
        metrics=effects, treatments=("B",), alpha=0.05, plan=None, checks=(), compare=compared,
        sample_ratio=SimpleNamespace(counts={"A": 1000, "B": 1000}),
    )  # fmt: skip


@settings(deadline=None)
@given(success=EFFECTS, guard=EFFECTS, margin=st.floats(0, 0.3))
def test_turning_all_metrics_over_changes_no_verdict(success, guard, margin):
    roles = {"success": Role("success"), "guard": Role("guardrail", margin)}
    over = {name: Role(role.kind, role.margin, desired="decrease") for name, role in roles.items()}
    one = decide_experiment(analysed({"success": success, "guard": guard}), roles)
    other = decide_experiment(analysed({"success": -success, "guard": -guard}, sign=-1), over)
    assert (one.verdict, one.judgements) == (other.verdict, other.judgements)


@settings(deadline=None)
@given(success=EFFECTS, guard=EFFECTS, margin=st.floats(0, 0.3), wider=st.floats(0, 0.3))
def test_a_wider_margin_never_stops_a_treatment(success, guard, margin, wider):
    found = analysed({"success": success, "guard": guard})
    order = ["roll back", "inconclusive", "ship"]
    narrow, wide = (
        decide_experiment(found, {"success": Role("success"), "guard": Role("guardrail", each)}).verdict
        for each in (margin, margin + wider)
    )
    assert order.index(narrow) <= order.index(wide)


@settings(deadline=None)
@given(effects=st.lists(EFFECTS, min_size=1, max_size=5))
def test_only_a_win_is_shipped(effects):
    found = analysed({str(at): effect for at, effect in enumerate(effects)})
    decided = decide_experiment(found, {name: Role("success") for name in found.metrics})
    (judged,) = decided.judgements
    assert (decided.verdict == "ship") == (bool(judged.wins) and not judged.worse)
    assert (decided.verdict == "roll back") == bool(judged.worse)


@settings(max_examples=50, deadline=None)
@given(
    control=st.lists(st.integers(-50, 50), min_size=5, max_size=20),
    treatment=st.lists(st.integers(-50, 50), min_size=5, max_size=20),
    offset=st.sampled_from([0, 10**6]),
)
def test_a_unit_is_left_out_exactly(control, treatment, offset):
    values = {"A": [each + offset for each in control], "B": [each + offset for each in treatment]}
    frame = pd.DataFrame({"variant": ["A"] * len(control) + ["B"] * len(treatment), "y": values["A"] + values["B"]})
    whole = Whole.from_answer(Frame(frame).moments(MomentRequest("variant", ("y",), extremes=("y",))), "A")
    difference = np.mean(values["B"]) - np.mean(values["A"])
    for each in _leave_one_out(whole, ("y", Mean("y")), "B"):
        rest = {name: sorted(held) for name, held in values.items()}
        rest[each.arm].remove(each.value)
        left = np.mean(rest["B"]) - np.mean(rest["A"])
        assert (1 - each.share) * difference == pytest.approx(left, abs=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.001, 1000))
def test_findings_do_not_depend_on_units_of_measure_or_the_rows_order(seed, scale):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"variant": rng.choice(["A", "B"], 400), "y": rng.pareto(1.1, 400)})
    changed = frame.assign(y=frame["y"] * scale).sample(frac=1, random_state=seed)
    kinds = []
    for each in (frame, changed):
        answer = Frame(each).moments(MomentRequest("variant", ("y",), extremes=("y",)))
        kinds.append([(found.kind, found.severity) for found in check(answer, {"y": Mean("y")}, "A")])
    assert kinds[0] == kinds[1]
