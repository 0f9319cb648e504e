"""Types survive: what is read, written and read again is equal, and the three ways of reading agree."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pandas as pd
import pyarrow as pa
import pytest
from support.databases import database

BIG = Decimal("12345678901234567890.123456789")
ID = UUID("00112233-4455-6677-8899-aabbccddeeff")

# Column → its type, the value as SQL, and what arrives.
COMMON = {
    "small": ("smallint", "-7", -7),
    "wide": ("bigint", "9007199254740993", 9007199254740993),  # 2⁵³ + 1: no float holds it
    "money": ("decimal(12,2)", "10.10", Decimal("10.10")),
    "exact": ("decimal(38,9)", "12345678901234567890.123456789", BIG),
    "ratio": ("double precision", "0.1", 0.1),
    "paid": ("boolean", "true", True),
    "word": ("varchar(40)", "'Ünïcode, \"quoted\" it''s'", 'Ünïcode, "quoted" it\'s'),
    "born": ("date", "'1931-05-04'", datetime(1931, 5, 4)),  # noqa: DTZ001 - dates are midnights
    "moment": ("timestamp", "'1965-01-02 03:04:05.000006'", datetime(1965, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001
    "clock": ("time", "'23:59:59'", time(23, 59, 59)),
}
OWN = {
    "duckdb": {
        "zoned": ("timestamptz", "'1965-01-02 03:04:05.000006+02'", datetime(1965, 1, 2, 1, 4, 5, 6, UTC)),
        "raw": ("blob", "'\\x00\\xFF'::blob", b"\x00\xff"),
        "doc": ("json", "'{\"a\": [1, null]}'", '{"a": [1, null]}'),
        "uid": ("uuid", f"'{ID}'", ID),
        "length": ("interval", "interval '2 days 3 seconds'", timedelta(days=2, seconds=3)),
        "list": ("integer[]", "[1, null, 3]", [1, None, 3]),
    },
    "postgresql": {
        "zoned": ("timestamptz", "'1965-01-02 03:04:05.000006+02'", datetime(1965, 1, 2, 1, 4, 5, 6, UTC)),
        "raw": ("bytea", "'\\x00ff'", b"\x00\xff"),
        "doc": ("json", "'{\"a\": [1, null]}'", {"a": [1, None]}),
        "docb": ("jsonb", "'[\"x\", 2.5]'", ["x", 2.5]),
        "uid": ("uuid", f"'{ID}'", ID),
        "length": ("interval", "'2 days 3.000004 seconds'", timedelta(days=2, seconds=3, microseconds=4)),
        "address": ("inet", "'10.0.0.1'", "10.0.0.1"),
    },
    "mariadb": {
        "raw": ("blob", "x'00ff'", b"\x00\xff"),
        "doc": ("json", "'{\"a\": [1, null]}'", '{"a": [1, null]}'),
        "uid": ("uuid", f"'{ID}'", str(ID)),
    },
    "sqlite": {"raw": ("blob", "x'00ff'", b"\x00\xff")},
}
REPLACED = {  # what an engine calls otherwise, or keeps as something else
    "mariadb": {
        "moment": ("datetime(6)", "'1965-01-02 03:04:05.000006'", datetime(1965, 1, 2, 3, 4, 5, 6)),  # noqa: DTZ001
        "clock": ("time", "'23:59:59'", timedelta(hours=23, minutes=59, seconds=59)),
    },
    "sqlite": {
        "money": ("text", "'10.10'", "10.10"),
        "exact": ("text", f"'{BIG}'", str(BIG)),
        "paid": ("integer", "1", 1),
        "born": ("text", "'1931-05-04'", "1931-05-04"),
        "moment": ("text", "'1965-01-02 03:04:05.000006'", "1965-01-02 03:04:05.000006"),
        "clock": ("text", "'23:59:59'", "23:59:59"),
    },
}
ENGINES = [
    "duckdb", "sqlite", pytest.param("postgresql", marks=pytest.mark.services),
    pytest.param("mariadb", marks=pytest.mark.services),
]  # fmt: skip


@pytest.fixture(params=ENGINES)
def made(request, tmp_path, services):
    with database(request.param, tmp_path, services) as made:
        made.columns = {**COMMON, **OWN[request.param], **REPLACED.get(request.param, {})}
        lab = made.open()
        declared = ", ".join(f"{name} {type_}" for name, (type_, _, _) in made.columns.items())
        for table in ("kinds", "copied"):
            lab.execute(f"create table {table} (id integer, {declared})")
        values = ", ".join(sql for _, sql, _ in made.columns.values())
        lab.execute(f"insert into kinds values (1, {values})")
        lab.execute("insert into kinds (id) values (2)")
        made.lab = lab
        yield made


QUERY = "select * from kinds order by id"


def test_values_arrive_as_they_are(made):
    frame = made.lab.sql(QUERY)
    for name, (_, _, value) in made.columns.items():
        got = frame[name][0]
        assert (got.to_pydatetime() if isinstance(got, pd.Timestamp) else got) == value, name
        assert not isinstance(value, bytes) or bytes(got) == value, name
        missing = frame[name][1]
        assert missing is None or pd.isna(missing), name


def test_missing_values_change_no_type(made):
    frame = made.lab.sql(QUERY)
    assert str(frame["wide"].dtype) == "Int64"
    assert frame["wide"].sum() == 9007199254740993
    if "decimal" in made.columns["exact"][0]:
        assert str(frame["exact"].dtype).startswith("decimal128(38, 9)")
        assert str(frame["paid"].dtype) == "boolean"
        assert str(frame["born"].dtype) == "datetime64[us]"


@pytest.mark.parametrize("table", ["copied", "fresh"])
def test_read_written_and_read_again(made, table):
    before = made.lab.sql(QUERY)
    made.lab.write(table, before)
    after = made.lab.sql(f"select * from {table} order by id")
    if table == "fresh":  # a new table has the types of the frame, which knows no date without a time
        before, after = before.astype(object), after.astype(object)
        for name in ("doc", "docb"):
            if made.kind == "mariadb" and name in before:
                assert before[name].tolist() == after[name].tolist()
    pd.testing.assert_frame_equal(after, before)


@pytest.mark.parametrize("table", ["copied", "fresh"])
def test_arrow_is_written_as_it_was_read(made, table):
    before = made.lab.arrow(QUERY)
    made.lab.write(table, before)
    after = made.lab.arrow(f"select * from {table} order by id")
    assert after.to_pylist() == before.to_pylist()


def test_the_three_ways_agree(made):
    whole = made.lab.arrow(QUERY)
    batches = list(made.lab.stream(QUERY, batch=1))
    assert [each.num_rows for each in batches] == [1, 1]
    streamed = pa.Table.from_batches(batches)
    assert streamed.to_pylist() == whole.to_pylist()
    frame = made.lab.sql(QUERY)
    for name in ("small", "wide", "money", "exact", "ratio", "paid", "word", "raw"):
        told = [None if value is None or value is pd.NA else value for value in frame[name].astype(object)]
        assert told[0] == whole.column(name)[0].as_py(), name


def test_values_that_are_bound_change_no_type(made):
    """PostgreSQL's answer to a query with values comes through another driver."""
    pd.testing.assert_frame_equal(
        made.lab.sql("select * from kinds where id < :x order by id", x=9), made.lab.sql(QUERY)
    )
    assert made.lab.arrow("select * from kinds where id < :x order by id", x=9).schema == made.lab.arrow(QUERY).schema


def test_no_rows_keep_their_types(made):
    if made.kind == "sqlite":
        return  # its types are those of the values
    none = made.lab.arrow("select * from kinds where id = 99")
    assert none.num_rows == 0
    assert none.schema == made.lab.arrow(QUERY).schema
    (batch,) = made.lab.stream("select * from kinds where id = 99")
    assert batch.num_rows == 0


def test_dates_out_of_nanoseconds(made):
    if made.kind == "sqlite":
        return
    frame = made.lab.sql("select cast('0001-01-01' as date) as first, cast('9999-12-31' as date) as last")
    assert [str(each.date()) for each in frame.iloc[0]] == ["0001-01-01", "9999-12-31"]


def test_a_date_is_a_date_in_arrow(made):
    if made.kind != "sqlite":
        assert made.lab.arrow(QUERY).column("born")[0].as_py() == date(1931, 5, 4)
