"""A view and its address: there and back, the same as the server of apps reads it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.errors import AnalyticsError
from analytics_lib.exploring.view import (
    CHARTS,
    COMPARED,
    MOST_ROWS,
    PARAMETERS,
    View,
    make_view,
    read_query,
    to_query,
)
from analytics_lib.model.parameters import resolve
from analytics_lib.server.apps import opening
from analytics_lib.workspace.notebooks import load_notebook

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
NAMES = st.lists(TEXT.map(str.strip).filter(bool), max_size=4, unique=True)
SCALARS = TEXT | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
SEVERAL = SCALARS | st.lists(SCALARS, min_size=1, max_size=3)
RANGES = st.one_of(
    st.lists(st.integers(), min_size=2, max_size=2).map(sorted),
    st.lists(st.dates(), min_size=2, max_size=2).map(sorted),
    st.tuples(TEXT, TEXT | st.integers()),
).map(tuple)
CONDITIONS = (
    SEVERAL
    | st.builds(lambda each: {"not": each}, SEVERAL)
    | RANGES.map(lambda ends: dict(zip(("from", "to"), ends, strict=True)))
    | RANGES
)
DAYS = st.none() | st.dates()
VIEWS = st.builds(
    lambda metrics, by, grain, where, days, **shown: make_view(metrics, [*grain, *by], where, days, **shown),
    NAMES,
    NAMES.map(lambda names: [name for name in names if name not in {"day", "week", "month", "quarter", "year"}]),
    st.sampled_from([[], ["month"], ["day"]]),
    st.dictionaries(TEXT, CONDITIONS, max_size=3),
    st.tuples(DAYS, DAYS),
    compare=st.sampled_from(COMPARED),
    chart=st.sampled_from(CHARTS),
    order=TEXT,
    limit=st.integers(1, MOST_ROWS),
)


@given(VIEWS)
def test_an_address_holds_the_whole_view(view):
    assert read_query(to_query(view)) == view
    assert read_query(f"http://127.0.0.1:8866/app/metrics?{to_query(view)}#article") == view


@given(VIEWS)
def test_the_server_of_apps_reads_it_as_the_library_does(view):
    arguments = {name: [each.encode() for each in values] for name, values in parse_qs(to_query(view), True).items()}
    values = resolve(PARAMETERS, opening.read_query(arguments, PARAMETERS, "app"))
    days = values.pop("start"), values.pop("end")
    assert make_view(days=days, **values) == view


def test_the_playground_declares_what_an_address_holds(root):
    declared = load_notebook(root, "notebooks/apps/metrics.ipynb", where="notebooks/apps").parameters
    facts = {name: (each.type, each.default, each.nullable, each.choices) for name, each in declared.items()}
    assert facts == {name: (each.type, each.default, each.nullable, each.choices) for name, each in PARAMETERS.items()}


def test_what_is_as_by_default_is_left_out():
    assert to_query(View()) == ""
    assert to_query(make_view("revenue", limit=10)) == "metrics=revenue&limit=10"


def test_conditions_are_kept_as_json_has_them():
    given_ = {
        "a": ["x"], "b": (1, 2), "c": {"not": ["y", None]}, "d": date(2026, 1, 2),
        "e": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "f": Decimal("1.50"), "g": Decimal(3), "h": {"to": 5},
    }  # fmt: skip
    assert make_view("revenue", where=given_).where == {
        "a": "x", "b": {"from": 1, "to": 2}, "c": {"not": ["y", None]}, "d": "2026-01-02",
        "e": "2026-01-02 03:00:00+00:00",
        "f": 1.5, "g": 3, "h": {"to": 5},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("metrik=revenue", "unknown parameter 'metrik'; did you mean 'metrics'"),
        ("where={channel:web}", "where is no JSON: {channel:web}"),
        ("where=[1]", "where is [1]; conditions by dimension"),
        ("where=" + "[" * 100_000, "where is no JSON"),
        ('where={"a":{"b":1}}', "the condition on 'a' is {'b': 1}"),
        ('where={"a":NaN}', "the condition on 'a' holds nan"),
        ("by=month,week", "by names two periods, month and week"),
        ("start=soon", "parameter 'start': 'soon' is not a date"),
        ("compare=last_year", "parameter 'compare' cannot be 'last_year'"),
        ("chart=pie", "parameter 'chart' cannot be 'pie'"),
        ("limit=0", "limit is 0; a whole number from 1 to 5,000 is right"),
        ("start=2026-01-01&start=2026-01-02", "parameter 'start'"),
    ],
)
def test_a_mistake_in_an_address_is_a_sentence(query, words):
    with pytest.raises(AnalyticsError) as raised:
        read_query(query)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ({"chart": "pie"}, "there is no chart 'pie'"),
        ({"compare": "last_year"}, "there is no comparison 'last_year'"),
        ({"order": None}, "order is None"),
        ({"limit": True}, "limit is True"),
        ({"metrics": [""]}, "metrics is ['']"),
        ({"days": ("2026-13-01", None)}, "start is '2026-13-01'"),
        ({"where": 3}, "where is 3"),
    ],
)
def test_so_is_one_in_python(choice, words):
    with pytest.raises(AnalyticsError) as raised:
        make_view(**choice)
    assert words in str(raised.value)
