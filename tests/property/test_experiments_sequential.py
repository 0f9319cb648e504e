import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.experiments.boundaries import boundaries
from analytics_lib.experiments.recursion import crossing
from analytics_lib.experiments.sequential import AlwaysValid, GroupSequential

SIDES = st.sampled_from([1, 2])
SPENDING = st.sampled_from(["obrien_fleming", "pocock", "hwang_shih_decani", "power"])


@given(st.integers(10, 10**7), st.floats(1, 1e8), st.floats(0.001, 0.3), SIDES, st.floats(-9, 9))
def test_always_valid_p_agrees_with_its_interval(n_star, units, alpha, sides, statistic):
    plan = AlwaysValid(n_star)
    towards = abs(statistic) if sides == 2 else statistic
    bound = float(plan.critical(units, alpha, sides))
    if abs(towards - bound) > 1e-9:
        assert (float(plan.pvalue(statistic, units, sides)) < alpha) == (towards > bound)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), SPENDING, st.sampled_from([0.01, 0.05, 0.1]), SIDES, st.floats(0.05, 1.3), st.floats(-5, 5))
def test_repeated_p_agrees_with_its_interval(looks, spending, alpha, sides, fraction, statistic):
    plan = GroupSequential(looks, spending, units=1000)
    towards = abs(statistic) if sides == 2 else statistic
    bound = float(plan.critical(1000 * fraction, alpha, sides))
    if abs(towards - bound) > 1e-6:
        assert (float(plan.pvalue(statistic, 1000 * fraction, sides)) < alpha) == (towards > bound)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=12), SPENDING, st.floats(0.001, 0.2))
def test_every_spacing_spends_alpha(gaps, spending, alpha):
    times = np.cumsum(gaps) / np.sum(gaps)
    assert abs(crossing(times, boundaries(times, alpha, 1, spending)).sum() - alpha) < 1e-7
