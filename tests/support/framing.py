"""Frames as connectors make them, for hypothesis."""

from __future__ import annotations

from datetime import UTC
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

ZONES = [ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Etc/UTC"), UTC]
FIXED = [
    "?",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "f4",
    "f8",
    "M8[s]",
    "M8[ms]",
    "M8[us]",
    "M8[ns]",
    "m8[us]",
]
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
PLAIN_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**80), 2**80) | st.floats(allow_nan=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
OBJECTS = [
    TEXT,
    st.binary(max_size=8),
    st.binary(max_size=8).map(bytearray),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.dates(),
    st.times().map(lambda each: each.replace(fold=0)),
    st.decimals().filter(lambda each: not each.is_snan()),  # pandas itself cannot compare one
    st.uuids(),
    st.dictionaries(TEXT, PLAIN_JSON, max_size=3),
    st.lists(PLAIN_JSON, max_size=3),
]


def fixed(rows):
    """Return a strategy of columns whose values have a fixed width."""
    return st.sampled_from(FIXED).flatmap(lambda dtype: arrays.arrays(dtype, rows))


def zoned(rows):
    stamps = st.lists(st.integers(0, 4_000_000_000) | st.none(), min_size=rows, max_size=rows)

    def column(values, zone):
        naive = pd.Series([pd.NaT if each is None else pd.Timestamp(each, unit="s") for each in values], dtype="M8[us]")
        return naive.dt.tz_localize("UTC").dt.tz_convert(zone)

    return st.builds(column, stamps, st.sampled_from(ZONES))


def masked(rows):
    def column(dtype, values, mask):
        made = {"b": pd.arrays.BooleanArray, "f": pd.arrays.FloatingArray}.get(
            np.dtype(dtype).kind, pd.arrays.IntegerArray
        )
        return made(values, mask)

    kinds = st.sampled_from(["?", "i1", "i4", "i8", "u8", "f8"])
    return kinds.flatmap(
        lambda dtype: st.builds(column, st.just(dtype), arrays.arrays(dtype, rows), arrays.arrays("?", rows))
    )


def text(rows):
    return st.lists(TEXT | st.none(), min_size=rows, max_size=rows).map(lambda each: pd.Series(each, dtype="str"))


def category(rows):
    names = st.lists(TEXT, min_size=1, max_size=4, unique=True)

    def column(listed, codes, ordered):
        dtype = pd.CategoricalDtype(pd.Index(listed, dtype="str"), ordered=ordered)
        return pd.Categorical.from_codes([code % (len(listed) + 1) - 1 for code in codes], dtype=dtype)

    codes = st.lists(st.integers(0, 99), min_size=rows, max_size=rows)
    return st.builds(column, names, codes, st.booleans())


def objects(rows):
    missing = st.sampled_from([None, pd.NA])
    one = st.sampled_from(OBJECTS)
    return st.tuples(one, missing).flatmap(
        lambda kind: st.lists(kind[0] | st.just(kind[1]), min_size=rows, max_size=rows).map(as_objects)
    )


def as_objects(values):
    column = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        column[place] = value
    return pd.Series(column, dtype=object)


@st.composite
def frames(draw):
    """Frames as the connectors make them: any columns, any names, also the same name twice."""
    rows = draw(st.integers(0, 6))
    kinds = draw(st.lists(st.sampled_from([fixed, zoned, masked, text, category, objects]), max_size=6))
    frame = pd.DataFrame({place: draw(kind(rows)) for place, kind in enumerate(kinds)}, index=pd.RangeIndex(rows))
    frame.columns = pd.Index(draw(st.lists(TEXT, min_size=len(kinds), max_size=len(kinds))), dtype="str")
    return frame
