"""What travels between a build and a worker: a run's request there, and what the run left behind back.

Environment variables never travel: secrets are those of the worker. Paths do not either: the workspace's folder may lie
elsewhere there.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import ExecutorError
from analytics_lib.model.handover import JOURNAL, WORKSPACE
from analytics_lib.workspace.folder import CONFIG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.pipeline.executors.environment import Environment
    from analytics_lib.rendering.runner import RunRequest

_HASHED_UP_TO: Final = 256 * 1024 * 1024
"""Bytes; of larger files only the size is compared."""

_SHARED_PREFIX: Final = "shared-"
_SHARED_SECONDS: Final = 3600


@dataclass(frozen=True)
class Parcel:
    """A run on its way to a worker.

    Parameters
    ----------
    request
        The run as it would be here; its paths are this machine's.
    mark
        The notebook's content, as `content_mark` tells it.
    environment
        What the build makes pages with.
    """

    request: RunRequest
    mark: str | None
    environment: Environment

    def unpacked(self, root: Path, folder: Path, local: Path) -> RunRequest:
        """Return the run as it is on the worker.

        Parameters
        ----------
        root
            The workspace's folder there.
        folder
            Where the run is to be left.
        local
            The worker's own folder: there its kernels share what the database has answered, fan-out by fan-out.
        """
        notebook = root / self.request.notebook.relative_to(self.request.root)
        shared = _shared_folder(self.request.shared, local) if self.request.shared else None
        return replace(self.request, notebook=notebook, root=root, folder=folder, shared=shared)


@dataclass(frozen=True)
class Returned:
    """What came of a run.

    Parameters
    ----------
    worker
        Address of the worker, for errors.
    root, local
        The workspace's folder there, and the worker's own, whose files are nobody's input.
    files
        Name → content of all that the run left in its folder.
    marks
        Path within the workspace → content of each file that was read, as `content_mark` tells it.
    seconds
        Wall time of the run.
    error
        What stopped it.
    """

    worker: str
    root: Path
    local: Path
    files: Mapping[str, bytes] = field(default_factory=dict)
    marks: Mapping[str, str | None] = field(default_factory=dict)
    seconds: float = 0.0
    error: AnalyticsError | None = None

    def unpack(self, request: RunRequest) -> None:
        """Lay the files into the folder that the request names, with this machine's paths."""
        for name, content in self.files.items():
            own = self._with_paths_of(request.root, content) if name == JOURNAL else content
            # A worker says what a file is called, not where it goes.
            (request.folder / Path(name).name).write_bytes(own)

    def require_same_files(self, request: RunRequest, begun: float) -> None:
        """Refuse a page made from files that are not those here: its fingerprint would be that of other data.

        Parameters
        ----------
        request
            The run.
        begun
            When it began; files that changed since are noticed where fingerprints are kept.

        Raises
        ------
        ExecutorError
            A file differs.
        """
        for name, mark in sorted(self.marks.items()):
            path = request.root / name
            if content_mark(path) != mark and not _changed_since(path, begun):
                raise ExecutorError(
                    f"{name} is not the file that lies here",
                    where=f"worker {self.worker}",
                    hint="let all machines share the workspace's folder, or make the worker's image anew",
                )

    def _with_paths_of(self, root: Path, journal: bytes) -> bytes:
        theirs = f"{self.root}{os.sep}"
        lines = []
        for line in journal.decode().splitlines():
            ((kind, value),) = json.loads(line).items()
            if kind == "file" and Path(value).is_relative_to(self.local):
                continue
            if kind == "file" and value.startswith(theirs):
                value = str(root / value.removeprefix(theirs))
            lines.append(json.dumps({kind: value}) + "\n")
        return "".join(lines).encode()


def require_workspace(root: Path, present: bool, where: str) -> None:
    """Refuse a worker that does not have the workspace.

    Raises
    ------
    ExecutorError
        It is not there.
    """
    if not present:
        raise ExecutorError(
            f"the workspace is not there: no {CONFIG_NAME} in {root}",
            where=where,
            hint=f"share the folder, and where its path differs set {WORKSPACE} for the worker",
        )


def _shared_folder(folder: Path, local: Path) -> Path:
    """Return the worker's counterpart of the folder that a fan-out shares at the build's.

    Nobody tells a worker that a fan-out is over: what has not been used for an hour goes.
    """
    own = local / f"{_SHARED_PREFIX}{hashlib.sha256(str(folder).encode()).hexdigest()[:16]}"
    own.mkdir(mode=0o700, exist_ok=True)
    os.utime(own)
    for other in local.glob(f"{_SHARED_PREFIX}*"):
        with suppress(OSError):  # another run removes it, too
            if other.stat().st_mtime < time.time() - _SHARED_SECONDS:
                shutil.rmtree(other)
    return own


def content_mark(path: Path) -> str | None:
    """Return what tells a file's content from another's, on any machine; None when it is absent."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return _content_mark(path, stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _content_mark(path: Path, size: int, _changed: int) -> str | None:
    if size > _HASHED_UP_TO or not path.is_file():
        return f"{size} bytes"
    try:
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return None


def _changed_since(path: Path, begun: float) -> bool:
    try:
        stat = path.stat()
    except OSError:
        return False
    return max(stat.st_mtime, stat.st_ctime) > begun


def marks_of(paths: Iterable[Path], root: Path) -> dict[str, str | None]:
    """Return the marks of the files among `paths` that lie in the workspace."""
    inside = (path for path in paths if path.is_file() and path.is_relative_to(root))
    return {path.relative_to(root).as_posix(): content_mark(path) for path in inside}
