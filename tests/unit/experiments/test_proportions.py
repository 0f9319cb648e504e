"""Shares of units: published digits, and intervals that agree with their tests."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics_lib.experiments import Moments, compare
from analytics_lib.experiments.proportions import score_error


def share(count, n):
    return Moments.from_sums(n, count, count)


def test_relative_shares():  # growthbook, packages/stats/tests/frequentist/test_tests.py
    found = compare(share(14, 28), share(16, 30), relative="delta")
    assert found.effect_size == pytest.approx(0.06667, abs=5e-6)
    assert found.effect_size_ci_lower == pytest.approx(-0.47767, abs=5e-6)
    assert found.effect_size_ci_upper == pytest.approx(0.61101, abs=5e-6)
    assert found.pvalue == pytest.approx(0.80707, abs=5e-6)


@pytest.mark.parametrize(
    ("control", "treatment", "statistic", "pvalue"),
    [
        ((12, 99), (5, 83), -1.4078304, 0.1591813),  # statsmodels, proportions_ztest, docstring
        ((20034, 44700), (20119, 45489), -1.784086, 0.0744097),  # Cookie Cats, retention after 1 day
        ((8502, 44700), (8279, 45489), -3.164359, 0.00155425),  # Cookie Cats, retention after 7 days
    ],
)
def test_pooled(control, treatment, statistic, pvalue):
    found = compare(share(*control), share(*treatment), equal_variances=True)
    assert found.statistic == pytest.approx(statistic, abs=5e-7)
    assert found.pvalue == pytest.approx(pvalue, rel=5e-6)
    assert (found.effect_size_ci_lower > 0 or found.effect_size_ci_upper < 0) == (pvalue < 0.05)


def test_a_funnels_steps_are_shares_of_the_exposed():  # growthbook documentation: 1000 → 400 → 120 → 60
    for count, mean in ((400, 0.40), (120, 0.12), (60, 0.06)):
        assert compare(share(count, 1000), share(count, 1000)).mean_control == mean


@pytest.mark.parametrize("margin", [-0.3, -0.05, 0.02, 0.4])
def test_the_error_is_that_of_the_likeliest_shares(margin):
    (n0, x0), (n1, x1) = (50, 12), (40, 15)
    grid = np.linspace(max(0, -margin), min(1, 1 - margin), 200_003)[1:-1]
    likelihood = (
        x0 * np.log(grid)
        + (n0 - x0) * np.log1p(-grid)
        + x1 * np.log(grid + margin)
        + (n1 - x1) * np.log1p(-grid - margin)
    )
    best = grid[np.argmax(likelihood)]
    expected = math.sqrt(best * (1 - best) / n0 + (best + margin) * (1 - best - margin) / n1)
    counts, shares = (np.array([50.0]), np.array([40.0])), (np.array([0.24]), np.array([0.375]))
    assert score_error(counts, shares, np.array([margin]))[0] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "arms", [((3, 20), (9, 25)), ((0, 30), (4, 30)), ((30, 30), (25, 28)), ((500, 10_000), (560, 10_100))]
)
def test_limits_are_where_the_test_turns(arms):
    one, other = share(*arms[0]), share(*arms[1])
    found = compare(one, other, equal_variances=True)
    for limit in (found.effect_size_ci_lower, found.effect_size_ci_upper):
        assert compare(one, other, equal_variances=True, margin=limit).pvalue == pytest.approx(0.05, abs=1e-6)


def test_all_or_nothing_still_has_limits():
    found = compare(share(0, 20), share(20, 20), equal_variances=True)
    assert 0 < found.effect_size_ci_lower < 1
    assert found.effect_size_ci_upper == pytest.approx(1.0)
