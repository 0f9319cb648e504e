"""The other commands: init, list, versions, rollback, schema, doctor, serve."""

from __future__ import annotations

import json
import os

import pytest

from analytics_lib import __version__


@pytest.fixture
def sales(bench, monkeypatch):
    """A workspace with a report that is not published yet."""
    monkeypatch.chdir(bench.root)
    bench.notebook("sales", parameters="x = 1")
    bench.report("sales", title="Sales [2026]", owner="me@example.com", tags=["shop"])
    return bench


def test_version_and_help(analytics):
    assert analytics("--version").out == f"analytics-lib {__version__}\n"
    shown = analytics("-h").out
    for command in (
        "init",
        "demo",
        "run",
        "build",
        "check",
        "versions",
        "rollback",
        "list",
        "experiment",
        "schema",
        "doctor",
        "lab",
        "serve",
        "apps",
    ):
        assert f" {command} " in shown


class TestInit:
    def test_a_workspace_that_a_build_can_plan(self, analytics, tmp_path):
        from analytics_lib.pipeline.plan import plan_report
        from analytics_lib.pipeline.sources import Sources
        from analytics_lib.workspace import load_workspace

        said = analytics("init", tmp_path / "new")
        assert said.code == 0
        assert "analytics run first_report" in said.out
        plan = plan_report(Sources(load_workspace(tmp_path / "new")), "first_report", {}, self_contained=False)
        assert [page.name for page in plan.pages] == ["north", "south"]
        written = {path.name for path in (tmp_path / "new").rglob("*")}
        assert {".gitignore", "report.schema.json"} <= written
        assert "gitignore" not in written

    def test_here(self, analytics, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert "cd " not in analytics("init").out
        assert (tmp_path / "analytics.toml").is_file()

    def test_a_workspace_is_not_overwritten(self, analytics, sales):
        said = analytics("init", sales.root)
        assert said.code == 2
        assert "is a workspace already" in said.err
        assert 'title = "Tried"' in (sales.root / "analytics.toml").read_text()

    def test_files_that_are_there_stay(self, analytics, tmp_path):
        (tmp_path / ".gitignore").write_text("mine\n")
        analytics("init", tmp_path)
        assert (tmp_path / ".gitignore").read_text() == "mine\n"

    def test_a_file_in_the_way(self, analytics, tmp_path):
        (tmp_path / "new").write_text("")
        assert analytics("init", tmp_path / "new").code == 2


class TestLookingBack:
    def test_list(self, analytics, sales):
        shown = analytics("list").out
        assert "Sales [2026]" in shown
        assert "not published" in shown
        (entry,) = json.loads(analytics("list", "--json").out)
        assert entry == {
            "report": "sales", "title": "Sales [2026]", "owner": "me@example.com", "tags": ["shop"],
            "problem": None, "pages": [],
        }  # fmt: skip

    def test_a_broken_report_is_listed_with_its_problem(self, analytics, sales):
        sales.write("reports/costs.yml", "title: Costs\n")
        entries = json.loads(analytics("list", "--json").out)
        assert "reports/costs.yml" in entries[0]["problem"]
        assert entries[1]["problem"] is None
        assert "reports/costs.yml" in " ".join(analytics("list").out.split())

    def test_an_empty_workspace(self, analytics, bench, monkeypatch):
        monkeypatch.chdir(bench.root)
        assert "no report yet" in analytics("list").out
        assert json.loads(analytics("list", "--json").out) == []

    def test_versions_of_what_was_never_published(self, analytics, sales):
        assert "has not been published yet" in analytics("versions", "sales").out
        assert json.loads(analytics("versions", "sales", "--json").out) == []

    @pytest.mark.parametrize("command", ["versions", "rollback"])
    def test_an_unknown_report(self, analytics, sales, command):
        said = analytics(command, "slaes")
        assert said.code == 2
        assert "Did you mean 'sales'?" in said.err

    def test_no_way_back(self, analytics, sales):
        assert analytics("rollback", "sales").code == 2
        assert analytics("rollback", "sales", "--to", 7).code == 2


def test_schema(analytics, tmp_path):
    from analytics_lib.model.report import json_schema

    assert json.loads(analytics("schema").out) == json_schema()
    assert analytics("schema", "-o", tmp_path / "s.json").code == 0
    assert json.loads((tmp_path / "s.json").read_text()) == json_schema()
    assert "hypothesis" in json.loads(analytics("schema", "--experiment").out)["required"]
    assert analytics("schema", "-o", tmp_path / "no/such/folder/s.json").code == 2


class TestDoctor:
    def test_all_is_well(self, analytics, sales):
        said = analytics("doctor", "--json")
        findings = {each["subject"]: each for each in json.loads(said.out)}
        assert said.code == 0
        assert {"python", "papermill", "kernel python3", "workspace", "site", "state database"} <= set(findings)
        assert all(each["ok"] or each["optional"] for each in findings.values())
        assert "workspace" in analytics("doctor").out

    def test_a_connection_that_does_not_answer(self, analytics, sales):
        sales.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///gone/shop.duckdb"\n')
        said = analytics("doctor", "--json")
        (finding,) = [each for each in json.loads(said.out) if each["subject"] == "connection shop"]
        assert said.code == 2
        assert not finding["ok"]
        assert "cannot be opened" in finding["detail"]

    def test_a_connection_that_does(self, analytics, sales):
        import sqlite3

        sales.write("analytics.toml", '[connections.shop]\nurl = "sqlite:///shop.db"\n')
        with sqlite3.connect(sales.root / "shop.db") as database:
            database.execute("create table orders (id int)")
        database.close()
        (finding,) = [
            each for each in json.loads(analytics("doctor", "--json").out) if each["subject"] == "connection shop"
        ]
        assert (finding["ok"], finding["detail"]) == (True, "answers; 1 table")

    def test_no_workspace(self, analytics, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert analytics("doctor").code == 2


def test_nothing_to_serve(analytics, sales):
    said = analytics("serve")
    assert said.code == 2
    assert "nothing is published yet" in said.err


def test_lab_becomes_jupyterlab(analytics, sales, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, arguments: started.append(arguments))
    analytics("lab", "--no-browser", "--port=9999")
    assert started[0][1:3] == ["-m", "jupyterlab"]
    assert f"--ServerApp.root_dir={sales.root}" in started[0]
    assert started[0][-2:] == ["--no-browser", "--port=9999"]
