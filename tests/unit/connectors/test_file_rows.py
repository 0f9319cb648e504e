"""Rows of files, as loads take them: CSV, Parquet, JSON lines, spreadsheets."""

from __future__ import annotations

import builtins
import io
from datetime import UTC, date, datetime, time
from decimal import Decimal

import fsspec
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from analytics_lib.connectors.files import rows as reading
from analytics_lib.connectors.files.rows import file_rows, notation_of
from analytics_lib.errors import ConnectionFailed, DataError
from analytics_lib.model.files import FileSpec, Notation

UR = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
NAIVE = UR.replace(tzinfo=None)


@pytest.fixture
def spec(tmp_path):
    def spec(content, name="x.csv", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return FileSpec(str(path), f"data/{name}", f"data/{name}", "sources/x.yml:2", "key file", options)

    return spec


def rows(spec):
    return [row for batch, _ in file_rows(spec) for row in batch]


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, *lines in sheets:
        sheet = book.create_sheet(name)
        for line in lines:
            sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def parquet(table):
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def test_csv(spec):
    found = rows(spec('\ufeffid,"na,me"\n1,"a\nb"\n\n2,\n'))
    assert found == [{"id": "1", "na,me": "a\nb"}, {"id": "2", "na,me": None}]
    assert rows(spec("id;name\n1;a,b\n")) == [{"id": "1", "name": "a,b"}]
    assert rows(spec("id\n1\n")) == [{"id": "1"}]
    assert rows(spec("id\r\n1\r\n")) == [{"id": "1"}]
    assert rows(spec("id\n")) == []


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "latin-1", "UTF8", "utf-8-sig"])
def test_encodings_and_separators(spec, encoding):
    found = rows(spec("näme~n\nZoë~1.234,5\n".encode(encoding), encoding=encoding, separator="~"))
    assert found == [{"näme": "Zoë", "n": "1.234,5"}]


def test_json_lines(spec):
    assert rows(spec('\ufeff{"id": 1}\n\n{"id": 2, "a": [1]}', "x.jsonl")) == [{"id": 1}, {"id": 2, "a": [1]}]


def test_parquet(spec):
    table = pa.table({
        "id": pa.array([1, None], pa.int32()), "price": pa.array([Decimal("1.50"), None], pa.decimal128(9, 2)),
        "day": pa.array([date(2026, 1, 2), None]), "at": pa.array([UR, None], pa.timestamp("us", "UTC")),
        "name": pa.array(["2026-01-02", None]), "tags": pa.array([["a"], None]), "none": pa.nulls(2, pa.float64()),
        "kind": pa.array(["a", None]).dictionary_encode(), "big": pa.array([2**64 - 1, None], pa.uint64()),
    })  # fmt: skip
    ((found, kinds),) = file_rows(spec(parquet(table), "x.parquet"))
    assert found[0] == {"id": 1, "price": Decimal("1.50"), "day": date(2026, 1, 2), "at": UR, "name": "2026-01-02",
                        "tags": ["a"], "none": None, "kind": "a", "big": 2**64 - 1}  # fmt: skip
    assert set(found[1].values()) == {None}
    assert kinds == {"id": "integer", "price": "decimal", "day": "date", "at": "timestamp", "name": "text",
                     "tags": "json", "none": "number", "kind": "text"}  # fmt: skip


def test_a_sheet(spec):
    lines = [["id", "n", " day ", "at", "ok", "code", None, "hour"],
             [1, 1.5, date(2026, 1, 2), NAIVE, True, "007", None, time(3, 4)], [None] * 8,
             [2, None, None, None, None, "NA", None, None]]  # fmt: skip
    book = workbook(("notes", ["nothing"]), ("of 2026", [], *lines))
    assert rows(spec(book, "x.xlsx")) == []
    book = workbook(("of 2026", [], *lines), ("notes", ["nothing"]))
    assert rows(spec(book, "x.xlsx")) == [
        {"id": 1, "n": 1.5, "day": date(2026, 1, 2), "at": NAIVE, "ok": True, "code": "007", "hour": "03:04:00"},
        {"id": 2, "n": None, "day": None, "at": None, "ok": None, "code": "NA", "hour": None},
    ]
    assert rows(spec(book, "x.xlsx", sheet="notes")) == []


@pytest.mark.parametrize(("content", "name"), [
    (b"id\n1\n2\n3\n", "x.csv"), (b'{"id": 1}\n{"id": 2}\n{"id": 3}\n', "x.ndjson"),
    (parquet(pa.table({"id": [1, 2, 3]})), "x.pq"), (workbook(("a", ["id"], [1], [2], [3])), "x.xlsx"),
])  # fmt: skip
def test_many_rows_come_in_parts(spec, monkeypatch, content, name):
    monkeypatch.setattr(reading, "BATCH", 2)
    assert [len(batch) for batch, _ in file_rows(spec(content, name))] == [2, 1]


def test_notation(spec):
    assert notation_of(spec("", decimal=",", thousands=".")) == Notation(",", ".")
    assert notation_of(spec("")) == Notation()
    assert notation_of(spec("", "x.jsonl")) is None
    assert notation_of(spec("", "x.data", format="csv")) == Notation()


NO_BOOK = workbook(("a", ["id", None], [1, None], [2, "x"]), ("empty",), ("twice", ["id", "id"]))
FAR = parquet(pa.table({"at": pa.array([2**60], pa.timestamp("us"))}))
WHOLE = parquet(pa.table({"id": list(range(5000))}))
CUT = WHOLE[:4] + b"\0" * 200 + WHOLE[204:]
MIXED = parquet(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]))


@pytest.mark.parametrize(("content", "name", "options", "said"), [
    ("id,name\n1,a\n2\n", "x.csv", {}, "data/x.csv:3: the line has 1 values, and there are 2 columns: 2; a field that"),
    ("", "x.csv", {}, "data/x.csv: the file is empty; its first line names the columns"),
    ("a,,b\n", "x.csv", {}, "data/x.csv: the header has no name for column 2; give each column a name of its own"),
    ("a,b,a\n", "x.csv", {}, "data/x.csv: the header has two columns 'a'"),
    ('id\n"a', "x.csv", {}, "data/x.csv:2: the line cannot be read: unexpected end of data; close the quote"),
    ("id\n1\n\xff".encode("latin-1"), "x.csv", {}, "data/x.csv:3: byte 0xff is no utf-8; name the encoding"),
    ("\xff".encode("latin-1"), "x.csv", {}, "data/x.csv:1: byte 0xff is no utf-8"),
    (b"id\n" + b"1\n" * 90_000 + "é".encode("cp1252"), "x.csv", {}, "data/x.csv:90002: byte 0xe9 is no utf-8"),
    ("id\n\ud800".encode("utf-16", "surrogatepass"), "x.csv", {"encoding": "utf-16"}, "csv:2: byte 0x00 is no utf-16"),
    ("id\n1\n", "x.csv", {"encoding": "base64"}, "data/x.csv: there is no encoding 'base64'"),
    ("id\n1\n", "x.csv", {"separator": "::"}, "data/x.csv: the separator is '::'; give it one character"),
    ('{"id": 1}\n{"id"', "x.jsonl", {}, "data/x.jsonl:2: the line is no JSON: "),
    (b'{"id": 1}\n{"id": "\xff"}', "x.jsonl", {}, "data/x.jsonl:2: byte 0xff is no utf-8; save the file as UTF-8"),
    ("[1]", "x.jsonl", {}, "data/x.jsonl:1: the line holds '[1]'; each line is one object"),
    ("PAR1", "x.parquet", {}, "data/x.parquet: it is no Parquet file"),
    ("[" * 100_000, "x.jsonl", {}, "data/x.jsonl:1: the line is no JSON: maximum recursion depth exceeded"),
    (FAR, "x.parquet", {}, "data/x.parquet: its rows cannot be read: "),
    (CUT, "x.parquet", {}, "data/x.parquet: its rows cannot be read: "),
    (MIXED, "x.parquet", {}, "data/x.parquet: the header has two columns 'a'"),
    ("no book", "x.xlsx", {}, "data/x.xlsx: it is no spreadsheet"),
    (NO_BOOK, "x.xlsx", {}, "x.xlsx, sheet 'a', row 3: column B has no name, and holds 'x'; name it in the first row"),
    (NO_BOOK, "x.xlsx", {"sheet": "empty"}, "data/x.xlsx: the sheet 'empty' is empty; its first row names the columns"),
    (NO_BOOK, "x.xlsx", {"sheet": "twice"}, "data/x.xlsx: the header has two columns 'id'"),
    (NO_BOOK, "x.xlsx", {"sheet": "twise"}, "data/x.xlsx: there is no sheet 'twise'; did you mean 'twice'?"),
    ("x", "x.docx", {}, "sources/x.yml:2: the ending '.docx' of "),
])  # fmt: skip
def test_what_is_wrong_with_a_file(spec, content, name, options, said):
    with pytest.raises(DataError) as caught:
        rows(spec(content, name, **options))
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_places(tmp_path):
    with fsspec.open("memory://shop/rows.csv", "wb") as stream:
        stream.write(b"id\n1\n")
    assert rows(FileSpec("memory://shop/rows.csv", "rows.csv", "rows.csv")) == [{"id": "1"}]
    for address, said in [
        (f"{tmp_path}/gone.csv", r"x.yml:2: there is no file rows; check the key file"),
        ("memory://shop/gone.csv", r"x.yml:2: there is no file rows; check the key file"),
        ("s3://me:secret@bucket/rows.csv", r"x.yml:2: rows cannot be read: Install s3fs to access S3"),
        ("smoke://rows.csv", r"x.yml:2: rows cannot be read: Protocol not known: smoke"),
    ]:
        with pytest.raises(ConnectionFailed, match=said):
            rows(FileSpec(address, "rows", "rows", "x.yml:2", "key file"))


def test_without_the_package_for_spreadsheets(spec, monkeypatch):
    real = builtins.__import__

    def refuse(name, *arguments, **options):
        if name == "python_calamine":
            raise ImportError
        return real(name, *arguments, **options)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConnectionFailed, match=r"x.yml:2: spreadsheets need the package python-calamine; pip install"):
        rows(spec("", "x.xlsx"))
