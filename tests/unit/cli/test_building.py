"""The commands that build: what they parse, what they print, how they leave. Nothing is rendered here."""

from __future__ import annotations

import json

import pytest

from analytics_lib import pipeline
from analytics_lib.errors import ChecksFailed, ParameterError, RenderError
from analytics_lib.pipeline.results import BuildResult, PageResult


@pytest.fixture
def asked(bench, monkeypatch):
    """Stand in for the build: keep what was asked for, give back what the test says."""
    monkeypatch.chdir(bench.root)

    def build(workspace, request, progress):
        asked.workspace, asked.request = workspace, request
        for page in asked.pages:
            progress.started(page.report, page.label)
            progress.finished(page)
        return BuildResult(tuple(asked.pages), workspace.site, seconds=1.5)

    asked = build
    asked.pages = [page("published", seconds=1.2, href="sales/north.html", version=3)]
    monkeypatch.setattr(pipeline, "build", build)
    return asked


def page(status, name="north", **more):
    return PageResult("sales", name, name, {"region": name}, status, **more)


class TestParsing:
    def test_build_asks_for_all(self, analytics, asked, bench):
        assert analytics("build").code == 0
        assert asked.workspace.root == bench.root
        request = asked.request
        assert (request.reports, request.parameters, request.force, request.jobs) == ((), {}, False, None)
        assert request.self_contained is None

    def test_options(self, analytics, asked):
        analytics("build", "--force", "-j", 3, "--self-contained")
        assert (asked.request.force, asked.request.jobs, asked.request.self_contained) == (True, 3, True)
        analytics("build", "--shared-assets")
        assert asked.request.self_contained is False

    def test_run_asks_for_one(self, analytics, asked):
        analytics("run", "sales", "-p", "region=north", "--parameter", "where=a=b", "-p", " top = 3")
        assert asked.request.reports == ("sales",)
        assert asked.request.parameters == {"region": "north", "where": "a=b", "top": " 3"}

    def test_parameters_from_a_file(self, analytics, asked, bench):
        path = bench.write("given.yml", "region: north\ntop: 3\nnames: [a, b]\n")
        analytics("run", "sales", "-f", path, "-p", "top=5")
        assert asked.request.parameters == {"region": "north", "top": "5", "names": ["a", "b"]}

    @pytest.mark.parametrize("text", ["region", "=north", " =x"])
    def test_a_parameter_without_name_or_value(self, analytics, asked, text):
        left = analytics("run", "sales", "-p", text)
        assert left.code == 2
        assert "Write -p name=value." in left.err

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (None, "No such file"),
            ("- a\n", "holds no parameters"),
            ("a: [\n", "not valid YAML"),
            ("as_of: 2026-02-30\n", "given.yml:1: the file is not valid YAML: '2026-02-30' is no day"),
            ("top: 3\ntop: 4\n", "given.yml:2: the file is not valid YAML: key 'top' stands twice"),
            ("", "holds no parameters"),
        ],
    )
    def test_a_file_without_parameters(self, analytics, asked, bench, content, words):
        if content is not None:
            bench.write("given.yml", content)
        left = analytics("run", "sales", "-f", bench.root / "given.yml")
        assert left.code == 2
        assert words in left.err

    @pytest.mark.parametrize("arguments", [("run",), ("build", "--jobs", 0), ("build", "--nothing"), ("nothing",)])
    def test_what_is_no_command(self, analytics, asked, arguments):
        assert analytics(*arguments).code == 2

    def test_another_workspace(self, analytics, asked, bench, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        assert analytics("build").code == 2
        assert analytics("-w", bench.root, "build").code == 0
        assert analytics("--workspace", "workspace", "build").code == 0
        assert asked.workspace.root == bench.root


class TestPrinting:
    def test_a_table_and_a_summary(self, analytics, asked, bench):
        bench.write("site/index.html", "")
        said = analytics("build")
        assert said.out.splitlines()[0].split() == ["Report", "Parameters", "Status", "Seconds", "Page"]
        assert said.out.splitlines()[1].split() == ["sales", "north", "published", "1.2", "sales/north.html"]
        assert "1 published in 1.5 s." in said.out
        assert "Site: site/index.html" in said.out
        assert "published  sales north 1.2 s" in " ".join(said.err.split(" "))

    def test_a_report_of_one_page_names_no_parameters(self, analytics, asked):
        asked.pages = [page("published", "index")]
        assert analytics("build").out.splitlines()[1].split()[:3] == ["sales", "–", "published"]

    @pytest.mark.parametrize(("number", "words"), [(1, "the page is up to date"), (3, "all 3 pages are up to date")])
    def test_nothing_has_changed(self, analytics, asked, number, words):
        asked.pages = [page("unchanged", f"p{each}") for each in range(number)]
        said = analytics("build")
        assert "Nothing has changed" in said.out
        assert words in said.out
        assert said.code == 0

    def test_errors_are_told_once_each(self, analytics, asked):
        error = ChecksFailed("no nulls: 3 of 9", where="report 'sales'")
        asked.pages = [page("held back", "north", error=error), page("held back", "south", error=error)]
        said = analytics("build")
        assert said.code == 3
        assert said.err.count("no nulls: 3 of 9.") == 1
        assert "2 held back" in said.out

    @pytest.mark.parametrize(
        ("error", "code"), [(ParameterError("x"), 2), (ChecksFailed("x"), 3), (RenderError("x"), 4)]
    )
    def test_exit_codes(self, analytics, asked, error, code):
        asked.pages = [page("published", "a"), page("failed", "b", error=error)]
        assert analytics("build").code == code
        assert analytics("build", "--json").code == code

    def test_markup_in_what_people_wrote_is_text(self, analytics, asked):
        asked.pages = [page("failed", "[bold]x[/]", error=RenderError("[red]y[/red] in [z]", where="[w]", hint="[v]"))]
        said = analytics("build")
        assert "[bold]x[/]" in said.out
        assert "[w]: [red]y[/red] in [z]." in said.err
        assert "[v]." in said.err

    def test_json_is_all_there_is(self, analytics, asked):
        asked.pages = [page("failed", error=RenderError("it broke", where="cell 3"))]
        said = analytics("build", "--json")
        result = json.loads(said.out)
        assert said.err == ""
        assert result["exit_code"] == said.code == 4
        assert result["pages"][0]["error"] == "cell 3: it broke"


def test_an_error_before_the_build_is_a_sentence(analytics, bench):
    said = analytics("-w", bench.root, "build")
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("Error reports/: the workspace has no report.\n")
