"""Moments: groups add, in any order; tables add as their rows do."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics_lib.model.moment_table import MomentTable
from analytics_lib.model.moments import Moments

NUMBERS = st.integers(-1_000_000, 1_000_000).map(lambda number: number / 64)
UNITS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=20)
QUICK = settings(max_examples=60, deadline=None)


def made(units):
    values = np.array(units, dtype=float).reshape(-1, 2)
    return Moments.from_values(values[:, 0], values[:, 1])


def close(one, other):
    scale = max(1.0, *(abs(value) for row in other.comoment for value in row))
    assert one.n == other.n
    assert np.allclose(one.mean, other.mean, rtol=1e-9, atol=1e-9)
    assert np.allclose(one.comoment, other.comoment, rtol=1e-9, atol=1e-10 * scale)


@QUICK
@given(UNITS, UNITS, UNITS)
def test_groups_add(a, b, c):
    close(made(a) + made(b), made(a + b))
    close(made(a) + made(b), made(b) + made(a))
    close(sum([made(a), made(b), made(c)]), made(a + b + c))


@QUICK
@given(UNITS)
def test_sums_are_values(units):
    y, x = np.array(units, dtype=float).reshape(-1, 2).T
    sums = [float(each) for each in (y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum())]
    distinct = len(set(y)) > 1 and len(set(x)) > 1
    if distinct and np.var(y) > 1e-6 and np.var(x) > 1e-6:
        close(Moments.from_sums(len(units), *sums), made(units))


@QUICK
@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 3), UNITS), min_size=1, max_size=8))
def test_tables_add_as_their_rows(groups):
    each = [made(units) for _, _, units in groups]
    table = MomentTable(
        {"variant": [group[0] for group in groups], "day": [group[1] for group in groups]},
        [moments.n for moments in each], ("y", "x"), [m.mean for m in each], [m.comoment for m in each],
    )  # fmt: skip
    ran, whole = table.cumulate("day"), table.rollup(keep=("variant",))
    for at, variant in enumerate(whole.labels["variant"]):
        mine = [(day, units) for name, day, units in groups if name == variant]
        close(whole.moments(at, {"y": "y", "x": "x"}), made([unit for _, units in mine for unit in units]))
        for day in set(ran.labels["day"]):
            until = [unit for when, units in mine if when <= day for unit in units]
            close(ran.where(variant=variant, day=day).moments(0, {"y": "y", "x": "x"}), made(until))
