import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.planning import duration, minimum_effect, power, sample_size
from analytics_lib.experiments.sequential import AlwaysValid, GroupSequential


def test_means():  # statsmodels' and R's power.t.test documentation
    assert sample_size(0.5, sd=1) == pytest.approx(63.7656, abs=1e-4)
    assert power(1.0, n=20, sd=1) == pytest.approx(0.8689530, abs=1e-7)
    assert sample_size(1.0, sd=1, power=0.9) == pytest.approx(22.02109, abs=2e-5)
    # G*Power, in the tests of Spotify's confidence: 39,906 in total
    assert 2 * -(-sample_size(0.3, sd=10, power=0.85) // 1) == 39906


def test_proportions():
    # R's power.prop.test documentation
    assert sample_size(0.25, proportion=0.5, power=0.9) == pytest.approx(76.70693, abs=5e-5)
    # Evan Miller's calculator: 20 % + 5 points
    assert sample_size(0.05, proportion=0.2, null_variance="control") == pytest.approx(1030.22, abs=0.01)


def test_what_shrinks_and_grows():
    base = sample_size(0.05, sd=1)
    assert sample_size(0.05, sd=1, correlation=0.8) == pytest.approx(base * 0.36, rel=1e-3)
    assert sample_size(0.05, sd=1, icc=0.1, cluster_size=11) == pytest.approx(base * 2, rel=1e-2)
    assert sample_size(0.01, sd=1, mean=-5, relative=True) == pytest.approx(base, rel=1e-9)
    assert sample_size(0.0, sd=1, margin=-0.05, alternative="greater") < base < sample_size(0.05, sd=1, comparisons=5)
    fixed, planned, always = (
        sample_size(0.05, sd=1, plan=plan) for plan in (None, GroupSequential(5), AlwaysValid(2 * base))
    )
    assert fixed < planned < 1.05 * fixed < always  # Jennison & Turnbull (2000): about 1.03


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "either sd or proportion"),
        ({"sd": 1, "proportion": 0.2}, "either sd or proportion"),
        ({"sd": -1}, "sd is -1"),
        ({"sd": 1, "corelation": 0.3}, "did you mean 'correlation'"),
        ({"sd": 1, "relative": True}, "needs control's mean"),
        ({"proportion": 0.99}, "shares end at"),
        ({"sd": 1, "alpha": 0}, "alpha is 0"),
    ],
)
def test_bad_designs(options, said):
    with pytest.raises(InputError, match=said):
        power(0.1, n=100, **options)


def test_out_of_reach():
    with pytest.raises(InputError, match="beyond the margin"):
        sample_size(0.0, sd=1)
    with pytest.raises(InputError, match="outside \\(alpha, 1\\)"):
        minimum_effect(n=10, sd=1, power=1.0)
    with pytest.raises(InputError, match="out of reach"):
        minimum_effect(n=3, proportion=0.9, power=0.99)
    assert duration(10_001, 1_000) == 11
