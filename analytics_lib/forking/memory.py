"""How much memory a child and all that it started hold."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def above(keeper: int, limit: int) -> bool:
    """Return whether the descendants of `keeper` hold more than `limit` bytes.

    The quick figure counts memory shared between forks several times; only where it is above the limit is the exact
    one asked for, which shares each page among those that hold it.
    """
    processes = list(descendants(keeper))
    if sum(map(_resident, processes)) <= limit:
        return False
    return sum(map(_proportional, processes)) > limit


def descendants(process: int) -> Iterator[int]:
    """Return the processes below `process`."""
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            children = [int(each) for each in task.read_text().split()]
        except OSError:
            continue  # the thread has ended
        for child in children:
            yield child
            yield from descendants(child)


def _resident(process: int) -> int:
    """Return the bytes of memory that hold no file."""
    try:
        fields = Path(f"/proc/{process}/statm").read_text().split()
    except OSError:
        return 0  # it has ended
    return (int(fields[1]) - int(fields[2])) * _PAGE


def _proportional(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text()
    except OSError:
        return 0  # it has ended
    found = re.search(r"^Pss_Anon:\s+(\d+) kB", text, re.MULTILINE)
    return int(found[1]) * 1024 if found else 0
