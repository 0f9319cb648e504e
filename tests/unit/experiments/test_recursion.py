"""The recursion behind group-sequential bounds, against quadrature of two looks and against finer grids."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.special import ndtr, ndtri

from analytics_lib.experiments import recursion
from analytics_lib.experiments.boundaries import boundaries
from analytics_lib.experiments.designs import Design
from analytics_lib.experiments.recursion import Grid, crossed, crossing, running, solve, walk
from analytics_lib.experiments.sequential import GroupSequential
from analytics_lib.experiments.spending import increments

FINER = Grid(3.0, 11.0, 12.0)
CROWDS = np.array([0.1, 0.3, 0.3002, 0.302, 0.7, 0.7004, 1.0])


def second_look(time, bounds, drift=0.0):
    """P(Z₁ ≤ b₁, Z₂ > b₂) by adaptive quadrature over the first look's score."""
    root, step = np.sqrt(time), np.sqrt(1.0 - time)

    def density(score):
        tail = ndtr((score + drift * (1.0 - time) - bounds[1]) / step)
        return np.exp(-0.5 * ((score - drift * time) / root) ** 2) / (root * np.sqrt(2.0 * np.pi)) * tail

    top = bounds[0] * root
    middle = min(bounds[1] * time, top)
    edges = [middle - 12.0, *(middle + np.array([-6.0, -2.0, -0.5]) * root * step), top]
    return sum(quad(density, a, b, epsabs=0.0, epsrel=1e-11)[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("time", [0.001, 0.3, 0.9])
@pytest.mark.parametrize("spent", [(1e-280, 1e-275), (1e-30, 2e-30), (1e-30, 0.025), (1e-13, 1e-12), (0.3, 0.9)])
def test_two_looks_spend_what_they_may(time, spent):
    parts = np.array([[spent[0], spent[1] - spent[0]]])
    bounds = walk(np.array([time, 1.0]), parts)[0]
    assert bounds[0] == pytest.approx(-ndtri(spent[0]), rel=1e-12)
    assert second_look(time, bounds) == pytest.approx(parts[0, 1], rel=1e-7)


@pytest.mark.parametrize("drift", [-3.0, 0.0, 2.8, 9.0])
def test_two_looks_with_an_effect(drift):
    times, bounds = np.array([0.4, 1.0]), np.array([2.5, 2.0])
    found = crossing(times, bounds, drift)
    assert found[0] == pytest.approx(ndtr(drift * np.sqrt(0.4) - 2.5), rel=1e-12)
    assert found[1] == pytest.approx(second_look(0.4, bounds, drift), rel=1e-8)


@pytest.mark.parametrize("drift", [50.0, 1e3, 1e6])
def test_enormous_effects_are_found(drift):
    times = np.arange(1, 301) / 300
    assert crossed(times, boundaries(times), drift) == pytest.approx(1.0, abs=1e-9)
    assert crossed(times, boundaries(times), -drift) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
@pytest.mark.parametrize(
    "times",
    [
        pytest.param(np.arange(1, 61) / 60, id="60 looks"),
        pytest.param(np.array([0.001, 0.01, 0.5, 1.0]), id="first at 0.001"),
        pytest.param(np.sort(np.random.default_rng(4).random(30)), id="uneven"),
        pytest.param(CROWDS, id="looks that crowd"),
    ],
)
def test_a_finer_grid_gives_the_same(times, spending):
    times = times / times[-1]
    parts = increments(times, np.array([0.0005, 0.025, 0.5]), spending)
    found, finer = walk(times, parts), walk(times, parts, FINER)
    known = np.isfinite(finer)
    assert (np.isfinite(found) == known).all()
    assert found[known] == pytest.approx(finer[known], abs=1e-6)
    assert walk(times, parts, recursion.COARSE)[known] == pytest.approx(finer[known], abs=1e-5)


def test_hundreds_of_looks_keep_the_digits():
    times = np.arange(1, 701) / 700
    parts = increments(times, np.array([0.025]))
    found, finer = walk(times, parts)[0], walk(times, parts, Grid(2.2, 8.5, 10.0))[0]
    known = np.isfinite(finer)
    assert found[known] == pytest.approx(finer[known], abs=1e-6)
    assert crossing(times, found).cumsum()[-1] == pytest.approx(0.025, abs=1e-9)


def test_a_look_that_adds_next_to_nothing():
    """One unit in a hundred thousand: the bound is finite, and what follows does not move."""
    plain, more = np.array([0.3, 0.6, 1.0]), np.array([0.3, 0.6, 0.6 + 1e-7, 1.0])
    with_it, without = boundaries(more, spending="pocock"), boundaries(plain, spending="pocock")
    assert np.isfinite(with_it).all()
    assert with_it[[0, 1, 3]] == pytest.approx(without, abs=1e-5)


@pytest.mark.parametrize("late", [1.0, 1.4, 6.0])
def test_a_late_last_look_spends_what_is_left(late):
    """A trial that ran beyond its plan: the way to a late look starts lower than that to a timely one."""
    times = np.arange(1, 21) / 20
    parts = increments(times, np.array([0.025]))
    planned = walk(times, parts)
    *_, state = running(times[:-1], planned, np.array([0.025]), late)
    taken = solve(state, late, parts[:, -1])
    strayed = np.append(times[:-1], late)
    assert crossing(strayed, np.append(planned[0, :-1], taken)).sum() == pytest.approx(0.025, abs=1e-9)
    assert GroupSequential(20, units=100).critical(100 * late, 0.05) == pytest.approx(taken[0], abs=1e-9)


def test_power_over_300_looks_by_simulation():
    plan, trials = GroupSequential(looks=300), 4000
    draws = np.random.default_rng(8).normal(2.8 / 300, np.sqrt(1 / 300), (trials, 300)).cumsum(axis=1)
    z = draws / np.sqrt(np.arange(1, 301) / 300)
    bounds = boundaries(plan.fractions)
    share = float((np.abs(z) > bounds).any(axis=1).mean())
    n = 2 * 2.8**2  # an effect of one standard deviation then lies 2.8 standard errors from zero
    found = Design(sd=1.0, plan=plan).power(1.0, n)
    assert share == pytest.approx(found, abs=3 * np.sqrt(0.8 * 0.2 / trials))
