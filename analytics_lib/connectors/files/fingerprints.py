"""Fingerprints of files: their content, read again only where it may have changed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

HASHED_UP_TO: Final = 256 * 1024 * 1024
"""Files up to this many bytes are fingerprinted by content, larger ones by size, inode and times of change."""

_STAMPED_FROM: Final = 1024 * 1024
_SETTLED_NS: Final = 60 * 10**9
"""A file must have rested this long before it was hashed: clocks are coarse, and mapped pages are written back late."""

_Stamp = tuple[int, int, int, int]


@dataclass
class Stamps:
    """Hashes of files with what the system said of each file when it was hashed.

    A file of the same size, inode and times of change has the same content, provided that it had rested before it was
    hashed: the time of the last change of an inode cannot be set back by programs.

    Parameters
    ----------
    path
        Where they are kept between processes; None for this process alone.
    """

    path: Path | None = None
    _known: dict[str, tuple[_Stamp, str]] | None = field(default=None, init=False)
    _changed: bool = field(default=False, init=False)

    def find(self, path: Path, stamp: _Stamp) -> str | None:
        """Return the hash of a file that is as it was when it was hashed."""
        known = self._loaded().get(str(path))
        return known[1] if known is not None and known[0] == stamp else None

    def keep(self, path: Path, stamp: _Stamp, digest: str) -> None:
        """Keep the hash of a file, if the file has rested long enough to be told from a changed one."""
        if os.name == "posix" and time.time_ns() - max(stamp[1], stamp[2]) > _SETTLED_NS:
            self._loaded()[str(path)] = stamp, digest
            self._changed = True

    def save(self) -> None:
        """Write them whole; where that fails, files are read again next time."""
        if self.path is None or not self._changed:
            return
        with suppress(OSError):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.path.parent) as aside:
                whole = Path(aside) / self.path.name
                whole.write_text(json.dumps(self._loaded()), encoding="utf-8")
                whole.replace(self.path)

    def _loaded(self) -> dict[str, tuple[_Stamp, str]]:
        if self._known is None:
            self._known = dict(self._read())
        return self._known

    def _read(self) -> Iterator[tuple[str, tuple[_Stamp, str]]]:
        if self.path is None:
            return
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            for name, (stamp, digest) in content.items():
                yield name, (tuple(stamp), str(digest))
        except (OSError, ValueError, TypeError, AttributeError):
            return  # nothing is known then, and every file is read


def file_fingerprint(path: Path, stamps: Stamps | None = None) -> str | None:
    """Return a fingerprint of a file's content and that of its write-ahead log; None when it is absent.

    Parameters
    ----------
    path
        The file.
    stamps
        Hashes that need not be taken again.
    """
    digest = hashlib.sha256()
    try:
        for part in (path, path.with_name(path.name + ".wal"), path.with_name(path.name + "-wal")):
            if part is not path and not part.exists():
                continue
            digest.update(_part(part, stamps or Stamps()).encode())
    except OSError:
        return None
    return digest.hexdigest()


def _part(path: Path, stamps: Stamps) -> str:
    stamp = _stamp(path)
    if stamp[0] > HASHED_UP_TO:
        return ":".join(map(str, stamp))
    known = stamps.find(path, stamp) if stamp[0] >= _STAMPED_FROM else None
    if known is not None:
        return known
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if stamp[0] >= _STAMPED_FROM and _stamp(path) == stamp:
        stamps.keep(path, stamp, digest)
    return digest


def _stamp(path: Path) -> _Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
