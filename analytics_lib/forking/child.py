"""How a fork becomes a process like any other: descriptors, environment, folder, session, signals, seeds, threads."""

from __future__ import annotations

import io
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.forking.preload import refresh

if TYPE_CHECKING:
    from analytics_lib.forking.preload import Preloaded

_STREAMS: Final = 3
_DEFAULT_SIGNALS: Final = (signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGQUIT)


def problem(request: dict[str, Any], descriptors: list[int]) -> str:
    """Return why a request cannot be met; empty when it can."""
    if len(descriptors) != _STREAMS:
        return "three open files must come with a request"
    if not isinstance(request.get("environment"), dict) or not isinstance(request.get("arguments"), list):
        return "a request has an environment and arguments"
    folder = Path(str(request.get("folder")))
    if not folder.is_dir():
        return f"there is no folder {folder}"
    if not os.access(folder, os.X_OK):
        return f"the folder {folder} may not be entered"
    return ""


def become(request: dict[str, Any], descriptors: list[int], preloaded: Preloaded) -> None:
    """Turn this fork into the process that the caller asked for."""
    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    os.umask(int(request["umask"]))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in _DEFAULT_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    _open_streams()
    refresh(preloaded, request["environment"])


def _open_streams() -> None:
    """Open the standard streams anew: a terminal wants its lines at once, and this process's may be one."""
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)  # type: ignore[misc] # noqa: SIM115
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.FileIO(number, "w", closefd=False)
        stream = io.TextIOWrapper(
            io.BufferedWriter(raw),
            encoding="utf-8",
            errors="backslashreplace" if number == 2 else "strict",  # noqa: PLR2004
            line_buffering=number == 2 or os.isatty(number),  # noqa: PLR2004
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
