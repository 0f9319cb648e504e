import numpy as np
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.interaction import interaction, overlap
from analytics_lib.model.moments import Moments


def cells(lift=0.0, variants_b=("c", "t")):
    draws = np.random.default_rng(5)
    return {
        (a, b): Moments.from_values(draws.normal(2.0 + lift * (a == b == "t"), 1.0, 400))
        for a in ("c", "t")
        for b in variants_b
    }


def test_overlap():  # Eppo's documentation, table of two experiments
    assert overlap([[15000, 25000], [35000, 25000]])[0] == pytest.approx(4166.667, abs=1e-3)


def test_difference_of_differences():
    given = cells(1.0)
    pair = interaction(given).pairs[0]
    mean = {key: cell.mean[0] for key, cell in given.items()}
    assert pair.effect_size == pytest.approx(mean["t", "t"] - mean["c", "t"] - mean["t", "c"] + mean["c", "c"])
    assert pair.standard_error == pytest.approx(0.1, rel=0.05)  # four cells of variance 1 / 400
    assert pair.pvalue < 1e-6
    assert pair.effect_size_ci_lower > 0
    assert interaction(given, control_b="t").pairs[0].effect_size == pytest.approx(-pair.effect_size)


def test_more_variants():
    answer = interaction(cells(variants_b=("c", "t", "u")))
    assert [(pair.treatment_a, pair.treatment_b) for pair in answer.pairs] == [("t", "t"), ("t", "u")]
    assert (answer.overlap_degrees, answer.overlap_pvalue) == (2, 1.0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({("t", "t"): None}, "no units are in 't' of A and 't' of B"),
        ({("t", "t"): Moments.from_values([1.0])}, "fewer than 2 units"),
    ],
)
def test_bad_cells(change, said):
    given = {key: cell for key, cell in (cells() | change).items() if cell is not None}
    with pytest.raises(InputError, match=said):
        interaction(given)


def test_bad_control():
    with pytest.raises(InputError, match="has no variant 'x'"):
        interaction(cells(), control_a="x")
