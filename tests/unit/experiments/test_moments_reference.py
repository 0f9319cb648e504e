"""Published digits that rest on moments alone."""

from __future__ import annotations

import numpy as np
import pytest

from analytics_lib.experiments import AlwaysValid, Moments, compare

# growthbook, packages/stats/tests/test_shared_models.py
METRIC_1 = np.array([0.3, 0.5, 0.9, 22])
METRIC_3 = np.array([2, 1, 5, 3])


def test_sums_hold_numpys_variance_and_covariance():
    moments = Moments.from_sums(
        4, METRIC_1.sum(), (METRIC_1**2).sum(), d=METRIC_3.sum(), dd=(METRIC_3**2).sum(), yd=(METRIC_1 * METRIC_3).sum()
    )
    assert moments.variance() == pytest.approx(np.var(METRIC_1, ddof=1))
    assert moments.covariance("y", "d") == pytest.approx(np.cov(METRIC_1, METRIC_3)[0, 1])


def test_the_slope():  # the same file: θ = .01864 from metric 1 before and metric 3 after, in both arms
    arm = Moments.from_values(METRIC_3, x=METRIC_1)
    both = arm + arm
    assert both.covariance("y", "x") / both.variance("x") == pytest.approx(0.01864, abs=5e-6)


def test_the_thousand_draws_far_from_zero():
    values = np.random.default_rng(3).normal(size=1000)
    far = [Moments.from_values(values[at::2] + 1e9) for at in (0, 1)]
    near = [Moments.from_values(values[at::2]) for at in (0, 1)]
    assert sum(far).variance() == pytest.approx(sum(near).variance(), rel=1e-6)
    assert compare(*far).pvalue == pytest.approx(compare(*near).pvalue, rel=1e-5)


def test_the_sign_of_a_negative_baseline():
    loss, smaller = Moments.from_values([-11, -9, -10]), Moments.from_values([-6, -4, -5])
    assert compare(loss, smaller).rel_effect_size == pytest.approx(0.5)


# growthbook, packages/stats/tests/frequentist/test_tests.py: a ratio of 100 units an arm, adjusted by the same before
RATIO_A = Moments.from_sums(
    100, 485.112236689623, 2715.484666118136, x=192.59138069991536, xx=460.076026390857, xy=1113.6215759318352,
    d=679.9093275844917, dd=4939.424001640236, yd=3602.146836776702, dx=1460.3181079276983, xd=290.1398399750233,
    xdxd=920.9461385038898, yxd=1559.2878434944676, xxd=634.239482353647, dxd=2130.9404074446747,
)  # fmt: skip
RATIO_B = Moments.from_sums(
    100, 514.7757826608777, 2994.897482705013, x=206.94157227402536, xx=514.2903702246757, xy=1237.0953021125997,
    d=705.4090874383759, dd=5291.36604146392, yd=3918.1561431600717, dx=1604.0759503266522, xd=302.54389139107326,
    xdxd=994.4506208125663, yxd=1701.0287270040265, xxd=698.4173425817908, dxd=2292.081739775257,
)  # fmt: skip


def test_an_adjusted_ratio():
    """There the error is relative to control's unadjusted ratio; the effect is to the adjusted one, as is both here."""
    unadjusted = 485.112236689623 / 679.9093275844917
    assert compare(RATIO_A, RATIO_B, relative="delta").effect_size == pytest.approx(-0.0007, abs=5e-6)
    found = compare(RATIO_A, RATIO_B)
    assert found.standard_error / unadjusted == pytest.approx(0.00391, abs=5e-6)
    assert AlwaysValid(5000).critical(200) * found.standard_error / unadjusted == pytest.approx(0.01993, abs=1e-5)
    turned = compare(*(negated(arm) for arm in (RATIO_A, RATIO_B)))
    assert (turned.effect_size, turned.standard_error) == pytest.approx((-found.effect_size, found.standard_error))


def negated(arm):
    sign = np.diag([-1.0 if name in ("y", "x") else 1.0 for name in arm.names])
    return Moments.from_centred(arm.n, sign @ arm.mean, sign @ np.array(arm.comoment) @ sign, arm.names)


@pytest.mark.parametrize(
    ("control", "treatment", "n_star", "limits"),
    [  # the same file, its class of sequential tests
        ((3000, 1396.87, 52377.9767), (3461, 2422.7, 134698.29), 1000, (-0.55844, 1.56516)),
        ((3000, 1396, 1396), (3461, 2422, 2422), 5000, (0.40098, 0.60675)),
    ],
)
def test_relative_effects_that_are_looked_at_any_time(control, treatment, n_star, limits):
    arms = (Moments.from_sums(*sums) for sums in (control, treatment))
    found = compare(*arms, relative="delta", plan=AlwaysValid(n_star))
    assert (found.effect_size_ci_lower, found.effect_size_ci_upper) == pytest.approx(limits, abs=6e-6)


@pytest.mark.parametrize(
    ("relative", "effect", "error", "lower", "pvalue"),
    [  # the same file, its class of one-sided tests
        ("delta", 0.5033610858562358, 0.3334122146400735, -0.045136675850396046, 0.06558262868467746),
        (False, 0.23437666666666668, 0.12983081254184736, 0.020791480063255735, 0.03554272489873023),
    ],
)
def test_one_sided(relative, effect, error, lower, pvalue):
    arms = Moments.from_sums(3000, 1396.87, 52377.9767), Moments.from_sums(3461, 2422.7, 134698.29)
    found = compare(*arms, relative=relative, alternative="greater")
    assert (found.effect_size, found.standard_error) == pytest.approx((effect, error), rel=1e-9)
    assert (found.effect_size_ci_lower, found.effect_size_ci_upper) == pytest.approx((lower, np.inf), abs=2e-4)
    assert found.pvalue == pytest.approx(pvalue, abs=2e-4)


def test_a_game_with_and_without_its_one_busiest_player():  # Cookie Cats: rounds played by 90,189 players
    control, treatment = Moments.from_sums(44700, 2344795, 3068811771), Moments.from_sums(45489, 2333530, 605052202)
    assert compare(control, treatment).statistic == pytest.approx(-0.885437, abs=5e-7)
    without = Moments.from_sums(44699, 2344795 - 49854, 3068811771 - 49854**2)
    assert compare(without, treatment).statistic == pytest.approx(-0.063374, abs=5e-7)
