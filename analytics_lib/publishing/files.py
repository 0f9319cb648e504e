"""Writing that is whole or not there: aside first, then one rename."""

from __future__ import annotations

import errno
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, Self

from analytics_lib.errors import PublishError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASIDE: Final = ".part-"
"""What the name of an unfinished file or folder begins with."""


class Replacements:
    """Files that are written aside one after the other and then put in place together.

    A reader sees each old file or each new one, never a part. A disk that is full is found out while nothing has
    changed yet. Use it as a context manager: what was not put in place is removed.
    """

    def __init__(self) -> None:
        self._waiting: dict[Path, Path] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for aside in self._waiting.values():
            aside.unlink(missing_ok=True)

    def add(self, path: Path, content: bytes) -> None:
        """Write aside what `path` shall hold and force it to the disk; nothing where it holds that already."""
        if _holds(path, content):
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = path.with_name(f"{ASIDE}{os.getpid()}-{path.name}")
        self._waiting[path] = aside
        with aside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())

    def apply(self) -> int:
        """Put all files in place, in the order in which they were added; return how many."""
        written = 0
        for path, aside in list(self._waiting.items()):
            aside.replace(path)
            del self._waiting[path]
            written += 1
        return written


def write_whole(path: Path, content: bytes) -> bool:
    """Make `path` hold `content`, whole or not at all; return whether it did not before."""
    with Replacements() as files:
        files.add(path, content)
        return files.apply() > 0


def sweep(folder: Path) -> None:
    """Remove what is unfinished below `folder`. Call it where nobody else writes."""
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
        if error.errno == errno.EEXIST:
            raise PublishError(
                f"{what} cannot be written: it is a file", where=place, hint="move it away, or name another folder"
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
