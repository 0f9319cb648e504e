import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.boundaries import boundaries
from analytics_lib.experiments.recursion import crossing
from analytics_lib.experiments.spending import spend

FIFTHS = [0.2, 0.4, 0.6, 0.8, 1.0]


@pytest.mark.parametrize(
    ("spending", "expected"),
    [
        # gsDesign's test snapshot: Hwang, Shih & DeCani with gamma −4, one-sided 0.025
        ("hwang_shih_decani", [3.2527, 2.9860, 2.6917, 2.3737, 2.0253]),
        # recomputed by the recursion that gives the snapshot above
        ("obrien_fleming", [4.8769, 3.3570, 2.6803, 2.2898, 2.0310]),
        ("pocock", [2.4380, 2.4268, 2.4102, 2.3966, 2.3860]),
        ("power", [3.0902, 2.7141, 2.4728, 2.2799, 2.1140]),
    ],
)
def test_five_looks(spending, expected):
    assert boundaries(FIFTHS, 0.025, 1, spending) == pytest.approx(expected, abs=6e-5)
    assert boundaries([10, 20, 30, 40, 50], 0.05, 2, spending) == pytest.approx(expected, abs=6e-5)


def test_unequal_looks():  # recomputed likewise
    assert boundaries([0.5, 0.75, 1.0]) == pytest.approx([2.9626, 2.3590, 2.0141], abs=6e-5)


def test_looking_naively():  # gsDesign: its one-sided halves agree; Armitage, McPherson & Rowe (1969)
    found = []
    for looks in (1, 2, 3, 4, 5, 10, 20, 50):
        # Within ±1.96 throughout: both sides, less the trials that cross both, which are few but not none.
        times = np.arange(1, looks + 1) / looks
        found.append(2 * crossing(times, np.full(looks, 1.959964)).sum())
    exact = [0.0500, 0.0831, 0.1073, 0.1262, 0.1417, 0.1934, 0.2479, 0.3204]
    assert found[:4] == pytest.approx(exact[:4], abs=5e-4)
    assert all(one >= other - 5e-5 for one, other in zip(found, exact, strict=True))


@pytest.mark.parametrize("looks", [1, 14, 365])
@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_all_is_spent_and_no_more(looks, spending):
    times = np.arange(1, looks + 1) / looks
    bounds = boundaries(times, 0.05, 1, spending)
    assert crossing(times, bounds).cumsum() == pytest.approx(spend(times, 0.05, spending), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"looks": [0.5, 0.5, 1]}, "do not increase"),
        ({"looks": []}, "no looks"),
        ({"looks": [0.0, 1.0]}, "do not increase"),
        ({"looks": "often"}, "looks is 'often'"),
        ({"looks": [1.0], "alpha": 1.0}, "outside"),
        ({"looks": [1.0], "sides": 3}, "sides is 3"),
        ({"looks": [1.0], "spending": "pocok"}, "did you mean 'pocock'"),
        ({"looks": [1.0], "spending": "pocock", "parameter": 1.0}, "takes no parameter"),
        ({"looks": [1.0], "spending": "power", "parameter": -1.0}, "positive number"),
    ],
)
def test_bad_input(arguments, said):
    with pytest.raises(InputError, match=said):
        boundaries(**arguments)
