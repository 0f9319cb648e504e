"""Types of columns: taken from values, widened, fitted."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.model.columns import compare, fit, kind_of, wider
from analytics_lib.model.files import Notation


def naive(*parts):
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(("value", "kind"), [
    (None, None), (True, "boolean"), (3, "integer"), (2**63, "text"), (0.5, "number"), (Decimal("0.5"), "decimal"),
    ("x", "text"), ("", "text"), ("3", "text"), ("2026-02-30", "text"), ("2026-02-28", "date"), ([1], "json"),
    ("2026-01-31T08:00:00Z", "timestamp"), ("2026-01-31 08:00", "timestamp"), ("2026-01-31T08:00:00+0130", "timestamp"),
    (date(2026, 1, 1), "date"), (datetime(2026, 1, 1, tzinfo=UTC), "timestamp"), ({"a": 1}, "json"),
])  # fmt: skip
def test_kinds(value, kind):
    assert kind_of(value) == kind


@pytest.mark.parametrize(("value", "kind"), [
    ("", None), ("3", "integer"), ("-3", "integer"), ("007", "text"), ("1.50", "number"), ("1e999", "text"),
    ("true", "boolean"), ("99999999999999999999", "text"), ("9" * 5000, "text"),
    ("-9223372036854775808", "integer"), ("2026-01-31", "date"), ("FALSE", "boolean"),
    ("31.1.2026", "date"), ("31.02.2026", "text"), ("01.31.2026", "text"), ("01.02.2026 08:30:00", "timestamp"),
    ("01/02/2026", "text"), ("1.2.26", "text"), ("1.234", "number"), ("1,234", "text"),
])  # fmt: skip
def test_kinds_of_text(value, kind):
    assert kind_of(value, Notation()) == kind


@pytest.mark.parametrize(("value", "kind", "fitted"), [
    ("1.234", "integer", 1234), ("1.234.567", "integer", 1234567), ("12.34.567", "integer", 1234567),
    ("1.234,5", "number", 1234.5), ("1234,5", "number", 1234.5), ("-0,5e3", "number", -500.0), ("1.5", "text", "1.5"),
    ("1234.567", "text", "1234.567"), ("1.23.4567", "text", "1.23.4567"), ("0.123", "text", "0.123"),
    ("12.01.2026", "date", date(2026, 1, 12)),
])  # fmt: skip
def test_what_people_write(value, kind, fitted):
    notation = Notation(",", ".")
    assert kind_of(value, notation) == kind
    assert fit(value, kind, notation) == fitted


def test_a_number_that_is_written_otherwise_does_not_fit():
    with pytest.raises(ValueError, match=r"is '1.5', no finite number"):
        fit("1.5", "number", Notation(",", "."))
    assert fit(1.5, "number", Notation(",", ".")) == 1.5
    assert fit("1.5", "number") == 1.5


@pytest.mark.parametrize(("value", "kind", "fitted"), [
    ("12", "integer", 12), (12.0, "integer", 12), ("", "integer", None), (3, "number", 3.0), ("1e3", "number", 1000.0),
    ("1.10", "decimal", Decimal("1.10")), (0.1, "decimal", Decimal("0.1")), ("true", "boolean", True),
    ("2026-01-31", "timestamp", naive(2026, 1, 31)), ("2026-01-31T00:00:00Z", "date", date(2026, 1, 31)),
    ("2026-01-31T01:00:00+02:00", "timestamp", naive(2026, 1, 30, 23)), (None, "text", None), ("", "text", ""),
    (7, "text", "7"), (True, "text", "true"), ({"a": "ü"}, "text", '{"a": "ü"}'), ("x", "json", '"x"'),
])  # fmt: skip
def test_what_fits(value, kind, fitted):
    assert fit(value, kind) == fitted
    assert type(fit(value, kind)) is type(fitted)


@pytest.mark.parametrize(("value", "kind", "said"), [
    ("abc", "integer", "is 'abc', no whole number of 64 bits"), (2**70, "integer", "no whole number"),
    (1.5, "integer", "is 1.5, no whole number"), (True, "integer", "is true, no whole number"),
    (float("nan"), "number", "no finite number"), (float("inf"), "integer", "no whole number"),
    ("0.12345678901", "decimal", "no number of 28 digits and 10 decimals"), ("1e30", "decimal", "no number of 28"),
    ("yes", "boolean", "neither true nor false"), ("2026-02-30", "date", "is '2026-02-30', no date"),
    ("2026-01-31T08:00:00", "date", "no date"), ("9999-12-31T23:00:00-08:00", "timestamp", "no time"),
    ("a\0b", "text", "holds the character NUL"), ({"a": "\0"}, "json", "NUL"), ("\ud800", "text", "half of"),
    ("x" * 100, "integer", "…, no whole number"), ([1], "number", "is [1], no finite number"),
])  # fmt: skip
def test_what_does_not(value, kind, said):
    with pytest.raises(ValueError) as caught:
        fit(value, kind)
    assert said in str(caught.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)


@given(st.lists(JSON))
def test_what_is_of_a_kind_fits_it(values):
    """A column's type is taken from its values: none of them may be refused, but for what no database holds."""
    kind = None
    for value in values:
        kind = wider(kind, kind_of(value))
    for value in values:
        try:
            fit(json.loads(json.dumps(value)), kind or "text")
        except ValueError as error:
            assert any(word in str(error) for word in ("NUL", "Unicode", "NaN", "Infinity", "inf"))


@given(JSON, JSON, JSON)
def test_widening_knows_no_order(one, two, three):
    kinds = kind_of(one), kind_of(two), kind_of(three)
    assert wider(wider(kinds[0], kinds[1]), kinds[2]) == wider(kinds[0], wider(kinds[1], kinds[2]))
    assert wider(kinds[0], kinds[1]) == wider(kinds[1], kinds[0])


def test_drift():
    drift = compare({"id": "integer", "name": "text", "sum": "integer", "gone": "text"},
                    {"id": "integer", "name": "integer", "sum": "number", "new": "date", "empty": None})  # fmt: skip
    assert drift.sentences() == [
        "new column new (date)", "new column empty (text)", "column gone has vanished; it is null",
        "column sum was integer and is number; rows that do not fit are quarantined",
    ]  # fmt: skip
    assert compare({"a": "text"}, {"a": None}).sentences() == []
