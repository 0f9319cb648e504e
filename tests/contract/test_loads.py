"""A source loaded into DuckDB, SQLite, PostgreSQL and MariaDB: first, again, what is new, bad rows, other columns."""

from __future__ import annotations

import pytest
from support.databases import ALL, database
from support.loading import CRM, INCREMENTAL, contacts, make_depot
from support.rest_fixtures import api

from analytics_lib.errors import SourceError

__all__ = ["api"]


@pytest.fixture(params=ALL)
def depot(request, tmp_path, services, api):
    api.tables = {"/contacts": contacts(7)}
    with database(request.param, tmp_path, services) as made:
        yield make_depot(tmp_path / "depot", api, made.url.replace("postgresql:", "postgresql+psycopg:"))


def test_a_first_load_and_another(depot, api):
    load = depot.load()
    assert (load.status, load.rows, load.total, load.waiting) == ("loaded", 7, 7, 0)
    assert load.columns == {"id": "integer", "name": "text", "score": "integer", "updated_at": "timestamp"}
    assert depot.rows()[0] == (1, "n1")
    assert [name for name in depot.tables() if name.startswith("contacts")] == ["contacts", "contacts__quarantine"]
    api.tables = {"/contacts": [{**contacts(1)[0], "name": "new"}, *contacts(1, first=8)]}
    assert depot.load().total == 8
    assert depot.rows()[0] == (1, "new")
    assert depot.state().status == "loaded"


def test_only_what_is_new(depot, api):
    depot.source(CRM + INCREMENTAL)
    assert depot.load().mark == "2026-03-01T00:00:07Z"
    api.tables["/contacts"] += contacts(2, first=8, day=2)
    api.requests.clear()
    load = depot.load()
    assert [request.params.get("updated_since") for request in api.requests] == ["2026-03-01T00:00:07Z"]
    assert (load.rows, load.total, load.mark) == (3, 9, "2026-03-02T00:00:09Z")
    assert depot.load().rows == 1
    assert depot.load(full=True).rows == 9


def test_rows_that_do_not_fit_are_quarantined_and_replayed(depot, api):
    depot.suite(("expect_column_values_to_be_between", {"column": "score", "min_value": 0}, True),
                ("expect_table_row_count_to_be_between", {"min_value": 2}, False))  # fmt: skip
    depot.source(CRM + "checks: crm\n")
    rows = contacts(7)
    rows[1]["score"] = -5
    rows[2]["id"] = None
    api.tables = {"/contacts": rows}
    load = depot.load()
    assert (load.rows, load.quarantined, load.waiting) == (5, 2, 2)
    held = depot.rows("id, score, _reason, _source, _load", "contacts__quarantine")
    by_id = {row[0]: row[1:] for row in held}
    assert by_id["2"][0] == "-5"
    assert "score" in by_id["2"][1]
    assert by_id[None][1] == "the key id is missing"
    assert {row[2:] for row in by_id.values()} == {("crm", load.load)}
    assert depot.load(replay=True).waiting == 2, "nothing has changed yet"
    depot.suite(("expect_column_values_to_be_between", {"column": "score", "min_value": -9}, True),
                ("expect_table_row_count_to_be_between", {"min_value": 2}, False))  # fmt: skip
    again = depot.load(replay=True)
    assert (again.rows, again.total, again.waiting) == (1, 6, 1)
    assert depot.rows("id, score")[1] == (2, -5)


def test_a_load_that_its_suite_holds_back_changes_nothing(depot, api):
    depot.suite(("expect_table_row_count_to_be_between", {"min_value": 5}, False))
    depot.source(CRM + "checks: crm\n")
    depot.load()
    before = depot.rows()
    api.tables = {"/contacts": [{**contacts(1)[0], "name": "new"}]}
    load = depot.load()
    assert load.status == "held back"
    assert "row" in load.reason
    assert depot.rows() == before
    assert not [name for name in depot.tables() if name.endswith(("stage", "clean", "bad"))]
    assert (depot.state().status, depot.state().loaded.total) == ("held back", 7)


def test_a_schema_that_drifts(depot, api):
    depot.load()
    rows = contacts(5)
    for row in rows:
        del row["name"]
        row["town"] = "Ur"
    rows[4]["score"] = 0.5
    api.tables = {"/contacts": rows}
    load = depot.load()
    assert load.drift == (
        "new column town (text)", "column name has vanished; it is null",
        "column score was integer and is number; rows that do not fit are quarantined",
    )  # fmt: skip
    assert (load.rows, load.quarantined) == (4, 1)
    assert depot.rows("id, name, town")[0] == (1, None, "Ur")
    assert depot.rows("_reason", "contacts__quarantine") == [("score is 0.5, no whole number of 64 bits",)]
    again = depot.load(full=True)
    assert (again.rows, again.waiting, again.columns["score"]) == (5, 0, "number")
    assert depot.rows("id, score, town")[4] == (5, 0.5, "Ur")


def test_views_stay_when_all_is_loaded_anew(depot):
    depot.load()
    depot.sql("create view seen as select name from contacts")
    assert depot.load(full=True).total == 7
    assert depot.rows("count(*)", "seen") == [(7,)]


def test_too_many_rows_that_do_not_fit(depot, api):
    depot.load()
    rows = contacts(3)
    for row in rows[:2]:
        row["score"] = "many"
    api.tables = {"/contacts": rows}
    load = depot.load()
    assert load.status == "held back"
    assert load.reason == ("2 of 3 rows are not fit, more than into.tolerate allows (50%); "
                           "row 1: score is 'many', no whole number of 64 bits")  # fmt: skip
    assert depot.rows("count(*)", "contacts__quarantine") == [(0,)]


def test_the_other_modes(depot, api):
    depot.source(CRM.replace("mode: upsert", "mode: append"))
    depot.load()
    api.tables = {"/contacts": [{**contacts(1)[0], "name": "new"}, *contacts(2, first=7)]}
    load = depot.load()
    assert (load.rows, load.total) == (1, 8)
    assert depot.rows()[0] == (1, "n1")
    depot.source(CRM.replace("mode: upsert", "mode: replace"))
    assert (depot.load().total, depot.rows()[0]) == (3, (1, "new"))


def test_a_table_that_somebody_else_made(depot):
    depot.sql("create table contacts (id integer)")
    with pytest.raises(SourceError, match=r"crm.yml:11: the table contacts is there already, and was not made"):
        depot.load()
    assert depot.rows("count(*)") == [(0,)]
    assert depot.load(full=True).total == 7


def test_no_rows(depot, api):
    api.tables = {"/contacts": []}
    assert (depot.load().status, depot.load().total) == ("loaded", None)
    api.tables = {"/contacts": contacts(2)}
    assert depot.load().total == 2
    api.tables = {"/contacts": []}
    assert depot.load().total == 2
