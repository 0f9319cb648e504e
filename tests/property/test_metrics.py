"""Whatever is asked, two engines that share no code agree, and parts add up to their total."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.metered import business, make_business

FRAMES = make_business(rows=120, seed=5)
ADDED = ["revenue", "orders", "web_revenue", "discounted", "with_amount", "paid_orders"]
OTHERS = [
    "mean_amount", "least", "most", "middle", "ninth", "order_value", "margin", "buyers", "revenue_so_far",
    "month_to_date", "buyers_of_week", "average_of_month", "middle_of_fortnight", "again", "booked_revenue",
]  # fmt: skip
VISITS = ["visits", "bought", "visits_per_order"]
DIMENSIONS = ["channel", "customer.region"]
PERIODS = ["day", "week", "month", "quarter", "year"]


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    with (
        business("duckdb", tmp_path_factory.mktemp("duckdb"), None, FRAMES) as first,
        business("sqlite", tmp_path_factory.mktemp("sqlite"), None, FRAMES) as second,
    ):
        yield first(), second()


@st.composite
def questions(draw, metrics):
    start = draw(st.none() | st.dates(date(2025, 12, 1), date(2026, 4, 30)))
    length = draw(st.integers(0, 90))
    end = draw(st.none() | st.just((start or date(2026, 1, 15)) + timedelta(days=length)))
    period = draw(st.lists(st.sampled_from(PERIODS), max_size=1))
    dimensions = draw(st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=2))
    return {
        "metrics": draw(st.lists(st.sampled_from(metrics), unique=True, min_size=1, max_size=4)),
        "by": draw(st.permutations([*period, *dimensions])),
        "where": draw(st.sampled_from([None, {"channel": ["web", None]}, {"customer.region": {"not": "EU"}}])),
        "start": start,
        "end": end,
    }


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions([*ADDED, *OTHERS, *VISITS]))
def test_two_engines_agree(engines, question):
    one, other = (metrics.query(**question) for metrics in engines)
    assert list(one.columns) == list(other.columns)
    assert one.dtypes.astype(str).tolist() == other.dtypes.astype(str).tolist()
    keys = question["by"]
    left, right = (
        frame.astype(dict.fromkeys(keys, object)).where(frame.notna(), None).set_index(keys) if keys else frame
        for frame in (one, other)
    )
    assert left.index.tolist() == right.index.tolist()
    for name in question["metrics"]:
        found, wanted = (frame[name].astype(float).tolist() for frame in (left, right))
        assert found == pytest.approx(wanted, rel=1e-9, nan_ok=True), name


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(questions(ADDED))
def test_parts_add_up_to_the_total(engines, question):
    metrics, _ = engines
    parts = metrics.query(**question)
    total = metrics.query(**{**question, "by": []})
    for name in question["metrics"]:
        assert parts[name].sum() == pytest.approx(total[name].iloc[0], rel=1e-9)
