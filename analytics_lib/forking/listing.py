"""Which parents of this user are at work, and how to end them."""

from __future__ import annotations

import json
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.forking.keeper import children_of, is_spare, kill
from analytics_lib.forking.places import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable

END_SECONDS: Final = 10.0


@dataclass(frozen=True)
class Running:
    """A parent at work.

    Parameters
    ----------
    pid
        Its process.
    job
        What its children run: ``module:function``.
    children
        How many children it has now.
    memory_bytes
        What it holds, its share of the memory that its children have in common with it.
    started
        When it was started: seconds since 1970.
    idle_seconds
        How long it stays without children.
    threaded
        Why it forks nothing, if so.
    missing
        Modules that it could not import, and why.
    retired
        Whether it takes no more work, and ends with its last child.
    """

    pid: int
    job: str
    children: int
    memory_bytes: int
    started: float
    idle_seconds: float
    threaded: str
    missing: dict[str, str]
    retired: bool


def running() -> list[Running]:
    """Return this user's parents, the oldest first.

    Raises
    ------
    NoPlace
        The user has no private folder.
    """
    found = []
    for path in private_folder().glob("*.json"):
        try:
            facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue  # it has just ended
        if _is_parent(facts["pid"], facts["socket"]):
            found.append(_running(facts))
        else:
            path.unlink(missing_ok=True)  # it was killed
    return sorted(found, key=lambda each: each.started)


def stop(parents: Iterable[Running], *, now: bool) -> list[Running]:
    """Let parents take no more work and end; return those that still have children at work.

    Parameters
    ----------
    now
        End the children as well.
    """
    asked = list(parents)
    for each in asked:
        kill(each.pid, signal.SIGQUIT if now else signal.SIGTERM)
    expected = [each for each in asked if now or not each.children]
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end and any(_alive(each.pid) for each in expected):
        time.sleep(0.02)
    return [each for each in asked if _alive(each.pid)]


def _running(facts: dict[str, Any]) -> Running:
    pid = int(facts["pid"])
    return Running(
        pid=pid,
        job=facts["job"],
        children=sum(not is_spare(each) for each in children_of(pid)),
        memory_bytes=_bytes(pid),
        started=float(facts["started"]),
        idle_seconds=float(facts["idle_seconds"]),
        threaded=facts["threaded"],
        missing=dict(facts["missing"]),
        retired=bool(facts["retired"]),
    )


def _is_parent(pid: int, path: str) -> bool:
    """Return whether a process is the parent at `path`; its number may be another's by now."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="surrogateescape").split("\0")
    except OSError:
        return False
    return path in command


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def _bytes(pid: int) -> int:
    """Return the memory of a process, each shared page divided among those that hold it."""
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
