"""What decides a report's pages but parameters and data: what has changed of it, in a phrase."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from analytics_lib.pipeline.basis import FOLDER, Basis, keep_basis, read_basis, sweep_bases

BASIS = Basis(
    notebook="notebooks/sales.ipynb",
    cells=("a", "b", "c", "d", "e"),
    report={"title": "1", "notebook": "2"},
    suites={"orders": "1"},
    files=("data/a.csv",),
    self_contained=False,
    library="1",
    environment="1",
    packages={"python": "3.11.7", "analytics-lib": "0.1.0", "pandas": "3.0.1", "numpy": "2.4.0"},
)


def changes(**now):
    return replace(BASIS, **now).changes_since(BASIS)


def test_nothing():
    assert changes() == []


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ("abXde", "cell 3"),
        ("aXcYe", "cells 2 and 4"),
        ("abcdeX", "cell 6 new"),
        ("Xabcde", "cell 1 new"),
        ("abXYcde", "cells 3 and 4 new"),
        ("abce", "cell 4 of before removed"),
        ("ae", "cells 2, 3 and 4 of before removed"),
        ("abXe", "cell 3; cell 4 of before removed"),
        ("Xbcde", "cell 1"),
        ("XYcdeZ", "cells 1 and 2; cell 6 new"),
        ("abcdeFGHIJKLMN", "cells 6, 7, 8, 9, 10, 11 and 3 more new"),
        ("", "cells 1, 2, 3, 4 and 5 of before removed"),
    ],
)
def test_cells_are_counted_as_an_analyst_counts_them(cells, told):
    assert changes(cells=tuple(cells)) == [f"notebook changed: {told}"]


def test_another_notebook():
    report = {"title": "1", "notebook": "3"}
    told = changes(notebook="notebooks/other.ipynb", cells=("x",), report=report)
    assert told == ["notebook changed: notebooks/sales.ipynb → notebooks/other.ipynb"]


def test_the_report_file():
    assert changes(report={"title": "9", "notebook": "2", "owner": "1"}) == ["report file changed: title, owner"]
    assert changes(report={"notebook": "2"}) == ["report file changed: title"]


def test_suites():
    assert changes(suites={"orders": "2"}) == ["suite orders changed"]
    assert changes(suites={}) == []  # the report file has changed then


def test_declared_files():
    assert changes(files=("data/b.csv",)) == ["data file data/b.csv added", "data file data/a.csv gone"]


def test_the_form():
    assert changes(self_contained=True) == ["pages carry their styles and scripts"]
    assert BASIS.changes_since(replace(BASIS, self_contained=True)) == ["pages share their styles and scripts"]


def test_the_library():
    assert changes(library="2") == ["library changed: files of analytics-lib 0.1.0"]
    told = changes(library="2", packages={**BASIS.packages, "analytics-lib": "0.2.0"})
    assert told == ["library changed: analytics-lib 0.1.0 → 0.2.0"]


@pytest.mark.parametrize(
    ("packages", "told"),
    [
        ({"pandas": "3.0.2"}, "pandas 3.0.1 → 3.0.2"),
        ({"python": "3.12.1"}, "python 3.11.7 → 3.12.1"),
        ({"polars": "1.9"}, "polars 1.9 added"),
        ({"numpy": None}, "numpy 2.4.0 removed"),
        ({"numpy": None, "pandas": "3.0.2", "polars": "1.9", "a": "1", "b": "2"},
         "a 1 added, b 2 added, numpy 2.4.0 removed and 2 more"),
    ],
)  # fmt: skip
def test_the_environment(packages, told):
    now = {name: version for name, version in {**BASIS.packages, **packages}.items() if version}
    assert changes(environment="2", packages=now) == [f"environment changed: {told}"]


def test_several():
    told = changes(cells=("a",), suites={"orders": "2"}, environment="2", packages={**BASIS.packages, "pandas": "3.1"})
    assert [each.split(":")[0] for each in told] == ["notebook changed", "suite orders changed", "environment changed"]


@pytest.mark.parametrize(
    "field", ["notebook", "cells", "report", "suites", "files", "self_contained", "library", "environment"]
)
def test_all_of_it_is_in_the_key_and_the_list_of_packages_is_not(field):
    other = {"cells": (), "report": {}, "suites": {}, "files": (), "self_contained": True}.get(field, "other")
    assert replace(BASIS, **{field: other}).key != BASIS.key
    assert replace(BASIS, packages={}).key == BASIS.key


class TestKept:
    def test_it_comes_back(self, tmp_path):
        keep_basis(tmp_path, BASIS)
        assert read_basis(tmp_path, BASIS.key) == BASIS
        assert read_basis(tmp_path, BASIS.key).changes_since(BASIS) == []

    def test_it_is_written_once(self, tmp_path):
        keep_basis(tmp_path, BASIS)
        (path,) = (tmp_path / FOLDER).iterdir()
        before = path.stat().st_ino
        keep_basis(tmp_path, BASIS)
        assert path.stat().st_ino == before

    @pytest.mark.parametrize("content", [None, "", "{}", "[]", '{"notebook": 1}'])
    def test_one_that_cannot_be_read_is_none(self, tmp_path, content):
        if content is not None:
            (tmp_path / FOLDER).mkdir()
            (tmp_path / FOLDER / "k.json").write_text(content)
        assert read_basis(tmp_path, "k") is None

    def test_what_no_version_needs_goes_after_a_day(self, tmp_path):
        """A build at work may have kept one for a version that it is about to record."""
        needed, new, old = BASIS, replace(BASIS, library="2"), replace(BASIS, library="3")
        for each in (needed, new, old):
            keep_basis(tmp_path, each)
        for each in (needed, old):
            os.utime(tmp_path / FOLDER / f"{each.key}.json", (0, 0))
        sweep_bases(tmp_path, {needed.key})
        assert {path.stem for path in (tmp_path / FOLDER).iterdir()} == {needed.key, new.key}
        keep_basis(tmp_path, needed)
        sweep_bases(tmp_path, set())
        assert {path.stem for path in (tmp_path / FOLDER).iterdir()} == {needed.key, new.key}
