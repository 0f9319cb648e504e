"""Planning from history: reference digits, what each thing costs, and that the planned units have the power."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import (
    AlwaysValid,
    GroupSequential,
    Mean,
    Proportion,
    Quantile,
    Ratio,
    boundaries,
    minimum_effect,
    plan_from,
    power,
    sample_size,
)
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import estimate

DRAWS = 3_000


def past(units=4_000, seed=7):
    """Return a row a unit: orders and what they were before, a share, sessions, shops, 20 days."""
    rng = np.random.default_rng(seed)
    shop = rng.integers(0, 80, units)
    liking = rng.gamma(2, 1, units) + rng.normal(0, 0.5, 80)[shop]
    return pd.DataFrame(
        {
            "user": np.arange(units),
            "shop": shop,
            "seen": pd.Timestamp("2026-02-01") + pd.to_timedelta(np.arange(units) % 20, unit="D"),
            "orders": liking + rng.normal(3, 1, units),
            "before": liking + rng.normal(3, 1, units),
            "paid": (rng.random(units) < 0.2).astype(int),
            "sessions": rng.integers(1, 6, units),
            "level": 3,
        }
    )


PAST = past()


def row(sizing, metric=0):
    return sizing.to_frame().iloc[metric]


def two_values(mean, sd, n=10_000):
    """Return a column whose mean and sample standard deviation are exactly these."""
    step = sd * math.sqrt((n - 1) / n)
    return pd.DataFrame({"y": np.where(np.arange(n) % 2 == 0, mean - step, mean + step)})


def test_reference_digits():
    """Reference case 20: d = 0.5 needs 63.7656 an arm; n = 20, d = 1 has the power .8689530."""
    half = plan_from(two_values(10, 20), [Mean("y")], mde=1.0, weeks=1, units_per_day=40 / 7)
    assert row(half)["units_needed"] == math.ceil(2 * 63.7656)
    whole = plan_from(two_values(10, 10), [Mean("y")], mde=1.0, weeks=1, units_per_day=40 / 7)
    assert row(whole)["planned_units"] == 40
    assert row(whole)["power"] == pytest.approx(0.8689530, abs=5e-8)
    assert row(plan_from(two_values(10, 10), [Mean("y")], mde=1.0, power=0.9))["units_needed"] == math.ceil(
        2 * 22.02109
    )


def test_a_proportion_of_the_reference():
    """Reference case 20: from .5 to .75 at 90 % needs 76.70693 an arm."""
    half = pd.DataFrame({"paid": [0, 1] * 50})
    assert row(plan_from(half, [Proportion("paid")], mde=0.5, power=0.9))["units_needed"] == math.ceil(2 * 76.70693)


def test_the_rows_of_all_kinds_of_metrics():
    metrics = {"orders": Mean("orders", "before"), "paid": Proportion("paid"), "pace": Ratio("orders", "sessions")}
    sizing = plan_from(PAST, metrics, mde={"orders": 0.02, "paid": 0.1, "pace": 0.05}, unit="user", day="seen")
    frame = sizing.to_frame().set_index("metric")
    orders, pace = frame.loc["orders"], frame.loc["pace"]
    assert orders["sd"] == pytest.approx(PAST["orders"].std())
    assert orders["variance_removed"] == pytest.approx(np.corrcoef(PAST["orders"], PAST["before"])[0, 1] ** 2)
    assert orders["units_needed"] / orders["units_without_covariate"] == pytest.approx(
        1 - orders["variance_removed"], rel=0.01
    )
    linear = (PAST["orders"] - pace["mean"] * PAST["sessions"]) / PAST["sessions"].mean()
    assert pace["mean"] == pytest.approx(PAST["orders"].sum() / PAST["sessions"].sum())
    assert pace["sd"] == pytest.approx(linear.std())
    assert sizing.units_per_day == 200
    assert (frame["planned_units"] == 200 * 28).all()
    assert (frame["days_needed"] == np.ceil(frame["units_needed"] / 200)).all()
    assert list(frame["effect_size"] / frame["mean"]) == pytest.approx([0.02, 0.1, 0.05])


@pytest.mark.parametrize("plan", [None, GroupSequential(4), AlwaysValid(5_000)])
@pytest.mark.parametrize("cluster", [None, "shop"])
def test_inverse_to_each_other(plan, cluster):
    sizing = plan_from(PAST, [Mean("orders", "before")], mde=0.03, cluster=cluster, plan=plan)
    found, design = row(sizing), sizing.designs["orders"]
    n = sample_size(0.03, **design)
    assert found["units_needed"] == math.ceil(2 * n)
    assert power(0.03, n=n, **design) == pytest.approx(0.8, abs=1e-6)
    assert minimum_effect(n=n, **design) == pytest.approx(0.03, rel=1e-5)
    assert power(found["minimum_effect"], n=found["planned_units"] / 2, **design) == pytest.approx(0.8, abs=1e-6)
    if cluster is None:  # of few clusters a single look is by Student's t, plans are by the normal distribution
        assert (found["units_without_looks"] < found["units_needed"]) == (plan is not None)


def test_clusters():
    found = row(plan_from(PAST, [Mean("orders")], mde=0.03, cluster="shop"))
    sums = PAST.groupby("shop")["orders"].agg(["sum", "size"])
    away = sums["sum"] - PAST["orders"].mean() * sums["size"]
    robust = len(sums) / (len(sums) - 1) * (away**2).sum() / len(PAST) ** 2  # CR1
    effect = robust / (PAST["orders"].var() / len(PAST))
    assert found["design_effect"] == pytest.approx(effect)
    assert found["icc"] == pytest.approx((effect - 1) / ((sums["size"] ** 2).sum() / len(PAST) - 1))
    assert found["units_needed"] / found["units_without_clusters"] == pytest.approx(effect, rel=0.1)
    assert found["clusters_needed"] == math.ceil(found["units_needed"] / sums["size"].mean())
    assert math.isnan(found["days_needed"])
    assert found["planned_units"] == len(PAST)


def test_shares_of_the_variants():
    even = row(plan_from(PAST, [Mean("orders")], mde=0.03))
    uneven = row(plan_from(PAST, [Mean("orders")], mde=0.03, variants={"control": 80, "one_step": 20}))
    assert uneven["units_needed"] / even["units_needed"] == pytest.approx(0.25 / (0.8 * 0.2), rel=0.01)
    assert uneven["n_control"] / uneven["n_treatment"] == pytest.approx(4, rel=0.01)
    three = row(plan_from(PAST, [Mean("orders")], mde=0.03, variants={"control": 1, "a": 1, "b": 1}, comparisons=2))
    assert three["units_needed"] / even["units_needed"] == pytest.approx(1.5 * 1.21, rel=0.02)


def rejected(control, treatment):
    """Return how often a difference is found among trials: arrays (trials, units, variables)."""

    def samples(values):
        n = np.full(len(values), float(values.shape[1]))
        mean = values.mean(axis=1)
        away = values - mean[:, None]
        names = ("y", "x", "d")[: values.shape[2]]
        return Samples.from_arrays(names, n, mean, np.einsum("tui,tuj->tij", away, away))

    answer = estimate(*make_arms(samples(control), samples(treatment)))
    return float((answer.pvalue < 0.05).mean())


def test_the_planned_units_have_the_power():
    """Trials drawn from the history itself, with an effect of the size planned for, reach the power within chance."""
    found = row(plan_from(PAST, [Mean("orders", "before")], mde=0.05))
    rng, values, n = np.random.default_rng(2), PAST[["orders", "before"]].to_numpy(), int(found["n_control"])
    control, treatment = (values[rng.integers(0, len(values), (DRAWS, n))] for _ in range(2))
    treatment[:, :, 0] += found["effect_size"]
    reached = rejected(control, treatment)
    assert reached == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / DRAWS))
    assert rejected(control[:, :, :1], treatment[:, :, :1]) < reached - 0.1


def test_the_planned_units_of_a_ratio_have_the_power():
    found = row(plan_from(PAST, [Ratio("orders", "sessions")], mde=0.05))
    values = PAST.assign(zero=0.0)[["orders", "zero", "sessions"]].to_numpy(dtype=float)
    rng, n = np.random.default_rng(4), int(found["n_control"])
    control, treatment = (values[rng.integers(0, len(values), (DRAWS // 2, n))] for _ in range(2))
    treatment[:, :, 0] += found["effect_size"] * treatment[:, :, 2]
    assert rejected(control, treatment) == pytest.approx(0.8, abs=4 * math.sqrt(0.32 / DRAWS))


def test_the_planned_units_of_a_share_have_the_power():
    """The pooled z-test, as shares are analyzed, of draws from both binomial distributions."""
    found = row(plan_from(PAST, [Proportion("paid")], mde=0.1, variants={"control": 2, "one_step": 1}))
    rng, share = np.random.default_rng(5), found["mean"]
    one, other = int(found["n_control"]), int(found["n_treatment"])
    control = rng.binomial(one, share, 20_000)
    treatment = rng.binomial(other, share + found["effect_size"], 20_000)
    pooled = (control + treatment) / (one + other)
    z = (treatment / other - control / one) / np.sqrt(pooled * (1 - pooled) * (1 / one + 1 / other))
    assert (np.abs(z) > 1.959964).mean() == pytest.approx(0.8, abs=4 * math.sqrt(0.16 / 20_000))


def test_the_planned_units_of_looks_have_the_power():
    """Four looks at a mean, each by its own bound: the planned units find the effect as often as asked for."""
    found = row(plan_from(PAST, [Mean("orders")], mde=0.05, plan=GroupSequential(4)))
    steps, rng = int(found["n_control"]) // 4, np.random.default_rng(6)
    bounds = boundaries(looks=[0.25, 0.5, 0.75, 1.0], alpha=0.05, sides=2)
    apart = rng.normal(found["effect_size"], found["sd"] * math.sqrt(2 / steps), (20_000, 4)).cumsum(axis=1)
    looks = np.arange(1, 5)
    z = apart / looks / (found["sd"] * np.sqrt(2 / (steps * looks)))
    assert (np.abs(z) > bounds).any(axis=1).mean() == pytest.approx(0.8, abs=0.012)


def test_the_planned_clusters_have_the_power():
    """Whole shops are drawn; planned as if units were drawn, the power would be missed by far."""
    found = row(plan_from(PAST, [Mean("orders")], mde=0.05, cluster="shop"))
    sums = PAST.groupby("shop")["orders"].agg(["sum", "size"]).to_numpy(dtype=float)
    rng, clusters = np.random.default_rng(3), math.ceil(found["clusters_needed"] / 2)
    assert 15 < clusters < 100

    def trials(count, effect):
        drawn = sums[rng.integers(0, len(sums), (DRAWS, count))]
        return np.stack([drawn[:, :, 0] + effect * drawn[:, :, 1], np.zeros((DRAWS, count)), drawn[:, :, 1]], axis=2)

    effect = found["effect_size"]
    reached = rejected(trials(clusters, 0.0), trials(clusters, effect))
    assert reached == pytest.approx(0.8, abs=0.04)
    few = math.ceil(found["units_without_clusters"] / 2 / 50)
    assert rejected(trials(few, 0.0), trials(few, effect)) < reached - 0.2


def test_what_is_said():
    said = plan_from(PAST, [Mean("orders", "before"), Proportion("paid")], mde=0.03, day="seen").summary()
    assert said.startswith("'paid' needs most: ")
    assert "units in all variants" in said
    assert "to find a change of 3 % with a power of 80%. 4 weeks bring 5,600, which find it with" in said
    assert "is not known" not in said
    said = plan_from(PAST, [Mean("orders", "level")], mde=0.03, cluster="shop", day="seen").summary()
    assert "As many units as the history has, 4,000, find it with a power of" in said
    assert "'orders': covariate 'level' does not vary, and removes nothing." in said
    assert "Days are not told of clusters" in said
    said = plan_from(PAST[PAST["seen"] < "2026-02-04"], [Mean("orders")], mde=0.03, day="seen").summary()
    assert "The history has 3 days, less than a week" in said
    assert "How many days that takes is not known" in plan_from(PAST, [Mean("orders")], mde=0.03).summary()


def test_a_metric_that_cannot_be_planned_beside_one_that_can():
    frame = PAST.assign(none=0, centred=PAST["orders"] - PAST["orders"].mean(), half=PAST["orders"] * 0 + 0.5)
    metrics = {
        "orders": Mean("orders"),
        "none": Mean("none"),
        "half": Mean("half"),
        "per_none": Ratio("orders", "none"),
    }
    found = plan_from(frame, metrics, mde=0.03).to_frame().set_index("metric")
    assert found["units_needed"].isna().tolist() == [False, True, True, True]
    assert found["note"].tolist() == ["", "it does not vary", "it does not vary", "its denominator is zero"]
    often = plan_from(PAST, {"paid": Proportion("paid"), "orders": Mean("orders")}, mde=6).to_frame()
    assert "gives 1." in often["note"][0]
    assert math.isnan(often["units_needed"][0])


@pytest.mark.parametrize(
    ("changes", "options", "said"),
    [
        ({}, {"mde": 0}, "mde is 0; a number above 0 is right"),
        ({}, {"mde": {"order": 0.1}}, "mde names the metric 'order', which is not planned; did you mean 'orders'?"),
        ({}, {"mde": {}}, "there is no mde of metric 'orders'"),
        ({}, {"alpha": 2}, "alpha is 2, outside"),
        ({}, {"power": 0.01}, "a power of 0.01 is outside"),
        ({}, {"variants": {"control": 1}}, "there is one variant"),
        ({}, {"variants": {"control": 1, "b": 0}}, "the share of a variant is 0;"),
        ({}, {"mde": "2 %"}, "mde is '2 %'; a number above 0 is right"),
        ({}, {"weeks": -1}, "weeks is -1"),
        ({}, {"units_per_day": 0}, "units_per_day is 0"),
        ({}, {"metrics": [Quantile("orders")]}, "metric 'orders_q0.5' is a quantile, whose power is not known"),
        ({}, {"metrics": [Proportion("sessions")]}, "'sessions' has values other than 0 and 1"),
        ({}, {"metrics": [Mean("orders", ["before", "orders"])]}, "metric 'orders' is its own covariate"),
        ({}, {"metrics": [Mean("ordrs")]}, "there is no column 'ordrs'; did you mean 'orders'?"),
        ({}, {"day": "sessions"}, "column 'sessions' holds 1; a day is right"),
        ({}, {"unit": "shop"}, "units stand in the history twice: 80 units have 4,000 rows"),
        ({}, {"cluster": "level"}, "the history has one cluster; how clusters differ"),
        ({"orders": 3.0}, {}, "metric 'orders': it does not vary"),
        ({"orders": np.nan}, {}, "'orders' is missing for 4,000 units of the history"),
        ({"orders": np.inf}, {}, "column 'orders' holds NaN, infinite or too large values"),
        ({"user": None}, {"unit": "user"}, "4,000 rows have no unit: 'user' is missing"),
        ({"seen": pd.NaT}, {"day": "seen"}, "units have no day: 'seen' is missing"),
        ({"shop": None}, {"cluster": "shop"}, "units have no cluster: 'shop' is missing"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(changes, options, said):
    asked = {"metrics": [Mean("orders")], "mde": 0.03} | options
    with pytest.raises(InputError) as caught:
        plan_from(PAST.assign(**changes), **asked)
    assert said in str(caught.value)


@pytest.mark.parametrize(("rows", "said"), [(0, "there are no rows"), (1, "the history has 1 unit; how units differ")])
def test_too_few_rows(rows, said):
    with pytest.raises(InputError, match=said):
        plan_from(PAST.head(rows), [Mean("orders")], mde=0.03)


def test_two_clusters_tell_what_is_needed_but_find_nothing():
    found = row(plan_from(PAST.assign(half=PAST["user"] % 2), [Mean("orders")], mde=0.5, cluster="half"))
    assert found["units_needed"] > 0
    assert math.isnan(found["power"])
    assert "leave no degrees of freedom" in found["note"]
