"""The guide to metrics does what it says: its files are right, and its code prints what it shows."""

from __future__ import annotations

import contextlib
import io
import shlex
from pathlib import Path

import pytest
import yaml
from support.guides import blocks

from analytics_lib.cli.app import main
from analytics_lib.model.metrics.files import MetricModel
from analytics_lib.session import _workspace

DOCS = Path(__file__).parents[2] / "docs"


def test_the_guide_prints_what_it_shows(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _workspace.cache_clear()
    names: dict[str, object] = {}
    printed = ""
    for block in blocks(DOCS / "how-to/metrics.md"):
        if block.language == "python":
            output = io.StringIO()
            with contextlib.redirect_stdout(output):
                exec(compile(block.text, "metrics.md", "exec"), names)
            printed = output.getvalue()
        elif block.language == "text":
            assert printed == block.text
        elif block.language == "bash":
            with contextlib.redirect_stdout(io.StringIO()), pytest.raises(SystemExit) as left:
                main(shlex.split(block.text)[1:])
            assert not left.value.code
        else:
            path = tmp_path / str(block.file)
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    names["metrics"].close()
    names["south"].close()
    _workspace.cache_clear()


def test_the_reference_shows_what_can_stand_in_a_file():
    """Its pieces of files are valid where they stand."""
    page = (DOCS / "reference/metric-file.md").read_text(encoding="utf-8")
    pieces = [yaml.safe_load(part.split("```")[0]) for part in page.split("```yaml\n")[1:]]
    keys = {"owner": "a@example.com", "connection": "shop", "table": "orders"}
    (rows,) = [piece for piece in pieces if piece and "rows" in piece]
    assert set(MetricModel.model_validate(keys | rows).rows) == {"partners", "europe", "night_shift", "staff"}
    (examples,) = [piece for piece in pieces if piece and "examples" in piece]
    model = MetricModel.model_validate(keys | {"metrics": {"revenue": examples}})
    assert [each.value for each in model.metrics["revenue"].examples] == [27004.0, 0.746]
