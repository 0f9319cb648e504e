"""Analyses: published digits, the same answers whatever holds the data, segments, days, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import sqlalchemy as sa
from scipy.special import chdtrc
from support.published import COLUMNS, CONTROL, TREATMENT

from analytics_lib.connectors import open_connection
from analytics_lib.errors import InputError
from analytics_lib.experiments import (
    AlwaysValid,
    GroupSequential,
    Mean,
    Moments,
    Proportion,
    Quantile,
    Ratio,
    analyze,
    compare,
)
from analytics_lib.experiments.stratified import compare_strata
from analytics_lib.model.aggregation import MomentAnswer
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.model.moment_table import MomentTable
from analytics_lib.model.orderstatistics import ranks

METRICS = {
    "orders": Mean("orders", covariate="before"),
    "paid": Proportion("paid"),
    "rate": Ratio("orders", "visits"),
    "median": Quantile("spent"),
}
ADDING = {name: METRICS[name] for name in ("orders", "paid", "rate")}


def make_units(rows=900, seed=5):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "unit": np.arange(rows),
            "variant": rng.choice(["A", "B", "C"], rows),
            "country": rng.choice(["DE", "FR"], rows),
            "tier": rng.integers(1, 4, rows),
            "day": pd.Timestamp("2026-03-01") + pd.to_timedelta(rng.integers(0, 5, rows), unit="D"),
            "before": rng.poisson(2, rows),
            "visits": 1 + rng.poisson(3, rows),
            "spent": rng.gamma(2, 10, rows),
        }
    )
    frame["orders"] = rng.poisson(1 + 0.5 * frame["before"] + 0.4 * (frame["variant"] == "B"))
    frame["paid"] = rng.random(rows) < 0.3
    frame["village"] = np.where(frame["variant"] == "A", 0, 100) + rng.integers(0, 20, rows)
    return frame


UNITS = make_units()


class Published:
    """A source that knows moments alone."""

    def moments(self, request):
        at = [COLUMNS.index(name) for name in request.measured]
        arms = [(n, np.array(mean)[at], np.array(products)[np.ix_(at, at)]) for n, mean, products in self.arms]
        n, mean, products = zip(*arms, strict=True)
        table = MomentTable({"variant": [0, 1]}, np.array(n), request.measured, np.array(mean), np.array(products))
        return MomentAnswer(table, np.zeros((2, len(at)), dtype=np.int64))

    arms = (CONTROL, TREATMENT)


def test_tea_tasting_says_the_same():  # its documentation, with and without covariates
    metrics = {
        "orders": Mean("orders"),
        "rate": Ratio("orders", "sessions"),
        "revenue": Mean("revenue", covariate="revenue_before"),
        "adjusted rate": Ratio("orders", "sessions", "orders_before", "sessions_before"),
    }
    results = analyze(Published(), metrics)
    frame = results.to_frame()
    assert frame["effect_size"].tolist() == pytest.approx([0.0426901, 0.0233050, 0.7310144, 0.0317343], abs=5e-8)
    assert frame["pvalue"].tolist() == pytest.approx([0.1177318, 0.0762376, 0.0067439293, 0.00229294], rel=1e-5)
    statistic = results.sample_ratio.statistic  # Pearson's; theirs has Yates' correction
    assert chdtrc(1, (statistic**0.5 - 1 / 4000**0.5) ** 2) == pytest.approx(0.4767667, abs=5e-8)


def test_cookie_cats():  # the game's public A/B test of 90,189 players: how many came back after 1 and 7 days
    counts = {"gate_30": (44700, 20034, 8502), "gate_40": (45489, 20119, 8279)}
    players = pd.concat(
        pd.DataFrame({"version": name, "day_1": np.arange(n) < one, "day_7": np.arange(n) < seven})
        for name, (n, one, seven) in counts.items()
    )
    results = analyze(players, [Proportion("day_1"), Proportion("day_7")], variant="version")
    frame = results.to_frame()
    assert frame["statistic"].tolist() == pytest.approx([-1.784086, -3.164359], abs=5e-7)
    assert frame["pvalue"].tolist() == pytest.approx([0.0744097, 0.00155425], rel=1e-5)
    assert frame["effect_size"][1] == pytest.approx(-0.00820130, abs=5e-9)
    assert results.sample_ratio.statistic == pytest.approx(6.902405, abs=5e-7)
    assert results.sample_ratio.pvalue == pytest.approx(0.008608, abs=5e-7)


def test_frame_arrow_and_database_say_the_same(tmp_path):
    engine = sa.create_engine(f"duckdb:///{tmp_path}/units.db", poolclass=sa.NullPool)
    UNITS.to_sql("units", engine, index=False)
    engine.dispose()
    options = {"segments": ["country", "tier"], "unit": "unit", "correction": "holm"}
    expected = analyze(UNITS, METRICS, **options).to_frame()
    with open_connection(ConnectionSpec("lab", f"duckdb:///{tmp_path}/units.db", True, "analytics.toml:5")) as lab:
        for data in (pa.Table.from_pandas(UNITS), lab.table("units"), lab.query("select * from units")):
            found = analyze(data, METRICS, **options).to_frame()
            pd.testing.assert_frame_equal(found, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("metrics", [METRICS, {"rate": Ratio("orders", "visits", "before")}])
def test_a_segment_is_the_analysis_of_its_rows(metrics):
    frame = analyze(UNITS, metrics, segments=["country"]).to_frame()
    total = frame[frame["segment"] == ""].reset_index(drop=True)
    assert len(frame) == 3 * len(total)
    parts = [frame[frame["segment_value"] == name].reset_index(drop=True) for name in ("DE", "FR")]
    for name, part in zip(("DE", "FR"), parts, strict=True):
        alone = analyze(UNITS[UNITS["country"] == name], metrics).to_frame()
        pd.testing.assert_frame_equal(part[alone.columns], alone, rtol=1e-10, atol=1e-12)
    assert (sum(part["n_treatment"] for part in parts) == total["n_treatment"]).all()
    pd.testing.assert_frame_equal(total[alone.columns], analyze(UNITS, metrics).to_frame(), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("plan", [None, AlwaysValid(600)])
def test_history_is_the_analysis_of_the_rows_up_to_each_day(plan):
    results = analyze(UNITS, ADDING, by_day="day", plan=plan, correction="benjamini_hochberg")
    history = results.history()
    for day in history["day"].unique():
        now = history[history["day"] == day].drop(columns="day").reset_index(drop=True)
        until = analyze(UNITS[UNITS["day"] <= day], ADDING, plan=plan, correction="benjamini_hochberg").to_frame()
        pd.testing.assert_frame_equal(now, until, rtol=1e-9, atol=1e-12)
    pd.testing.assert_frame_equal(now, results.to_frame(), rtol=1e-12)


def reach(frame):
    return ((frame["effect_size_ci_upper"] - frame["effect_size"]) / frame["standard_error"]).to_numpy()


def test_each_day_is_a_look_with_the_units_it_had():
    plan = GroupSequential(looks=3, units=700)
    history = analyze(UNITS, {"orders": Mean("orders")}, by_day="day", plan=plan).history()
    for _, days in history.groupby("treatment"):
        units = (days["n_control"] + days["n_treatment"]).to_numpy()
        assert reach(days) == pytest.approx(plan.criticals(units), rel=1e-6)
        outside = (days["effect_size_ci_lower"] > 0) | (days["effect_size_ci_upper"] < 0)
        assert ((days["pvalue"] < 0.05) == outside).all()


def test_a_day_after_the_planned_maximum_is_the_last_look_taken_late():
    results = analyze(UNITS, {"paid": Proportion("paid")}, by_day="day", plan=GroupSequential(looks=3, units=400))
    history = results.history().query("treatment == 'B'")
    assert (history["n_control"] + history["n_treatment"]).iloc[-2] > 400
    assert np.isfinite(reach(history)[-2:]).all()
    assert reach(results.to_frame())[0] == pytest.approx(reach(history)[-1])


def test_the_kth_day_is_the_kth_look_where_no_maximum_is_known():
    plan = GroupSequential(looks=[0.2, 0.4, 0.6, 0.8, 1.0], spending="pocock")
    results = analyze(UNITS, {"orders": Mean("orders")}, by_day="day", plan=plan, segments=["country"])
    expected = [plan.at(look=look).critical([1], 0.05, 2)[0] for look in range(1, 6)]
    assert reach(results.history().query("treatment == 'B'")) == pytest.approx(expected)
    assert reach(results.to_frame()) == pytest.approx([expected[-1]] * 6)


def test_strata_are_weighted():
    arms = [
        {tier: Moments.from_values(rows["orders"]) for tier, rows in UNITS[UNITS["variant"] == name].groupby("tier")}
        for name in "AB"
    ]
    expected = compare_strata(*arms)
    frame = analyze(UNITS, {"orders": Mean("orders")}, strata="tier").to_frame()
    assert frame["effect_size"][0] == pytest.approx(expected.effect_size)
    assert frame["pvalue"][0] == pytest.approx(expected.pvalue)


def test_clusters_are_the_units_of_a_ratio():
    villages = UNITS[UNITS["variant"] != "C"].groupby(["variant", "village"], as_index=False)
    sums = villages.agg(orders=("orders", "sum"), size=("orders", "size"))
    expected = analyze(sums, {"orders": Ratio("orders", "size")}).to_frame()
    found = analyze(UNITS[UNITS["variant"] != "C"], {"orders": Mean("orders")}, cluster="village").to_frame()
    pd.testing.assert_frame_equal(found, expected, rtol=1e-10)


def test_quantiles_differ_by_the_longer_halves_of_their_intervals():  # Woodruff 1952
    arms = [np.sort(UNITS["spent"][UNITS["variant"] == name]) for name in "AB"]
    frame = analyze(UNITS, {"median": Quantile("spent")}).to_frame()
    assert frame["mean_control"][0] == pytest.approx(np.median(arms[0]))
    halves = []
    for values in arms:
        low, high = (values[rank - 1] for rank in ranks(len(values), 0.5, 0.95))
        halves.append(max(np.median(values) - low, high - np.median(values)) / 1.959964)
    assert frame["standard_error"][0] == pytest.approx(np.hypot(*halves), rel=1e-6)


def test_medians_of_whole_numbers_are_not_told_apart_by_a_jump():  # both are 2 or 3, as chance has it
    low, high = [2] * 49 + [3] * 51, [2] * 51 + [3] * 49
    units = pd.DataFrame({"variant": np.repeat(["A", "B"], 100), "spent": low + high})
    frame = analyze(units, {"median": Quantile("spent")}).to_frame()
    assert frame["effect_size"][0] == -1
    assert frame["pvalue"][0] > 0.05


def test_a_covariate_narrows_and_says_by_how_much():
    plain, adjusted = analyze(UNITS, [Mean("orders")]).to_frame(), analyze(UNITS, ADDING).to_frame()
    factor = (adjusted["standard_error"][0] / plain["standard_error"][0]) ** 2
    assert adjusted["variance_removed"][0] == pytest.approx(1 - factor)
    assert np.isnan(plain["variance_removed"][0])


def test_families_of_corrections():
    metrics = {name: Mean(name) for name in ("orders", "visits", "spent")}
    raw = analyze(UNITS, metrics, segments=["country"]).to_frame()
    for family, keys in (("all", []), ("metric", ["metric"]), ("treatment", ["treatment"])):
        options = {"method": "bonferroni", "family": family}
        found = analyze(UNITS, metrics, segments=["country"], correction=options).to_frame()
        whole = raw["segment"] == ""
        sizes = raw.groupby([whole, *(raw[key] for key in keys)])["pvalue"].transform("size")
        assert found["pvalue_adjusted"].tolist() == pytest.approx((raw["pvalue"] * sizes).clip(upper=1).tolist())


def test_the_control_is_chosen_and_the_lowest_otherwise():
    assert analyze(UNITS, [Mean("orders")]).control == "A"
    flipped = analyze(UNITS, [Mean("orders")], control="B")
    assert flipped.treatments == ("A", "C")
    assert analyze(UNITS, [Mean("orders")], variant="tier", control="2").treatments == (1, 3)
    arms = [Moments.from_values(UNITS["orders"][UNITS["variant"] == name]) for name in "BA"]
    assert flipped.to_frame()["pvalue"][0] == pytest.approx(compare(*arms).pvalue)


def test_what_cannot_be_compared_says_why_beside_what_can():
    frame = UNITS.assign(zero=0, gone=np.where(UNITS["variant"] == "B", np.nan, 1.0 * UNITS["orders"]))
    found = analyze(frame, [Mean("orders"), Mean("zero"), Mean("gone")], correction="holm").to_frame()
    said = found[found["treatment"] == "B"].set_index("metric")
    assert said["note"].to_dict() == {
        "orders": "",
        "zero": "the metric does not vary in either arm",
        "gone": "an arm has fewer than 2 units",
    }
    assert said["decision"].tolist() == ["no difference shown", "not comparable", "not comparable"]
    assert np.isfinite(found[(found["metric"] == "gone") & (found["treatment"] == "C")]["pvalue"]).all()


BAD = {
    "no variant column": ({"variant": "group"}, {}, "no variant column 'group'"),
    "a column misspelt": ({"metrics": [Mean("order")]}, {}, "no column 'order'.*'orders'"),
    "one variant": ({}, {"variant": "A"}, "has one value, 'A'"),
    "variant missing": ({}, {"variant": UNITS["variant"].where(UNITS["unit"] > 3, None)}, "units have no variant"),
    "no such control": ({"control": "D"}, {}, "no variant 'D'"),
    "far too many variants": ({"variant": "unit"}, {}, "has 900 values"),
    "missing values": ({}, {"orders": UNITS["orders"].where(UNITS["unit"] != 7)}, "'orders' is missing for 1 unit of"),
    "infinite": ({}, {"orders": UNITS["orders"].where(UNITS["unit"] != 7, np.inf)}, "infinite"),
    "no variance": ({}, {"orders": 3}, "'orders': the metric does not vary"),
    "zero denominator": ({"metrics": [Ratio("orders", "visits")]}, {"visits": 0}, "a denominator is zero"),
    "unit twice": ({"unit": "unit"}, {"unit": UNITS["unit"] // 2}, "450 units have 900 rows"),
    "unit on two days": ({"unit": "unit", "by_day": "day"}, {"variant": np.where(UNITS["unit"] // 2 % 2, "A", "B"),
                         "unit": UNITS["unit"] // 2}, "units stand in the data twice"),
    "no unit": ({"unit": "unit"}, {"unit": UNITS["unit"].where(UNITS["unit"] > 3)}, "4 rows have no unit"),
    "no share": ({"metrics": [Proportion("orders")]}, {}, "other than 0 and 1"),
    "alpha": ({"alpha": 1.5}, {}, "alpha is 1.5"),
    "alpha in words": ({"alpha": "0.05"}, {}, "alpha is '0.05'"),
    "no metric": ({"metrics": {}}, {}, "no metrics"),
    "a column for a metric": ({"metrics": {"orders": "orders"}}, {}, r'Mean\("orders"\) is right'),
    "the same name": ({"metrics": [Mean("orders"), Mean("orders", "before")]}, {}, "the same name"),
    "text": ({"metrics": [Mean("country")]}, {}, "'country' holds"),
    "a method": ({"correction": "hollm"}, {}, "no method 'hollm'"),
    "a family": ({"correction": {"method": "holm", "family": "day"}}, {}, "no family 'day'"),
    "a plan": ({"plan": "obrien_fleming"}, {}, "the plan is 'obrien_fleming'"),
    "a look": ({"plan": GroupSequential(looks=3)}, {}, "planned maximum"),
    "days of clusters": ({"cluster": "village", "by_day": "day"}, {}, "days do not add"),
    "days of quantiles": ({"metrics": [Quantile("spent")], "by_day": "day"}, {}, "quantile, which days do not"),
    "the plan's shares": ({"expected": {"A": 1, "B": 1}}, {}, "differ in: C"),
    "no day": ({"by_day": "day"}, {"day": UNITS["day"].where(UNITS["unit"] > 3)}, "units have no day"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD.values(), ids=BAD.keys())
def test_what_is_refused(case):
    options, columns, sentence = case
    with pytest.raises(InputError, match=sentence):
        analyze(UNITS.assign(**columns), **{"metrics": [Mean("orders")], **options})


def test_data_of_another_kind_is_refused():
    with pytest.raises(InputError, match="give a DataFrame"):
        analyze([1, 2], [Mean("orders")])
