"""A comment before each statement: which report and run ask, for whoever watches the server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.model.handover import REPORT, RUN_FOLDER

if TYPE_CHECKING:
    from sqlalchemy import Engine

_UNUSUAL: Final = re.compile(r"[^A-Za-z0-9_.:-]+")
_LONGEST: Final = 80


def comment() -> str:
    """Return ``/* report=… run=… */ ``; empty outside of a run.

    Names keep letters, digits and ``_ . : -``: nothing in them can end the comment, or stand for a value.
    """
    report, run = os.environ.get(REPORT, ""), os.environ.get(RUN_FOLDER, "")
    if not run:
        return ""
    return f"/* report={_plain(report) or '-'} run={_plain(Path(run).name) or '-'} */ "


def _plain(name: str) -> str:
    return _UNUSUAL.sub("_", name)[:_LONGEST]


def comment_on(engine: Engine) -> None:
    """Let every statement of an engine carry the comment."""
    from sqlalchemy import event

    def before(_conn: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool) -> Any:
        return comment() + statement, parameters

    event.listen(engine, "before_cursor_execute", before, retval=True)
