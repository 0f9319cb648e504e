"""The Bayesian view against published digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments import Moments, Prior, compare


def test_flat_prior():  # gbstats, bayesian/test_tests.py: 49 and 51 of 100
    one, other = Moments.from_sums(100, 49, 49), Moments.from_sums(100, 51, 51)
    found = compare(one, other, relative="delta", prior=Prior())
    assert found.effect_size == pytest.approx(0.0408163, abs=5e-8)
    assert (found.credible_lower, found.credible_upper) == pytest.approx((-0.2477934, 0.3294260), abs=5e-8)
    assert found.chance_to_win == pytest.approx(0.6091813, abs=5e-8)
    assert (found.expected_loss_keeping, found.expected_loss) == pytest.approx((0.0813958, 0.0405795), abs=5e-8)


@pytest.mark.parametrize("prior", [Prior(0.1, math.sqrt(0.1), relative=True), Prior(1, math.sqrt(10))])
def test_normal_prior(prior):  # gbstats, the same file: the prior has mean .1 and variance .1 on the relative scale
    one, other = Moments.from_sums(10, 100, 1002.25), Moments.from_sums(10, 105, 1111.5)
    found = compare(one, other, relative="delta", prior=prior)
    assert (found.credible_lower + found.credible_upper) / 2 == pytest.approx(0.05063, abs=5e-6)
    assert found.chance_to_win == pytest.approx(0.92315, abs=5e-6)


def test_losses_are_expectations():
    found = compare(Moments.from_values([1, 2, 4]), Moments.from_values([2, 3, 5]), prior=Prior())
    draws = np.random.default_rng(1).normal(found.effect_size, found.standard_error, 400_000)
    assert found.expected_loss == pytest.approx(np.maximum(-draws, 0).mean(), abs=0.01)
    assert found.expected_loss_keeping == pytest.approx(np.maximum(draws, 0).mean(), abs=0.01)


def test_no_prior_no_view():
    assert compare(Moments.from_values([1, 2]), Moments.from_values([2, 3])).chance_to_win is None


@pytest.mark.parametrize("values", [{"sd": 0}, {"sd": math.nan}, {"mean": math.inf}])
def test_impossible_priors_are_refused(values):
    with pytest.raises(InputError, match="the prior's"):
        Prior(**values)
