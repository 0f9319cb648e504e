"""Published digits that rest on moments alone."""

from __future__ import annotations

import numpy as np
import pytest

from analytics_lib.experiments import Moments, compare

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
