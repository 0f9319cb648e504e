"""The benchmarks' own parts: the reference runs everywhere, the table says what was measured. Nothing is timed here."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
from pathlib import Path

import pytest

from analytics_lib.pipeline.plan import plan_report
from analytics_lib.pipeline.sources import Sources
from analytics_lib.workspace import load_workspace

FOLDER = Path(__file__).parents[2] / "benchmarks"


def load(name):
    """Return a file of the benchmarks as a module; it imports its neighbours by name."""
    spec = importlib.util.spec_from_file_location(f"benchmarks_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def measuring():
    return load("measuring")


@pytest.fixture
def workspace(measuring, tmp_path):
    return measuring.reference(tmp_path, 3)


def test_the_reference_is_made_a_hundred_times():
    workspace = load_workspace(FOLDER / "reference")
    plan = plan_report(Sources(workspace), "reference", {}, self_contained=False)
    assert [page.parameters for page in plan.pages] == [{"number": number} for number in range(1, 101)]


def test_a_copy_of_it_has_as_many_sets_as_wanted(workspace):
    plan = plan_report(Sources(load_workspace(workspace)), "reference", {}, self_contained=False)
    assert [page.name for page in plan.pages] == ["1", "2", "3"]


def test_its_notebook_needs_nothing_of_this_library():
    text = (FOLDER / "reference/notebooks/reference.ipynb").read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert "analytics" not in text
    assert len(notebook["cells"]) == 5
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.slow
def test_pages_of_it_and_what_their_cells_took(workspace, measuring, analytics):
    ran = analytics("-w", workspace, "run", "reference", "-p", "number=3", "--json")
    assert ran.code == 0, ran.out + ran.err
    page = (workspace / "site/reference/3.html").read_text(encoding="utf-8")
    assert "Sales of shop 3" in page
    assert "Coffee sells" in page
    (own,) = measuring.own_seconds(workspace)
    assert 0 < own < json.loads(ran.out)["seconds"]


def test_the_table(measuring):
    rows = [
        measuring.faster("a", "peer", [(1.0, 9.0), (2.0, 30.0), (3.0, 24.0)], 12),
        measuring.faster("b", "peer", [(2.0, 23.0)], 12),
        measuring.ratio("c", "–", ("1", "2"), 2.0, goal=None, words="faster"),
    ]
    assert measuring.table(rows).splitlines() == [
        "| work | peer | ours | peer's | measured | to reach | reached |",
        "|---|---|---:|---:|---:|---|---|",
        "| a | peer | 2.00 s | 24.00 s | 12.00 × | ≥ 12 × faster | yes |",
        "| b | peer | 2.00 s | 23.00 s | 11.50 × | ≥ 12 × faster | no |",
        "| c | – | 1 | 2 | 2.00 × | – | – |",
    ]


def test_the_peer_is_given_the_same_notebook_and_parameters(measuring, tmp_path):
    papermill, nbconvert = measuring.two_commands("notebooks/reference.ipynb", tmp_path / "out", number=7)
    assert papermill[1:3] == ["notebooks/reference.ipynb", str(tmp_path / "out/reference-7.ipynb")]
    assert papermill[3:6] == ["-p", "number", "7"]
    assert nbconvert[-1] == papermill[2]


def test_a_command_that_fails_ends_the_benchmark(measuring, tmp_path):
    with pytest.raises(SystemExit, match="failed with exit code 3"):
        measuring.seconds([[sys.executable, "-c", "raise SystemExit(3)"]], tmp_path)


def test_byte_code_is_kept_for_both(measuring):
    assert "PYTHONDONTWRITEBYTECODE" not in measuring.ENVIRONMENT


def test_one_run_has_them_all():
    listed = (FOLDER / "__main__.py").read_text(encoding="utf-8")
    for path in FOLDER.glob("*.py"):
        for name in re.findall(r"^def (measure\w*)\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            assert f"{path.stem}.{name}," in listed
