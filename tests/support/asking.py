"""A kernel's side of a fan-out without a kernel: a process that asks a connection, and counts what its database hears.

Run as a program it takes a JSON object with `url`, `folder` and `queries`, asks, and prints what it got. Each statement
that goes to the database is a line in the file `heard`; a file `began` in the folder says that one is under way.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

PROGRAM = Path(__file__)


def start(folder, url, *queries, **more):
    """Start a process that asks; `answer` waits for it."""
    told = {"url": url, "folder": str(folder), "queries": queries, **more}
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), json.dumps(told)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def answer(process):
    """Return what a process got, a value for each query."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return json.loads(out)


def heard(folder, fragment=""):
    """Return the statements that reached the database, of all processes."""
    path = Path(folder) / "heard"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line for line in lines if fragment in line]


def main(told):
    """Ask, as a notebook does, and print the rows."""
    from adbc_driver_manager.dbapi import Cursor
    from sqlalchemy import Engine, event

    from analytics_lib.connectors import SharedAnswers, open_connection
    from analytics_lib.model.connections import ConnectionSpec

    folder = Path(told["folder"])
    journal = os.open(folder / "heard", os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    @event.listens_for(Engine, "before_cursor_execute")
    def hear(_connection, _cursor, statement, *_):
        os.write(journal, (" ".join(statement.split()) + "\n").encode())
        if told.get("fragment") and told["fragment"] in statement:
            (folder / "began").touch()
            time.sleep(told.get("hold", 0))

    execute = Cursor.execute

    def hear_beside(cursor, operation, *values):
        hear(None, None, operation)
        return execute(cursor, operation, *values)

    Cursor.execute = hear_beside  # what PostgreSQL is asked beside SQLAlchemy

    shared = SharedAnswers(folder / "shared", told.get("limit_mb", 64))
    (folder / "shared").mkdir(exist_ok=True)
    spec = ConnectionSpec("shop", told["url"], read_only=told.get("read_only", True))
    got = []
    with open_connection(spec, shared=shared) as connection:
        if told.get("engine"):
            _ = connection.engine
        for query in told["queries"]:
            frame = connection.sql(query, **told.get("values", {}))
            got.append(
                {
                    "rows": json.loads(frame.to_json(orient="values", date_format="iso")),
                    "types": [str(each) for each in frame.dtypes],
                }
            )
    sys.stdout.write(json.dumps(got))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
