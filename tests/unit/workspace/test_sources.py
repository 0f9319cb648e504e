"""Source files: what a person may write, and what is said of the rest."""

from __future__ import annotations

import pytest

from analytics_lib.errors import SourceError, WorkspaceError
from analytics_lib.model.source import DataSource, json_schema
from analytics_lib.workspace.sources import file_spec, filled_rest, load_source, source_names

CRM = """\
title: Contacts
owner: sales@example.com
rest:
  base: https://api.example.com/v2
  auth:
    bearer: ${CRM_TOKEN}
  path: /contacts
  records: data.items
  page:
    cursor: {param: after, next: paging.next.after}
  rate: 10/s
into:
  connection: warehouse
  table: crm.contacts
  key: id
  mode: upsert
  incremental: {field: updated_at, param: updated_since}
checks: contacts
"""


@pytest.fixture
def write(tmp_path):
    def write(text=CRM, name="crm"):
        (tmp_path / "sources").mkdir(exist_ok=True)
        (tmp_path / f"sources/{name}.yml").write_text(text, encoding="utf-8")
        return tmp_path

    return write


def complaint(root, name="crm"):
    with pytest.raises(SourceError) as caught:
        load_source(root, name)
    return str(caught.value)


def test_a_file(write):
    found = load_source(write(), "crm")
    assert found.source.into.key == ["id"]
    assert found.source.rest.pause == pytest.approx(0.1)
    assert found.source.kind == "rest"
    assert found.where("into", "table") == "sources/crm.yml:14"
    assert source_names(write()) == ["crm"]
    assert load_source(write(), "sources/crm.yml") == found


@pytest.mark.parametrize(("old", "new", "said"), [
    ("owner:", "owner2:", "crm.yml:2: unknown key 'owner2'; did you mean 'owner'?"),
    ("  records: data", "  recods: data", "crm.yml:8: unknown key 'recods' in rest; did you mean 'records'?"),
    ("after, next: paging.next.after", "after, nexxt: x", "'nexxt' in rest.page.cursor; did you mean 'next'?"),
    ("param: after, ", "", "crm.yml:10: key 'param' is missing in rest.page.cursor; it is parameter that the cursor"),
    ("${CRM_TOKEN}", "abc123", 'crm.yml:6: a secret stands in the file; put it into the environment and write "${'),
    ("rate: 10/s", "rate: fast", "crm.yml:11: the rate is 'fast'; 10/s, 100/min or 1000/h is right"),
    ("https://api.example.com/v2", "api.example.com", "crm.yml:4: 'api.example.com' is no address; https://"),
    ("https://api.example.com/v2", "https://me:pw@example.com", "crm.yml:4: the address holds an account"),
    ("  key: id\n", "", "crm.yml:15: mode upsert has no key to tell rows apart by; add `key: id`"),
    ("mode: upsert", "mode: merge", "into.mode is 'merge'; give it 'upsert', 'replace' or 'append'"),
    ("mode: upsert", "mode: replace", "crm.yml:16: an incremental load brings only what is new"),
    (", param: updated_since", "", "the mark of an incremental load is sent as no parameter; add"),
    ("crm.contacts", "a.b.c", "crm.yml:14: 'a.b.c' is no table's name; letters, digits and _ are right"),
    ("    cursor: {", "    link: {}\n    cursor: {", "link and cursor stand together" ),
    ("checks: contacts", "file: x.csv", "the rows have 2 sources: rest and file; give one of"),
    ("checks: contacts", "fields: {name: a.b}", "the column 'id' is not among the fields; add it"),
    ("checks: contacts", "columns: {_Load: text}", "the column '_Load' is one of the library's own"),
    ("    bearer: ${CRM_TOKEN}", "    {bearer: ${CRM_TOKEN}}", 'within brackets put ${NAME} in quotes: "${NAME}"'),
])  # fmt: skip
def test_what_is_wrong(write, old, new, said):
    assert old in CRM
    text = complaint(write(CRM.replace(old, new)))
    if "link and" in said:
        said = "cursor and link stand together under page; one of number, offset, cursor, link is right"
    assert said in text


def test_a_name_that_is_nearly_right(write):
    assert complaint(write(), "crn") == "sources/: there is no source 'crn'; did you mean 'crm'?"


def test_a_file_that_holds_no_source(write):
    assert complaint(write("- 1\n")) == "sources/crm.yml: the file holds no source; write `owner: …` and `into: …`"


def test_two_sources_with_one_table(write):
    write(CRM, "other")
    assert complaint(write()) == (
        "sources/crm.yml:14: sources/other.yml lands in the table crm.contacts as well; "
        "give each source a table of its own"
    )


QUERY = """\
owner: sales@example.com
connection: shop
query: select * from orders where at >= :since
into: {connection: warehouse, table: orders, key: id, mode: upsert, incremental: {field: at, start: 2026-01-01}}
"""


@pytest.mark.parametrize(("old", "new", "said"), [
    ("query: select * from orders where at >= :since\n", "", "connection and query belong together"),
    (" where at >= :since", "", "query does not name :since"),
    (", start: 2026-01-01", "", "the first load has nothing to bind :since to; add `start: 2000-01-01`"),
    ("connection: shop\nquery: select * from orders where at >= :since", "file: x.csv", "a file is read whole"),
])  # fmt: skip
def test_what_is_wrong_with_a_query(write, old, new, said):
    assert load_source(write(QUERY), "crm").source.kind == "query"
    assert said in complaint(write(QUERY.replace(old, new)))


FILE = """\
owner: sales@example.com
file: plans/of 2026.csv
separator: ";"
decimal: ","
thousands: "."
into: {connection: warehouse, table: plans}
"""


@pytest.mark.parametrize(("old", "new", "said"), [
    ("2026.csv", "2026.doc", "crm.yml:2: the ending '.doc' tells no format; add `format: csv`, or another of csv, par"),
    ("2026.csv", "2026.xlsx", "crm.yml:3: separator is nothing of a file of format excel; leave it out"),
    ('separator: ";"', "sheet: Plans", "crm.yml:3: sheet is nothing of a file of format csv; leave it out"),
    ('separator: ";"', "format: cvs", "crm.yml:3: format is 'cvs'; give it 'csv', 'parquet', 'jsonl' or 'excel'"),
    ("plans/of", "s3://me:secret@plans/of", "crm.yml:2: a secret stands in the file; put it into the environment and"),
    ('";"', '";;"', "crm.yml:3: separator is ';;'; one character is right"),
    ('decimal: ","', "title: a", "crm.yml:5: thousands and decimals have one mark; add what stands before decimals"),
    ("file: plans/of 2026.csv", "connection: shop\nquery: select 1",
     "crm.yml:4: the key is about a file, and there is none; add `file: …`"),
])  # fmt: skip
def test_what_is_wrong_with_a_file(write, old, new, said):
    assert old in FILE
    assert said in complaint(write(FILE.replace(old, new)))


def test_where_a_file_lies(write, monkeypatch):
    root = write(FILE)
    spec = file_spec(load_source(root, "crm"), root)
    assert (spec.address, spec.shown) == (f"{root}/plans/of 2026.csv", "plans/of 2026.csv")
    assert (spec.where, spec.options) == ("sources/crm.yml:2", {"separator": ";", "decimal": ",", "thousands": "."})
    write(FILE.replace("plans/of 2026.csv", "https://me:${SHOP_KEY}@example.com/a.csv?key=${SHOP_KEY}"))
    with pytest.raises(WorkspaceError, match=r"crm.yml:2: environment variable SHOP_KEY is not set; set it: export"):
        file_spec(load_source(root, "crm"), root)
    monkeypatch.setenv("SHOP_KEY", "se:cret")
    spec = file_spec(load_source(root, "crm"), root)
    assert spec.address == "https://me:se%3Acret@example.com/a.csv?key=se:cret"
    assert spec.shown == "https://example.com/a.csv"
    assert "cret" not in repr(spec)
    write("owner: me\nfile: ${PLANS}\nsheet: of 2026\ninto: {connection: warehouse, table: plans}\n")
    monkeypatch.setenv("PLANS", "/plans/all.xlsx")
    assert file_spec(load_source(root, "crm"), root).address == "/plans/all.xlsx"


def test_secrets_come_from_the_environment(write, monkeypatch):
    found = load_source(write(), "crm")
    monkeypatch.setenv("CRM_TOKEN", "s3cret")
    rest, secrets = filled_rest(found)
    assert (rest.auth.bearer, secrets) == ("s3cret", ("s3cret",))
    assert "s3cret" not in repr(found)
    monkeypatch.setenv("CRM_ADDRESS", "https://crm.example.com")
    rest, secrets = filled_rest(load_source(write(CRM.replace("https://api.example.com", "${CRM_ADDRESS}")), "crm"))
    assert (rest.base, secrets) == ("https://crm.example.com/v2", ("s3cret",))
    for value, said in ((" ", "is empty"), ("a\nb", "holds a line break")):
        monkeypatch.setenv("CRM_TOKEN", value)
        with pytest.raises(SourceError, match=f"crm.yml:6: environment variable CRM_TOKEN {said}"):
            filled_rest(found)
    monkeypatch.delenv("CRM_TOKEN")
    with pytest.raises(SourceError, match=r"crm.yml:6: environment variable CRM_TOKEN is not set; set it: export"):
        filled_rest(found)


def test_the_schema_for_editors():
    import jsonschema
    import yaml

    jsonschema.validate(yaml.safe_load(CRM), json_schema())
    assert set(json_schema()["properties"]) == set(DataSource.model_fields)
