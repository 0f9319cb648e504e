"""Units and clusters that carry a ratio, or a mean over clusters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics_lib.experiments import Mean, Ratio, analyze
from analytics_lib.experiments.frames import Frame


def simulated(n=4000, villages=0, seed=2):
    draws = np.random.default_rng(seed)
    frame = pd.DataFrame({"orders": draws.poisson(2, n).astype(float), "sessions": 1 + draws.poisson(3, n)})
    frame["village"] = np.arange(n) % villages if villages else np.arange(n)
    return frame.assign(variant=np.where(frame["village"] % 2, "B", "A"))


@pytest.mark.parametrize("arrow", [False, True])
def test_a_unit_that_carries_a_ratio(arrow):
    frame, metrics = simulated(), {"rate": Ratio("orders", "sessions")}
    assert analyze(frame, metrics).checks == ()
    frame.loc[17, "orders"] = 5000.0
    (finding,) = analyze(pa.Table.from_pandas(frame) if arrow else frame, metrics).checks
    assert (finding.kind, finding.severity) == ("outlier", "warning")
    effects = [analyze(each, metrics).to_frame()["effect_size"][0] for each in (frame, frame.drop(17))]
    assert f"{100 * (1 - effects[1] / effects[0]):.0f}% smaller" in finding.sentence
    assert "one unit of B ('orders' is 5,000 more than its 'sessions' accounts for)" in finding.sentence


def test_a_unit_with_much_of_both_sides_of_a_ratio_carries_nothing():
    frame, metrics = simulated(), {"rate": Ratio("orders", "sessions")}
    rate = frame["orders"].sum() / frame["sessions"].sum()
    frame.loc[17, ["orders", "sessions"]] = [round(2000 * rate), 2000]
    assert analyze(frame, metrics).checks == ()


@pytest.mark.parametrize("metric", [Mean("orders"), Ratio("orders", "sessions"), Mean("orders", covariate="before")])
def test_a_cluster_that_carries_the_result(metric):
    frame = simulated(villages=200)
    frame["before"] = frame["orders"] + frame["sessions"]
    assert analyze(frame, {"y": metric}, cluster="village").checks == ()
    frame.loc[frame["village"] == 8, "orders"] += 30
    (finding,) = analyze(frame, {"y": metric}, cluster="village").checks
    assert (finding.kind, finding.severity) == ("outlier", "warning")
    assert "without one cluster of A ('orders' is " in finding.sentence


def test_a_large_cluster_carries_no_mean():
    """Its sum is far above the others', and so is its number of units."""
    frame = simulated(villages=200)
    frame.loc[frame.index[frame["variant"] == "A"][:400], "village"] = 8
    assert analyze(frame, {"y": Mean("orders")}, cluster="village").checks == ()


def test_clusters_in_two_variants():
    frame = simulated(villages=200)
    frame.loc[frame.index[:3], "variant"] = "B"  # of villages 0, 1 and 2; 1 is in B
    (finding,) = analyze(frame, {"y": Mean("orders")}, cluster="village").checks
    assert (finding.kind, finding.severity) == ("clusters in two variants", "warning")
    assert finding.sentence == "2 clusters have units in more than one variant"


@pytest.mark.parametrize("villages", [0, 24, 60])
def test_ordinary_data_without_an_effect_have_no_outliers(villages):
    """Of an effect near zero every unit brings a large share: that alone is no finding."""
    metrics = {"orders": Mean("orders"), "rate": Ratio("orders", "sessions")}
    found = 0
    for seed in range(40):
        frame = simulated(1200, villages, seed)
        checks = analyze(frame, metrics, cluster="village" if villages else None).checks
        found += sum(each.kind == "outlier" for each in checks)
    assert found <= 4  # of 80


def test_a_source_that_knows_no_origin():
    """A warehouse of one's own may answer with plain sums over clusters alone."""

    class Plain(Frame):
        def moments(self, request):
            return replace(super().moments(request), clusters=None)

    frame = simulated(villages=200)
    options = {"metrics": {"y": Mean("orders"), "rate": Ratio("orders", "sessions")}, "cluster": "village"}
    one, other = (analyze(each, **options).to_frame() for each in (frame, Plain(frame)))
    assert other["standard_error"].tolist() == pytest.approx(one["standard_error"].tolist(), rel=1e-9)
    assert analyze(Plain(frame), **options).checks == ()
