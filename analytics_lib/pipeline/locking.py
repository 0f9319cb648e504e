"""One build at a time in a workspace."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Final

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


@contextmanager
def build_lock(state: Path, progress: Progress) -> Iterator[None]:
    """Wait for a build that is under way, then hold the lock; the system releases it whatever becomes of the process.

    Raises
    ------
    PublishError
        The state's folder cannot be written.
    """
    path = state / "build.lock"
    with disk_sentences("the state", state):
        state.mkdir(parents=True, exist_ok=True)
        stream = path.open("a+")
    with stream:
        _take(stream, progress)
        yield


def _take(stream: IO[str], progress: Progress) -> None:
    if not LOCKS:
        return
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        stream.seek(0)
        owner = stream.read().strip()
        progress.say(f"waiting for the build of process {owner}" if owner else "waiting for another build")
        fcntl.flock(stream, fcntl.LOCK_EX)
    stream.seek(0)
    stream.truncate()
    stream.write(str(os.getpid()))
    stream.flush()
