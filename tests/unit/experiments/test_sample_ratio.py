import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.sample_ratio import sample_ratio, sample_ratio_sequential


@pytest.mark.parametrize(
    ("counts", "expected", "statistic", "pvalue"),
    [
        ([821588, 815482], None, 22.774369, 1.82179e-6),  # Fabijan et al. (2019), slides
        ([166080, 171180, 166300], None, 99.0404, 3.116e-22),  # Statsig's documentation
        ([4072, 2035], [80, 20], 677.4449, 2.402e-149),  # PostHog's tracker, 84351 (its p; χ² recomputed)
    ],
)
def test_reference(counts, expected, statistic, pvalue):
    answer = sample_ratio(counts, expected)
    assert answer.statistic == pytest.approx(statistic, abs=1e-4)
    assert answer.pvalue == pytest.approx(pvalue, rel=5e-4)
    assert answer.mismatch


def test_which_variant_is_off():
    answer = sample_ratio({"a": 1000, "b": 1000, "c": 700}, {"c": 1, "b": 1, "a": 1})
    assert (answer.off, answer.direction) == ("c", "fewer")
    assert "c has 700 units, fewer than the 900 planned" in answer.sentence
    assert not sample_ratio({"a": 1000, "b": 1010}).mismatch


def test_sequential_reference():  # optimizely/ssrm, its tests: Dirichlet(1, 1, 1)
    blocks = [[20, 17, 9], [18, 21, 8], [4, 6, 4], [18, 19, 11]]
    answer = sample_ratio_sequential(blocks, [0.4, 0.4, 0.2])
    assert answer.log_marginal == pytest.approx(-19.9648452, abs=1e-7)
    assert answer.log_null == pytest.approx(-15.7810312, abs=1e-7)
    assert answer.log_bayes_factors[-1] == pytest.approx(-4.183814, abs=1e-6)  # BF 0.0152403
    assert answer.pvalues == (1.0, 1.0, 1.0, 1.0)


def test_sequential_mismatch_stays():
    answer = sample_ratio_sequential([{"a": 900, "b": 600}, {"b": 900, "a": 600}, {"a": 1}])
    assert answer.first_crossed == 0
    assert answer.pvalues[2] == answer.pvalues[0] < 0.001
    assert (answer.off, answer.direction) == ("a", "more")


@pytest.mark.parametrize(
    ("counts", "expected", "said"),
    [
        ([5], None, "at least 2"),
        ([5, -1], None, "negative"),
        ([5, float("nan")], None, "missing"),
        ([5, "x"], None, "no number"),
        ([0, 0], None, "no units"),
        ({"a": 1, "b": 2}, {"a": 1, "c": 1}, "differ in: b, c"),
        ([1, 2], [1, 2, 3], "3 weights for 2"),
        ([1, 2], [1, 0], "not positive"),
    ],
)
def test_bad_input(counts, expected, said):
    with pytest.raises(InputError, match=said):
        sample_ratio(counts, expected)


def test_bad_blocks():
    with pytest.raises(InputError, match="no blocks"):
        sample_ratio_sequential([])
    with pytest.raises(InputError, match="block 1: variant 'c' is new"):
        sample_ratio_sequential([{"a": 1, "b": 1}, {"c": 1}])
