"""Notebooks run in kernels of their own: values in, what was read and found out, a sentence for what stopped them."""

from __future__ import annotations

import json

import nbformat
import pytest
from support.bench import write_notebook

from analytics_lib.errors import CellExited, CellFailed, CellTimedOut, InputError, KernelDied
from analytics_lib.model.handover import JOURNAL
from analytics_lib.rendering.runner import RunRequest, read_handover, run_notebook


@pytest.fixture
def run(tmp_path):
    """Run a notebook of the workspace at `tmp_path`; its run's folder is beside it."""
    root = tmp_path / "workspace"
    folder = tmp_path / "run"
    folder.mkdir()

    def run(*cells, parameters="x: int = 1", given=None, timeout=60):
        path = write_notebook(root / "notebooks/n.ipynb", *cells, parameters=parameters)
        return run_notebook(RunRequest(path, "notebooks/n.ipynb", given or {}, root, folder, 60, timeout))

    run.root, run.folder = root, folder
    return run


def texts(notebook):
    """What cells printed or showed; errors are told elsewhere."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [each.get("text") or each["data"]["text/plain"] for each in outputs if each.output_type != "error"]


def test_values_in_and_all_that_was_read_out(run):
    """One kernel for all that a good run must do."""
    (run.root / "data").mkdir(parents=True)
    (run.root / "data/a b.csv").write_text("x\n1\n")
    (run.root / "notebooks").mkdir()
    (run.root / "notebooks/helper.py").write_text("WORD = 'helped'\n")
    executed = run(
        "open('../data/a b.csv').read()",  # before the library is touched
        "import os, helper; print(os.path.basename(os.getcwd()), helper.WORD, x, names, when)",
        "import analytics_lib as al\nal.finding('Sales\\n rose <b>.')",
        "import pandas as pd\nal.output('rows', pd.DataFrame({'a': [1, 2]}))",
        parameters="x: int = 1\nnames = ['a']\nwhen = None",
        given={"x": 7, "names": ["ü", "'"], "when": None},
    )
    assert "notebooks helped 7 ['ü', \"'\"] None\n" in texts(executed.notebook)
    handover = executed.handover
    assert handover.recorded
    assert handover.untraceable == ""
    assert handover.finding == "Sales rose <b>."
    assert handover.files == {run.root / "data/a b.csv", run.root / "notebooks/helper.py"}
    assert handover.outputs == {"rows": run.folder / "rows.arrow"}
    assert executed.seconds > 0
    saved = nbformat.read(run.folder / "notebook.ipynb", as_version=4)
    assert texts(saved) == texts(executed.notebook)
    assert texts(nbformat.read(run.root / "notebooks/n.ipynb", as_version=4)) == []


@pytest.mark.parametrize(
    ("cell", "kind", "words", "where"),
    [
        ("y = 1\n1 / 0", CellFailed, "the cell raised ZeroDivisionError: division by zero", "cell 3, line 2"),
        ("raise ValueError('<b>\\nsecond line')", CellFailed, "ValueError: <b> second line", "cell 3, line 1"),
        ("def broken(:", CellFailed, "not Python", "cell 3, line 1"),
        ("import sys; sys.exit(3)", CellExited, "sys.exit(3)", "cell 3"),
        ("import sys; sys.exit(0)", CellExited, "sys.exit(0)", "cell 3"),
        ("import os; os._exit(1)", KernelDied, "the kernel ended with status 1", "cell 3"),
    ],
)
def test_what_stops_it_is_a_sentence(run, cell, kind, words, where):
    with pytest.raises(kind) as caught:
        run("print('so far')", cell, "print('never')", given={"x": 2})
    assert words in caught.value.message
    assert caught.value.where.startswith(f"notebooks/n.ipynb {where}")
    assert "\x1b" not in str(caught.value)
    kept = texts(nbformat.read(run.folder / "notebook.ipynb", as_version=4))
    assert "so far\n" in kept
    assert "never\n" not in kept


def test_a_cell_beyond_its_time(run):
    with pytest.raises(CellTimedOut) as caught:
        run("import time; time.sleep(600)", timeout=1)
    assert "1 s" in caught.value.message
    assert caught.value.where == "notebooks/n.ipynb cell 2"
    assert (run.folder / "notebook.ipynb").exists()


def test_a_name_that_papermill_would_fill_in(tmp_path):
    path = write_notebook(tmp_path / "notebooks/{x} 100%.ipynb", "print('ran')", parameters="x = 1")
    (tmp_path / "run").mkdir()
    executed = run_notebook(RunRequest(path, "n", {}, tmp_path, tmp_path / "run", 60, 60))
    assert texts(executed.notebook) == ["ran\n"]


class TestHandover:
    """What a kernel wrote down is read back; what it did not is not guessed."""

    def written(self, folder, *lines):
        (folder / JOURNAL).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        return read_handover(folder)

    def test_all_kinds(self, tmp_path):
        found = self.written(
            tmp_path,
            {"recording": True}, {"finding": "first"}, {"finding": "last"}, {"connection": "shop"}, {"file": "/a.csv"},
            {"connection": "shop"}, {"output": {"name": "rows", "file": "rows.arrow"}},
            {"untraceable": "a query reads https://…"},
        )  # fmt: skip
        assert found.recorded
        assert (found.finding, found.connections, found.untraceable) == ("last", {"shop"}, "a query reads https://…")
        assert {str(path) for path in found.files} == {"/a.csv"}
        assert found.outputs == {"rows": tmp_path / "rows.arrow"}

    def test_nothing(self, tmp_path):
        assert "not known" in read_handover(tmp_path).untraceable
        assert not read_handover(tmp_path).recorded


class TestRecorder:
    """The kernel's side, in this process: an audit hook cannot be taken back, so a process of its own records."""

    def recorded(self, tmp_path, code):
        import os
        import subprocess
        import sys

        run, root = tmp_path / "run", tmp_path / "workspace"
        run.mkdir()
        for name in ("data", "site", "site_data", ".analytics"):
            (root / name).mkdir(parents=True)
            (root / name / "a.csv").write_text("x\n1\n")
        environment = {**os.environ, "ANALYTICS_RUN_FOLDER": str(run), "ANALYTICS_WORKSPACE": str(root)}
        code = f"from analytics_lib.recorder import recorder\nr = recorder()\n{code}"
        subprocess.run([sys.executable, "-c", code], cwd=root / "data", env=environment, check=True, timeout=60)
        handover = read_handover(run)
        return {os.path.relpath(path, root) for path in handover.files}, handover

    @pytest.mark.parametrize(
        ("code", "files"),
        [
            ("open('a.csv')", {"data/a.csv"}),
            ("open('a.csv', 'rb'); open('../data/a.csv')", {"data/a.csv"}),
            ("from pathlib import Path; Path('a.csv').read_text()", {"data/a.csv"}),
            ("open('b.csv', 'w')", set()),
            ("open('../site/a.csv'); open('../.analytics/a.csv')", set()),
            ("open('../site_data/a.csv')", {"site_data/a.csv"}),
            ("import sqlite3; sqlite3.connect('s.db')", {"data/s.db"}),
            ("import glob; glob.glob('*.csv')", {"data/*.csv"}),
            ("import glob; glob.glob('a.csv')", set()),
            ("from pathlib import Path; list(Path('.').glob('*.csv'))", {"data/*.csv"}),
            ("from pathlib import Path; list(Path('..').rglob('*.csv'))", {"**/*.csv"}),
            ("r.query(\"select * from 'a.csv'\", {})", {"data/a.csv"}),
            ("r.query('select * from read_csv(:f)', {'f': 'a.csv'})", {"data/a.csv"}),
            ("r.query(\"select * from '*.csv'\", {})", {"data/a.csv", "data/*.csv"}),
            ("r.query(\"select 'a.csvx', 'plain', 5\", {'n': 5})", set()),
        ],
    )
    def test_files(self, tmp_path, code, files):
        assert self.recorded(tmp_path, code)[0] == files

    def test_an_address_cannot_be_traced(self, tmp_path):
        _, handover = self.recorded(tmp_path, "r.query(\"select * from 'https://host.invalid/a.csv'\", {})")
        assert "https://host.invalid/a.csv" in handover.untraceable


def test_outputs_that_cannot_be_handed_over(tmp_path, monkeypatch):
    import pandas as pd

    from analytics_lib.recorder import Recorder

    recorder = Recorder.__new__(Recorder)  # without its hook, which would stay
    recorder._folder = tmp_path
    for name, frame, words in [
        ("no name", pd.DataFrame(), "cannot be an output's name"),
        ("../up", pd.DataFrame(), "cannot be an output's name"),
        ("rows", [1, 2], "output 'rows' is a list"),
        ("rows", pd.DataFrame({"a": [1, "b", object()]}), "output 'rows' cannot be handed over"),
    ]:
        with pytest.raises(InputError, match=words):
            recorder.output(name, frame)
