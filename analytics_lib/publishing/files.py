"""Writing that is whole or not there: aside first, then one rename."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASIDE: Final = ".part-"
"""What the name of an unfinished file or folder begins with."""


def write_whole(path: Path, content: bytes) -> bool:
    """Make `path` hold `content`; return whether it did not before.

    A reader sees the old file or the new one, never a part: the new one is written beside it, forced to the disk, and
    renamed over it.
    """
    if _holds(path, content):
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{ASIDE}{os.getpid()}-{path.name}")
    try:
        with aside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise
    return True


def sweep(folder: Path) -> None:
    """Remove what a killed process left unfinished below `folder`. Call it while holding the build's lock."""
    for left in folder.rglob(f"{ASIDE}*"):
        remove_tree(left)


def remove_tree(path: Path) -> None:
    """Remove a file, or a folder with all that is in it; what is gone already is no error."""
    import shutil

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def disk_sentences(what: str, path: Path) -> Iterator[None]:
    """Turn the operating system's refusals into sentences.

    Raises
    ------
    PublishError
        `path` cannot be written.
    """
    try:
        yield
    except OSError as error:
        place = str(error.filename or path)
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise PublishError(
                f"the disk is full: {what} could not be written",
                where=place,
                hint="make room and run it again; what was published is unchanged",
            ) from None
        raise PublishError(
            f"{what} cannot be written: {error.strerror or error}",
            where=place,
            hint="check the folder and its permissions; what was published is unchanged",
        ) from None


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.stat().st_size == len(content) and path.read_bytes() == content
    except OSError:
        return False
