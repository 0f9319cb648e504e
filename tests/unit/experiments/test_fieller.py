"""Relative effects: signs, limits, and controls near zero."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics_lib.experiments import Moments, compare


def arm(mean, variance=1.0, n=100):
    return Moments.from_centred(n, [mean], [[variance * (n - 1)]])


def limits(found):
    return found.rel_effect_size_ci_lower, found.rel_effect_size_ci_upper


def test_half_of_a_loss_is_a_gain():  # −10 → −5 is +50 % (growthbook#6658)
    found = compare(arm(-10), arm(-5), relative="delta")
    assert found.effect_size == found.rel_effect_size == pytest.approx(0.5)
    assert found.decision == "better"
    assert limits(found)[0] > 0


def test_limits_solve_the_contrast():  # Fieller 1954: at each limit the contrast is exactly critical
    found = compare(arm(10, 4), arm(11, 9), relative="fieller")
    for limit in limits(found):
        assert compare(arm(10, 4), arm(11, 9), relative="fieller", margin=limit).pvalue == pytest.approx(0.05)


def test_negating_both_arms_mirrors_the_limits():
    up, down = compare(arm(10, 4), arm(11, 9)), compare(arm(-10, 4), arm(-11, 9))
    assert limits(down) == pytest.approx((-limits(up)[1], -limits(up)[0]))


def test_a_control_near_zero_has_no_limits():
    found = compare(arm(0.01), arm(0.02))
    assert limits(found) == (-math.inf, math.inf)
    assert "not distinguishable from zero" in found.note


def test_a_control_near_zero_keeps_the_decision():
    found = compare(arm(0.01), arm(2), relative="fieller")
    assert found.pvalue < 0.05
    assert found.effect_size_ci_lower > 0
    assert found.effect_size_ci_upper == math.inf


def test_a_control_of_exactly_zero_is_said():
    found = compare(Moments.from_values([0, 0, 0]), Moments.from_values([1, 2, 3]))
    assert "no relative effect" in found.note
    assert found.effect_size == 2


def test_one_side_has_one_limit():
    both, one = (
        compare(arm(10), arm(11), alternative=side, alpha=level)
        for side, level in (("two-sided", 0.1), ("greater", 0.05))
    )
    assert limits(one) == (pytest.approx(limits(both)[0]), math.inf)


def test_coverage_of_limits():
    """Of 4,000 draws 95 % hold the true +20 %, within three Monte-Carlo errors."""
    from analytics_lib.experiments.arms import Samples, make_arms
    from analytics_lib.experiments.engine import estimate

    rng = np.random.default_rng(11)
    y = rng.normal([[[5.0]], [[6.0]]], [[[4.0]], [[5.0]]], (2, 4000, 60))
    arms = []
    for values in y:
        n, mean = np.full(4000, 60.0), values.mean(axis=1, keepdims=True)
        arms.append(Samples.from_arrays(("y",), n, mean, values.var(axis=1)[:, None, None] * 60))
    found = estimate(*make_arms(*arms)).relative
    held = np.mean((found.lower <= 0.2) & (found.upper >= 0.2))
    assert abs(held - 0.95) < 3 * math.sqrt(0.95 * 0.05 / 4000)
