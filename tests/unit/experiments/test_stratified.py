"""Post-stratification."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import stdtrit

from analytics_lib.errors import InputError
from analytics_lib.experiments import Moments, compare
from analytics_lib.experiments.stratified import compare_strata

RNG = np.random.default_rng(21)
NEW, OLD = RNG.normal(10, 1, (2, 60)), RNG.normal(50, 1, (2, 90))
CONTROL = {"new": NEW[0][:40], "old": OLD[0][:60]}
TREATMENT = {"new": NEW[1] + 1, "old": OLD[1] + 1}


def strata(arm):
    return {name: Moments.from_values(values) for name, values in arm.items()}


def test_the_formula():  # Miratrix, Sekhon & Yu 2013, formulas 4 and 9
    found = compare_strata(strata(CONTROL), strata(TREATMENT))
    weights = {"new": 100 / 250, "old": 150 / 250}
    effect = sum(weights[k] * (TREATMENT[k].mean() - CONTROL[k].mean()) for k in weights)
    square = sum(weights[k] ** 2 * (a[k].var(ddof=1) / len(a[k])) for k in weights for a in (CONTROL, TREATMENT))
    assert found.effect_size == pytest.approx(effect)
    assert found.standard_error == pytest.approx(np.sqrt(square))


def test_it_removes_what_the_strata_explain():
    plain = compare(*(sum(strata(arm).values()) for arm in (CONTROL, TREATMENT)))
    assert compare_strata(strata(CONTROL), strata(TREATMENT)).standard_error < 0.1 * plain.standard_error


def test_a_small_noisy_stratum_has_few_degrees_of_freedom():  # Satterthwaite 1946, by strata and arms
    spread = {"calm": (40, 1.0), "noisy": (6, 100.0)}
    arm = {name: Moments.from_centred(n, [0.0], [[square * (n - 1)]]) for name, (n, square) in spread.items()}
    squares = [(n / 46) ** 2 * square / n for n, square in spread.values()]
    degrees = (
        2 * sum(squares) ** 2 / sum(one**2 / (n - 1) for one, (n, _) in zip(squares, spread.values(), strict=True))
    )
    found = compare_strata(arm, arm)
    reach = found.effect_size_ci_upper / found.standard_error
    assert reach == pytest.approx(stdtrit(degrees, 0.975))  # 11.4 degrees, not 2·(46 − 2)


def test_one_stratum_is_none():
    one, other = Moments.from_values(NEW[0]), Moments.from_values(NEW[1])
    assert compare_strata({"all": one}, {"all": other}) == compare(one, other)


def test_a_ratio_keeps_its_units_straight():
    y, d = RNG.poisson(4, 80) + 1.0, RNG.poisson(9, 80) + 1.0
    same = {
        name: Moments.from_values(y[at], denominator=d[at]) for name, at in (("a", slice(30)), ("b", slice(30, 80)))
    }
    assert compare_strata(same, same).mean_control == pytest.approx(y.sum() / d.sum())


def test_small_strata_are_refused():
    with pytest.raises(InputError, match="the stratum 'old' has 0 units in treatment"):
        compare_strata(strata(CONTROL), strata({"new": TREATMENT["new"]}))
