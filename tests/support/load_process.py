"""Loads in forks of one process, which may die: just before their n-th change, or when a test kills them.

Run as a program it reads lines ``{"root": …, "crash": n, "full": false}`` and answers with a line of JSON: the
process's number first, then what became of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from support.crashing import CRASHED, answer, crash_before


class Loader:
    """The program, as a test uses it."""

    def __enter__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.load_process"], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])},
        )  # fmt: skip
        return self

    def __exit__(self, *_):
        self._process.communicate()

    def start(self, root, **asked):
        """Begin a load; return its process."""
        self._process.stdin.write(json.dumps({"root": str(root), "crash": 0, "full": False, **asked}) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())["pid"]

    def end(self):
        """Return what became of it; None where it died."""
        said = json.loads(self._process.stdout.readline())
        return None if "left" in said else said

    def load(self, root, **asked):
        """Load, to the end or the crash."""
        self.start(root, **asked)
        return self.end()


def load(root, crash, full):
    """Load the source ``crm`` in this process."""
    from analytics_lib.pipeline import Silent
    from analytics_lib.pipeline.loading import LoadRequest, load_source_rows
    from analytics_lib.workspace import load_workspace

    changes = crash_before(crash, root)
    done = load_source_rows(load_workspace(Path(root)), "crm", LoadRequest(full=full), Silent())
    return {"load": done.load, "status": done.status, "total": done.total, "changes": list(changes)}


def main():
    """Answer each line in a fork."""
    import psycopg  # noqa: F401 - loaded once, before the forks
    import pyarrow as pa  # noqa: F401
    import sqlalchemy.dialects.sqlite  # noqa: F401
    from alembic import command  # noqa: F401

    from analytics_lib.connectors.rest import Client  # noqa: F401
    from analytics_lib.pipeline.loading import load_source_rows  # noqa: F401

    for line in sys.stdin:
        asked = json.loads(line)
        go, ready = os.pipe()
        child = os.fork()
        if child == 0:
            os.read(go, 1)
            answer(load(**asked))
            os._exit(0)
        answer({"pid": child})
        os.write(ready, b"!")
        left = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os.close(go)
        os.close(ready)
        if left:
            answer({"left": left, "crashed": left == CRASHED})


if __name__ == "__main__":
    main()
