"""Moments from frames: what frames alone bring with them; the numbers themselves are the contract's."""

from __future__ import annotations

import subprocess
import sys
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from analytics_lib.errors import InputError
from analytics_lib.experiments.frames import Frame
from analytics_lib.model.aggregation import SEGMENT_VALUE, SIZE, MomentRequest, QuantileRequest
from analytics_lib.model.labels import ordered, plain_label
from analytics_lib.model.orderstatistics import ranks

VARIANTS = ["A", "B", "A", "B", "A", "B"]


def moments(values, **asked):
    frame = pd.DataFrame({"variant": VARIANTS, "y": values})
    return Frame(frame).moments(MomentRequest("variant", ("y",), **asked)).table


@pytest.mark.parametrize(
    "values",
    [
        pd.array([1, 2, 3, 6, 8, 1], dtype="Int64"),
        pd.array([1, 2, 3, 6, 8, 1], dtype="int8"),
        pd.array([1, 2, 3, 6, 8, 1], dtype="float32"),
        [Decimal(each) for each in (1, 2, 3, 6, 8, 1)],
        pd.array([1, 2, 3, 6, 8, 1], dtype=pd.ArrowDtype(pa.decimal128(5, 2))),
        pd.array([1, 2, 3, 6, 8, 1], dtype="object"),
    ],
    ids=lambda values: str(getattr(values, "dtype", "decimals")),
)
def test_numbers_of_all_kinds(values):
    table = moments(values)
    assert table.mean[:, 0].tolist() == [4, 3]
    assert table.comoment[:, 0, 0].tolist() == [26, 14]


@pytest.mark.parametrize("dtype", [bool, "boolean", "object", "bool[pyarrow]"])
def test_booleans_are_zeros_and_ones(dtype):
    table = moments(pd.array([True, False, True, True, False, False], dtype=dtype))
    assert table.mean[:, 0] == pytest.approx([2 / 3, 1 / 3])


@pytest.mark.parametrize("values", [[None, 2, 3, 6, 8, 1], pd.array([None, 2, 3, 6, 8, 1], dtype="Int64")])
def test_missing_values_are_counted(values):
    answer = Frame(pd.DataFrame({"variant": VARIANTS, "y": values})).moments(MomentRequest("variant", ("y",)))
    assert answer.missing.tolist() == [[1], [0]]
    assert answer.table.n.tolist() == [3, 3]
    assert answer.table.mean[:, 0].tolist() == [5.5, 3]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ([1, 2, np.inf, 4, 5, 6], "column 'y' holds NaN, infinite or too large values"),
        ([1, 2, 1e200, 4, 5, 6], "column 'y' holds NaN, infinite or too large values"),
        ([1, 2, 1e100, 4, 5, 6], "column 'y' holds NaN, infinite or too large values"),
        (["1", "2", "3", "4", "5", "6"], "column 'y' holds str, no numbers"),
        (pd.date_range("2026-01-01", periods=6), r"column 'y' holds datetime64\[.*\], no numbers"),
        ([1j] * 6, "column 'y' holds complex128, no numbers"),
        ([1, "2", 3, 4, 5, 6], "column 'y' holds mixed-integer, no numbers"),
    ],
)
def test_what_is_no_number(values, sentence):
    with pytest.raises(InputError, match=sentence):
        moments(values)


def test_a_nan_among_an_arrow_tables_numbers_is_not_missing():
    table = pa.table({"variant": ["A", "B"], "y": pa.array([1.0, float("nan")])})
    with pytest.raises(InputError, match="'y' holds NaN"):
        Frame(table).moments(MomentRequest("variant", ("y",)))
    with pytest.raises(InputError, match="'y' holds string, no numbers"):
        Frame(pa.table({"variant": ["A"], "y": ["1"]})).moments(MomentRequest("variant", ("y",)))


def test_data_of_another_kind():
    for wrong in ({"variant": ["A"]}, [1, 2], pd.Series([1]), None):
        with pytest.raises(InputError, match="have no moments"):
            Frame(wrong)
    with pytest.raises(InputError, match="there are no rows"):
        Frame(pd.DataFrame({"variant": [], "y": []})).moments(MomentRequest("variant", ("y",)))
    twice = pd.DataFrame([["A", 1, 2]], columns=["variant", "y", "y"])
    with pytest.raises(InputError, match="there are 2 columns 'y'"):
        Frame(twice).moments(MomentRequest("variant", ("y",)))


def test_times_with_a_zone_are_cut_to_the_zones_days():
    seen = pd.to_datetime(["2026-01-01 23:30", "2026-01-02 00:30"] * 3).tz_localize("Europe/Berlin")
    frame = pd.DataFrame({"variant": "A", "y": range(6), "seen": seen})
    for data in (frame, pa.Table.from_pandas(frame)):
        table = Frame(data).moments(MomentRequest("variant", ("y",), by=("seen",))).table
        assert table.labels["seen"] == [date(2026, 1, 1), date(2026, 1, 2)]


def test_categories_and_whole_floats_as_labels():
    frame = pd.DataFrame(
        {
            "variant": [0.0, 1.0, 0.0, 1.0, np.nan, 1.0],
            "y": range(6),
            "tier": pd.Categorical(["b", "a"] * 3, ["b", "a", "c"]),
        }
    )
    table = Frame(frame).moments(MomentRequest("variant", ("y",), segments=("tier",))).table
    assert [repr(each) for each in table.labels["variant"][:3]] == ["0", "1", "None"]
    assert set(table.labels[SEGMENT_VALUE][3:]) == {"a", "b"}


def test_many_combinations_of_labels():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {"variant": rng.choice(["A", "B"], 9_000), "y": rng.normal(size=9_000), "shop": rng.permutation(9_000) // 3}
    )
    frame["village"] = frame["shop"] * 7 % 1000
    table = Frame(frame).moments(MomentRequest("variant", ("y",), by=("shop",), cluster="village")).table
    wanted = frame.groupby(["variant", "shop", "village"])["y"].sum()
    assert len(table) == len(frame.groupby(["variant", "shop"]))
    assert (table.n * table.mean[:, 0]).sum() == pytest.approx(wanted.sum())


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"columns": ("y", "y")}, "columns names 'y' twice"),
        ({"columns": ("y",), "pairs": (("y", "x"),)}, "'x' is none of the metric columns; known is 'y'"),
        ({"columns": ("y",), "extremes": ("z",)}, "'z' is none of the metric columns"),
        ({"columns": ("y",), "by": ("segment",)}, "the name 'segment' has a meaning of its own"),
        ({"columns": (SIZE,)}, "the name '__size__' has a meaning of its own"),
        ({"columns": ("y",), "cluster": "c", "quantiles": (QuantileRequest("y"),)}, "quantiles need independent units"),
    ],
)
def test_requests_that_make_no_sense(asked, sentence):
    with pytest.raises(InputError, match=sentence):
        MomentRequest("variant", **asked)


@pytest.mark.parametrize("wrong", [{"q": 0}, {"q": 1.5}, {"confidence": 1}, {"q": float("nan")}])
def test_quantiles_lie_between_zero_and_one(wrong):
    with pytest.raises(InputError, match="lies between 0 and 1"):
        QuantileRequest("y", **wrong)


@pytest.mark.parametrize("n", [1, 5, 6, 20, 99, 2_000])
@pytest.mark.parametrize("q", [0.02, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.999])
def test_ranks_hold_the_quantile(n, q, confidence):
    """By the definition, summed in full: scipy's binom is independent of the function under test."""
    from scipy.stats import binom

    low, high = ranks(n, q, confidence)
    tail = (1 - confidence) / 2
    assert low == max(r for r in range(n + 2) if r == 0 or binom.cdf(r - 1, n, q) <= tail)
    assert high == min(s for s in range(1, n + 2) if s == n + 1 or binom.cdf(s - 1, n, q) >= 1 - tail)


def test_labels_of_all_kinds():
    stamp = pd.Timestamp("2026-01-05 10:00")
    found = [plain_label(each) for each in (np.int64(3), np.str_("a"), stamp, pd.NaT, 2.5, True, "2026-13-45")]
    assert found == [3, "a", date(2026, 1, 5), None, 2.5, True, "2026-13-45"]
    assert ordered([(None,), ("b",), (2,), (date(2026, 1, 1),), (1,)]) == [4, 2, 3, 1, 0]


def test_importing_frames_loads_no_pandas():
    heavy = {"pandas", "pyarrow", "sqlalchemy", "scipy"}
    code = f"import sys, analytics_lib.experiments.frames; sys.exit(bool({heavy} & {{*sys.modules}}))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
