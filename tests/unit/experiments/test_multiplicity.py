import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.multiplicity import adjust

# scipy.stats.false_discovery_control's documentation (Benjamini & Hochberg 1995, table 1)
PVALUES = [
    *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
    *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
]


def test_reference():
    found = adjust(PVALUES, "benjamini_hochberg")
    assert found[:6] == pytest.approx([0.0015, 0.003, 0.0095, 0.035625, 0.0603, 0.06385714], abs=1e-8)
    assert (found < 0.05).sum() == 4
    assert (adjust(PVALUES, "bonferroni") < 0.05).sum() == 3
    assert adjust(PVALUES)[:4] == pytest.approx([0.0015, 0.0056, 0.0247, 0.114])


@pytest.mark.parametrize("method", ["holm", "benjamini_hochberg", "bonferroni"])
def test_order_is_kept(method):
    assert adjust(PVALUES[::-1], method).tolist() == adjust(PVALUES, method)[::-1].tolist()
    assert adjust([], method).tolist() == []


@pytest.mark.parametrize(
    ("pvalues", "method", "said"),
    [
        ([0.1, 1.2], "holm", "1.2 at place 1"),
        ([float("nan")], "holm", "outside"),
        ([[0.1]], "holm", "dimensions"),
        (["x"], "holm", "no number"),
        ([0.1], "hom", "did you mean 'holm'"),
    ],
)
def test_bad_input(pvalues, method, said):
    with pytest.raises(InputError, match=said):
        adjust(pvalues, method)
