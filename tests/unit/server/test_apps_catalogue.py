from __future__ import annotations

import json

import pytest

from analytics_lib.errors import AnalyticsError, InputError
from analytics_lib.server.apps.catalogue import find_app, list_apps


@pytest.fixture
def notebook(bench):
    """Write a notebook of `notebooks/apps` from its cells' sources; one that begins with # is of Markdown."""

    def notebook(name, *sources):
        cells = [
            {
                "cell_type": "markdown" if source.startswith("#") else "code",
                "metadata": {"tags": ["parameters"]} if ": " in source and not source.startswith("#") else {},
                "source": source,
            }
            for source in sources
        ]
        bench.write(f"notebooks/apps/{name}.ipynb", json.dumps({"cells": cells, "metadata": {}, "nbformat": 4}))

    return notebook


def titles(root):
    apps, problems = list_apps(root)
    return [app.title for app in apps], [str(problem) for problem in problems]


def test_a_workspace_without_apps(bench):
    bench.notebook("plain")
    bench.report("plain")
    assert titles(bench.root) == ([], [])


def test_reports_that_say_so_and_notebooks_of_the_folder_are_apps(bench, notebook):
    bench.notebook("sales", parameters='region: str = "north"')
    bench.report("sales", title="Sales: {region}", app=True, description="What was sold.", owner="shop")
    bench.report("hidden", notebook="notebooks/sales.ipynb")
    notebook("explorer", "# Explorer *of* `sales`\n\nLook [around](https://example.com).\n\nMore.", "a: int = 1")
    notebook("no-title", "1 + 1")
    assert titles(bench.root) == (["Explorer of sales", "No title", "Sales"], [])
    explorer, bare, sales = list_apps(bench.root)[0]
    assert (explorer.name, explorer.description, list(explorer.parameters)) == ("explorer", "Look around.", ["a"])
    assert (bare.description, dict(bare.parameters)) == ("", {})
    assert (sales.description, sales.owner, list(sales.parameters)) == ("What was sold.", "shop", ["region"])


def test_the_report_file_refines_the_parameters(bench):
    bench.notebook("sales", parameters="top: int = 3")
    bench.report("sales", app=True, parameters={"top": {"min": 1, "max": 5}}, execution_timeout=7)
    app = find_app(bench.root, "sales")
    assert (app.parameters["top"].maximum, app.timeout) == (5, 7)


def test_what_is_no_app_is_not_found(bench, notebook):
    bench.notebook("sales")
    bench.report("sales")
    notebook(".ipynb_checkpoints/old", "1")
    notebook(".hidden", "1")
    for name in ("sales", "nothing", "../sales", "apps/../sales", ".hidden", "old", ""):
        assert find_app(bench.root, name) is None, name


def test_two_apps_of_one_name_are_refused(bench, notebook):
    bench.notebook("sales")
    bench.report("sales", app=True)
    notebook("sales", "1")
    with pytest.raises(InputError, match=r"two apps are called 'sales'.*rename one of them"):
        find_app(bench.root, "sales")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("a b", "{}", "'a b' cannot be an app's name; use letters, digits, - and _"),
        ("broken", "{", "the file is not a notebook"),
        ("broken", '{"cells": [{"cell_type": "code", "source": "x: =", "metadata": {"tags": ["parameters"]}}]}',
         "the parameters cell is not Python"),
    ],
)  # fmt: skip
def test_what_keeps_a_notebook_from_being_opened_is_a_sentence_in_the_list(bench, notebook, name, content, sentence):
    notebook("good", "# Good")
    bench.write(f"notebooks/apps/{name}.ipynb", content)
    shown, problems = titles(bench.root)
    assert shown == ["Good"]
    assert len(problems) == 1
    assert sentence in problems[0]
    assert f"notebooks/apps/{name}.ipynb" in problems[0]


def test_a_broken_report_file_does_not_hide_the_others(bench, notebook):
    notebook("good", "# Good")
    bench.write("reports/bad.yml", "title: [")
    assert titles(bench.root)[0] == ["Good"]
    with pytest.raises(AnalyticsError, match=r"reports/bad\.yml"):
        find_app(bench.root, "bad")
