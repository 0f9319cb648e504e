"""Values of parameters: what each type takes, and the sentence for what it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from analytics_lib.errors import ParameterError
from analytics_lib.model.parameters import PARAMETER_TYPES, Parameter, resolve


def parameter(kind, **more):
    return Parameter("x", kind, where="notebooks/n.ipynb cell 1, line 1", **more)


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        ("string", "UA", "UA"),
        ("string", "", ""),
        ("string", 7, "7"),
        ("string", date(2026, 1, 31), "2026-01-31"),
        ("int", "12", 12),
        ("int", " -3 ", -3),
        ("int", 4.0, 4),
        ("int", Decimal(5), 5),
        ("float", "1.5", 1.5),
        ("float", "1e3", 1000.0),
        ("float", 2, 2.0),
        ("float", Decimal("0.25"), 0.25),
        ("bool", "yes", True),
        ("bool", "Off", False),
        ("bool", True, True),
        ("bool", 0, False),
        ("date", "2026-01-31", "2026-01-31"),
        ("date", "20260131", "2026-01-31"),
        ("date", date(2026, 1, 31), "2026-01-31"),
        ("date", datetime(2026, 1, 31, 6, tzinfo=UTC), "2026-01-31"),
        ("datetime", "2026-01-31T06:00", "2026-01-31T06:00:00"),
        ("datetime", "2026-01-31", "2026-01-31T00:00:00"),
        ("datetime", "2026-01-31T06:00Z", "2026-01-31T06:00:00+00:00"),
        ("datetime", datetime(2026, 1, 31, 6, tzinfo=UTC), "2026-01-31T06:00:00+00:00"),
        ("choice", "a", "a"),
        ("choice", 3, 3),
    ],
)
def test_each_type_takes_its_values(kind, raw, value):
    found = parameter(kind).coerce(raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "raw", "sentence"),
    [
        ("string", ["a"], "['a'] is not text"),
        ("string", {"a": 1}, "{'a': 1} is not text"),
        ("string", False, "False is not text"),
        ("int", "1.5", "'1.5' is not a whole number"),
        ("int", 1.5, "1.5 is not a whole number"),
        ("int", Decimal("1.5"), "1.5 is not a whole number"),
        ("int", "", "'' is not a whole number"),
        ("int", True, "True is not a whole number"),
        ("int", float("inf"), "inf is not a whole number"),
        ("float", "much", "'much' is not a number"),
        ("float", "nan", "'nan' is not a number"),
        ("float", True, "True is not a number"),
        ("bool", "maybe", "'maybe' is not true or false"),
        ("bool", 2, "2 is not true or false"),
        ("date", "2026-02-30", "'2026-02-30' is not a date such as 2026-01-31"),
        ("date", "yesterday", "'yesterday' is not a date such as 2026-01-31"),
        ("date", 2026, "2026 is not a date such as 2026-01-31"),
        ("datetime", "06:00", "'06:00' is not a time such as 2026-01-31T06:00"),
    ],
)
def test_each_type_refuses_the_rest(kind, raw, sentence):
    with pytest.raises(ParameterError) as caught:
        parameter(kind).coerce(raw)
    assert caught.value.message == f"parameter 'x': {sentence}"
    assert caught.value.where == "notebooks/n.ipynb cell 1, line 1"


def test_a_word_that_yaml_reads_as_false_is_to_be_quoted():
    with pytest.raises(ParameterError) as caught:
        parameter("string").coerce(False)
    assert caught.value.hint == "put it in quotes"


def test_the_place_of_the_value_comes_before_the_place_of_the_parameter():
    with pytest.raises(ParameterError) as caught:
        parameter("int").coerce("a", where="reports/r.yml:7")
    assert caught.value.where == "reports/r.yml:7"


@pytest.mark.parametrize("kind", [kind for kind in PARAMETER_TYPES if kind != "list"])
def test_none_needs_a_nullable_parameter(kind):
    with pytest.raises(ParameterError, match="'x' has no value"):
        parameter(kind).coerce(None)
    nullable = replace(parameter(kind), nullable=True)
    assert [nullable.coerce(raw) for raw in (None, "none", "Null")] == [None] * 3


def test_the_word_none_is_text_where_none_is_not_legal():
    assert parameter("string").coerce("none") == "none"


@pytest.mark.parametrize(
    ("kind", "low", "high", "legal", "illegal"),
    [
        ("int", 1, 5, [1, "5"], [0, "6"]),
        ("float", 0.5, None, [0.5, 9e9], ["0.49"]),
        ("date", "2026-01-01", date(2026, 12, 31), ["2026-01-01", "2026-12-31"], ["2025-12-31", "2027-01-01"]),
        ("datetime", None, "2026-01-01T12:00", ["2026-01-01T12:00"], ["2026-01-01T12:00:01"]),
        # Noon in Berlin is eleven in Greenwich, though its text sorts after it.
        ("datetime", None, "2026-01-01T11:00Z", ["2026-01-01T12:00+01:00"], ["2026-01-01T10:30-01:00"]),
        ("datetime", "2026-01-01T11:00Z", None, ["2026-01-01T11:00"], ["2026-01-01T10:59"]),
    ],
)
def test_bounds_are_inclusive(kind, low, high, legal, illegal):
    bounded = parameter(kind, minimum=low, maximum=high)
    for raw in legal:
        bounded.coerce(raw)
    for raw in illegal:
        with pytest.raises(ParameterError, match="is out of range"):
            bounded.coerce(raw)


@pytest.mark.parametrize(
    ("low", "high", "hint"),
    [
        (1, 5, "give it a whole number from 1 to 5"),
        (1, None, "give it a whole number, 1 or more"),
        (None, 5, "give it a whole number, 5 or less"),
    ],
)
def test_the_hint_names_the_bounds(low, high, hint):
    with pytest.raises(ParameterError) as caught:
        parameter("int", minimum=low, maximum=high).coerce(99 if high else -99)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("kind", "bounds", "sentence"),
    [
        ("string", {"minimum": 1}, "is of type string, which has no min"),
        ("bool", {"maximum": True}, "is of type bool, which has no max"),
        ("int", {"minimum": "few"}, "the min of parameter 'x' is 'few'"),
        ("date", {"maximum": 2026}, "the max of parameter 'x' is 2026"),
        ("int", {"minimum": 5, "maximum": 1}, "has a min of 5 above its max of 1"),
    ],
)
def test_bounds_must_fit_the_type(kind, bounds, sentence):
    with pytest.raises(ParameterError, match=sentence):
        parameter(kind, **bounds).check_bounds(where="reports/r.yml:3")


def test_sensible_bounds_pass():
    parameter("date", minimum="2026-01-01", maximum="2026-01-01").check_bounds()
    parameter("list", item_type="int", minimum=1).check_bounds()
    parameter("string").check_bounds()


def test_choices():
    size = parameter("choice", choices=("small", "large", 3))
    assert [size.coerce(raw) for raw in ("small", 3, "3")] == ["small", 3, 3]
    with pytest.raises(ParameterError) as caught:
        size.coerce("lrage")
    assert str(caught.value) == (
        "notebooks/n.ipynb cell 1, line 1: parameter 'x' cannot be 'lrage'; did you mean 'large'?"
    )


@pytest.mark.parametrize(
    ("item", "raw", "value"),
    [
        ("string", "UA,AA , B6", ["UA", "AA", "B6"]),
        ("string", '["a,b", "c"]', ["a,b", "c"]),
        ("string", "", []),
        ("int", "1,2", [1, 2]),
        ("int", (1, "2"), [1, 2]),
        ("date", [date(2026, 1, 31)], ["2026-01-31"]),
    ],
)
def test_lists(item, raw, value):
    assert parameter("list", item_type=item).coerce(raw) == value


@pytest.mark.parametrize("raw", [5, {"a": 1}, '["open'])
def test_no_list(raw):
    with pytest.raises(ParameterError) as caught:
        parameter("list").coerce(raw)
    assert "is not a list" in caught.value.message
    assert caught.value.hint == "give it a list, each item text"


def test_items_are_checked_one_by_one():
    bounded = parameter("list", item_type="int", minimum=1, maximum=9)
    with pytest.raises(ParameterError, match="10 is out of range"):
        bounded.coerce([1, 10])
    with pytest.raises(ParameterError, match="cannot be 'c'"):
        parameter("list", choices=("a", "b")).coerce("a,c")


def test_names_for_readers():
    assert parameter("int", label="Shelf life").shown_name == "Shelf life"
    assert Parameter("as_of", "date").shown_name == "As of"


DECLARED = {
    "carrier": Parameter("carrier", "string", required=True, where="notebooks/n.ipynb cell 1, line 1"),
    "top": Parameter("top", "int", default=10, minimum=1),
}


class TestResolve:
    def test_given_values_come_before_defaults(self):
        assert resolve(DECLARED, {"carrier": "UA"}) == {"carrier": "UA", "top": 10}
        assert resolve(DECLARED, {"top": "3", "carrier": "UA"}) == {"carrier": "UA", "top": 3}

    def test_an_unknown_name(self):
        with pytest.raises(ParameterError) as caught:
            resolve(DECLARED, {"carier": "UA"}, where="report 'r'")
        assert str(caught.value) == "report 'r': unknown parameter 'carier'; did you mean 'carrier'?"

    def test_a_missing_value(self):
        with pytest.raises(ParameterError) as caught:
            resolve(DECLARED, {})
        assert caught.value.message == "parameter 'carrier' needs a value"
        assert caught.value.where == "notebooks/n.ipynb cell 1, line 1"
        assert "-p carrier=" in caught.value.hint
