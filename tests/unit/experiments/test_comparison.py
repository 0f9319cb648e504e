"""Comparisons against published digits, and what cannot be compared."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import Moments, Prior, compare
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import Question, estimate

# growthbook, packages/stats/tests/frequentist/test_tests.py
A = Moments.from_sums(n=3407, y=1396.87, yy=52377.9767)
B = Moments.from_sums(n=3461, y=2422.7, yy=134698.29)


def interval(found):
    return found.effect_size_ci_lower, found.effect_size_ci_upper


def test_welch():  # the same file
    found = compare(A, B)
    assert found.effect_size == pytest.approx(0.29)
    assert found.standard_error == pytest.approx(0.1247836, abs=5e-8)
    assert interval(found) == pytest.approx((0.0453779, 0.5346221), abs=5e-8)
    assert found.pvalue == pytest.approx(0.0201584, abs=5e-8)
    assert (found.n_control, found.n_treatment, found.decision) == (3407, 3461, "better")
    assert found.pvalue_adjusted == found.pvalue


def test_relative_by_the_delta_method():  # the same file
    found = compare(A, B, relative="delta")
    assert found.effect_size == pytest.approx(0.7073171, abs=5e-8)
    assert found.standard_error == pytest.approx(0.3787944, abs=5e-8)
    assert interval(found) == pytest.approx((-0.0352601, 1.4498942), abs=5e-8)
    assert found.pvalue == pytest.approx(0.0619118, abs=5e-8)


def test_student():  # scipy.stats.ttest_ind_from_stats, docstring
    one = Moments.from_centred(13, [15.0], [[87.5 * 12]])
    other = Moments.from_centred(11, [12.0], [[39.0 * 10]])
    found = compare(other, one, equal_variances=True)
    assert found.statistic == pytest.approx(0.9051358, abs=5e-8)
    assert found.pvalue == pytest.approx(0.3751997, abs=5e-8)


@pytest.mark.parametrize(
    ("alternative", "margin", "bounds"),
    # spotify/confidence, TestWithNims: 99 %, one side
    [("greater", -0.1, (-0.0723, math.inf)), ("less", 0.1, (-math.inf, 0.0207))],
)
def test_non_inferiority(alternative, margin, bounds):
    one, other = Moments.from_sums(5000, 10021, 25142), Moments.from_sums(5000, 9892, 24510)
    found = compare(one, other, alternative=alternative, margin=margin, alpha=0.01)
    assert found.effect_size == pytest.approx(-0.0258)
    assert interval(found) == pytest.approx(bounds, abs=5e-5)
    assert found.decision == "not inferior"


def test_a_ratio_is_its_delta_method():
    y, d = np.array([1.0, 0, 2, 3, 1]), np.array([2.0, 1, 3, 4, 2])
    moments = Moments.from_values(y, denominator=d)
    found = compare(moments, moments)
    linear = (y - y.sum() / d.sum() * d) / d.mean()
    assert found.mean_control == pytest.approx(7 / 12)
    assert found.standard_error == pytest.approx(math.sqrt(2 * linear.var(ddof=1) / 5))


# causaldata, Cai_2015: insurance taken up in 44 villages, and households asked, without and with an intensive session
CAI = (
    (
        [6, 2, 8, 4, 11, 11, 6, 4, 13, 14, 6, 12, 8, 3, 8, 8, 11, 18, 5, 7, 6, 9, 7, 1, 9, 11, 8, 2, 4, 10, 5,
         5, 9, 6, 2,
         6, 9, 11, 6, 2, 5, 8, 17, 9],
        [9, 8, 13, 4, 21, 32, 24, 11, 39, 30, 13, 19, 10, 7, 32, 14, 27, 27, 19, 15, 14, 14, 13, 1, 12, 27, 16,
         7, 6, 11,
         8, 7, 17, 18, 5, 10, 18, 15, 33, 4, 16, 21, 35, 15],
        (0.4630404, 0.0275312),
    ),
    (
        [5, 3, 3, 1, 10, 17, 6, 6, 17, 13, 11, 9, 8, 3, 12, 5, 14, 12, 8, 8, 9, 9, 8, 2, 4, 9, 6, 6, 2, 7, 1,
         4, 8, 4, 6,
         3, 8, 9, 10, 1, 3, 10, 19, 3],
        [7, 8, 11, 4, 23, 26, 21, 10, 39, 22, 17, 25, 9, 7, 28, 9, 32, 26, 23, 12, 17, 13, 9, 3, 10, 27, 14, 9, 2, 9, 2,
         6, 18, 16, 10, 7, 19, 14, 38, 3, 12, 21, 40, 15],
        (0.4646465, 0.0234991),
    ),
)  # fmt: skip


@pytest.mark.parametrize(("takeup", "households", "expected"), CAI)
def test_villages(takeup, households, expected):
    arm = Samples.from_moments([Moments.from_values(takeup, denominator=households)])
    control, _ = make_arms(arm, arm)
    assert (control.mean[0], math.sqrt(control.variance[0] / control.n[0])) == pytest.approx(expected, abs=5e-8)


def test_clusters_are_ratios_with_the_variance_of_cr1():
    """The delta method over clusters is the sandwich estimate: the sum of squared residual sums, times G/(G − 1)."""
    rng = np.random.default_rng(3)
    village = rng.integers(0, 12, 200)
    takeup = (rng.random(200) < 0.3 + 0.03 * village).astype(float)
    sums, sizes = np.bincount(village, takeup), np.bincount(village).astype(float)
    arm = Samples.from_moments([Moments.from_values(sums, denominator=sizes)])
    control, _ = make_arms(arm, arm)
    residual = np.bincount(village, takeup - takeup.mean())
    assert control.mean[0] == pytest.approx(takeup.mean())
    assert control.variance[0] / control.n[0] == pytest.approx(12 / 11 * (residual**2).sum() / 200**2)
    assert control.degrees[0] == 11


def test_many_comparisons_are_each_the_one():
    controls = [A, Moments.from_sums(10, 5, 5), Moments.from_values([1.0, 1.0])]
    treatments = [B, Moments.from_sums(12, 8, 8), Moments.from_values([2.0, 2.0])]
    arms = make_arms(Samples.from_moments(controls), Samples.from_moments(treatments))
    answers = estimate(*arms, Question(relative="fieller"))
    for row in (0, 1):
        found = compare(controls[row], treatments[row], relative="fieller")
        assert (answers.lower[row], answers.upper[row]) == pytest.approx(interval(found))
        assert answers.pvalue[row] == pytest.approx(found.pvalue)
    assert answers.problem.tolist() == ["", "", "the metric does not vary in either arm"]
    assert np.isnan(answers.pvalue[2])
    assert np.isnan(answers.relative.lower[2])


class Fixed:
    """A plan whose multiplier is always 3."""

    def critical(self, units, alpha, sides):
        assert (alpha, sides) == (0.05, 2)
        return np.full_like(units, 3.0)

    def pvalue(self, statistic, units, sides):
        return np.exp(-np.abs(statistic)) + units * 0


@pytest.mark.parametrize("relative", [False, "delta"])
def test_a_plan_gives_the_multiplier(relative):
    found = compare(A, B, plan=Fixed(), relative=relative)
    reach = 3 * found.standard_error
    assert interval(found) == pytest.approx((found.effect_size - reach, found.effect_size + reach))
    assert found.pvalue == pytest.approx(math.exp(-found.statistic))


@pytest.mark.parametrize(
    ("arms", "options", "said"),
    [
        ((A, B), {"alpha": 0.0}, r"outside \(0, 1\)"),
        ((A, B), {"margin": "none"}, "the margin is 'none'"),
        ((A, B), {"alternative": "two_sided"}, "did you mean 'two-sided'"),
        ((A, B), {"relative": "log"}, "relative is 'log'"),
        ((A, B), {"margin": math.nan}, "the margin is nan"),
        ((A, Moments.from_values([1.0])), {}, "treatment has 1 units"),
        ((A, Moments.from_values([1, 2], x=[1, 2])), {}, "both arms need the same variables"),
        ((Moments.from_values([2, 2]), Moments.from_values([3, 3])), {}, "does not vary"),
        ((Moments.from_values([0.1] * 7), Moments.from_values([0.7] * 6)), {}, "does not vary"),
        ((Moments.from_values([2, 3, 7], denominator=[4, 6, 14]),) * 2, {}, "does not vary"),
        ((Moments.from_values([2, 3, 9], x=[2, 3, 9]),) * 2, {}, "does not vary"),
        ((Moments.from_values([0, 0]), A), {"prior": Prior(0, 1, relative=True)}, "the prior's scale"),
        ((Moments.from_values([2, 3], denominator=[0, 0]),) * 2, {}, "a denominator is zero"),
        ((Moments.from_values([-1, 1]), A), {"relative": "fieller"}, "control's mean is zero"),
    ],
)
def test_what_cannot_be_compared(arms, options, said):
    with pytest.raises(InputError, match=said):
        compare(*arms, **options)


def test_the_import_is_light():
    heavy = "{'pandas', 'scipy', 'sqlalchemy'} & sys.modules.keys()"
    code = f"import sys; import analytics_lib.experiments as e; print({heavy})"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert said.stdout.strip() == "set()"
