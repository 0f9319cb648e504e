"""Who may change what, when several builds work in one workspace: a lock for each report, one for the site.

The system releases a lock whatever becomes of the process that holds it.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from analytics_lib.publishing.files import disk_sentences

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_lib.pipeline.results import Progress

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCKS: Final = fcntl is not None
FOLDER: Final = "locks"
_LONGEST: Final = 200  # a file's name has its limit; names that agree so far wait for each other


class ReportLock:
    """The right to render, publish and roll back one report.

    Parameters
    ----------
    state
        The state's folder.
    report
        The report's name.
    """

    def __init__(self, state: Path, report: str) -> None:
        self._state = state
        self._report = report
        self._path = state / FOLDER / f"{quote(report, safe='')[:_LONGEST]}.lock"
        self._stream: IO[str] | None = None

    def take(self) -> bool:
        """Take the lock if it is free; return whether it was.

        Raises
        ------
        PublishError
            The state's folder cannot be written.
        """
        stream = open_lock(self._path, self._state)
        if not try_lock(stream):
            stream.close()
            return False
        self._keep(stream)
        return True

    def wait(self, progress: Progress) -> None:
        """Take the lock; say for whom it waits.

        Raises
        ------
        PublishError
            The state's folder cannot be written.
        """
        if self.take():
            return
        stream = open_lock(self._path, self._state)
        try:
            owner = stream.read().strip()
            of = f" of process {owner}" if owner else ""
            progress.say(f"waiting for the build{of}, which is at work on {self._report}")
            fcntl.flock(stream, fcntl.LOCK_EX)
        except BaseException:
            stream.close()
            raise
        self._keep(stream)

    def release(self) -> None:
        """Give the lock back, if it is held."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _keep(self, stream: IO[str]) -> None:
        self._stream = stream
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()


@contextmanager
def report_lock(state: Path, report: str, progress: Progress) -> Iterator[None]:
    """Wait for whoever builds the report, then hold its lock.

    Raises
    ------
    PublishError
        The state's folder cannot be written.
    """
    lock = ReportLock(state, report)
    lock.wait(progress)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def site_lock(state: Path) -> Iterator[None]:
    """Hold the lock on what all reports share: the site's files and the files that all pages use. Seconds at most.

    Raises
    ------
    PublishError
        The state's folder cannot be written.
    """
    with open_lock(state / "site.lock", state) as stream:
        if LOCKS:
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def open_lock(path: Path, state: Path) -> IO[str]:
    """Open the file of a lock, made first where there is none.

    Raises
    ------
    PublishError
        It cannot be made.
    """
    with disk_sentences("the state", state):
        state.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+", encoding="ascii")
    stream.seek(0)
    return stream


def try_lock(stream: IO[str]) -> bool:
    """Lock an open file unless somebody else has; return whether it is locked now."""
    if not LOCKS:
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
