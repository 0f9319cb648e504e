"""Rows of files and queries."""

from __future__ import annotations

import pytest

from analytics_lib.connectors import open_connection
from analytics_lib.connectors.landing import plainrows
from analytics_lib.errors import ReadOnlyError, SourceError
from analytics_lib.model.connections import ConnectionSpec


@pytest.fixture
def rows(tmp_path):
    def rows(text, name="x.csv"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return [row for batch in plainrows.file_rows(path, f"data/{name}") for row in batch]

    return rows


def test_csv(rows):
    assert rows('\ufeffid,"na,me"\n1,"a\nb"\n\n2,\n') == [{"id": "1", "na,me": "a\nb"}, {"id": "2", "na,me": None}]
    assert rows("id;name\n1;a,b\n") == [{"id": "1", "name": "a,b"}]
    assert rows("id\n1\n") == [{"id": "1"}]


def test_json_lines(rows):
    assert rows('{"id": 1}\n\n{"id": 2}\n', "x.jsonl") == [{"id": 1}, {"id": 2}]


def test_many_rows_come_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(plainrows, "BATCH", 2)
    path = tmp_path / "x.csv"
    path.write_text("id\n1\n2\n3\n", encoding="utf-8")
    assert [len(batch) for batch in plainrows.file_rows(path, "x.csv")] == [2, 1]


@pytest.mark.parametrize(("text", "name", "said"), [
    ("id,name\n1,a\n2\n", "x.csv", "data/x.csv:3: the line has 1 values, and there are 2 columns; put text"),
    ("", "x.csv", "data/x.csv:1: the first line is empty; it holds the columns' names"),
    ("a,,b\n", "x.csv", "data/x.csv:1: the first line has no name for column 2"),
    ('id\n"a', "x.csv", "data/x.csv:2: the line is no CSV: "),
    ("id\n\xff".encode("latin-1"), "x.csv", "data/x.csv: the file is not UTF-8 text"),
    ('{"id": 1}\n{"id"', "x.jsonl", "data/x.jsonl:2: the line is no JSON: "),
    ("[1]", "x.jsonl", "data/x.jsonl:1: the line is no object"),
    ("x", "x.docx", "'x.docx' is of no kind that can be loaded; CSV (.csv) and JSON lines (.jsonl) are right"),
])  # fmt: skip
def test_what_is_wrong_with_a_file(rows, text, name, said):
    with pytest.raises(SourceError) as caught:
        rows(text, name)
    assert said in str(caught.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(SourceError, match=r"data/x\.csv: there is no such file"):
        list(plainrows.file_rows(tmp_path / "x.csv", "data/x.csv"))


def test_a_query(tmp_path, monkeypatch):
    monkeypatch.setattr(plainrows, "BATCH", 2)
    with open_connection(ConnectionSpec("shop", f"sqlite:///{tmp_path}/x.db", read_only=False)) as shop:
        shop.execute("create table t as select 1 as id union select 2 union select 3")
        taken = []
        plainrows.query_rows(shop, "select id from t where id >= :since -- all", {"since": 1}, taken.append)
        assert taken == [[{"id": 1}, {"id": 2}], [{"id": 3}]]
        with pytest.raises(ReadOnlyError):
            plainrows.query_rows(shop, "delete from t", {}, taken.append)
        with pytest.raises(SourceError, match="the query has two columns 'id'"):
            plainrows.query_rows(shop, "select id, id from t", {}, taken.append)
