"""What decides a report's pages but parameters and data; kept, so that a change can be told and not only seen."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.pipeline.sources import digest
from analytics_lib.publishing.files import write_whole

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

FOLDER: Final = "bases"
_NAMED: Final = 3
_IN_USE_S: Final = 86_400
LIBRARY: Final = "analytics-lib"


@dataclass(frozen=True)
class Basis:
    """The code of a report's pages, and what surrounds it.

    Parameters
    ----------
    notebook, cells
        The notebook's path, and a hash of each of its cells.
    report
        Key of the report file → hash of what it says.
    suites
        Suite → hash.
    files
        Files that the report file names under `data`.
    self_contained
        Whether pages carry their styles and scripts.
    library, environment
        Hashes of this library's files, and of what is installed.
    packages
        What is installed: name → version; told, and no part of the key, which has `environment`.
    """

    notebook: str
    cells: tuple[str, ...]
    report: Mapping[str, str]
    suites: Mapping[str, str]
    files: tuple[str, ...]
    self_contained: bool
    library: str
    environment: str
    packages: Mapping[str, str]

    @cached_property
    def key(self) -> str:
        """The hash of all of it."""
        return digest(json.dumps({**asdict(self), "packages": None}, sort_keys=True))

    def changes_since(self, before: Basis) -> list[str]:
        """Return what has changed, a phrase each."""
        changes = [*self._notebook_changes(before), *self._report_changes(before)]
        changes += [
            f"suite {name} changed"
            for name in sorted(self.suites.keys() & before.suites.keys())
            if self.suites[name] != before.suites[name]
        ]
        changes += [f"data file {name} added" for name in self.files if name not in before.files]
        changes += [f"data file {name} gone" for name in before.files if name not in self.files]
        if self.self_contained != before.self_contained:
            changes.append(f"pages {'carry' if self.self_contained else 'share'} their styles and scripts")
        return [*changes, *self._surrounding_changes(before)]

    def _notebook_changes(self, before: Basis) -> Iterator[str]:
        if self.notebook != before.notebook:
            yield f"notebook changed: {before.notebook} → {self.notebook}"
        elif self.cells != before.cells:
            yield f"notebook changed: {_cells(before.cells, self.cells)}"

    def _report_changes(self, before: Basis) -> Iterator[str]:
        keys = [*self.report, *(key for key in before.report if key not in self.report)]
        changed = [key for key in keys if self.report.get(key) != before.report.get(key)]
        if self.notebook != before.notebook:
            changed = [key for key in changed if key != "notebook"]
        if changed:
            yield f"report file changed: {', '.join(changed)}"

    def _surrounding_changes(self, before: Basis) -> Iterator[str]:
        ours = self.packages.get(LIBRARY), before.packages.get(LIBRARY)
        if self.library != before.library:
            told = f"{LIBRARY} {ours[1]} → {ours[0]}" if ours[0] != ours[1] else f"files of {LIBRARY} {ours[0]}"
            yield f"library changed: {told}"
        if self.environment != before.environment:
            yield f"environment changed: {_packages(before.packages, self.packages)}"


def keep_basis(state: Path, basis: Basis) -> None:
    """Keep a basis beside the versions that are made from it.

    Raises
    ------
    OSError
        It cannot be written.
    """
    path = _path(state, basis.key)
    try:
        os.utime(path)  # in use: no other build sweeps it away
    except FileNotFoundError:
        write_whole(path, json.dumps(asdict(basis), ensure_ascii=False).encode())


def read_basis(state: Path, key: str) -> Basis | None:
    """Return a basis by its key; None where it was not kept, as by older versions of this library."""
    try:
        content: dict[str, Any] = json.loads(_path(state, key).read_text(encoding="utf-8"))
        return Basis(**{**content, "cells": tuple(content["cells"]), "files": tuple(content["files"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def sweep_bases(state: Path, keys: Collection[str]) -> None:
    """Remove all but those of `keys`, and those that a build at work is about to refer to."""
    for path in (state / FOLDER).glob("*.json"):
        with suppress(OSError):
            if path.stem not in keys and time.time() - path.stat().st_mtime > _IN_USE_S:
                path.unlink()


def _path(state: Path, key: str) -> Path:
    return state / FOLDER / f"{key}.json"


def _cells(before: Sequence[str], now: Sequence[str]) -> str:
    """Return which cells are others, counted as an analyst counts them."""
    changed: list[int] = []
    new: list[int] = []
    gone: list[int] = []
    for kind, start, end, first, last in SequenceMatcher(None, before, now, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        both = min(end - start, last - first)
        changed += range(first + 1, first + both + 1)
        new += range(first + both + 1, last + 1)
        gone += range(start + both + 1, end + 1)
    told = [f"{_numbered(changed)}"] if changed else []
    told += [f"{_numbered(new)} new"] if new else []
    told += [f"{_numbered(gone)} of before removed"] if gone else []
    return "; ".join(told)


def _numbered(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"cell {numbers[0]}"
    listed = [str(number) for number in numbers[: _NAMED * 2]]
    more = len(numbers) - len(listed)
    return f"cells {', '.join(listed)} and {more} more" if more else f"cells {', '.join(listed[:-1])} and {listed[-1]}"


def _packages(before: Mapping[str, str], now: Mapping[str, str]) -> str:
    """Return which packages are others."""
    told = [
        f"{name} {before[name]} → {now[name]}" if name in before and name in now
        else f"{name} {now[name]} added" if name in now
        else f"{name} {before[name]} removed"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]  # fmt: skip
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ", ".join(told[:_NAMED]) + more
