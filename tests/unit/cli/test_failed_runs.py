"""Below an error the terminal says where the run that failed can be looked at, or why it cannot."""

from __future__ import annotations

import pytest

from analytics_lib.cli.output import print_error
from analytics_lib.cli.summary import print_build
from analytics_lib.errors import CellFailed
from analytics_lib.pipeline.results import BuildResult, PageResult


@pytest.fixture
def error():
    return CellFailed("the cell raised ValueError: [no] rows", where="sales.ipynb cell 3", hint="mend the data")


def test_a_path_below_the_working_folder_is_short(error, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    print_error(error, tmp_path / "site/sales/[north]~failed.html")
    assert capsys.readouterr().err == (
        "Error sales.ipynb cell 3: the cell raised ValueError: [no] rows.\n"
        "      Mend the data.\n"
        "      Failed run: site/sales/[north]~failed.html\n"
    )


def test_a_run_that_is_not_kept_says_why(error, capsys):
    error.add_note("the disk is full")
    print_error(error)
    assert capsys.readouterr().err.endswith("      Mend the data.\n      Run not kept: the disk is full.\n")


def test_pages_that_share_an_error_are_told_once(error, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    pages = [
        PageResult("sales", name, name, {}, "failed", error=error, failed_run=tmp_path / f"{name}~failed.html")
        for name in ("north", "south")
    ]
    print_build(BuildResult(tuple(pages), tmp_path))
    said = capsys.readouterr().err
    assert said.count("Error ") == 1
    assert said.count("Failed run: ") == 1
    assert "      Failed run: north~failed.html\n" in said
