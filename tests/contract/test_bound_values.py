"""Values of PostgreSQL's queries: the faster driver binds what it can exactly, and answers as psycopg does."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pandas as pd
import pytest

from analytics_lib.connectors.engines import adbc
from analytics_lib.errors import DataError

pytestmark = pytest.mark.services

AWKWARD = """
create table awkward (id integer, day date, at timestamp, moment timestamptz, price numeric(12, 2), share real,
    code char(4), label varchar(9), mark uuid, told jsonb, raw bytea)
"""
ROWS = """
insert into awkward select i, date '2025-01-01' + i, timestamp '2025-01-01' + i * interval '1 hour',
    timestamptz '2025-01-01 00:00+00' + i * interval '1 hour', i * 1.25, i / 4.0, 'c' || i, 'label ' || i,
    ('00000000-0000-0000-0000-00000000000' || i)::uuid, jsonb_build_object('i', i), decode('0' || i, 'hex')
from generate_series(1, 5) i
"""
NAIVE = datetime.fromisoformat("2025-01-01T03:00:00")
FAST = {
    "whole number": ("id > :x", {"x": 2}),
    "whole number of 64 bits": ("id < :x", {"x": 2**62}),
    "float against a whole number": ("id > :x", {"x": 2.5}),
    "whole number against a decimal": ("price > :x", {"x": 3}),
    "float against a short float": ("share = :x", {"x": 0.25}),
    "text": ("label = :x", {"x": "label 3"}),
    "text with quotes": ("label <> :x", {"x": "'; drop table awkward; --"}),
    "text as a day": ("day >= :x", {"x": "2025-01-04"}),
    "text as a time": ("at >= :x", {"x": "2025-01-01 03:00:00"}),
    "day": ("day >= :x", {"x": date(2025, 1, 4)}),
    "day before 1970": ("day >= :x", {"x": date(1820, 1, 4)}),
    "time": ("at = :x", {"x": NAIVE}),
    "time without a zone against one with": ("moment >= :x", {"x": NAIVE}),
    "time with a zone": ("moment >= :x", {"x": NAIVE.replace(tzinfo=UTC)}),
    "boolean": ("(id > 2) = :x", {"x": True}),
    "bytes": ("raw = :x", {"x": b"\x03"}),
    "list": ("id in :x", {"x": [2, 3, 9]}),
    "one value twice": ("id > :x and id < :x + 2", {"x": 2}),
    "several, a colon and a percent sign": (
        "label like :x and id <> :y and 'a:b%' <> :z", {"x": "label%", "y": 4, "z": "a"},
    ),
}  # fmt: skip
LEFT = {
    "decimal": ("price = :x", {"x": Decimal("2.50")}),
    "nothing": ("id = coalesce(:x, 3)", {"x": None}),
    "text as a number": ("id = :x", {"x": "3"}),
    "text as a time with a zone": ("moment > :x", {"x": "2025-01-01 03:00"}),
    "text of any form as a day": ("day > :x", {"x": "3 January 2025"}),
    "text as char(n)": ("code = :x", {"x": "c3"}),
    "text as a uuid": ("mark = :x", {"x": "00000000-0000-0000-0000-000000000003"}),
    "uuid": ("mark = :x", {"x": uuid.UUID(int=3)}),
    "text as json": ("told @> :x", {"x": '{"i": 3}'}),
    "time of the day": ("at::time = :x", {"x": time(3)}),
    "length of time": ("at - :x < '2025-01-01 03:00'", {"x": timedelta(hours=1)}),
    "sum with a day": ("day = :x + 3", {"x": date(2025, 1, 1)}),
    "day and a number": ("day = date '2025-01-01' + :x", {"x": 3}),
}


@pytest.fixture(scope="module")
def kind():
    """The one engine with two drivers."""
    return "postgresql"


@pytest.fixture
def shop(engine):
    engine.write(AWKWARD, ROWS)
    return engine


@pytest.fixture
def copied(monkeypatch):
    """Answers that came through the faster driver."""
    seen = []
    whole = adbc.AdbcRows.whole
    monkeypatch.setattr(adbc.AdbcRows, "whole", lambda self, limit=None: seen.append(1) or whole(self, limit))
    return seen


def through_psycopg(shop, monkeypatch, query, values):
    with monkeypatch.context() as patch:
        patch.setattr(adbc, "INSTALLED", False)
        return shop.open().sql(query, **values)


@pytest.mark.parametrize(("where", "values"), [pytest.param(*FAST[each], id=each) for each in FAST])
def test_both_drivers_answer_alike(shop, copied, monkeypatch, where, values):
    query = f"select id, day, at, moment, price, label from awkward where {where} order by id"
    frame = shop.open().sql(query, **values)
    assert copied, "the faster driver was not asked"
    assert len(frame)
    pd.testing.assert_frame_equal(frame, through_psycopg(shop, monkeypatch, query, values))


@pytest.mark.parametrize(("where", "values"), [pytest.param(*LEFT[each], id=each) for each in LEFT])
def test_what_the_faster_driver_would_bind_otherwise_goes_through_psycopg(shop, monkeypatch, where, values):
    query = f"select id, label from awkward where {where} order by id"
    frame = shop.open().sql(query, **values)
    assert len(frame)
    pd.testing.assert_frame_equal(frame, through_psycopg(shop, monkeypatch, query, values))


@pytest.mark.parametrize("value", [5, 70_000, 2**40, 2.5, "text", True, date(2025, 1, 1), NAIVE])
def test_a_value_comes_back_with_its_type(shop, monkeypatch, value):
    query, values = "select :x as x, 1 as one", {"x": value}
    pd.testing.assert_frame_equal(shop.open().sql(query, **values), through_psycopg(shop, monkeypatch, query, values))


def test_what_the_server_refuses_is_said_as_ever(shop):
    connection = shop.open()
    with pytest.raises(DataError, match="division by zero"):
        connection.sql("select id / (id - :x) from awkward", x=3)
    with pytest.raises(DataError, match="colour"):
        connection.sql("select colour from awkward where id = :x", x=3)
    assert len(connection.sql("select id from awkward where id = :x", x=3)) == 1
