"""The house rules that no linter knows: sizes, light imports, words that may not stand anywhere."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import analytics_lib

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "analytics_lib").rglob("*.py"))
CODE = [*SOURCES, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "benchmarks").rglob("*.py"))]
HEAVY = {
    "pandas", "numpy", "pyarrow", "altair", "sqlalchemy", "pydantic", "great_expectations", "nbconvert", "papermill",
    "duckdb", "IPython",
}  # fmt: skip


def name_of(path):
    return str(path.relative_to(ROOT))


def test_files_are_short():
    assert [name_of(path) for path in CODE if len(path.read_text().splitlines()) > 300] == []


def length(function):
    """Return a function's lines; its docstring is for readers and does not count."""
    said = function.body[0].end_lineno - function.body[0].lineno + 1 if ast.get_docstring(function) else 0
    return function.end_lineno - function.lineno + 1 - said


def test_functions_are_short():
    long = [
        f"{name_of(path)}:{node.name}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and length(node) > 50
    ]
    assert long == []


def test_every_module_says_what_it_is():
    assert [name_of(path) for path in SOURCES if not ast.get_docstring(ast.parse(path.read_text()))] == []


def loaded_by(code):
    """Return the top-level modules that a fresh Python has loaded after `code`."""
    code = (
        f"{code}\nimport json, sys\nprint('\\n' + json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True, cwd=ROOT
    )
    return set(json.loads(said.stdout.splitlines()[-1]))


def test_importing_the_package_is_light():
    assert loaded_by("import analytics_lib") & HEAVY == set()


def test_so_are_the_names_that_every_notebook_takes():
    code = "from analytics_lib import AnalyticsError, connect, finding, heading, metrics, note, output"
    assert loaded_by(code) & HEAVY == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--help"],
        ["--version"],
        ["list"],
        ["versions", "first_report"],
        ["experiment", "list"],
        ["metrics", "list"],
        ["sources"],
    ],
)
def test_the_command_starts_without_what_renders(arguments, tmp_path, analytics):
    analytics("init", tmp_path / "new")
    start = f"""
from analytics_lib.cli.app import main
try:
    main({["--workspace", str(tmp_path / "new"), *arguments]!r})
except SystemExit as left:
    assert not left.code, left.code
"""
    heavy = {"great_expectations", "papermill", "nbconvert", "pandas", "altair", "duckdb"}
    if arguments[0].startswith("-"):
        heavy |= {"sqlalchemy", "pydantic", "yaml"}
    assert loaded_by(start) & heavy == set()


def test_the_front_door():
    assert len(analytics_lib.__all__) <= 20
    assert sorted(analytics_lib.__all__) == analytics_lib.__all__
    assert dir(analytics_lib) == sorted(analytics_lib.__all__)
    assert [name for name in analytics_lib.__all__ if not hasattr(analytics_lib, name)] == []
    assert analytics_lib.charts is import_module("analytics_lib.charts")
    with pytest.raises(AttributeError, match="no attribute 'conect'"):
        analytics_lib.conect  # noqa: B018 - the look-up is the test


def test_what_all_names_is_there():
    wrong = []
    for path in SOURCES:
        module = name_of(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        if "__all__" in path.read_text():
            room = import_module(module)
            wrong += [f"{module}.{name}" for name in room.__all__ if not hasattr(room, name)]
    assert wrong == []


def tracked():
    """Return the text files that are, or are about to be, in git; of a copy without git, the sources."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name] if listed.returncode == 0 else CODE
    for path in paths:
        try:
            yield path, path.read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue  # a picture, or a file that is being moved


# A letter in brackets keeps this file from holding what it forbids.
FORBIDDEN = {
    "a package index": r"https?://[^\s\"']*(?:py[p]i\.|python[h]osted|/simpl[e]/?\b|conda\.an[a]conda|n[p]mjs)|--(?:extra-)?index-[u]rl",
    "a home folder": r"/hom[e]/[a-z]|/User[s]/[A-Za-z]|/roo[t]/",
    "something to do": r"\bTOD[O]\b|\bFIXM[E]\b",
    "an asset from elsewhere": r"https?://(?:cd[n]|unpk[g]|fonts\.goo[g])",
}  # fmt: skip


@pytest.mark.parametrize("words", FORBIDDEN.values(), ids=FORBIDDEN)
def test_words_that_stand_nowhere(words):
    found = [
        f"{name_of(path)}:{number}: {match[0]}"
        for path, text in tracked()
        for number, line in enumerate(text.splitlines(), start=1)
        if (match := re.search(words, line))
    ]
    assert found == []


def test_nothing_is_tracked_that_is_made():
    made = re.compile(r"(^|/)(__pycache__|\.ipynb_checkpoints|\.analytics|site|\.venv)/|\.(pyc|duckdb|db)$")
    assert [name_of(path) for path, _ in tracked() if made.search(name_of(path))] == []


def test_example_notebooks_are_kept_without_outputs():
    notebooks = [path for path, _ in tracked() if path.suffix == ".ipynb"]
    assert notebooks
    filled = [
        name_of(path)
        for path in notebooks
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell.get("outputs") or cell.get("execution_count")
    ]
    assert filled == []
