"""README's and the tutorial's own blocks, run as a reader would run them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from support.guides import blocks, notebook_of

ROOT = Path(__file__).parents[2]
WITHOUT_END = {"analytics serve", "analytics lab"}


def shell(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-ec", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def follow(guide: Path, start: Path, workspace: Path, *, after: str = "") -> list[str]:
    """Do what the guide says, block by block; return what its commands printed."""
    cells: list[str] = []
    notebook = ""
    printed = []
    for block in blocks(guide, after=after):
        if block.language == "python":
            cells.append(block.text)
            notebook = block.file if block.file and block.file.endswith(".ipynb") else notebook
            (workspace / notebook).write_text(notebook_of(cells), encoding="utf-8")
        elif block.language == "bash":
            folder = workspace if workspace.exists() else start
            for command in block.text.splitlines():
                if command in WITHOUT_END or command.startswith("cd "):
                    folder = start / shlex.split(command)[1] if command.startswith("cd ") else folder
                    continue
                done = shell(command, folder)
                assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
                printed.append(done.stdout)
        else:
            assert block.file is not None, f"no file is named before this block:\n{block.text}"
            path = workspace / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    return printed


@pytest.mark.slow
def test_readme_turns_a_csv_into_a_report(tmp_path):
    printed = follow(ROOT / "README.md", tmp_path, tmp_path / "my-reports", after="## Your own report")
    assert "2 published" in printed[-1]
    page = (tmp_path / "my-reports/site/tickets/billing.html").read_text(encoding="utf-8")
    assert "backlog changed by +8 tickets in 3 days" in page

    data = tmp_path / "my-reports/data/tickets.csv"
    lines = data.read_text(encoding="utf-8").splitlines(keepends=True)
    data.write_text("".join(line for line in lines if ",billing," not in line), encoding="utf-8")
    done = shell("analytics run tickets --json", tmp_path / "my-reports")
    assert done.returncode == 3, done.stderr
    statuses = {page["page"]: page["status"] for page in json.loads(done.stdout)["pages"]}
    assert statuses == {"billing": "held back", "shipping": "published"}
    assert "backlog changed by +8" in (tmp_path / "my-reports/site/tickets/billing.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_tutorial(tmp_path):
    printed = follow(ROOT / "docs/tutorial.md", tmp_path, tmp_path / "tutorial")
    assert any("Nothing has changed" in text for text in printed)
    assert (tmp_path / "tutorial/site/punctuality/UA--on_time_minutes-30.html").exists()
    assert "shows version" in printed[-1]
