"""Files loaded: every format with its types, how they are written, what is broken, and what stays as it was."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import fsspec
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.loading import make_depot
from support.rest_fixtures import api

from analytics_lib.errors import ConnectionFailed, QueryError

__all__ = ["api"]

INTO = "into: {connection: warehouse, table: plans, key: id}\n"
TYPES = {"id": "integer", "amount": "number", "day": "date", "at": "timestamp", "ok": "boolean", "code": "text"}
ROWS = [
    (1, 1234.5, date(2026, 1, 2), datetime(2026, 1, 2, 3, 4, 5), True, "007"),  # noqa: DTZ001 - as it lands
    (2, -7.0, None, None, None, None),
]


@pytest.fixture
def depot(tmp_path, api):
    depot = make_depot(tmp_path / "depot", api)
    (depot.root / "sources/crm.yml").unlink()
    return depot


@pytest.fixture
def load(depot):
    def load(file, *, rest="", **request):
        depot.source(f"owner: me\nfile: {file}\n{rest}{INTO}", "plans")
        return depot.load("plans", **request)

    return load


def write_csv(path):
    path.write_text("id,amount,day,at,ok,code\n1,1234.5,2026-01-02,2026-01-02T03:04:05,true,007\n2,-7.0,,,,\n")


def write_json(path):
    path.write_text('{"id": 1, "amount": 1234.5, "day": "2026-01-02", "at": "2026-01-02T03:04:05", "ok": true, '
                    '"code": "007"}\n{"id": 2, "amount": -7}\n')  # fmt: skip


def write_parquet(path):
    columns = zip(*ROWS, strict=True)
    pq.write_table(pa.table(dict(zip(TYPES, map(list, columns), strict=True))), path)


def write_excel(path):
    book = openpyxl.Workbook()
    book.active.title = "notes"
    book.active.append(["nothing of interest"])
    sheet = book.create_sheet("of 2026")
    for row in ([], list(TYPES), *ROWS):
        sheet.append(row)
    book.save(path)


@pytest.mark.parametrize(("name", "write", "rest"), [
    ("a.csv", write_csv, ""), ("a.ndjson", write_json, ""), ("a.parquet", write_parquet, ""),
    ("a.xlsx", write_excel, "sheet: of 2026\n"), ("a.data", write_parquet, "format: parquet\n"),
])  # fmt: skip
def test_each_format_lands_with_its_types(depot, load, name, write, rest):
    write(depot.root / name)
    done = load(name, rest=rest)
    assert (done.status, done.rows, done.waiting, dict(done.columns)) == ("loaded", 2, 0, TYPES)
    assert depot.rows("*", "plans") == ROWS
    assert load(name, rest=rest).total == 2


def test_what_parquet_says_of_its_columns_counts(depot, load):
    columns = {"id": [1], "none": pa.nulls(1, pa.int64()), "day": ["2026-01-02"], "cost": [Decimal("1.10")]}
    pq.write_table(pa.table({**columns, "seen": [{"a": 1}]}), depot.root / "a.parquet")
    done = load("a.parquet")
    assert dict(done.columns) == {"id": "integer", "none": "integer", "day": "text", "cost": "decimal", "seen": "json"}
    assert depot.rows("*", "plans") == [(1, None, "2026-01-02", Decimal("1.1000000000"), '{"a": 1}')]
    done = load("a.parquet", rest="fields: {id: id, a: seen.a, n: none}\n", full=True)
    assert dict(done.columns) == {"id": "integer", "a": "integer", "n": "integer"}


def test_numbers_as_people_write_them(depot, load):
    rest = 'encoding: cp1252\ndecimal: ","\nthousands: "."\n'
    text = "id;name;cost;count;mixed;day;ok\n1;Zoë;1.234.567,50;1.234;1.234;31.1.2026;TRUE\n2;Bob;-7,25;12;about 3;;\n"
    (depot.root / "a.csv").write_text(text, encoding="cp1252")
    done = load("a.csv", rest=rest)
    assert dict(done.columns) == {
        "id": "integer", "name": "text", "cost": "number", "count": "integer", "mixed": "text", "day": "date",
        "ok": "boolean",
    }  # fmt: skip
    assert depot.rows("*", "plans") == [
        (1, "Zoë", 1234567.5, 1234, "1.234", date(2026, 1, 31), True), (2, "Bob", -7.25, 12, "about 3", None, None),
    ]  # fmt: skip
    load("a.csv", rest=rest + "columns: {cost: decimal}\n", full=True)
    assert depot.rows("cost", "plans") == [(Decimal("-7.25"),), (Decimal("1234567.5"),)]


def test_a_number_that_is_written_otherwise_is_quarantined_and_replayed(depot, load):
    (depot.root / "a.csv").write_text("id;cost\n1;1,50\n2;2,50\n")
    load("a.csv", rest='decimal: ","\n')
    (depot.root / "a.csv").write_text("id;cost\n1;1,50\n2;2.50\n")
    done = load("a.csv", rest='decimal: ","\n')
    assert (done.rows, done.waiting) == (1, 1)
    assert done.drift == ("column cost was number and is text; rows that do not fit are quarantined",)
    held = depot.rows("_reason, _record", "plans__quarantine")
    assert held == [("cost is '2.50', no finite number", '{"id": "2", "cost": "2.50"}')]
    depot.sql("update plans__quarantine set _record = replace(_record, '2.50', '1.002,50')")
    done = load("a.csv", rest='decimal: ","\nthousands: "."\n', replay=True)
    assert (done.total, done.waiting) == (2, 0)
    assert depot.rows("id, cost", "plans") == [(1, 1.5), (2, 1002.5)]


@pytest.mark.parametrize(("name", "text", "said"), [
    ("a.csv", "id,n\n1,2\n3,4,5\n", "a.csv:3: the line has 3 values, and there are 2 columns: 3,4,5; a field that"),
    ("a.csv", "id,n\n1,ä\n".encode("cp1252"), "a.csv:2: byte 0xe4 is no utf-8; name the encoding that the file has"),
    ("a.jsonl", '{"id": 8}\n{"id": 9, "na', "a.jsonl:2: the line is no JSON: Unterminated string"),
    ("a.parquet", b"PAR1", "a.parquet: it is no Parquet file"),
    ("a.xlsx", b"PK\3\4", "a.xlsx: it is no spreadsheet"),
])  # fmt: skip
def test_of_what_is_broken_nothing_lands(depot, load, name, text, said):
    write_csv(depot.root / "good.csv")
    load("good.csv")
    (depot.root / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(QueryError) as caught:
        load(name)
    assert said in str(caught.value)
    assert depot.rows("*", "plans") == ROWS
    assert depot.tables() == ["plans", "plans__quarantine"]
    assert (depot.state("plans").status, depot.state("plans").loaded.total) == ("failed", 2)


def test_a_line_that_is_broken_behind_many_good_ones(depot, load):
    path = depot.root / "a.jsonl"
    lines = "".join(f'{{"id": {number}}}\n' for number in range(12_000))
    path.write_text(lines + '{"id": 12000\n')
    with pytest.raises(QueryError, match=r"a.jsonl:12001: the line is no JSON: .*; each line is one object"):
        load("a.jsonl")
    assert depot.tables() == []
    path.write_text(lines)
    assert load("a.jsonl").total == 12_000


def test_half_a_page_of_lines(depot, load):
    """A file that somebody is still writing ends within a line; whole, it is loaded whole."""
    path = depot.root / "a.jsonl"
    whole = b"".join(b'{"id": %d, "name": "n%d"}\n' % (number, number) for number in range(7_500))
    path.write_bytes(whole[: len(whole) * 3 // 4])
    with pytest.raises(QueryError, match=r"a.jsonl:\d+: the line is no JSON"):
        load("a.jsonl")
    assert depot.state("plans").loaded is None
    path.write_bytes(whole)
    assert load("a.jsonl").total == 7_500
    assert depot.answers("select count(distinct id), max(name) from plans")[0] == [(7_500, "n999")]


def test_other_places(depot, load, tmp_path, monkeypatch):
    write_csv(tmp_path / "elsewhere.csv")
    assert load(tmp_path / "elsewhere.csv").rows == 2
    with fsspec.open("memory://shop/of 2026.csv", "wb") as stream:
        stream.write(b"id,code\n9,009\n")
    assert load("memory://shop/of 2026.csv").total == 1
    assert depot.rows("id, code", "plans") == [(9, "009")]
    monkeypatch.setenv("SHOP_KEY", "secret")
    with pytest.raises(ConnectionFailed) as caught:
        load("s3://me:${SHOP_KEY}@bucket/rows.parquet")
    assert str(caught.value) == (
        "sources/plans.yml:2: s3://bucket/rows.parquet cannot be read: Install s3fs to access S3"
    )
    assert b"secret" not in b"".join(path.read_bytes() for path in depot.root.rglob("*") if path.is_file())
    with pytest.raises(ConnectionFailed, match=r"sources/plans.yml:2: there is no file gone.csv; check the key file"):
        load("gone.csv")


def test_a_sheet_that_is_not_there(depot, load):
    write_excel(depot.root / "a.xlsx")
    with pytest.raises(QueryError, match=r"a.xlsx: there is no sheet 'of 2025'; did you mean 'of 2026'\?"):
        load("a.xlsx", rest="sheet: of 2025\n")
    assert (load("a.xlsx").status, depot.tables()) == ("loaded", []), "the first sheet has no rows"
