"""What decides a page's key, and what must be there before a kernel starts."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from analytics_lib.errors import ConnectionFailed, NotebookError, ReportError, SuiteError
from analytics_lib.model.pages import Stale
from analytics_lib.pipeline import plan as plan_module
from analytics_lib.pipeline.outcomes import without_rendering
from analytics_lib.pipeline.plan import page_key, plan_report
from analytics_lib.pipeline.sources import Sources
from analytics_lib.registry import PageState, StoredVersion
from analytics_lib.registry.registry import Change

KEYS = {"checks": [{"suite": "sales", "output": "sales"}], "data": ["data/*.csv"]}
EXPECTATION = {"type": "expect_column_to_exist", "kwargs": {"column": "x"}}
SUITE = json.dumps({"name": "sales", "expectations": [EXPECTATION]})


@pytest.fixture
def sales(bench):
    """A report with a suite, a declared file and a connection."""
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    bench.write("data/a.csv", "x\n1\n")
    bench.write("expectations/sales.json", SUITE)
    bench.notebook("sales", "print(region)", parameters="region = 'north'")
    bench.report("sales", **KEYS)
    return bench


def planned(bench, *, self_contained=False):
    return plan_report(Sources(bench.load()), "sales", {}, self_contained=self_contained)


def key(bench, **more):
    return planned(bench, **more).base_key


def test_the_same_inputs_give_the_same_key(sales):
    assert key(sales) == key(sales)


def test_outputs_left_in_the_notebook_do_not_count(sales):
    before = key(sales)
    path = sales.root / "notebooks/sales.ipynb"
    content = json.loads(path.read_text())
    content["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "north"}]
    path.write_text(json.dumps(content, indent=4))
    assert key(sales) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda bench: bench.notebook("sales", "print(region, 1)", parameters="region = 'north'"),
        lambda bench: bench.notebook("sales", "print(region)", parameters="region = 'south'"),
        lambda bench: bench.notebook("sales", "# print(region)", parameters="region = 'north'"),
        lambda bench: bench.report("sales", **KEYS, owner="me"),
        lambda bench: bench.write("expectations/sales.json", SUITE.replace('"x"', '"y"')),
        lambda bench: bench.write("data/b.csv", "x\n2\n"),
    ],
    ids=["source", "default", "kind of cell", "report file", "suite", "another declared file"],
)
def test_what_a_person_changes_changes_the_key(sales, change):
    before = key(sales)
    change(sales)
    assert key(sales) != before


def test_so_do_the_library_the_environment_and_the_form(sales, monkeypatch):
    keys = {key(sales), key(sales, self_contained=True)}
    for name in ("library_digest", "environment_digest"):
        with monkeypatch.context() as patched:
            patched.setattr(plan_module, name, lambda: "other")
            keys.add(key(sales))
    assert len(keys) == 4


def test_a_pages_key_is_of_parameters_and_data_too():
    data = {"files": {"data/a.csv": "1f"}, "connections": {"shop": "2e"}, "untraceable": ""}
    keys = {
        page_key("base", {"a": 1, "b": 2}, data),
        page_key("other", {"a": 1, "b": 2}, data),
        page_key("base", {"a": 1, "b": "2"}, data),
        page_key("base", {"a": 1, "b": 2}, {**data, "files": {"data/a.csv": "1e"}}),
        page_key("base", {"a": 1, "b": 2}, {**data, "connections": {"shop": "2f"}}),
    }
    assert len(keys) == 5
    assert page_key("base", {"b": 2, "a": 1}, data) in keys


class TestSources:
    def changes(self, bench, **recorded):
        return Sources(bench.load()).changes_since(recorded)

    def test_files(self, sales):
        recorded = {"data/a.csv": Sources(sales.load()).file(sales.root / "data/a.csv")}
        assert self.changes(sales, files=recorded) == []
        path = sales.write("data/a.csv", "x\n2\n")
        os.utime(path, (0, 0))
        assert self.changes(sales, files=recorded) == ["file data/a.csv changed at 1970-01-01 00:00 UTC"]
        path.unlink()
        assert self.changes(sales, files=recorded) == ["file data/a.csv gone"]

    def test_patterns(self, sales):
        recorded = {"data/*.csv": Sources(sales.load()).file(sales.root / "data/*.csv")}
        assert self.changes(sales, files=recorded) == []
        sales.write("data/notes.txt", "")
        assert self.changes(sales, files=recorded) == []
        sales.write("data/b.csv", "x\n2\n")
        assert self.changes(sales, files=recorded) == ["other files match data/*.csv"]

    def test_a_connection_out_of_reach_is_a_change(self, sales):
        (told,) = self.changes(sales, connections={"shop": "1f"})
        assert told.startswith("connection shop: the database of connection 'shop' cannot be opened")
        assert self.changes(sales, connections={"gone": "1f"}) == ["connection gone: unknown connection 'gone'"]

    def test_what_cannot_be_traced_is_never_the_same(self, sales):
        told = self.changes(sales, files={}, untraceable="a query reads https://…")
        assert told == ["its data cannot be traced: a query reads https://…"]

    def test_a_fingerprint_is_taken_once_a_build(self, sales):
        sources = Sources(sales.load())
        before = sources.file(sales.root / "data/a.csv")
        sales.write("data/a.csv", "x\n2\n")
        assert sources.file(sales.root / "data/a.csv") == before


@pytest.mark.parametrize(
    ("keys", "kind", "line", "words"),
    [
        ({"notebook": "notebooks/sale.ipynb"}, NotebookError, 2, "there is no notebook notebooks/sale.ipynb"),
        ({"parameters": {"regoin": {"label": "x"}}}, Exception, 4, "no parameter 'regoin'"),
        ({"checks": [{"suite": "sale", "output": "o"}]}, SuiteError, 4, "there is no suite 'sale'"),
        ({"checks": [{"suite": "sales", "connection": "shp", "table": "t"}]}, ConnectionFailed, 5, "'shp'"),
        ({"freshness": {"connection": "shp", "query": "select 1"}}, ConnectionFailed, 4, "'shp'"),
        ({"for_each": {"region": {"connection": "shp", "query": "select 1"}}}, ConnectionFailed, 5, "'shp'"),
        ({"data": ["data/*.parquet"]}, ReportError, 4, "no file matches 'data/*.parquet'"),
    ],
)
def test_everything_named_must_be_there(sales, keys, kind, line, words):
    sales.report("sales", **keys)
    with pytest.raises(kind) as caught:
        planned(sales)
    assert words in str(caught.value)
    assert caught.value.where == f"reports/sales.yml:{line}"


def test_a_connection_that_the_notebook_names_must_be_there(sales):
    sales.notebook("sales", "import analytics_lib as al", 'al.connect("shp")', parameters="region = 'north'")
    with pytest.raises(ConnectionFailed) as caught:
        planned(sales)
    assert caught.value.where == "notebooks/sales.ipynb cell 3, line 1"
    assert caught.value.hint == "did you mean 'shop'?"


class TestWithoutRendering:
    """What becomes of a page whose version is stored already."""

    stale = Stale(datetime(2026, 1, 31, tzinfo=UTC), "a cell raised", "rendering")

    @pytest.fixture
    def decided(self, sales):
        plan = planned(sales)

        def decided(match, current, *, stale=None, refused=None):
            state = PageState("sales", "index", current, stale, refused)
            result, change = without_rendering(plan, plan.pages[0], match, state)
            return result.status, result.version, change

        return decided

    @staticmethod
    def version(number):
        moment = datetime(2026, 1, number, tzinfo=UTC)
        return StoredVersion(
            "sales", "index", number, f"key-{number}", "b", {}, {}, {}, "passed", "f", moment, 1.0, id=number
        )

    def test_the_current_version_stays(self, decided):
        assert decided(self.version(1), self.version(1)) == ("unchanged", 1, None)

    def test_a_page_that_is_not_there_was_rendered_by_a_build_that_was_killed(self, decided, sales):
        assert decided(self.version(1), None) == ("published", 1, Change("index", version=1))
        plan = planned(sales)
        result, change = without_rendering(plan, plan.pages[0], self.version(1), None)
        assert (result.status, change) == ("published", Change("index", version=1))

    def test_so_was_a_newer_version(self, decided):
        assert decided(self.version(2), self.version(1)) == ("published", 2, Change("index", version=2))

    def test_inputs_that_are_again_those_of_an_older_version(self, decided):
        assert decided(self.version(1), self.version(2)) == ("restored", 1, Change("index", version=1))

    def test_trouble_that_is_over(self, decided):
        assert decided(self.version(1), self.version(1), stale=self.stale) == ("restored", 1, Change("index"))

    def test_trouble_that_is_over_and_a_newer_version(self, decided):
        assert decided(self.version(2), self.version(1), stale=self.stale)[0] == "restored"

    def test_what_was_rolled_back_stays_down(self, decided):
        assert decided(self.version(2), self.version(1), refused="key-2") == ("unchanged", 1, None)

    def test_what_was_rolled_back_stays_down_when_trouble_is_over(self, decided):
        found = decided(self.version(2), self.version(1), refused="key-2", stale=self.stale)
        assert found == ("restored", 1, Change("index"))

    def test_other_inputs_are_not_refused(self, decided):
        assert decided(self.version(3), self.version(1), refused="key-2")[0] == "published"
