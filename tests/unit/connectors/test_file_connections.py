"""Files as connections: formats, encodings, separators, thousands marks; what is broken is named by its line."""

from __future__ import annotations

import functools
import json
import threading
from datetime import date, datetime
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import fsspec
import pandas as pd
import pytest

from analytics_lib.connectors import open_connection
from analytics_lib.errors import ConnectionFailed, DataError, QueryError, ReadOnlyError
from analytics_lib.model.connections import ConnectionSpec
from analytics_lib.workspace import load_workspace

ROWS = pd.DataFrame({"id": [1, 2, 3], "name": ["Ada", "Bob", "Zoë"], "spent": [1234.5, 7.0, None]})


@pytest.fixture
def opened():
    connections = []

    def opened(address, **options):
        read_only = options.pop("read_only", True)
        spec = ConnectionSpec("campaigns", f"file:{address}", read_only, "analytics.toml:3", options=options)
        connections.append(open_connection(spec))
        return connections[-1]

    yield opened
    for connection in connections:
        connection.close()


def written(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def rows(connection):
    return json.loads(connection.sql("select * from campaigns order by 1").to_json(orient="values", date_format="iso"))


EXPECTED = [[1, "Ada", 1234.5], [2, "Bob", 7.0], [3, "Zoë", None]]


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl", "xlsx"])
def test_formats(opened, tmp_path, ending):
    path = tmp_path / f"rows.{ending}"
    {
        "csv": lambda: ROWS.to_csv(path, index=False),
        "parquet": lambda: ROWS.to_parquet(path, index=False),
        "jsonl": lambda: ROWS.to_json(path, orient="records", lines=True),
        "xlsx": lambda: ROWS.to_excel(path, index=False),
    }[ending]()
    connection = opened(path)
    assert rows(connection) == EXPECTED
    assert connection.tables() == ["campaigns"]
    assert connection.table("campaigns").count() == 3
    assert connection.arrow("select id from campaigns where name = :x", x="Bob").to_pylist() == [{"id": 2}]
    assert sum(batch.num_rows for batch in connection.stream("select * from campaigns", batch=2)) == 3


def test_encoding_separator_and_thousands(opened, tmp_path):
    text = 'id;name;spent;day\n1;"Zoë; ""Z""";1.234,50;2026-01-02\n2;Bob;-7,25;1931-05-04\n'
    path = written(tmp_path / "rows.csv", text, "cp1252")
    connection = opened(path, encoding="cp1252", decimal=",", thousands=".")
    frame = connection.sql("select * from campaigns order by id")
    assert frame["spent"].tolist() == [1234.5, -7.25]
    assert frame["name"][0] == 'Zoë; "Z"'
    assert frame["day"][1] == datetime(1931, 5, 4)  # noqa: DTZ001 - a day
    assert opened(written(tmp_path / "a.txt", "a|b\n1|2\n"), format="csv").sql("from campaigns").shape == (1, 2)
    assert opened(written(tmp_path / "b.csv", "a~b\n1~2\n"), separator="~").sql("from campaigns").shape == (1, 2)


def test_a_sheet(opened, tmp_path):
    with pd.ExcelWriter(tmp_path / "book.xlsx") as book:
        ROWS.to_excel(book, sheet_name="other", index=False)
        ROWS.head(1).to_excel(book, sheet_name="of 2026", index=False)
    assert len(rows(opened(tmp_path / "book.xlsx"))) == 3
    assert len(rows(opened(tmp_path / "book.xlsx", sheet="of 2026"))) == 1
    with pytest.raises(QueryError, match=r"book.xlsx: there is no sheet 'of 2025'; did you mean 'of 2026'\?"):
        opened(tmp_path / "book.xlsx", sheet="of 2025").ping()


def test_the_cells_of_a_sheet_keep_their_types(opened, tmp_path):
    at = datetime(2026, 1, 2, 3, 4)  # noqa: DTZ001 - spreadsheets know no zones
    frame = pd.DataFrame({
        "id": [1, 2], "code": ["007", "NA"], "mixed": [5, "x"], "day": [date(2026, 1, 2), None], "ok": [True, None],
        "either": [date(2026, 1, 2), "soon"], "at": [at, None], "none": [None, None],
    })  # fmt: skip
    frame.to_excel(tmp_path / "book.xlsx", index=False, startrow=2)
    table = opened(tmp_path / "book.xlsx").arrow("from campaigns order by id")
    assert table.to_pylist() == [
        {"id": 1, "code": "007", "mixed": "5", "day": date(2026, 1, 2), "ok": True, "either": "2026-01-02", "at": at,
         "none": None},
        {"id": 2, "code": "NA", "mixed": "x", "day": None, "ok": None, "either": "soon", "at": None, "none": None},
    ]  # fmt: skip
    pd.DataFrame([[1, 2]], columns=["a", None]).to_excel(tmp_path / "nameless.xlsx", index=False)
    with pytest.raises(QueryError, match=r"nameless.xlsx, sheet 'Sheet1', row 2: column B has no name, and holds '2'"):
        opened(tmp_path / "nameless.xlsx").ping()
    pd.DataFrame([], columns=["a", "b"]).to_excel(tmp_path / "empty.xlsx", index=False)
    assert opened(tmp_path / "empty.xlsx").sql("from campaigns").shape == (0, 2)


def test_addresses_of_fsspec(opened):
    with fsspec.open("memory://shop/rows.csv", "wb") as stream:
        ROWS.to_csv(stream, index=False)
    connection = opened("memory://shop/rows.csv")
    assert rows(connection) == EXPECTED
    assert connection.fingerprint() is None


def test_over_http(opened, tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    handler.log_message = lambda *_: None
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        assert rows(opened(f"{address}/rows.csv?key=secret")) == EXPECTED
        with pytest.raises(ConnectionFailed, match="cannot be read: HTTP Error 404") as caught:
            opened(f"{address}/gone.csv?key=secret").ping()
        server.shutdown()
    assert "secret" not in str(caught.value)


LONG = "id,n\n" + "".join(f"{number},{number}\n" for number in range(30_000))

BROKEN = [
    ("id,n\n1,2\n3,4,5\n", {}, "rows.csv:3: the line has 3 values, and there are 2 columns: 3,4,5; a field that holds"),
    ("id,n\n1,2\n\n3\n", {}, "rows.csv:4: the line has 1 values, and there are 2 columns: 3"),
    ('id,n\n1,"two\nlines"\n3\n', {}, "rows.csv:4: the line has 1 values"),
    ('id,n\n1,2\n3,"open\n4,5\n', {}, "rows.csv:3: the line cannot be read: unexpected end of data; close the quote"),
    (f"{LONG}5,abc\n", {}, "rows.csv:30002: column 'n' holds 'abc' where the lines before hold whole numbers; mend"),
    (
        "id;n.n;v\n1;1.234;1.5\n2;-1.5;x\n",
        {"thousands": ".", "decimal": ","},
        "rows.csv:3: column 'n.n' holds '-1.5', where other values have their thousands marked; mend the line",
    ),
    ("id,n\n1,é\n", {"encoding": "ascii"}, "rows.csv:2: byte 0xc3 is no ascii; name the encoding"),
    ("id,n\n1,é\n", {"encoding": "utf9"}, "rows.csv: there is no encoding 'utf9'"),
    ("", {}, "rows.csv: the file is empty; its first line names the columns"),
    ('{"a": 1}\n{"a": \n', {"format": "jsonl"}, "rows.csv:2: the line is no JSON"),
    ('{"a": 1}\n[1]\n', {"format": "jsonl"}, "rows.csv:2: the line holds '[1]'; each line is one object"),
    ("PAR1", {"format": "parquet"}, "rows.csv: it is no Parquet file"),
    ("no book", {"format": "excel"}, "rows.csv: it is no spreadsheet"),
    ("a\n1\n", {"format": "cvs"}, "there is no format 'cvs'; did you mean 'csv'?"),
]


@pytest.mark.parametrize(("text", "options", "sentence"), BROKEN)
def test_what_is_broken_is_named_by_its_line(opened, tmp_path, text, options, sentence):
    with pytest.raises(DataError) as caught:
        opened(written(tmp_path / "rows.csv", text), **options).sql("select * from campaigns")
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_not_there(opened, tmp_path):
    with pytest.raises(ConnectionFailed, match=r"analytics.toml:3: there is no file .*gone.csv; check the url"):
        opened(tmp_path / "gone.csv").ping()
    with pytest.raises(ConnectionFailed, match=r"the ending '.rows' of .* tells no format; write format = "):
        opened(written(tmp_path / "a.rows", "a\n")).ping()
    with pytest.raises(ConnectionFailed, match="is a file, which is read and not written; remove `read_only = false`"):
        opened(written(tmp_path / "a.csv", "a\n1\n"), read_only=False).ping()


def test_a_file_is_all_that_is_read(opened, tmp_path):
    connection = opened(written(tmp_path / "a.csv", "a\n1\n"))
    other = written(tmp_path / "other.csv", "a\n1\n")
    with pytest.raises(QueryError):
        connection.sql(f"select * from read_csv('{other}')")
    with pytest.raises(ReadOnlyError):
        connection.sql("delete from campaigns")
    with pytest.raises(ReadOnlyError):
        connection.write("campaigns", ROWS)


def test_a_fingerprint_is_that_of_the_content(opened, tmp_path):
    path = written(tmp_path / "a.csv", "a\n1\n")
    before = opened(path).fingerprint()
    assert opened(path).fingerprint() == before
    written(path, "a\n2\n")
    assert opened(path).fingerprint() != before
    assert opened(path).changed_at() is not None


def test_as_the_workspace_declares_it(tmp_path):
    (tmp_path / "data").mkdir()
    written(tmp_path / "data/rows.csv", "a;b\n1,5;2\n")
    (tmp_path / "analytics.toml").write_text(
        '[connections.campaigns]\nurl = "file:data/rows.csv"\nseparator = ";"\ndecimal = ","\nrow_limit = 5\n'
    )
    spec = load_workspace(tmp_path).connection("campaigns")
    assert spec.options == {"separator": ";", "decimal": ","}
    assert spec.row_limit == 5
    with open_connection(spec) as connection:
        assert connection.sql("select a from campaigns")["a"].tolist() == [1.5]
