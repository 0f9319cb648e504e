from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.validation.figures import exactly, listed, percent, roughly


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"), (-2.0, "-2"), (2013, "2013"), (10000, "10,000"), (-12345.5, "-12,345.5"), (1e-7, "1e-07"),
        (None, "null"), (False, "false"), ("B6", "B6"), ([1, "a"], "(1, a)"), (float("inf"), "inf"),
    ],
)  # fmt: skip
def test_a_written_value_keeps_every_digit(value, text):
    assert exactly(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.833333333, "0.833333"), (0.0000001234567, "1.23457e-07"), (51.3, "51.3"), (111.10000000001, "111.1"),
        (1234.5678, "1234.57"), (98765.4321, "98,765.4"), (3.0, "3"), (float("nan"), "nan"), ("x", "x"),
    ],
)  # fmt: skip
def test_a_computed_value_has_six_digits(value, text):
    assert roughly(value) == text


def test_a_code_in_a_set_is_not_grouped():
    assert listed([12345, 2.5, None]) == "{12345, 2.5, null}"


@given(whole=st.integers(1, 10**12), data=st.data())
def test_a_share_is_none_or_all_only_when_it_is(whole, data):
    part = data.draw(st.integers(0, whole))
    text = percent(part, whole)
    assert (text == "0 %") == (part == 0)
    assert (text == "100 %") == (part == whole)
