"""Folders that are in use by one process: for a kernel's sockets and log, for the runs of a build.

Each holds a file whose lock its owner keeps. The system releases the lock whatever becomes of the process, so whoever
can take it knows that the folder was left behind.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

LOCK_NAME: Final = ".lock"
_LOCKS: Final = fcntl is not None
_ABANDONED_SECONDS: Final = 86400  # where there are no locks, age alone tells


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Lend a private folder to a kernel of the workspace at `root`; its path is short, as a socket's must be."""
    with held_folder(Path(tempfile.gettempdir()), scratch_prefix(root)) as folder:
        yield folder


def sweep_scratch(root: Path) -> None:
    """Remove what killed builds of the workspace at `root` left."""
    sweep_abandoned(Path(tempfile.gettempdir()), scratch_prefix(root))


def scratch_prefix(root: Path) -> str:
    """Return how the names of a workspace's folders begin."""
    return f"kernel-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}-"


@contextmanager
def held_folder(within: Path, prefix: str) -> Iterator[Path]:
    """Lend a new private folder below `within`, and keep its lock until it is given back.

    Raises
    ------
    OSError
        It cannot be made.
    """
    folder, lock = _make(within, prefix)
    try:
        yield folder
    finally:
        if not _LOCKS:  # there, what is open cannot be removed
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
        if _LOCKS:
            os.close(lock)


def sweep_abandoned(within: Path, prefix: str) -> None:
    """Remove the folders of that prefix whose owners are dead."""
    for folder in within.glob(f"{prefix}*"):
        try:
            lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except OSError:  # gone meanwhile, or another user's
            continue
        try:
            if _take(lock, wait=False) and (_LOCKS or _old(folder)):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _make(within: Path, prefix: str) -> tuple[Path, int]:
    """Make a folder and take its lock; until that is done, somebody may sweep it away."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        try:
            lock = os.open(folder / LOCK_NAME, os.O_RDWR | os.O_CREAT, 0o600)
        except FileNotFoundError:
            continue
        _take(lock, wait=True)
        if _is_at(lock, folder / LOCK_NAME):
            return folder, lock
        os.close(lock)


def _take(lock: int, *, wait: bool) -> bool:
    if not _LOCKS:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_at(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), path.stat())
    except FileNotFoundError:
        return False


def _old(folder: Path) -> bool:
    return folder.stat().st_mtime < time.time() - _ABANDONED_SECONDS
