"""``analytics load`` and ``analytics sources``: what they say, how they leave, what they keep, whom they wait for."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from support.disks import small_disk
from support.loading import CRM, INCREMENTAL, contacts, make_depot
from support.rest import Answer
from support.rest_fixtures import api

from analytics_lib.errors import AnalyticsError, ConnectionFailed, SourceError
from analytics_lib.pipeline.loading.spool import Spool, source_lock

__all__ = ["api"]

FILE = "owner: me\nfile: data.csv\ninto: {connection: warehouse, table: %s}\n"
HOLD = "import duckdb, sys; c = duckdb.connect(sys.argv[1]%s); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def depot(tmp_path, api):
    api.tables = {"/contacts": contacts(7)}
    return make_depot(tmp_path / "depot", api, f"sqlite:///{tmp_path}/depot/warehouse.db")


@pytest.fixture
def run(depot, analytics):
    return lambda *arguments: analytics("--workspace", depot.root, *arguments)


def test_load_and_sources(depot, run):
    assert run("sources").out.split()[-2:] == ["never", "loaded"]
    done = run("load", "crm")
    assert (done.code, done.out) == (0, "loaded  crm: 7 rows, 0 quarantined. 7 rows in warehouse: contacts now.\n")
    assert "fetched page 3, 7 rows" in done.err
    shown = run("sources").out.splitlines()
    assert shown[0].split() == ["Source", "Table", "Rows", "Up", "to", "Loaded", "Quarantined", "Status"]
    assert shown[1].split()[:4] == ["crm", "warehouse:", "contacts", "7"]
    (state,) = json.loads(run("sources", "--json").out)
    assert (state["status"], state["rows"], state["quarantined"], state["newest"]["kind"]) == ("loaded", 7, 0, "load")
    (load,) = json.loads(run("load", "--full", "--json").out)
    assert (load["source"], load["status"], load["rows"], load["kind"]) == ("crm", "loaded", 7, "full")


def test_all_sources_and_the_gravest_code(depot, run):
    depot.source(FILE % "b", "b")
    depot.source(FILE % "a" + "checks: crm\n", "a")
    depot.suite(("expect_table_row_count_to_be_between", {"min_value": 5}, False))
    (depot.root / "data.csv").write_text("id,name\n1,a\n", encoding="utf-8")
    done = run("load")
    assert done.code == 3
    assert "held back  a: " in done.out
    assert "loaded  b: 1 rows" in done.out
    (depot.root / "data.csv").write_text("id,name\n1\n", encoding="utf-8")
    done = run("load")
    assert done.code == 2
    assert "Error data.csv:2: the line has 1 values, and there are 2 columns" in done.err
    assert [state["status"] for state in json.loads(run("sources", "--json").out)] == ["failed", "failed", "loaded"]
    assert "b: data.csv:2: the line has 1 values" in run("sources").out
    assert depot.rows("*", "b") == [(1, "a")]


@pytest.mark.parametrize(("arguments", "said"), [
    (["load", "crn"], "there is no source 'crn'. Did you mean 'crm'?"),
    (["load", "crm", "--full", "--replay"], "--full and --replay were given"),
])  # fmt: skip
def test_what_cannot_be_asked(run, arguments, said):
    done = run(*arguments)
    assert done.code == 2
    assert said in done.err.replace("\n      ", " ")


def test_a_workspace_without_sources(bench, analytics):
    assert "the workspace has no source" in analytics("--workspace", bench.root, "load").err
    assert "no source yet" in analytics("--workspace", bench.root, "sources").out


def test_a_broken_file_and_a_load_that_was_broken_off_are_shown(depot, run, api):
    api.faults = [None, Answer(404)]
    assert run("load", "crm").code == 2
    assert depot.state().status == "failed"
    head = Spool(depot.root / ".analytics/loads/crm").begin("x", "load", None)
    assert (depot.state().status, head.kind) == ("interrupted", "load")
    depot.source("owner: me\n")
    assert depot.state().status == "invalid"
    assert "key 'into' is missing" in run("sources").out


def test_a_load_goes_on_after_the_last_page_that_came(depot, api):
    api.faults = [None, None, Answer(503)]
    with pytest.raises(ConnectionFailed, match="the service fails: status 503"):
        depot.load()
    api.requests.clear()
    load = depot.load()
    assert [request.params for request in api.requests] == [{"after": "c6"}]
    assert (load.rows, depot.progress.said[0]) == (7, "crm: going on after page 2, 6 rows")


def test_what_was_begun_otherwise_or_long_ago_is_not_gone_on_with(depot, api):
    for change in ("age", "path"):
        api.faults = [None, None, Answer(503)]
        with pytest.raises(ConnectionFailed):
            depot.load()
        head = depot.root / ".analytics/loads/crm/load.json"
        if change == "path":
            depot.source(CRM.replace("  retries: 0", "  retries: 1"))
        else:
            content = json.loads(head.read_text(encoding="utf-8"))
            content["started_at"] = (datetime.now(UTC) - timedelta(hours=25)).isoformat()
            head.write_text(json.dumps(content), encoding="utf-8")
        api.requests.clear()
        assert depot.load().total == 7
        assert len(api.requests) == 3


def test_no_secret_is_kept_anywhere(depot, api, run, monkeypatch, tmp_path):
    monkeypatch.setenv("CRM_KEY", "s3cr+et/Key")
    api.key, api.style = ("key", "s3cr+et/Key"), "link"
    text = CRM.replace("  records: data.items\n", '  auth: {query: {name: key, value: "${CRM_KEY}"}}\n')
    depot.source(text.replace("{cursor: {param: after, next: paging.next.after}}", "{link: {}}"))
    api.faults = [None, Answer(403)]
    failed = run("load")
    assert failed.code == 2
    assert run("load").code == 0
    printed = failed.out + failed.err + run("sources").out
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for form in ("s3cr+et/Key", "s3cr%2Bet%2FKey", "s3cr%2Bet/Key"):
        assert form not in printed
        assert form.encode() not in kept


def test_a_replay_without_a_key(depot, api):
    depot.source(CRM.replace("  key: id\n  mode: upsert\n", "") + "columns: {score: integer}\n")
    rows = contacts(4)
    rows[0]["score"] = "ten"
    api.tables = {"/contacts": rows}
    assert (depot.load().rows, depot.load().waiting) == (3, 1), "replaced, and so is its quarantine"
    depot.sql("update contacts__quarantine set _record = replace(_record, '\"ten\"', '10')")
    load = depot.load(replay=True)
    assert (load.rows, load.total, load.waiting, load.kind) == (1, 4, 0, "replay")
    assert depot.load(replay=True).rows == 0


def test_two_loads_of_one_source(depot):
    with source_lock(depot.root / ".analytics", "crm"):
        assert depot.state().status == "being loaded"
        with pytest.raises(SourceError, match=r"source 'crm': the source is being loaded by process \d+; wait"):
            depot.load()
    assert depot.load().total == 7


def test_columns_that_a_database_cannot_have(depot, api):
    for row, said in [({"a": 1, "A": 2}, "'A' and 'a' differ in upper and lower case alone"),
                      ({"x" * 64: 1}, "is longer than a column's name may be"), ({" ": 1}, "cannot be a column's name"),
                      ({"_Row": 1}, "is the name of a column of the library's own")]:  # fmt: skip
        api.tables = {"/contacts": [{"id": 1, **row}]}
        with pytest.raises(SourceError) as caught:
            depot.load()
        assert said in str(caught.value)
    api.tables = {"/contacts": [{"name": "x"}]}
    with pytest.raises(SourceError, match=r"crm.yml:12: the rows have no column 'id'; known is 'name'"):
        depot.load()


def test_a_type_that_is_told_must_be_the_tables(depot, api):
    depot.source(CRM + "columns: {score: decimal}\n")
    assert depot.load().columns["score"] == "decimal"
    depot.source(CRM + "columns: {score: text}\n")
    with pytest.raises(SourceError, match=r"column 'score' is to be text, and is decimal in the table; load it anew"):
        depot.load()
    assert depot.load(full=True).columns["score"] == "text"


def test_a_type_that_is_told_does_not_change_by_how_values_are_written(depot, api):
    api.tables["/contacts"] = [{**row, "score": str(row["score"])} for row in contacts(3)]
    depot.source(CRM + "columns: {score: decimal}\n")
    depot.load()
    again = depot.load()
    assert (again.status, again.rows, again.quarantined, again.drift) == ("loaded", 3, 0, ())


def test_a_query_of_another_database(depot, api):
    depot.source("""\
owner: me
connection: shop
query: select id, name, day from orders where day >= :since
into: {connection: warehouse, table: orders, key: id, mode: upsert, incremental: {field: day, start: 2026-01-02}}
""", "orders")  # fmt: skip
    config = depot.root / "analytics.toml"
    shop = f"sqlite:///{depot.root}/shop.db"
    config.write_text(config.read_text() + f'[connections.shop]\nurl = "{shop}"\n', encoding="utf-8")
    engine = sa.create_engine(shop)
    with engine.begin() as connection:
        connection.exec_driver_sql("create table orders as select 1 as id, 'a' as name, '2026-01-01' as day")
        connection.exec_driver_sql("insert into orders values (2, 'b', '2026-01-02'), (3, 'c', '2026-01-03')")
    assert depot.load("orders").mark == "2026-01-03"
    with engine.begin() as connection:
        connection.exec_driver_sql("insert into orders values (4, 'd', '2026-01-04')")
    load = depot.load("orders")
    assert (load.rows, load.total, load.mark) == (2, 3, "2026-01-04")
    engine.dispose()


@pytest.mark.parametrize("others", ["", ", read_only=True"], ids=["a writer", "a reader"])
def test_a_duckdb_file_that_others_use(tmp_path, api, others, monkeypatch):
    api.tables = {"/contacts": contacts(3)}
    depot = make_depot(tmp_path / "duck", api)
    depot.load()
    path = str(depot.root / "warehouse.duckdb")
    holder = subprocess.Popen([sys.executable, "-c", HOLD % others, path], stdin=-1, stdout=-1, text=True)
    try:
        assert holder.stdout.readline() == "held\n"
        monkeypatch.setenv("ANALYTICS_LOADS_WAIT", "0")
        with pytest.raises(ConnectionFailed, match=r"others have used it for 0 s; close it there, or raise loads.wait"):
            depot.load()
        monkeypatch.setenv("ANALYTICS_LOADS_WAIT", "60")
        threading.Timer(0.5, holder.stdin.close).start()
        assert depot.load().total == 3
        assert "crm: waiting for warehouse, which others use" in depot.progress.said
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_full_disk_while_fetching(depot, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("analytics_lib.pipeline.loading.spool.os.fsync", full)
        with pytest.raises(Exception, match="the disk is full: what was fetched could not be written") as caught:
            depot.load()
    assert caught.value.exit_code == 4
    assert depot.load().total == 7


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_full_disk_while_landing(tmp_path, api, kind):
    """Nothing is half landed, and what was fetched is not fetched again."""
    folder = tmp_path / "small"
    with small_disk(folder, "4m") as resize:
        depot = make_depot(tmp_path / "depot", api, f"{kind}:///{folder}/warehouse.db")
        api.tables, api.size = {"/contacts": contacts(3)}, 100
        depot.load()
        dice = random.Random(1)
        api.tables = {"/contacts": [{**row, "name": dice.randbytes(50_000).hex()} for row in contacts(50)]}
        with pytest.raises(AnalyticsError, match=r"(?i)full|no space|out of space|could not write") as caught:
            depot.load()
        assert "warehouse" in str(caught.value)
        assert depot.rows() == [(1, "n1"), (2, "n2"), (3, "n3")]
        assert depot.state().status == "failed"
        resize("64m")
        api.requests.clear()
        assert (depot.load().total, api.requests) == (50, [])


def test_a_suite_that_warns(depot, run):
    depot.source(CRM + "checks: crm\n")
    depot.suite(("expect_column_values_to_be_between", {"column": "score", "max_value": 60}, False))
    path = depot.root / "expectations/crm.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["expectations"][0]["severity"] = "warning"
    path.write_text(json.dumps(content), encoding="utf-8")
    done = run("load")
    assert done.code == 0
    assert "warning score must be at most 60" in done.out
    assert depot.state().reason.startswith("score must be at most 60")


def test_the_mark_does_not_move_when_a_load_is_held_back(depot, api):
    depot.source(CRM + INCREMENTAL + "checks: crm\n")
    depot.suite(("expect_column_values_to_be_between", {"column": "score", "min_value": 0}, False))
    first = depot.load()
    api.tables["/contacts"].append({**contacts(1, first=9)[0], "score": -1})
    assert depot.load().status == "held back"
    assert depot.state().loaded.mark == first.mark
    api.tables["/contacts"][-1]["score"] = 1
    assert depot.load().mark == "2026-03-01T00:00:09Z"
