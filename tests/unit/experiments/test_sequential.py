import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.sequential import AlwaysValid, GroupSequential


@pytest.mark.parametrize("n_star", [100, 5_000, 1_000_000])
def test_normal_mixture(n_star):  # confseq, test/uniform_boundaries_unittest.cpp: bounds at v = v_opt = 100
    plan = AlwaysValid(n_star)
    assert plan.critical(n_star, 0.05, 2) == pytest.approx(3.035209, abs=1e-6)
    assert plan.critical(n_star, 0.05, 1) == pytest.approx(2.766071, abs=1e-6)
    # the same file: the logarithm of the mixture at s = 10
    assert 100 * plan._ratio(2) == pytest.approx(12.60056, abs=1e-5)
    assert plan.pvalue(5.0, n_star, 2) < plan.pvalue(3.5, n_star, 2) < 0.05


def test_no_evidence_is_one():  # log-mixture(10) = −0.6510052 there: the ratio is below 1
    assert AlwaysValid(100).pvalue([0.0, 1.0, -1.0], 100).tolist() == [1.0, 1.0, 1.0]
    assert AlwaysValid(100).critical(0) == np.inf


@pytest.mark.parametrize("n_star", [0, -1, np.inf, np.nan, "many", True])
def test_bad_n_star(n_star):
    with pytest.raises(InputError, match="n_star"):
        AlwaysValid(n_star)


def test_group_sequential_at_planned_looks():
    plan = GroupSequential([0.5, 0.75, 1.0], units=1000)
    expected = [2.9626, 2.3590, 2.0141]
    assert plan.critical([500, 750, 1000]) == pytest.approx(expected, abs=6e-5)
    assert plan.criticals([500, 750, 1000]) == pytest.approx(expected, abs=6e-5)
    assert [float(plan.at(look).critical(7)) for look in (1, 2, 3)] == pytest.approx(expected, abs=6e-5)
    assert GroupSequential([500, 750, 1000]).fractions == plan.fractions


def test_looks_that_strayed():
    plan = GroupSequential(4, units=1000)
    taken = plan.criticals([300, 520, 1100, 1200])
    assert taken[0] == pytest.approx(float(plan.critical(300)), abs=1e-9)
    assert np.isfinite(taken[2])
    assert taken[3] == np.inf  # nothing is left
    assert np.isfinite(plan.critical(1300))


@pytest.mark.parametrize("sides", [1, 2])
def test_one_look_is_the_fixed_test(sides):
    plan = GroupSequential(1)
    assert plan.pvalue(2.1, 10, sides) == pytest.approx(sides * 0.0178644, rel=1e-4)


def test_days_without_a_maximum():
    with pytest.raises(InputError, match=r"units=20000.*plan.at"):
        GroupSequential(14).critical(100)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"looks": 0}, "at least 1 look"),
        ({"looks": [0.5, 0.4, 1]}, "do not increase"),
        ({"looks": [0.2, 0.9]}, "end at 0.9"),
        ({"looks": [100, 200], "units": 300}, "leave units out"),
        ({"looks": 3, "units": -1}, "units is -1"),
        ({"looks": 3, "look": 4}, "looks 1 to 3"),
        ({"looks": 3, "spending": "none"}, "spending function"),
    ],
)
def test_bad_plans(arguments, said):
    with pytest.raises(InputError, match=said):
        GroupSequential(**arguments)
