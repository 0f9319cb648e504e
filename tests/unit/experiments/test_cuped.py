"""Covariate adjustment against published digits, and what it removes."""

from __future__ import annotations

import numpy as np
import pytest
from support.published import COLUMNS, CONTROL, TREATMENT

from analytics_lib.errors import InputError
from analytics_lib.experiments import Mean, Moments, Proportion, Quantile, Ratio, compare
from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.metrics import over_clusters


def moments(arm, metric):
    n, mean, products = arm
    at = [COLUMNS.index(column) for column in metric.roles.values()]
    return Moments.from_centred(n, np.array(mean)[at], np.array(products)[np.ix_(at, at)], tuple(metric.roles))


def users(metric, **options):
    return compare(moments(CONTROL, metric), moments(TREATMENT, metric), **options)


@pytest.mark.parametrize(
    ("metric", "effect", "pvalue"),
    [
        (Mean("orders"), 0.0426901, 0.1177318),
        (Ratio("orders", "sessions"), 0.0233050, 0.0762376),
        (Mean("revenue", covariate="revenue_before"), 0.7310144, 0.006743929),
        (Ratio("orders", "sessions", "orders_before", "sessions_before"), 0.0317343, 0.00229294),
    ],
)
def test_tea_tasting_says_the_same(metric, effect, pvalue):  # its documentation
    found = users(metric)
    assert found.effect_size == pytest.approx(effect, abs=5e-8)
    assert found.pvalue == pytest.approx(pvalue, rel=1e-5)


def test_the_slope_comes_from_both_arms():  # growthbook, packages/stats/tests/test_shared_models.py: θ = .01864
    before, after = [0.3, 0.5, 0.9, 22], [2, 1, 5, 3]
    arm = Moments.from_values(after, x=before)
    moved = Moments.from_values(after, x=np.array(before) + 1.0)
    # Moving the covariate by 1 between otherwise equal arms moves the adjusted effect by −θ, here that of the union.
    both = arm + moved
    theta = both.covariance("y", "x") / both.variance("x")
    assert compare(arm, moved).effect_size == pytest.approx(-theta)
    same = arm + arm
    assert same.covariance("y", "x") / same.variance("x") == pytest.approx(0.01864, abs=5e-6)


def test_the_variance_falls_by_the_squared_correlation():  # Deng et al. 2013
    rng = np.random.default_rng(5)
    x = rng.normal(size=400)
    y = 0.8 * x + rng.normal(size=400)
    arm = Moments.from_values(y, x=x)
    assert compare(arm, arm).variance_removed == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert compare(Moments.from_values(y), Moments.from_values(y)).variance_removed is None


def test_many_covariates_are_least_squares():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(300, 3)) * [1, 100, 0.01]
    y = x @ [1, 0.02, 50] + rng.normal(size=300)
    arm = Moments.from_values(y, x=x)
    design = np.column_stack([np.ones(300), x])
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert compare(arm, arm).standard_error == pytest.approx(np.sqrt(2 * residual.var(ddof=1) / 300))


@pytest.mark.parametrize("extra", ["constant", "repeated"])
def test_covariates_that_say_nothing_change_nothing(extra):
    rng = np.random.default_rng(8)
    x, y = rng.normal(size=(2, 50))
    more = np.full(50, 3.0) if extra == "constant" else 2 * x
    one = compare(Moments.from_values(y[:25], x[:25]), Moments.from_values(y[25:], x[25:]))
    both = np.column_stack([x, more])
    other = compare(Moments.from_values(y[:25], both[:25]), Moments.from_values(y[25:], both[25:]))
    assert other.effect_size == pytest.approx(one.effect_size)
    assert other.standard_error == pytest.approx(one.standard_error)


def test_negating_a_ratio_flips_only_its_sign():  # growthbook, the same file
    rng = np.random.default_rng(9)
    y, d, x, e = rng.poisson([[5.0], [3], [4], [6]], (4, 60)) + 1.0
    one, other = (Moments.from_values(y[at], x[at], d[at], e[at]) for at in (slice(30), slice(30, 60)))
    low, high = (Moments.from_values(-y[at], -x[at], d[at], e[at]) for at in (slice(30), slice(30, 60)))
    assert compare(low, high).effect_size == pytest.approx(-compare(one, other).effect_size)
    assert compare(low, high).standard_error == pytest.approx(compare(one, other).standard_error)


def test_metrics_say_what_they_need():
    metric = Ratio("orders", "sessions", covariate=["a", "b"], covariate_denominator="c")
    assert metric.roles == {"y": "orders", "x0": "a", "x1": "b", "d": "sessions", "xd": "c"}
    assert len(metric.pairs) == 15
    assert Quantile("seconds", 0.9).pairs == ()
    assert Proportion("converted").columns == ("converted",)
    assert over_clusters(Mean("y", covariate="x").roles, "size") == {"y": "y", "x": "x", "d": "size", "xd": "size"}
    with pytest.raises(InputError, match="outside"):
        Quantile("seconds", 90)
    with pytest.raises(InputError, match="without a covariate"):
        Ratio("a", "b", covariate_denominator="c")


def test_a_proportion_takes_zeros_and_ones():
    arm = Samples.from_moments([Moments.from_values([0, 1, 2])])
    with pytest.raises(InputError, match="other than 0 and 1"):
        make_arms(arm, arm, binary=True)
