"""Frames travel between kernels to the bit, or not at all; whoever gets one may do with it as he likes."""

from __future__ import annotations

import warnings
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.extra import numpy as arrays
from support.framing import as_objects, frames

from analytics_lib.connectors.reading.frames import Inexact, pack, read, write

QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def there_and_back(frame, path):
    write(pack(frame, {"tables": ["ops.flights"]}), path)
    back, notes = read(path)
    assert notes == {"tables": ["ops.flights"]}
    return back


def same(one, other):
    """Whether two values are the same in type and content; NaN is NaN, and a decimal keeps its digits."""
    if type(one) is not type(other):
        return False
    if isinstance(one, (Decimal, float)):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one is other if one is pd.NA or one is pd.NaT else one == other


def require_same(frame, back):
    pd.testing.assert_frame_equal(back, frame, check_exact=True, check_column_type=True, check_index_type=True)
    assert type(back.index) is type(frame.index)
    assert (back.index.dtype, back.index.name) == (frame.index.dtype, frame.index.name)
    assert (back.columns.dtype, back.columns.tolist()) == (frame.columns.dtype, frame.columns.tolist())
    for place in range(frame.shape[1]):
        here, there = frame.iloc[:, place], back.iloc[:, place]
        assert here.dtype == there.dtype
        assert type(here.array) is type(there.array)
        assert all(map(same, here.tolist(), there.tolist()))


@QUICK
@given(frame=frames())
def test_a_frame_comes_back_as_it_was(frame, tmp_path):
    require_same(frame, there_and_back(frame, tmp_path / "frame.arrow"))


@QUICK
@given(bits=arrays.arrays("u8", 5))
def test_every_bit_of_a_number_comes_back(bits, tmp_path):
    """Also those that tell one NaN from another."""
    back = there_and_back(pd.DataFrame({"x": bits.view("f8")}), tmp_path / "frame.arrow")
    assert back["x"].to_numpy().view("u8").tolist() == bits.tolist()


@QUICK
@given(frame=frames())
def test_whatever_is_written_into_a_frame_stays_there(frame, tmp_path):
    path = tmp_path / "frame.arrow"
    back = there_and_back(frame, path)
    before = path.read_bytes()
    for place in range(back.shape[1]):
        values = back.iloc[:, place].array
        for row in range(len(back) if back.dtypes.iloc[place].kind != "O" else 0):  # objects are not mapped
            back.iloc[row, place] = values[len(back) - 1 - row]
            values[row] = values[0]
    assert path.read_bytes() == before
    require_same(frame, read(path)[0])


def test_numbers_may_be_written_to_as_in_any_other_frame(tmp_path):
    """Nothing that one does with a frame says that its memory is read-only."""
    path = tmp_path / "frame.arrow"
    frame = pd.DataFrame({
        "a": [1.0, 2.0, np.nan], "b": [3, 4, 5], "c": pd.array([1, None, 3], dtype="Int64"), "d": [True, False, True],
        "e": pd.to_datetime(["2026-01-01", None, "2026-01-03"]), "f": ["x", None, "z"],
    })  # fmt: skip
    back = there_and_back(frame, path)
    before = path.read_bytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back.loc[0, "a"] = 7.5
        back.iloc[1, 1] = 40
        back.at[2, "b"] = 50
        back.loc[back["c"].isna(), "c"] = 2
        back["a"] = back["a"].fillna(0)
        back["d"].array[0] = False
        back["b"].array[0] = 30
        back["e"].array[1] = pd.Timestamp("2026-01-02")
        back.loc[1, "f"] = "y"
        back["g"] = back["a"] + back["b"]
        back.sort_values("b", ascending=False, ignore_index=True)
        np.add(np.asarray(back["b"].array), 1, out=np.asarray(back["b"].array))
    assert back["a"].tolist() == [7.5, 2.0, 0.0]
    assert back["b"].tolist() == [31, 41, 51]
    assert back["c"].tolist() == [1, 2, 3]
    assert back["d"].tolist() == [False, False, True]
    assert back["e"].dt.day.tolist() == [1, 2, 3]
    assert back["f"].tolist() == ["x", "y", "z"]
    assert path.read_bytes() == before
    require_same(frame, read(path)[0])


def test_a_mapped_frame_outlives_its_file(tmp_path):
    path = tmp_path / "frame.arrow"
    frame = pd.DataFrame({"a": np.arange(100_000), "b": [f"text {n}" for n in range(100_000)]})
    back = there_and_back(frame, path)
    path.unlink()
    require_same(frame, back)


def test_adding_a_column_to_a_wide_frame_is_no_reason_to_warn(tmp_path):
    frame = pd.DataFrame(np.zeros((2, 200)), columns=[f"c{n}" for n in range(200)])
    back = there_and_back(frame, tmp_path / "frame.arrow")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        back["more"] = 1.0
    assert back.shape == (2, 201)


class Money(float):
    """A number with a type of its own."""


@pytest.mark.parametrize(
    "column",
    [
        as_objects([1, "one"]),
        as_objects([1, True]),
        as_objects([1, 2.0]),
        as_objects([date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]),
        as_objects([None, pd.NA]),
        as_objects([None, float("nan")]),
        as_objects(["x", float("nan")]),
        as_objects([2**63]),
        as_objects([Money(1.0)]),
        as_objects([{"a": (1, 2)}]),
        as_objects([{1: "a"}]),
        as_objects([[date(2026, 1, 1)]]),
        as_objects([{"a": 1, "b": np.int64(1)}]),
        as_objects([np.array([1, 2])]),
        as_objects([time(1, 2, tzinfo=UTC)]),
        as_objects([time(1, 2, fold=1)]),
        as_objects(["\ud800"]),
        as_objects([timedelta(1)]),
        pd.Series([1 + 2j]),
        pd.Series([1.5], dtype="f2").astype("f8").astype("complex64"),
        pd.Series(pd.period_range("2026", periods=1, freq="M")),
        pd.Series(pd.to_datetime(["2026-01-01"]).tz_localize(timezone(timedelta(hours=2)))),
        pd.Series(["x"], dtype=pd.StringDtype("python")),
        pd.Series([UUID(int=1), "text"], dtype=object),
        pd.Series(pd.Categorical([1.5, 2.5])),
        pd.Series(pd.arrays.SparseArray([0, 1])),
    ],
    ids=lambda column: f"{column.dtype}-{column.iloc[0]!r}"[:40],
)
def test_what_would_come_back_as_something_else_does_not_travel(column):
    with pytest.raises(Inexact):
        pack(column.to_frame("x"), {})


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"x": [1, 2]}, index=[0, 1]),
        pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(1, 3)),
        pd.DataFrame({"x": [1, 2]}, index=pd.RangeIndex(2, name="row")),
        pd.DataFrame({1: [1, 2]}),
        pd.DataFrame({"x": [1, 2]}).rename_axis(columns="kind"),
        pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("a", "b"), ("a", "c")])),
    ],
    ids=["index", "range", "index name", "numbered columns", "columns name", "levels"],
)
def test_frames_of_another_shape_do_not_travel(frame):
    with pytest.raises(Inexact):
        pack(frame, {})


def test_what_is_attached_to_a_frame_does_not_get_lost():
    frame = pd.DataFrame({"x": [1]})
    frame.attrs["source"] = "ops"
    with pytest.raises(Inexact):
        pack(frame, {})


def test_exact_decimals_come_back(tmp_path):
    kind = pd.ArrowDtype(pa.decimal128(38, 4))
    frame = pd.DataFrame({"x": pd.array([Decimal("1.5000"), None, Decimal("1234567890123456789.0001")], dtype=kind)})
    require_same(frame, there_and_back(frame, tmp_path / "frame.arrow"))
