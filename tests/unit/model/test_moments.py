"""Moments: from values, from plain sums, added together; and what no units can have."""

from __future__ import annotations

import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.model.moment_table import MomentTable
from analytics_lib.model.moments import Moments

RNG = np.random.default_rng(7)
Y, X, D, E = RNG.poisson(3, 40), RNG.normal(size=(40, 2)), RNG.poisson(4, 40) + 1, RNG.poisson(5, 40) + 1


def close(one, other):
    assert (one.n, one.names) == (other.n, other.names)
    assert one.mean == pytest.approx(other.mean, rel=1e-12)
    assert np.allclose(one.comoment, other.comoment, rtol=1e-11, atol=1e-11)


def test_values_and_sums_agree():
    x = X[:, 0]
    sums = Moments.from_sums(
        40, Y.sum(), (Y * Y).sum(), x.sum(), (x * x).sum(), (x * Y).sum(), D.sum(), (D * D).sum(), (Y * D).sum(),
        (D * x).sum(), xd=E.sum(), xdxd=(E * E).sum(), yxd=(Y * E).sum(), xxd=(x * E).sum(), dxd=(D * E).sum(),
    )  # fmt: skip
    close(sums, Moments.from_values(Y, x, D, E))


def test_variances_are_numpys():
    moments = Moments.from_values(Y, X, D)
    assert moments.names == ("y", "x0", "x1", "d")
    assert moments.covariates == ("x0", "x1")
    assert np.allclose(np.array(moments.comoment) / 39, np.cov([Y, *X.T, D]))
    assert moments.covariance("y", "d") == pytest.approx(np.cov(Y, D)[0, 1])


def test_far_from_zero_the_variance_survives():  # 10⁹ + N(0, 1): plain float sums say 262.4
    values = np.random.default_rng(0).normal(size=1000)
    assert Moments.from_values(values + 1e9).variance() == pytest.approx(values.var(ddof=1), rel=1e-6)
    whole = [10**9 + each for each in (0, 1, 2, 3)]
    assert Moments.from_sums(4, sum(whole), sum(each**2 for each in whole)).variance() == pytest.approx(5 / 3)


def test_sums_that_rounding_has_drowned_are_refused():
    values = np.random.default_rng(0).normal(size=1000) + 1e9
    with pytest.raises(InputError, match="too rounded to tell"):
        Moments.from_sums(1000, values.sum(), (values**2).sum() * (1 + 2e-16))


def test_groups_add():
    close(Moments.from_values(Y[:13], X[:13]) + Moments.from_values(Y[13:], X[13:]), Moments.from_values(Y, X))
    close(sum(Moments.from_values(Y[at::4]) for at in range(4)), Moments.from_values(Y))
    close(Moments.from_values([]) + Moments.from_values(Y), Moments.from_values(Y))


@pytest.mark.parametrize(
    ("values", "binary"),
    [([0, 1, 1], True), ([0, 0], True), ([1, 1], True), ([0, 0.5, 1], False), ([0, 2], False), ([-1, 1], False)],
)
def test_zeros_and_ones_are_known(values, binary):
    assert Moments.from_values(values).binary is binary


@pytest.mark.parametrize(
    ("sums", "said"),
    [
        ({"n": 3, "y": 6, "yy": 10}, "variance of y would be negative"),
        ({"n": -1, "y": 6, "yy": 10}, "cannot be negative"),
        ({"n": 2.5, "y": 6, "yy": 20}, "n is 2.5"),
        ({"n": 3, "y": float("nan"), "yy": 20}, "the sum y is nan"),
        ({"n": 3, "y": 6, "yy": 20, "x": 3}, "the sums xx, xy are missing"),
        ({"n": 3, "y": 6, "yy": 20, "dd": 3}, "dd was given without"),
        ({"n": 3, "y": 6, "yy": 20, "x": 6, "xx": 20, "xy": 99}, "correlation beyond 1"),
        ({"n": 0, "y": 6, "yy": 20}, "0 units cannot have sums"),
    ],
)
def test_impossible_sums_are_refused(sums, said):
    with pytest.raises(InputError, match=said):
        Moments.from_sums(**sums)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"y": [1, None, 3]}, "y holds 1 missing or infinite value, the first at row 1"),
        ({"y": [1, 2], "x": [1, float("inf")]}, "x holds 1 missing"),
        ({"y": [1, 2], "x": [1, 2, 3]}, "differ in length: y has 2, x has 3"),
        ({"y": ["a", "b"]}, "numbers are right"),
        ({"y": [[1, 2]]}, "y has 2 dimensions"),
        ({"y": [1, 2], "covariate_denominator": [1, 2]}, "without what it belongs to"),
    ],
)
def test_values_that_are_no_numbers_are_refused(columns, said):
    with pytest.raises(InputError, match=said):
        Moments.from_values(**columns)


def test_different_variables_do_not_add():
    with pytest.raises(InputError, match="do not add"):
        Moments.from_values([1, 2]) + Moments.from_values([1, 2], x=[1, 2])


def table():
    groups = {
        (v, day): (np.arange(40) % 2 == (v == "b")) & (np.arange(40) // 14 == day) for v in "ab" for day in range(3)
    }
    made = {key: Moments.from_values(Y[kept], X[kept, 0]) for key, kept in groups.items() if key != ("b", 1)}
    labels = {"variant": [key[0] for key in made], "day": [key[1] for key in made]}
    rows = made.values()
    return MomentTable(
        labels, [m.n for m in rows], ("y", "x"), [m.mean for m in rows], [m.comoment for m in rows]
    ), groups  # fmt: skip


def test_a_table_rolls_up():
    made, groups = table()
    whole = made.rollup(keep=("variant",))
    kept = groups["a", 0] | groups["a", 1] | groups["a", 2]
    assert whole.labels == {"variant": ["a", "b"]}
    close(whole.moments(0, {"y": "y", "x": "x"}), Moments.from_values(Y[kept], X[kept, 0]))
    assert len(made.rollup()) == 1


def test_a_table_cumulates_over_days_without_units():
    made, groups = table()
    ran = made.cumulate("day")
    assert list(zip(ran.labels["variant"], ran.labels["day"], strict=True)) == [(v, d) for v in "ab" for d in range(3)]
    close(ran.where(variant="b", day=1).moments(0, {"y": "y"}), Moments.from_values(Y[groups["b", 0]]))
    kept = groups["b", 0] | groups["b", 2]
    close(ran.where(variant="b", day=2).moments(0, {"y": "y"}), Moments.from_values(Y[kept]))


def test_a_product_that_was_not_asked_for_is_missed():
    made = MomentTable({"v": ["a"]}, [3], ("p", "q"), [[1, 2]], [[[1, np.nan], [np.nan, 1]]])
    assert made.moments(0, {"y": "q"}).mean == (2.0,)
    with pytest.raises(InputError, match="the product of 'p' and 'q' is missing"):
        made.moments(0, {"y": "p", "x": "q"})
    with pytest.raises(InputError, match="no moments of 'r'"):
        made.moments(0, {"y": "r"})
    with pytest.raises(InputError, match="no label 'day'"):
        made.rollup(keep=("day",))
