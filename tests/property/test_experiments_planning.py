import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.experiments.planning import minimum_effect, power, sample_size
from analytics_lib.experiments.sequential import AlwaysValid, GroupSequential

PLANS = st.sampled_from([None, AlwaysValid(5000), GroupSequential(4), GroupSequential(3, "pocock")])
COMMON = st.fixed_dictionaries(
    {
        "ratio": st.floats(0.2, 5),
        "alternative": st.sampled_from(["two-sided", "greater"]),
        "correlation": st.floats(-0.9, 0.9),
        "plan": PLANS,
    }
)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.02, 0.5), st.floats(0.6, 0.95), COMMON)
def test_inverses_for_means(effect, target, options):
    n = sample_size(effect, power=target, sd=1.0, **options)
    assert power(effect, n=n, sd=1.0, **options) == pytest.approx(target, abs=1e-6)
    assert minimum_effect(n=n, power=target, sd=1.0, **options) == pytest.approx(effect, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(st.floats(0.05, 0.5), st.floats(0.02, 0.2), st.floats(0.6, 0.95), COMMON)
def test_inverses_for_proportions(share, effect, target, options):
    n = sample_size(effect, power=target, proportion=share, **options)
    assert power(effect, n=n, proportion=share, **options) == pytest.approx(target, abs=1e-6)
    assert minimum_effect(n=n, power=target, proportion=share, **options) == pytest.approx(effect, rel=1e-5)
