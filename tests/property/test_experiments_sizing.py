"""Planning from history: the numbers of a row belong together, whatever the history."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.experiments import AlwaysValid, GroupSequential, Mean, minimum_effect, plan_from, power, sample_size

HISTORIES = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**16),
        "units": st.integers(50, 400),
        "mean": st.floats(-50, 50).filter(lambda mean: abs(mean) > 1),
        "sd": st.floats(0.1, 30),
        "shops": st.integers(2, 12),
    }
)
ASKED = st.fixed_dictionaries(
    {
        "mde": st.floats(0.02, 2.0),
        "power": st.floats(0.3, 0.95),
        "alpha": st.floats(0.001, 0.2),
        "plan": st.sampled_from([None, GroupSequential(3), AlwaysValid(2_000)]),
        "cluster": st.sampled_from([None, "shop"]),
        "variants": st.sampled_from([None, {"control": 3, "b": 1}, {"control": 1, "b": 1, "c": 2}]),
    }
)


def make(seed, units, mean, sd, shops):
    rng = np.random.default_rng(seed)
    before = rng.normal(size=units)
    return pd.DataFrame(
        {"y": mean + sd * (before + rng.normal(size=units)), "x": before, "shop": rng.integers(0, shops, units)}
    )


@settings(max_examples=40, deadline=None)
@given(HISTORIES, ASKED)
def test_the_numbers_are_inverse_to_each_other(history, asked):
    if asked["power"] <= asked["alpha"] + 0.05:
        return
    frame = make(**history)
    if frame["shop"].nunique() < 2:
        return
    sizing = plan_from(frame, [Mean("y", "x")], **asked)
    found, design = sizing.to_frame().iloc[0], sizing.designs["y"]
    share = 0.5 if asked["variants"] is None else asked["variants"]["control"] / sum(asked["variants"].values())
    n = sample_size(asked["mde"], power=asked["power"], **design)
    if found["note"] == "":
        assert found["units_needed"] - 1 <= max(n / share, 1) <= found["units_needed"]
        again = power(found["minimum_effect"], n=found["planned_units"] * share, **design)
        assert again == pytest.approx(asked["power"], abs=1e-5)
    if power(asked["mde"], n=n, **design) <= asked["power"] + 1e-6:  # else the fewest units have more
        assert minimum_effect(n=n, power=asked["power"], **design) == pytest.approx(asked["mde"], rel=1e-4)


@settings(max_examples=25, deadline=None)
@given(HISTORIES, st.floats(0.05, 1.0), st.floats(0.001, 1000))
def test_a_unit_of_measure_changes_nothing(history, mde, factor):
    frame = make(**history)
    one, other = (
        plan_from(each, [Mean("y", "x")], mde=mde).to_frame() for each in (frame, frame.assign(y=frame["y"] * factor))
    )
    assert other["units_needed"][0] == pytest.approx(one["units_needed"][0], abs=1)
    assert other["minimum_effect"][0] == pytest.approx(one["minimum_effect"][0], rel=1e-6)
