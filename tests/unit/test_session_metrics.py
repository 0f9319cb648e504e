"""``al.metrics()`` in a workspace: what a notebook writes, and what it gets."""

from __future__ import annotations

import copy
import pickle

import duckdb
import pandas as pd
import pytest

import analytics_lib as al
from analytics_lib.connectors.metrics.checking import agrees
from analytics_lib.session import _workspace

MODEL = """
owner: finance@example.com
connection: shop
table: orders
time: placed
dimensions:
  placed: {type: time}
  channel:
measures:
  amount: {aggregate: sum}
metrics:
  revenue: {measure: amount}
rows:
  partners: {channel: {env: PARTNER_CHANNEL}}
  staff: {}
"""


@pytest.fixture
def shop(bench, monkeypatch):
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("metrics/orders.yml", MODEL.lstrip())
    with duckdb.connect(str(bench.root / "shop.duckdb")) as connection:
        connection.execute(
            "create table orders as select timestamp '2026-01-01' + interval (i) day as placed, i as amount, "
            "case when i % 2 = 0 then 'web' else 'app' end as channel from range(1, 91) t(i)"
        )
    monkeypatch.chdir(bench.root)
    _workspace.cache_clear()
    yield bench
    _workspace.cache_clear()


def test_what_a_notebook_writes(shop):
    metrics = al.metrics()
    assert repr(metrics) == "<metrics: revenue>"
    assert len(metrics) == 1
    frame = metrics.query(["revenue"], by=["month", "channel"], where={"channel": "web"}, start="2026-02-01")
    assert frame["revenue"].sum() == sum(number for number in range(31, 91) if number % 2 == 0)
    assert isinstance(frame, pd.DataFrame)
    assert "orders.channel = 'web'" in frame.sql or "channel = 'web'" in frame.sql
    assert frame.sql == metrics.sql(["revenue"], by=["month", "channel"], where={"channel": "web"}, start="2026-02-01")
    assert type(frame[frame["revenue"] > 0]) is pd.DataFrame
    assert metrics.search("revenue")["owner"].tolist() == ["finance@example.com"]
    assert metrics.dimensions("revenue") == ["placed", "channel"]
    metrics.close()


def test_the_text_is_one_statement_that_runs(shop):
    metrics = al.metrics()
    frame = metrics.query(["revenue"], by=["week", "channel"], where={"channel": ["web", "it's; --"]})
    again = al.connect("shop").sql(frame.sql.replace(":", "\\:") if ":" in frame.sql else frame.sql)
    assert again["revenue"].astype(float).tolist() == frame["revenue"].tolist()
    metrics.close()


def test_the_environment_fills_a_rule(shop, monkeypatch):
    with pytest.raises(al.AnalyticsError, match=r"metrics/orders.yml:13: environment variable PARTNER_CHANNEL is not"):
        al.metrics("partners").query("revenue")
    monkeypatch.setenv("PARTNER_CHANNEL", "app")
    assert al.metrics(audience="partners").query("revenue", by="channel")["channel"].tolist() == ["app"]


def test_an_audience_without_a_rule_is_refused(shop):
    shop.write("metrics/more.yml", MODEL.lstrip().replace("revenue:", "more:").replace("  staff: {}\n", ""))
    with pytest.raises(al.AnalyticsError, match=r"audience 'staff' may not see model 'more'"):
        al.metrics("staff").query("more")
    with pytest.raises(al.AnalyticsError, match=r"audience 'staff' may not see model 'more'"):
        al.metrics("staff").query(["revenue", "more"])


def test_nobody_is_not_everybody(shop):
    with pytest.raises(al.AnalyticsError, match="the audience is empty; name one, or leave it out"):
        al.metrics(audience="")


def test_answers_travel(shop):
    metrics = al.metrics()
    frame = metrics.query("revenue", by="month")
    assert pickle.loads(pickle.dumps(frame)).equals(frame)
    assert copy.deepcopy(frame).equals(frame)
    assert frame.copy()["revenue"].sum() == sum(range(1, 91))
    metrics.close()


NAMED = """
owner: finance@example.com
connection: shop
table: orders
time: placed
entities:
  buyer: {type: foreign, column: amount}
dimensions:
  placed: {type: time}
DIMENSIONS
measures:
  sums: {aggregate: sum, column: amount}
  middles: {aggregate: median, column: amount}
  rows: {aggregate: count}
metrics:
  added: {type: cumulative, measure: sums, window: 90 days}
  distinct: {type: cumulative, measure: middles, window: 90 days}
  middle: {measure: middles}
  again: {type: conversion, entity: buyer, base: rows, conversion: rows, window: 7 days}
  more: {measure: sums}
  more_before: {measure: rows}
"""
OWN_WORDS = [
    "value", "on_day", "who", "at", "began", "done", "soonest", "place", "many", "n", "low", "until", "last_day",
    "both", "told", "found", "stacked", "groups", "periods", "select", "order",
]  # fmt: skip


def test_any_word_may_name_a_dimension(shop):
    """Also those that the statement uses itself, and those of SQL."""
    dimensions = "".join(f"  {word}: {{column: channel}}\n" for word in OWN_WORDS).rstrip()
    shop.write("metrics/orders.yml", NAMED.lstrip().replace("DIMENSIONS", dimensions))
    metrics = al.metrics()
    asked = ["added", "distinct", "middle", "again"]
    expected = metrics.query(asked, by=["month", "value"])
    for word in OWN_WORDS[1:]:
        found = metrics.query(asked, by=["month", word]).rename(columns={word: "value"})
        pd.testing.assert_frame_equal(found, pd.DataFrame(expected))
    assert metrics.compare("more", by=["value", "month"], start="2026-02-01", end="2026-02-28")["value"].nunique() == 2
    with pytest.raises(al.AnalyticsError, match="'more_before' is a column of the comparison as well"):
        metrics.compare(["more", "more_before"], start="2026-02-01", end="2026-02-28")
    metrics.close()


def test_an_unknown_dialect(shop):
    with pytest.raises(al.AnalyticsError, match="there is no dialect 'spork' to write for; did you mean 'spark'"):
        al.metrics().sql("revenue", dialect="spork")


@pytest.mark.parametrize(("to", "end"), [("previous_perod", "2026-01-31"), ("previous_year", None)])
def test_a_comparison_needs_both_days_and_a_known_time(shop, to, end):
    with pytest.raises(al.AnalyticsError, match=r"did you mean 'previous_period'|the end is missing"):
        al.metrics().compare("revenue", start="2026-01-01", end=end, to=to)


@pytest.mark.parametrize(
    ("found", "wanted", "same"),
    [
        (0.7463, 0.746, True), (0.7467, 0.746, False), (27004.4, 27004.0, True), (27004.6, 27004, False),
        (None, None, True), (None, 0.0, False), (1e-7, 1e-7, True), (1.4e-7, 1e-7, True), (1.6e-7, 1e-7, False),
        (1e20 + 1e5, 1e20, True),
    ],
)  # fmt: skip
def test_examples_agree_to_the_digits_written(found, wanted, same):
    assert agrees(found, wanted) is same
