"""Rows that land in DuckDB, SQLite, PostgreSQL and MariaDB: staged, settled, switched; all four alike."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from support.databases import ALL, database

from analytics_lib.connectors.landing.steps import Landed, Switch
from analytics_lib.connectors.landing.warehouse import Warehouse
from analytics_lib.errors import ReadOnlyError, SourceError
from analytics_lib.model.connections import ConnectionSpec

COLUMNS = {"id": "integer", "name": "text"}
AWKWARD = {
    "id": "integer", "yes": "boolean", "ratio": "number", "day": "date", "at": "timestamp", "more": "json",
    'odd "name" (x), y:z': "text", "select": "text",
}  # fmt: skip


@pytest.fixture(params=ALL)
def kind(request):
    return request.param


@pytest.fixture
def lab(kind, tmp_path, services):
    with database(kind, tmp_path, services) as made:
        yield made


@pytest.fixture
def warehouse(lab):
    warehouse = Warehouse(ConnectionSpec("shop", lab.url, read_only=False))
    with warehouse.held():
        yield warehouse
    warehouse.close()


def land(warehouse, rows, mode="replace", key=(), *, bad=(), columns=COLUMNS, load="1", held=(), **more):
    numbered = [(number, *row) for number, row in enumerate(rows, 1)]
    assert warehouse.stage("people", columns, [numbered[:2], numbered[2:]]) == len(rows)
    warehouse.settle("people", columns, key, bad)
    quarantined = [{"_source": "crm", "_load": load, "_reason": "bad", "_record": "{}", **each} for each in held]
    return warehouse.switch("people", columns, Switch("crm", load, mode, tuple(key), **more), [quarantined])


def people(warehouse, what="id, name"):
    return [tuple(row) for row in warehouse.sql(f"select {what} from people order by id").itertuples(index=False)]


def test_replace(warehouse):
    landed = land(warehouse, [(1, "Ada"), (2, "Bob"), (3, "Cy")])
    assert (landed.rows, landed.total, landed.waiting) == (3, 3, 0)
    assert land(warehouse, [(4, "Dee")]).total == 1
    assert people(warehouse) == [(4, "Dee")]
    assert [name for name in warehouse.tables() if name.startswith("people")] == ["people", "people__quarantine"]


def test_how_many_rows_came_and_how_many_of_them_took_the_place_of_others(warehouse):
    assert land(warehouse, [(1, "Ada"), (2, "Bob")], "upsert", ["id"]) == Landed(2, 0, 2)
    assert land(warehouse, [(2, "Bea"), (3, "Cy")], "upsert", ["id"]) == Landed(2, 1, 3)
    assert land(warehouse, [(3, "no"), (4, "Dee")], "append", ["id"]) == Landed(1, 0, 4)
    assert land(warehouse, [(5, "Eve")], "replace", ["id"]) == Landed(1, 0, 1)


def test_upsert_and_append(warehouse):
    land(warehouse, [(1, "Ada"), (2, "Bob")], "upsert", ["id"])
    assert land(warehouse, [(2, "Bea"), (3, "Cy")], "upsert", ["id"]).total == 3
    assert people(warehouse) == [(1, "Ada"), (2, "Bea"), (3, "Cy")]
    assert land(warehouse, [(3, "no"), (4, "Dee")], "append", ["id"]).rows == 1
    assert people(warehouse)[2:] == [(3, "Cy"), (4, "Dee")]
    assert land(warehouse, [(4, "twin")], "add").total == 5


def test_a_key_of_two_columns(warehouse):
    land(warehouse, [(1, "a"), (1, "b"), (2, "a")], "upsert", ["id", "name"])
    assert land(warehouse, [(1, "b"), (2, "b")], "upsert", ["id", "name"]).total == 4
    assert land(warehouse, [(1, "a"), (3, "a")], "append", ["id", "name"]).rows == 1


def test_texts_of_a_key_are_told_apart_to_the_letter(warehouse):
    keys = ["a", "A", "a ", "ä", "x" * 2000, "x" * 2000 + "y"]
    columns = {"name": "text", "id": "integer"}
    land(warehouse, [(key, at) for at, key in enumerate(keys)], "upsert", ["name"], columns=columns)
    landed = land(warehouse, [("A", 9), (keys[-1], 10), ("b", 11)], "upsert", ["name"], columns=columns)
    assert (landed.updated, landed.total) == (2, 7)
    assert [row[0] for row in people(warehouse, "id")] == [0, 2, 3, 4, 9, 10, 11]
    held = [{"name": "a"}, {"name": "A"}]
    assert land(warehouse, [("c", 12)], "upsert", ["name"], columns=columns, load="2", held=held).waiting == 2
    assert land(warehouse, [("A", 13)], "upsert", ["name"], columns=columns, load="3").waiting == 1
    assert land(warehouse, [("d", 14)], "upsert", ["name"], columns=columns, load="4", held=held[:1]).waiting == 1


def test_another_key_than_before(warehouse):
    land(warehouse, [(1, "Ada"), (2, "Bob")], "upsert", ["id"])
    landed = land(warehouse, [(3, "Ada"), (4, "Cy")], "upsert", ["name"])
    assert (landed.updated, landed.total) == (1, 3)
    assert land(warehouse, [(3, "Ada"), (5, "Dee")], "append", ["name", "id"]).rows == 1


def test_a_row_without_a_key_in_the_table_hides_no_new_one(warehouse):
    land(warehouse, [(None, "x")], "add")
    assert land(warehouse, [(1, "y")], "append", ["id"]).total == 2


def test_of_a_key_the_last_row_counts_and_bad_rows_do_not(warehouse):
    land(warehouse, [(1, "old"), (2, "Bob"), (1, "new"), (1, "bad")], "upsert", ["id"], bad=[4])
    assert people(warehouse) == [(1, "new"), (2, "Bob")]


def test_values_and_names_survive(warehouse):
    row = (
        1,
        True,
        0.1,
        date(1969, 7, 20),
        datetime(2026, 1, 31, 1, 2, 3, tzinfo=UTC).replace(tzinfo=None),
        '{"a": ["ü"]}',
        "it's; --",
        None,
    )
    land(warehouse, [row, (2, *[None] * 7)], columns=AWKWARD)
    frame = warehouse.sql("select * from people order by id")
    assert list(frame.columns) == list(AWKWARD)
    assert frame["ratio"][0] == 0.1
    assert str(frame["day"][0])[:10] == "1969-07-20"
    assert str(frame["at"][0])[:19] == "2026-01-31 01:02:03"
    assert frame['odd "name" (x), y:z'][0] == "it's; --"
    assert frame["yes"].isna()[1]


def test_decimals(warehouse, kind):
    land(warehouse, [(1, Decimal("12345678901234567.89")), (2, None)], columns={"id": "integer", "sum": "decimal"})
    (value, *_) = warehouse.sql("select cast(sum as varchar(40)) as sum from people order by id")["sum"]
    assert float(value) == pytest.approx(12345678901234567.89)
    assert kind == "sqlite" or Decimal(value) == Decimal("12345678901234567.89")


def test_new_columns_come_and_old_ones_stay(warehouse):
    land(warehouse, [(1, "Ada")], "upsert", ["id"])
    land(warehouse, [(2, "x")], "upsert", ["id"], columns={"id": "integer", "town": "text"})
    frame = warehouse.sql("select * from people order by id")
    assert list(frame.columns) == ["id", "name", "town"]
    assert frame.isna().values.tolist() == [[False, False, True], [False, True, False]]
    land(warehouse, [("a", 1)], columns={"id": "text", "n": "integer"}, rebuild=True)
    assert list(warehouse.sql("select * from people").columns) == ["id", "n"]


def test_the_quarantine(warehouse):
    held = [{"id": "1", "name": "Ada", "_row": "1"}]
    assert land(warehouse, [(1, "Ada")], "upsert", ["id"], bad=[1], held=held).waiting == 1
    assert land(warehouse, [(1, "Ada")], "upsert", ["id"], bad=[1], held=held).waiting == 1, "a repeated load"
    assert list(warehouse.quarantined("people", "crm")) == [["{}"]]
    landed = land(warehouse, [(2, "Bob")], "upsert", ["id"], load="2", held=[{"id": "9"}])
    assert landed.waiting == 2
    assert land(warehouse, [(1, "Ada")], "upsert", ["id"], load="3").waiting == 1, "a newer row of that key came"
    assert land(warehouse, [(1, "Ada")], load="4", forget=True).waiting == 0
    assert list(warehouse.quarantined("nowhere", "crm")) == []


def test_nothing_is_seen_before_the_switch_and_nothing_is_left_of_a_broken_one(warehouse, kind):
    land(warehouse, [(1, "Ada")], "upsert", ["id"])

    def broken():
        yield [{"_source": "crm", "_load": "2"}]
        raise ZeroDivisionError

    warehouse.stage("people", {**COLUMNS, "new": "text"}, [[(1, 1, "Eve", "n")]])
    warehouse.settle("people", {**COLUMNS, "new": "text"}, ["id"], [])
    assert people(warehouse) == [(1, "Ada")]
    with pytest.raises(ZeroDivisionError):
        warehouse.switch("people", {**COLUMNS, "new": "text"}, Switch("crm", "2", "upsert", ("id",)), broken())
    assert people(warehouse) == [(1, "Ada")]
    more = ["new"] if kind == "mariadb" else []  # where it stays, and is empty
    assert warehouse.columns_of("people") == ["id", "name", *more]
    assert list(warehouse.quarantined("people", "crm")) == []
    warehouse.discard("people")
    left = [name for name in warehouse.tables() if "." not in name]
    assert not [name for name in left if name.endswith(("stage", "clean", "bad"))]


@pytest.mark.parametrize("rebuild", [False, True], ids=["a first load", "another table"])
def test_of_a_broken_load_that_makes_the_table_nothing_is_seen(warehouse, rebuild):
    if rebuild:
        land(warehouse, [(1, "Ada")], held=[{"id": "9"}])

    def broken():
        yield [{"_source": "crm", "_load": "2"}]
        raise ZeroDivisionError

    columns = {"id": "text", "town": "text"}
    warehouse.stage("people", columns, [[(1, "x", "Ur")]])
    warehouse.settle("people", columns, ["id"], [])
    switch = Switch("crm", "2", "replace", ("id",), forget=True, rebuild=rebuild)
    with pytest.raises(ZeroDivisionError):
        warehouse.switch("people", columns, switch, broken())
    assert list(warehouse.quarantined("people", "crm")) == ([["{}"]] if rebuild else [])
    assert warehouse.columns_of("people") == (["id", "name"] if rebuild else None)
    assert warehouse.switch("people", columns, switch, [[{"_source": "crm", "_load": "2"}]]) == Landed(1, 0, 1, 1)
    assert people(warehouse, "*") == [("x", "Ur")]
    assert [name for name in warehouse.tables() if name.startswith("people")] == ["people", "people__quarantine"]


def test_rows_that_other_sources_have_in_the_quarantine_stay(warehouse):
    land(warehouse, [(1, "Ada")], held=[{"_source": "shop", "id": "7"}, {"id": "8"}])
    land(warehouse, [("x",)], columns={"id": "text"}, load="2", forget=True, rebuild=True)
    assert (len(*warehouse.quarantined("people", "shop")), list(warehouse.quarantined("people", "crm"))) == (1, [])


def test_schemas(warehouse, kind):
    columns = {"id": "integer"}
    if kind == "sqlite":
        with pytest.raises(SourceError, match=r"SQLite has no schemas, and the table is crm.people"):
            warehouse.stage("crm.people", columns, [])
        return
    schema = f"crm_{uuid.uuid4().hex[:12]}"
    assert warehouse.columns_of(f"{schema}.people") is None
    warehouse.stage(f"{schema}.people", columns, [[(1, 5)]])
    warehouse.settle(f"{schema}.people", columns, [], [])
    warehouse.switch(f"{schema}.people", columns, Switch("crm", "1", "replace"), [])
    assert warehouse.sql(f"select id from {schema}.people")["id"].tolist() == [5]
    warehouse.execute(f"drop schema {schema}" + (" cascade" if kind != "mariadb" else ""))


def test_views_of_the_table_stay(warehouse):
    land(warehouse, [(1, "Ada")])
    warehouse.execute("create view seen as select name from people")
    land(warehouse, [(2, "Bob")])
    assert warehouse.sql("select name from seen")["name"].tolist() == ["Bob"]
    warehouse.execute("drop view seen")


def test_a_read_only_connection_is_refused(lab):
    with pytest.raises(ReadOnlyError, match="set `read_only"), Warehouse(ConnectionSpec("shop", lab.url)).held():
        pass


def test_other_engines_are_refused():
    spec = ConnectionSpec("shop", "trino://reports@127.0.0.1:8080/hive", read_only=False)
    with pytest.raises(SourceError, match="sources cannot land in"), Warehouse(spec).held():
        pass
