"""Sums that were added up elsewhere say what the rows would have said."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import Mean, Moments, Proportion, Ratio, analyze, compare
from analytics_lib.model.aggregation import MomentRequest
from analytics_lib.model.summaries import Summary

RNG = np.random.default_rng(2)
ORDERS = {"a": RNG.poisson(3, 200), "b": RNG.poisson(4, 220)}
SESSIONS = {name: values + RNG.integers(1, 4, len(values)) for name, values in ORDERS.items()}


def sums(**more):
    rows = {
        "variant": ["b", "a"],
        "n": [220, 200],
        "orders_sum": [int(ORDERS[name].sum()) for name in "ba"],
        "orders_sum_squares": [int((ORDERS[name] ** 2).sum()) for name in "ba"],
        "sessions_sum": [int(SESSIONS[name].sum()) for name in "ba"],
        "sessions_sum_squares": [int((SESSIONS[name] ** 2).sum()) for name in "ba"],
        "orders_sessions_sum": [int((ORDERS[name] * SESSIONS[name]).sum()) for name in "ba"],
    }
    return {name: values for name, values in (rows | more).items() if values is not None}


def as_means():
    spread = {name: np.cov(ORDERS[name], SESSIONS[name]) for name in "ba"}
    drop = dict.fromkeys(("orders_sum", "orders_sum_squares", "sessions_sum", "sessions_sum_squares"))
    return sums(
        **drop, orders_sessions_sum=None,
        orders_mean=[ORDERS[name].mean() for name in "ba"], orders_variance=[spread[name][0, 0] for name in "ba"],
        sessions_mean=[SESSIONS[name].mean() for name in "ba"], sessions_variance=[spread[name][1, 1] for name in "ba"],
        orders_sessions_covariance=[spread[name][0, 1] for name in "ba"],
    )  # fmt: skip


@pytest.mark.parametrize("rows", [sums(), as_means()], ids=["sums", "means"])
def test_the_same_answers_as_from_rows(rows):
    results = analyze(Summary(rows), {"orders": Mean("orders"), "rate": Ratio("orders", "sessions")})
    for metric, below in (("orders", None), ("rate", SESSIONS)):
        arms = [Moments.from_values(ORDERS[name], denominator=below and below[name]) for name in "ab"]
        wanted, found = compare(*arms), results.compare(metric)
        for name in (
            "n_control",
            "mean_treatment",
            "effect_size",
            "standard_error",
            "pvalue",
            "rel_effect_size_ci_upper",
        ):
            assert getattr(found, name) == pytest.approx(getattr(wanted, name), rel=1e-9), name


def test_a_share_needs_its_count_alone():
    """Cookie Cats, retention after seven days (reference case 9)."""
    rows = {"variant": ["gate_30", "gate_40"], "n": [44700, 45489], "ret7_sum": [8502, 8279]}
    found = analyze(Summary(rows, shares={"ret7"}), {"ret7": Proportion("ret7")}).compare("ret7")
    assert found.effect_size == pytest.approx(-0.00820130, abs=5e-9)
    assert found.statistic == pytest.approx(-3.164359, abs=5e-7)


def test_days_add_up():
    parts = [part for name, at in (("a", 100), ("b", 120)) for part in np.split(ORDERS[name], [at])]
    rows = {
        "variant": ["a", "a", "b", "b"],
        "day": ["2026-03-01", "2026-03-02"] * 2,
        "n": [len(part) for part in parts],
        "orders_sum": [int(part.sum()) for part in parts],
        "orders_sum_squares": [int((part**2).sum()) for part in parts],
    }
    summary = Summary(rows, day="day")
    results = analyze(summary, {"orders": Mean("orders")}, by_day="day")
    assert results.history()["n_control"].tolist() == [100, 200]
    whole = compare(*(Moments.from_values(ORDERS[name]) for name in "ab"))
    assert results.compare("orders").pvalue == pytest.approx(whole.pvalue)
    assert len(summary.moments(MomentRequest("variant", ("orders",))).table) == 2


def test_decimals_are_exact():
    big = 10**9
    rows = {"variant": ["a"], "n": [3], "x_sum": [Decimal(3 * big)], "x_sum_squares": [Decimal(3 * big * big + 2)]}
    answer = Summary(rows).moments(MomentRequest("variant", ("x",)))
    assert answer.table.comoment[0, 0, 0] == 2


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (sums(variant=None), "there is no variant column 'variant'"),
        (sums(n=None), "there is no column 'n'"),
        (sums(variant=["a", "a"]), "there are two rows for a"),
        (sums(n=[220, -1]), "n is -1"),
        (sums(n=[220, 1.5]), "n is 1.5"),
        (sums(n=[220, None]), "column 'n' holds None; a number is right"),
        (sums(orders_sum=["12", "x"]), "column 'orders_sum' holds '12'; a number is right"),
        (sums(orders_sum=[float("nan"), 1]), "column 'orders_sum' holds nan"),
        (sums(orders_sum_squares=None), "there is no column 'orders_sum_squares'; did you mean"),
        (sums(orders_sum_squares=[1, 1]), "the summary, b"),
        ({name: [] for name in sums()}, "there are no rows"),
    ],
)
def test_rows_that_cannot_be(rows, said):
    with pytest.raises(InputError) as caught:
        Summary(rows).moments(MomentRequest("variant", ("orders",)))
    assert said in str(caught.value)


def test_a_share_above_one():
    rows = {"variant": ["a"], "n": [10], "x_sum": [11]}
    with pytest.raises(InputError):
        Summary(rows, shares={"x"}).moments(MomentRequest("variant", ("x",)))


@pytest.mark.parametrize("asked", [{"segments": ("n",)}, {"strata": "n"}, {"cluster": "n"}, {"unit": "n"}])
def test_what_sums_do_not_hold(asked):
    with pytest.raises(InputError, match="cannot be told from sums; give a row a unit"):
        Summary(sums()).moments(MomentRequest("variant", ("orders",), **asked))
