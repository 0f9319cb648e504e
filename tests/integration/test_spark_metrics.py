"""The same metrics on Spark, through compiled SQL: its answers are DuckDB's."""

from __future__ import annotations

import os
import shutil
from datetime import UTC
from importlib.util import find_spec

import pandas as pd
import pytest
from support.metered import business, make_business

FRAMES = make_business()
QUARTER = {"start": "2026-01-01", "end": "2026-03-31"}
QUESTIONS = [
    {"metrics": ["revenue", "orders", "mean_amount", "middle", "ninth", "buyers", "order_value"]},
    {"metrics": ["revenue", "orders", "visits"], "by": ["week", "channel"], **QUARTER},
    {"metrics": ["units_per_order", "revenue"], "by": ["customer.region"], "where": {"paid": True}},
    {"metrics": ["orders"], "by": ["paid"], "where": {"channel": ["O'Hara; --", "web", None]}},
    {"metrics": ["orders"], "where": {"channel": "\\' or 1=1 -- "}},
    {"metrics": ["revenue_so_far", "buyers_of_week", "month_to_date", "average_of_month"], "by": ["month"], **QUARTER},
    {"metrics": ["growth", "pace", "again_moved"], "by": ["month", "channel"], **QUARTER},
    {"metrics": ["orders_of_last_week", "middle_moved"], "by": ["day"], **QUARTER},
    {"metrics": ["bought", "again"]},
    {"metrics": ["orders"], "by": ["month"]},
]


@pytest.fixture(scope="module")
def spark(services):
    """A local session; Java and pyspark are needed."""
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java, which is not installed")
    if find_spec("pyspark") is None:
        pytest.skip("pyspark is not installed: pip install 'analytics-lib[spark]'")
    from pyspark.sql import SparkSession

    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    session = (
        builder.config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "1").getOrCreate()
    )
    schemas = {
        "orders": "id int, customer_id int, payer_id int, channel string, placed timestamp, booked date, "
        "amount decimal(12, 2), paid boolean",
        "order_lines": "order_id int, product string, quantity int, price decimal(12, 2)",
        "customers": "id int, region string",
        "visits": "customer_id int, seen_at timestamp, source string",
    }
    for name, schema in schemas.items():
        rows = [tuple(_plain(value) for value in row) for row in FRAMES[name].itertuples(index=False)]
        session.createDataFrame(rows, schema).createOrReplaceTempView(name)
    yield session
    session.stop()


def _plain(value):
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, pd.Timestamp):
        return value.to_pydatetime().replace(tzinfo=UTC)
    return value.item() if hasattr(value, "item") else value


def _shown(value):
    if value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value):  # noqa: PLR0124 - NaN
        return None
    if isinstance(value, pd.Timestamp):
        return value.date()
    return (
        value if isinstance(value, (str, bool)) or not isinstance(value, (int, float)) else pytest.approx(float(value))
    )


@pytest.mark.slow
def test_answers_are_the_same(spark, services, tmp_path):
    with business("duckdb", tmp_path, services, FRAMES) as made:
        metrics = made()
        for question in QUESTIONS:
            expected = metrics.query(**question)
            text = metrics.sql(**question, dialect="spark")
            found = [tuple(row) for row in spark.sql(text).collect()]
            assert len(found) == len(expected), question
            wanted = {tuple(row[: len(question.get("by", ()))]): row for row in _rows(expected)}
            for row in found:
                key = tuple(_plain(value) for value in row[: len(question.get("by", ()))])
                assert [_number(value) for value in row] == list(wanted[key]), question


def _rows(frame):
    return [tuple(_shown(value) for value in row) for row in frame.itertuples(index=False)]


def _number(value):
    return (
        float(value)
        if value is not None and not isinstance(value, (str, bool)) and hasattr(value, "__float__")
        else value
    )
