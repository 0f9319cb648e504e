"""``analytics sources NAME``: the last loads of one source, and why they became what they became."""

from __future__ import annotations

import json

import pytest
from support.loading import CRM, INCREMENTAL, contacts, make_depot
from support.rest import Answer
from support.rest_fixtures import api

from analytics_lib.cli.loading import _duration
from analytics_lib.cli.output import console
from analytics_lib.errors import SourceError

__all__ = ["api"]


@pytest.fixture
def depot(tmp_path, api):
    """A source that was loaded, loaded again, held back, failed, and loaded with another column and an unfit row."""
    depot = make_depot(tmp_path / "depot", api, f"sqlite:///{tmp_path}/depot/warehouse.db")
    depot.source(CRM + INCREMENTAL)
    api.tables = {"/contacts": contacts(11)}
    depot.load()
    api.tables = {"/contacts": contacts(4, first=10)}
    depot.load()
    api.tables = {"/contacts": [{**contacts(1, first=14)[0], "score": "many"}]}
    depot.load()
    api.faults = [Answer(403)]
    with pytest.raises(SourceError):
        depot.load()
    api.tables = {"/contacts": [{**row, "town": "Ur"} for row in contacts(4, first=14)]}
    api.tables["/contacts"][0]["score"] = "many"
    depot.load()
    return depot


@pytest.fixture
def run(depot, analytics):
    return lambda *arguments: analytics("--workspace", depot.root, *arguments)


def test_the_loads_of_a_source(run, monkeypatch):
    monkeypatch.setattr(console, "width", 120)
    title, standing, blank, heading, *lines = run("sources", "crm").out.splitlines()
    assert title == "Contacts (crm), sales@example.com"
    assert standing == "warehouse: contacts, 16 rows up to 2026-03-01T00:00:17Z, 1 in the quarantine: loaded"
    assert blank == ""
    assert heading.split() == ["When", "Took", "Outcome", "Rows", "Updated", "Quarantined", "Up", "to"]
    shown = [line.split()[4:] for line in lines[:5]]
    assert shown == [
        ["loaded", "3", "0", "1", "2026-03-01T00:00:17Z"], ["failed", "–", "–", "–", "–"],
        ["held", "back", "–", "–", "1", "–"], ["loaded", "3", "1", "0", "2026-03-01T00:00:13Z"],
        ["loaded", "11", "0", "0", "2026-03-01T00:00:11Z"],
    ]  # fmt: skip
    said = [line[18:] for line in lines[6:]]
    assert said[0] == "changed new column town (text)"
    assert said[2].startswith("failed http://127.0.0.1:")
    assert said[3].startswith(
        "held back 1 of 1 rows are not fit, more than into.tolerate allows (50%); row 1: score is"
    )


def test_a_narrow_terminal_and_few_loads(run, monkeypatch):
    monkeypatch.setattr(console, "width", 80)
    lines = run("sources", "sources/crm.yml", "--limit", "2").out.splitlines()
    assert lines[3].split() == ["When", "Took", "Outcome", "Rows", "Updated", "Quarantined"]
    assert max(len(line) for line in lines[3:6]) <= 80
    assert [line.split()[4] for line in lines[4:6]] == ["loaded", "failed"]
    assert lines[6] == ""


def test_for_machines(run):
    shown = json.loads(run("sources", "crm", "-n", "2", "--json").out)
    assert (shown["source"], shown["status"], shown["rows"], shown["quarantined"]) == ("crm", "loaded", 16, 1)
    newest, failed = shown["loads"]
    assert (newest["rows"], newest["updated"], newest["quarantined"], newest["total"]) == (3, 0, 1, 16)
    assert (failed["status"], failed["updated"]) == ("failed", None)
    assert newest == shown["newest"]


def test_kinds_of_loads(run, depot, api):
    api.tables = {"/contacts": contacts(2)}
    depot.load(full=True)
    depot.load(replay=True)
    lines = run("sources", "crm", "--limit", "2").out.splitlines()
    assert "loaded (replay)" in lines[4]
    assert "loaded (full)" in lines[5]


def test_a_broken_file_has_its_history(run, depot):
    depot.source("owner: me\n")
    shown = run("sources", "crm").out
    assert ": invalid\n" in shown
    assert "key 'into' is missing" in shown
    assert shown.count("loaded") == 3


def test_a_source_that_was_never_loaded(run, depot):
    depot.source("owner: me\nfile: new.csv\ninto: {connection: warehouse, table: new}\n", "new")
    assert run("sources", "new").out == "new (new), me\nwarehouse: new: never loaded\n"
    assert json.loads(run("sources", "new", "--json").out)["loads"] == []


@pytest.mark.parametrize(("arguments", "said"), [
    (["crn"], "there is no source 'crn'. Did you mean 'crm'?"), (["crm", "--limit", "0"], "greater than or equal to 1"),
])  # fmt: skip
def test_what_cannot_be_asked(run, arguments, said):
    done = run("sources", *arguments)
    assert done.code == 2
    assert said in " ".join(done.err.replace("│", " ").split())


@pytest.mark.parametrize(("seconds", "shown"), [
    (0.04, "0.0 s"), (59.4, "59.4 s"), (59.96, "1 min 00 s"), (3599, "59 min 59 s"), (7260, "2 h 01 min"),
])  # fmt: skip
def test_how_long_a_load_took(seconds, shown):
    assert _duration(seconds) == shown
