"""What an analysis says: frames, sentences, charts, heterogeneity, other questions to the same moments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import GroupSequential, Mean, Moments, Proportion, Quantile, analyze, compare

FIRST = [
    "metric", "control", "treatment", "n_control", "n_treatment", "mean_control", "mean_treatment", "effect_size",
    "effect_size_ci_lower", "effect_size_ci_upper", "rel_effect_size", "rel_effect_size_ci_lower",
    "rel_effect_size_ci_upper", "statistic", "pvalue", "pvalue_adjusted", "decision",
]  # fmt: skip


def make_arms(effects, rows=400, seed=0):
    """Return units of an arm for each effect: `orders` shifted by it, `noise` not, `paid` where orders are many."""
    rng = np.random.default_rng(seed)
    parts = []
    for name, effect in effects.items():
        orders = 10 + effect + rng.normal(size=rows)
        noise, country = rng.normal(5, 1, rows), rng.choice(["DE", "FR"], rows)
        parts.append(pd.DataFrame({"variant": name, "orders": orders, "noise": noise, "country": country}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(paid=frame["orders"] > 10)


UNITS = make_arms({"A": 0, "B": 1})
BOTH = {"orders": Mean("orders"), "noise": Mean("noise")}


def test_the_frame_has_the_columns_analysts_know():
    results = analyze(UNITS, BOTH)
    assert results.to_frame().columns[: len(FIRST)].tolist() == FIRST
    labelled = analyze(UNITS, BOTH, segments=["country"]).to_frame()
    assert labelled.columns[:5].tolist() == ["metric", "control", "treatment", "segment", "segment_value"]
    assert labelled["segment_value"].tolist() == ["", "DE", "FR"] * 2
    assert repr(results) == "<orders, noise: B against A>"


def test_heterogeneity_is_cochrans_q():
    units = UNITS.assign(orders=UNITS["orders"] + 2 * ((UNITS["country"] == "FR") & (UNITS["variant"] == "B")))
    results = analyze(units, BOTH, segments=["country"])
    found = results.heterogeneity().set_index("metric")
    parts = results.to_frame().query("metric == 'orders' and segment != ''")
    z = np.diff(parts["effect_size"])[0] / np.hypot(*parts["standard_error"])  # of two values Q is the square of z
    assert found["statistic"]["orders"] == pytest.approx(z**2)
    assert found["degrees"]["orders"] == 1
    assert found["pvalue"]["orders"] < 1e-10
    assert found["pvalue"]["noise"] > 0.01
    assert found["i_squared"]["orders"] == pytest.approx(1 - 1 / z**2)


def test_a_segment_with_one_value_has_no_heterogeneity():
    found = analyze(UNITS.assign(country="DE"), BOTH, segments=["country"]).heterogeneity()
    assert found["pvalue"].isna().all()
    with pytest.raises(InputError, match="no segments"):
        analyze(UNITS, BOTH).heterogeneity()
    with pytest.raises(InputError, match="no days"):
        analyze(UNITS, BOTH).history()


def test_other_questions_to_the_same_moments():
    results = analyze(UNITS, {**BOTH, "paid": Proportion("paid"), "median": Quantile("noise")})
    arms = [Moments.from_values(UNITS["noise"][UNITS["variant"] == name]) for name in "AB"]
    options = {"margin": -0.02, "relative": "fieller", "alternative": "greater", "alpha": 0.01}
    assert results.compare("noise", **options).pvalue == pytest.approx(compare(*arms, **options).pvalue)
    shares = [Moments.from_values(UNITS["paid"][UNITS["variant"] == name]) for name in "AB"]
    expected = compare(*shares, margin=0.1, equal_variances=True)
    assert results.compare("paid", "B", margin=0.1).pvalue == pytest.approx(expected.pvalue)
    frame = results.to_frame().set_index("metric")
    assert results.compare("median").pvalue == pytest.approx(frame["pvalue"]["median"])
    plan = GroupSequential(looks=2, units=800)
    planned = analyze(UNITS, {"noise": Mean("noise")}, plan=plan, segments=["country"])
    assert planned.compare("noise").pvalue == planned.to_frame()["pvalue"][0]


@pytest.mark.parametrize(
    ("arguments", "options", "sentence"),
    [
        (("order",), {}, "no metric 'order'; did you mean 'orders'"),
        (("orders", "C"), {}, "no treatment 'C'"),
        (("orders",), {"margins": 1}, "margins are no options"),
        (("flat",), {}, "'flat': the metric does not vary"),
    ],
)
def test_questions_that_have_no_answer(arguments, options, sentence):
    results = analyze(UNITS.assign(flat=1), {**BOTH, "flat": Mean("flat")})
    with pytest.raises(InputError, match=sentence):
        results.compare(*arguments, **options)


def test_a_change_in_two_sentences():
    said = analyze(UNITS, BOTH).summary()
    assert said == (
        "Compared with A, B raised orders from 9.96 to 11.1, by 11.0% (between 9.5% and 12.5%, 95% sure). That is "
        "hardly chance: if the variants were alike, fewer than 1 of 10,000 such experiments would show as much; no "
        "difference is shown in noise."
    )


def test_no_change_in_two_sentences():
    said = analyze(UNITS, {"noise": Mean("noise")}).summary()
    assert said.startswith("B shows no difference from A in noise: noise changed by ")
    assert said.endswith("a longer experiment would show smaller differences.")


def test_a_change_that_many_tests_would_bring_is_none():
    rng = np.random.default_rng(4)
    metrics = {f"m{at}": Mean(f"m{at}") for at in range(40)}
    units = UNITS.assign(**{name: rng.normal(5, 1, len(UNITS)) for name in metrics})
    results = analyze(units, metrics, correction="holm")
    assert (results.to_frame()["pvalue"] < 0.05).any()
    assert "is no more than chance brings in 40 tests" in results.summary()
    assert "in m0, m1 and 38 other metrics" in results.summary()


def test_what_forbids_reading_comes_first():
    rows = UNITS["variant"].eq("A") | (UNITS.index % 2 == 0)
    said = analyze(UNITS[rows], BOTH).summary()
    assert said.startswith("Do not read these numbers yet: ")
    assert "raised" not in said


def test_the_chart_shows_each_interval_and_the_line_of_no_difference():
    units = make_arms({"A": 0, "B": 1, "C": -1})
    results = analyze(units, BOTH, segments=["country"])
    drawn = results.chart().to_dict()
    rows = next(rows for rows in drawn["datasets"].values() if len(rows) > 1)
    assert [row["what"] for row in rows] == ["orders, B", "orders, C", "noise, B", "noise, C"]
    assert any(layer["encoding"].get("x", {}).get("datum") == 0 for layer in drawn["layer"])
    assert results.summary() in drawn["description"]


def test_limits_without_an_end_are_drawn_as_far_as_the_others():
    rng = np.random.default_rng(1)
    units = UNITS.assign(balance=rng.normal(0, 1, len(UNITS)))
    results = analyze(units, {**BOTH, "balance": Mean("balance")})
    assert np.isinf(results.to_frame()["rel_effect_size_ci_upper"]).any()
    rows = next(rows for rows in results.chart().to_dict()["datasets"].values() if len(rows) > 1)
    assert all(row["rel_effect_size_ci_lower"] is not None for row in rows)
