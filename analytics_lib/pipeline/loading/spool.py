"""What a load has fetched, on the disk: page files that are there whole or not at all.

A load that is killed goes on after the last page. Only the credentials are not written: positions hold none.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import IO, TYPE_CHECKING, Any, Final

from analytics_lib.errors import SourceError
from analytics_lib.model.columns import RESERVED, kind_of, wider
from analytics_lib.pipeline.locking import open_lock, try_lock
from analytics_lib.publishing.files import disk_sentences, remove_tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from analytics_lib.model.files import Notation
    from analytics_lib.model.source_parts import Kind

RESUMED_WITHIN: Final = timedelta(hours=24)
"""A load that was broken off earlier than that begins anew: cursors end, and the service's rows have moved on."""

_HEAD: Final = "load.json"
_LONGEST_NAME: Final = 63
_AGAIN_S: Final = 0.05
_TRIES: Final = 10  # whoever only asks whether a source is being loaded has the lock for an instant


@dataclass(frozen=True)
class Head:
    """What a spool is of.

    Parameters
    ----------
    load
        Tells loads apart.
    definition
        Hash of what is asked; a spool of another question is of no use.
    kind
        ``load``, ``full`` or ``replay``.
    since
        The mark that it began from.
    started_at
        When it began, ISO 8601.
    """

    load: str
    definition: str
    kind: str
    since: Any
    started_at: str


class Spool:
    """The pages of one load.

    Parameters
    ----------
    folder
        Where they lie.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def head(self) -> Head | None:
        """Return what the spool is of; None where there is none, or its file is broken."""
        try:
            return Head(**json.loads((self._folder / _HEAD).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def begin(self, definition: str, kind: str, since: Any) -> Head:
        """Begin an empty spool, in place of the one that is there."""
        for path in reversed(self._pages()):  # killed meanwhile, what is left are the first pages of the old one
            path.unlink()
        head = Head(uuid.uuid4().hex, definition, kind, since, datetime.now(UTC).isoformat())
        self._write(_HEAD, [asdict(head)])
        return head

    def is_of(self, head: Head, definition: str, kind: str) -> bool:
        """Return whether a load may go on with what is there."""
        age = datetime.now(UTC) - datetime.fromisoformat(head.started_at)
        return (head.definition, head.kind) == (definition, kind) and age < RESUMED_WITHIN

    def add(
        self, rows: Sequence[Mapping[str, Any]], following: Any, told: Mapping[str, Kind], notation: Notation | None
    ) -> None:
        """Add a page.

        Parameters
        ----------
        rows
            Its rows.
        following
            Where the next page is; None for the last.
        told
            Types of columns that the source itself says; those of the others are taken from their values.
        notation
            See `kind_of`.

        Raises
        ------
        SourceError
            A column's name is of no use.
        PublishError
            The disk cannot be written.
        """
        kinds: dict[str, Kind | None] = dict(told) if rows else {}
        for row in rows:
            for name, value in row.items():
                if name not in told:
                    kinds[name] = wider(kinds.get(name), kind_of(value, notation))
        _require_names(kinds)
        head = {"next": following, "rows": len(rows), "kinds": kinds}
        self._write(f"page-{len(self._pages()) + 1:07d}.jsonl", [head, *rows])

    def heads(self) -> list[dict[str, Any]]:
        """Return the first line of each page: ``next``, ``rows``, ``kinds``."""
        found = []
        for path in self._pages():
            with path.open(encoding="utf-8") as stream:
                found.append(json.loads(stream.readline()))
        return found

    def rows(self) -> Iterator[list[tuple[int, dict[str, Any]]]]:
        """Yield the rows of each page with their numbers, from 1 on."""
        number = 0
        for path in self._pages():
            with path.open(encoding="utf-8") as stream:
                stream.readline()
                page = [(at, json.loads(line)) for at, line in enumerate(stream, number + 1)]
            number += len(page)
            yield page

    def remove(self) -> None:
        """Remove all of it. The head goes first: what is left without one is nothing."""
        (self._folder / _HEAD).unlink(missing_ok=True)
        remove_tree(self._folder)

    def _pages(self) -> list[Path]:
        return sorted(self._folder.glob("page-*.jsonl"))

    def _write(self, name: str, values: Sequence[Mapping[str, Any]]) -> None:
        """Write lines of JSON, whole or not at all; they are the company's data, and for its user's eyes only."""
        with disk_sentences("what was fetched", self._folder):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            aside = self._folder / f".part-{name}"
            with aside.open("w", encoding="utf-8", errors="surrogatepass") as stream:
                for value in values:
                    stream.write(json.dumps(value, default=_plain) + "\n")
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(self._folder / name)


@contextmanager
def source_lock(state: Path, source: str) -> Iterator[None]:
    """Hold the right to load a source on this machine; the system releases it whatever becomes of the process.

    Raises
    ------
    SourceError
        Somebody else loads it.
    """
    path = state / "locks" / f"source-{source}.lock"
    stream: IO[str] = open_lock(path, state)
    with stream:
        tries = 0
        while not (taken := try_lock(stream)) and tries < _TRIES:
            tries += 1
            time.sleep(_AGAIN_S)
        if not taken:
            owner = stream.read().strip()
            of = f" by process {owner}" if owner else ""
            raise SourceError(
                f"the source is being loaded{of}", where=f"source '{source}'", hint="wait until it is done"
            )
        stream.seek(0)
        stream.truncate()
        stream.write(str(os.getpid()))
        stream.flush()
        yield


def is_being_loaded(state: Path, source: str) -> bool:
    """Return whether somebody holds a source's lock."""
    path = state / "locks" / f"source-{source}.lock"
    if not path.exists():
        return False
    with open_lock(path, state) as stream:
        return not try_lock(stream)


def _require_names(names: Mapping[str, object]) -> None:
    lowered: dict[str, str] = {}
    for name in names:
        said = None
        if not name.strip() or not name.isprintable() or "%" in name:
            said = "cannot be a column's name"
        elif len(name.encode()) > _LONGEST_NAME:
            said = f"is longer than a column's name may be ({_LONGEST_NAME} bytes)"
        elif name.lower() in RESERVED:
            said = "is the name of a column of the library's own"
        elif lowered.setdefault(name.lower(), name) != name:
            said = (
                f"and '{lowered[name.lower()]}' differ in upper and lower case alone, which databases do not tell apart"
            )
        if said is not None:
            raise SourceError(f"'{name}' {said}", hint="name the columns that you want under `fields`")


def _plain(value: Any) -> Any:
    """Return text for what JSON does not know: a query's dates, times and decimals; `fit` reads it again."""
    if isinstance(value, bytes | bytearray | memoryview):
        raise SourceError("the rows hold binary values, which cannot be landed", hint="leave the column out")
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
