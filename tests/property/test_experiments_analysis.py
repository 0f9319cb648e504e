"""Analyses: order and names of rows do not matter, swapped arms flip signs, days and segments add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.experiments import Mean, Proportion, Ratio, analyze

QUICK = settings(max_examples=25, deadline=None)
METRICS = {"y": Mean("y"), "adjusted": Mean("y", "x"), "share": Proportion("z"), "ratio": Ratio("y", "d")}
NUMBERS = ["effect_size", "standard_error", "pvalue", "rel_effect_size_ci_lower"]


@st.composite
def units(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    rows = draw(st.integers(60, 300))
    far = draw(st.sampled_from([0.0, 50.0, 1e6]))
    frame = pd.DataFrame({"variant": rng.choice(["A", "B"], rows), "x": rng.normal(size=rows)})
    frame["y"] = far + frame["x"] + rng.normal(size=rows)
    return frame.assign(
        d=1 + rng.poisson(2, rows),
        z=rng.random(rows) < 0.4,
        day=rng.integers(0, 4, rows),
        part=rng.integers(0, 3, rows),
    )


@QUICK
@given(units())
def test_the_order_of_rows_does_not_matter(frame):
    one, other = (analyze(rows, METRICS).to_frame()[NUMBERS] for rows in (frame, frame.sample(frac=1, random_state=1)))
    assert other.to_numpy() == pytest.approx(one.to_numpy(), rel=1e-7, abs=1e-9, nan_ok=True)


@QUICK
@given(units())
def test_swapped_arms_flip_signs(frame):
    one, other = (analyze(frame, METRICS, control=name).to_frame() for name in "AB")
    assert (-other["effect_size"]).tolist() == pytest.approx(one["effect_size"].tolist(), rel=1e-6, abs=1e-9)
    assert other["pvalue"].tolist() == pytest.approx(one["pvalue"].tolist(), rel=1e-6, abs=1e-12)


@QUICK
@given(units())
def test_days_and_segments_add_up_to_the_analysis_without_them(frame):
    whole = analyze(frame, METRICS).to_frame()[NUMBERS].to_numpy()
    split = analyze(frame, METRICS, by_day="day", segments=["part"])
    total = split.to_frame().query("segment == ''")[NUMBERS].to_numpy()
    last = split.history().groupby("metric", sort=False).last()[NUMBERS].to_numpy()
    assert total == pytest.approx(whole, rel=1e-7, abs=1e-9)
    assert last == pytest.approx(whole, rel=1e-7, abs=1e-9)


@st.composite
def far_units(draw):
    """Units whose values are multiples of 1/64, so that moving them by 10⁹ is exact; and the values moved."""
    frame = draw(units()).drop(columns="z")
    frame[["x", "y"]] = (frame[["x", "y"]] * 64).round() / 64
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    frame["village"] = rng.integers(0, draw(st.integers(8, 60)), len(frame))
    frame["one"] = 1
    offset = draw(st.sampled_from([1e9, -1e9]))
    return frame, frame.assign(y=frame["y"] + offset, x=frame["x"] - offset)


SHIFTED = {
    "y": Mean("y"),
    "adjusted": Mean("y", "x"),
    "ratio": Ratio("y", "one"),
    "both": Ratio("y", "one", "x", "one"),
}


@QUICK
@given(
    far_units(),
    st.sampled_from([{"cluster": "village"}, {"strata": "part"}, {"cluster": "village", "segments": ["part"]}, {}]),
)
def test_moving_all_values_by_a_billion_leaves_the_errors(pair, options):
    near, far = (analyze(frame, SHIFTED, **options).to_frame() for frame in pair)
    known = near["standard_error"].notna().to_numpy()
    for name in ("standard_error", "effect_size"):  # the last digit of a mean around 10⁹ is 1e-7
        one, other = near[name].to_numpy()[known], far[name].to_numpy()[known]
        assert other == pytest.approx(one, rel=1e-6, abs=1e-6), name
    assert far["variance_removed"].to_numpy() == pytest.approx(
        near["variance_removed"].to_numpy(), abs=1e-6, nan_ok=True
    )
