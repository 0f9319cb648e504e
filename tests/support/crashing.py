"""Builds that die, without a word, just before their n-th change on the disk or in the state database.

Run as a program it reads lines ``{"root": …, "crash": n}``, builds that workspace in a fork of its own, and answers
with a line of JSON. Notebooks are not run: each page gets what the notebook would have said, so that a build takes a
fraction of a second and every point can be tried.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

CRASHED = 77


class Crasher:
    """The program, as a test uses it."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.crashing"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def build(self, shop, *, crash=0):
        """Build; die before the change of that number. Return what was rendered and changed, or None after a crash."""
        self._process.stdin.write(json.dumps({"root": str(shop.root), "crash": crash}) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return None if answer == {"left": CRASHED} else answer


def crash_before(number, root):
    """Leave without a word before the change of that number; return the list of what was changed until then."""
    from sqlalchemy import Engine, event

    changes = []
    lock = threading.Lock()

    def count(what):
        with lock:
            changes.append(what)
            if len(changes) == number:
                os._exit(CRASHED)

    def audit(name, arguments):
        changing = name in {"os.rename", "os.remove", "os.rmdir"} and os.path.lexists(arguments[0])
        changing = changing or (name == "os.mkdir" and not os.path.lexists(arguments[0]))
        writing = name == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if (changing or writing) and str(arguments[0]).startswith(root):
            count(f"{name} {str(arguments[0]).removeprefix(root)}")

    sys.addaudithook(audit)

    def before(connection, _cursor, statement, *_):
        word = statement.lstrip().partition(" ")[0].upper()
        if connection.dialect.name == "mariadb" and word in {"CREATE", "ALTER", "DROP", "RENAME"}:
            count(f"commit by {statement.strip()}")

    event.listen(Engine, "commit", lambda _: count("commit"))
    event.listen(Engine, "before_cursor_execute", before)
    return changes


def fake_notebooks():
    """Let every notebook end at once, with the finding that the real one would hand over; return which ran.

    Where the data says ``broken``, each fails in its second cell.
    """
    import nbformat

    from analytics_lib.errors import CellFailed
    from analytics_lib.model.handover import Handover
    from analytics_lib.pipeline import plan
    from analytics_lib.pipeline.executors import executor
    from analytics_lib.rendering.runner import Executed
    from analytics_lib.rendering.saving import EXECUTED_NAME

    ran = []

    def run_notebook(request):
        data = request.root / "data/orders.csv"
        edition = data.read_text(encoding="utf-8").split(",")[-1].strip()
        region = request.parameters["region"]
        notebook = nbformat.read(request.notebook, as_version=4)
        for cell in notebook.cells[:2]:
            cell.metadata["papermill"] = {"start_time": "2026-11-21T06:00:00"}
        (request.folder / EXECUTED_NAME).write_text(nbformat.writes(notebook), encoding="utf-8")
        ran.append(region)
        if edition == "broken":
            (request.folder / "kernel.log").write_bytes(b"what the kernel wrote\n")
            raise CellFailed("the cell raised ValueError: broken", where=f"{request.shown} cell 2")
        return Executed(notebook, Handover(f"edition {edition} for the {region}", files={data}, recorded=True), 0.0)

    executor.run_notebook = run_notebook
    plan.library_digest = plan.environment_digest = lambda: "the same throughout"
    return ran


def build(root, crash):
    """Build a workspace in this process."""
    from analytics_lib.pipeline import BuildRequest, Silent
    from analytics_lib.pipeline import build as build_reports
    from analytics_lib.workspace import load_workspace

    ran = fake_notebooks()
    changes = crash_before(crash, root)
    result = build_reports(load_workspace(Path(root)), BuildRequest(jobs=1), Silent())
    return {"code": result.exit_code, "ran": ran, "changes": list(changes)}


def answer(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def main():
    """Answer each line in a fork, which may die."""
    import nbformat  # noqa: F401 - loaded once, before the forks
    from nbconvert import HTMLExporter  # noqa: F401

    from analytics_lib.pipeline import build as _  # noqa: F401
    from analytics_lib.rendering import html  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        child = os.fork()
        if child == 0:
            answer(build(asked["root"], asked["crash"]))
            os._exit(0)
        left = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if left:
            answer({"left": left})


if __name__ == "__main__":
    main()
