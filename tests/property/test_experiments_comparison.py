"""Comparisons: signs, scales, shifts, and intervals that never contradict their p-values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics_lib.experiments import Moments, compare

QUICK = settings(max_examples=80, deadline=None)
MEANS, VARIANCES, UNITS = st.floats(-20, 20), st.floats(0.1, 50), st.integers(2, 5000)
ALTERNATIVES = st.sampled_from(["two-sided", "greater", "less"])


@st.composite
def arms(draw):
    n = draw(UNITS)
    return Moments.from_centred(n, [draw(MEANS)], [[draw(VARIANCES) * (n - 1)]])


@st.composite
def shares(draw):
    n = draw(st.integers(5, 500))
    count = draw(st.integers(0, n))
    return Moments.from_sums(n, count, count)


def excludes(found, margin):
    return found.effect_size_ci_lower > margin or found.effect_size_ci_upper < margin


@QUICK
@given(arms(), arms(), st.sampled_from([False, "fieller", "delta"]), ALTERNATIVES, st.floats(-0.5, 0.5), st.booleans())
def test_the_interval_excludes_the_margin_when_p_is_small(one, other, relative, alternative, margin, equal):
    assume(abs(one.mean[0]) > 1e-6)
    found = compare(one, other, relative, margin, alternative, equal)
    assume(abs(found.pvalue - 0.05) > 1e-9)
    assert (found.pvalue < 0.05) == excludes(found, margin)


@QUICK
@given(shares(), shares(), ALTERNATIVES, st.floats(-0.5, 0.5))
def test_so_do_the_limits_of_shares(one, other, alternative, margin):
    assume(0 < one.mean[0] + other.mean[0] < 2)
    found = compare(one, other, margin=margin, alternative=alternative, equal_variances=True)
    assume(abs(found.pvalue - 0.05) > 1e-6)
    assert (found.pvalue < 0.05) == excludes(found, margin)


@QUICK
@given(arms(), arms(), st.booleans())
def test_fieller_never_contradicts_the_difference(one, other, equal):
    assume(abs(one.mean[0]) > 1e-6)
    plain, relative = compare(one, other, equal_variances=equal), compare(one, other, "fieller", equal_variances=equal)
    assert relative.pvalue == pytest.approx(plain.pvalue)
    assume(abs(plain.pvalue - 0.05) > 1e-9)
    assert excludes(relative, 0) == excludes(plain, 0)


@QUICK
@given(arms(), arms())
def test_swapping_arms_flips_signs(one, other):
    there, back = compare(one, other), compare(other, one)
    assert back.effect_size == -there.effect_size
    assert back.effect_size_ci_lower == pytest.approx(-there.effect_size_ci_upper)
    assert back.pvalue == pytest.approx(there.pvalue)


@QUICK
@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100))
def test_units_of_measurement_do_not_matter(seed, scale):
    y, x = np.random.default_rng(seed).gamma(2, size=(2, 60))
    one, other = Moments.from_values(y[:30], x[:30]), Moments.from_values(y[30:], x[30:])
    big, bigger = Moments.from_values(y[:30] * scale, x[:30]), Moments.from_values(y[30:] * scale, x[30:])
    found, scaled = compare(one, other), compare(big, bigger)
    assert scaled.effect_size == pytest.approx(found.effect_size * scale, abs=1e-12 * scale)
    assert scaled.pvalue == pytest.approx(found.pvalue)
    assert scaled.rel_effect_size_ci_upper == pytest.approx(found.rel_effect_size_ci_upper)


@QUICK
@given(st.integers(0, 2**32 - 1))
def test_a_shift_of_a_billion_leaves_the_decision(seed):
    y = np.random.default_rng(seed).normal(size=80)
    near = compare(Moments.from_values(y[:40]), Moments.from_values(y[40:]))
    far = compare(Moments.from_values(y[:40] + 1e9), Moments.from_values(y[40:] + 1e9))
    assert far.standard_error == pytest.approx(near.standard_error, rel=1e-5)
    assert far.effect_size == pytest.approx(near.effect_size, abs=1e-6)


@QUICK
@given(st.integers(0, 2**32 - 1), st.floats(-0.95, 0.95))
def test_a_covariate_removes_the_squared_correlation(seed, slope):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=50)
    y = slope * x + rng.normal(size=50)
    arm, plain = Moments.from_values(y, x), Moments.from_values(y)
    kept = (compare(arm, arm).standard_error / compare(plain, plain).standard_error) ** 2
    assert kept == pytest.approx(1 - np.corrcoef(x, y)[0, 1] ** 2)
