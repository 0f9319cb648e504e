"""One answer for equal queries: the first kernel of a fan-out asks the database, the others map what it was told.

A folder holds three files for a query: a lock, the answer, and a mark where the answer cannot be shared. Whoever holds
the lock asks; the others wait for it. The system releases the lock of a kernel that dies, and the next one asks. Where
there is a mark nobody waits: each kernel asks by itself, at the same time.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.engines.backend import Reads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import pandas as pd

    Answer = tuple[pd.DataFrame, Reads]

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

CAN_SHARE: Final = fcntl is not None
_MB: Final = 1024 * 1024


@dataclass(frozen=True)
class SharedAnswers:
    """The answers that the kernels of one fan-out share.

    Parameters
    ----------
    folder
        Where they lie; it goes with the fan-out.
    limit_mb
        Answers above this size are not shared.
    """

    folder: Path
    limit_mb: int

    def answer(self, query: tuple[object, ...], ask: Callable[[], Answer]) -> Answer:
        """Return the answer to a query: another kernel's, or the database's own.

        Parameters
        ----------
        query
            All that decides the answer, as values whose `repr` is exact.
        ask
            Asks the database.
        """
        key = hashlib.sha256(repr(query).encode()).hexdigest()
        found = self._found(key)
        if found is not None:
            return found
        if not self._mark(key).exists():
            with self._held(key) as held:
                found = self._found(key) if held else None
                if found is not None:
                    return found
                if held and not self._mark(key).exists():
                    return self._asked(key, ask)
        return ask()

    def _asked(self, key: str, ask: Callable[[], Answer]) -> Answer:
        """Ask, and keep the answer for the others; without one that they can use, let them ask as well."""
        kept = False
        try:
            answer = ask()
            kept = self._keep(key, answer)
        finally:
            if not kept:
                with suppress(OSError):
                    self._mark(key).touch(0o600)
        return answer

    def _keep(self, key: str, answer: Answer) -> bool:
        """Write an answer whole; return whether there is one to be found now."""
        from analytics_lib.connectors.reading.frames import Inexact, pack, write

        frame, reads = answer
        notes = {"tables": None if reads.tables is None else sorted(reads.tables), "untraceable": reads.untraceable}
        aside = self.folder / f"{key}.{os.getpid()}"
        try:
            table = pack(frame, notes)
            if table.nbytes > self.limit_mb * _MB:
                return False
            write(table, aside)
            aside.replace(self._path(key))
        except Inexact:
            return False
        except OSError:  # the disk is full, or the fan-out is over: this kernel has its answer all the same
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            return False
        return True

    def _found(self, key: str) -> Answer | None:
        from analytics_lib.connectors.reading.frames import read

        try:
            frame, notes = read(self._path(key))
        except (OSError, ValueError):  # gone, or not what was written: then the database is asked
            return None
        return frame, _reads(notes)

    @contextmanager
    def _held(self, key: str) -> Iterator[bool]:
        """Wait for the lock and hold it; say whether there is one to hold."""
        try:
            lock = os.open(self.folder / f"{key}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            yield False
            return
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                held = True
            except OSError:  # a file system without locks
                held = False
            yield held
        finally:
            with suppress(OSError):
                fcntl.flock(lock, fcntl.LOCK_UN)  # also for children that have inherited it
            os.close(lock)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.arrow"

    def _mark(self, key: str) -> Path:
        return self.folder / f"{key}.alone"


def _reads(notes: dict[str, Any]) -> Reads:
    tables = notes["tables"]
    return Reads(None if tables is None else frozenset(tables), notes["untraceable"])
