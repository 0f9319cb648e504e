"""The guide to experiments does what it says, and the reference names everything that is public."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest
from support.guides import blocks

from analytics_lib import experiments
from analytics_lib.experiments.results import Results

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = (DOCS / "reference/experiments.md").read_text(encoding="utf-8")


def test_the_guide_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed = ""
    for block in blocks(DOCS / "how-to/experiments.md"):
        if block.language == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block.text, "experiments.md", "exec"), names)
            printed = output.getvalue()
        elif block.language == "text":
            assert printed == block.text
        else:
            (tmp_path / str(block.file)).write_text(block.text, encoding="utf-8")
    names["lab"].close()


@pytest.mark.parametrize("name", experiments.__all__)
def test_every_public_name_is_documented(name):
    assert f"`{name}" in REFERENCE


def test_every_part_of_a_result_is_documented():
    own = {"alpha", "answer", "control", "days", "metrics", "plan", "treatments"}  # what analyze was told
    public = {name for name in vars(Results) if not name.startswith("_")} - own
    assert [name for name in public if f"`.{name}" not in REFERENCE] == []
