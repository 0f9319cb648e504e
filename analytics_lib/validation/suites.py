"""Suite files: read, checked for form, and remembered with the line on which each expectation stands."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import SuiteError, nearest

if TYPE_CHECKING:
    from pathlib import Path

# Great Expectations' severities; one that is absent means critical, as it does there.
SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True)
class Place:
    """Where an expectation stands in its file: its first line, and its text from there on."""

    line: int
    text: str


@dataclass(frozen=True)
class Suite:
    """A Great Expectations suite, as its file says it.

    Parameters
    ----------
    name
        The file's name without ``.json``.
    path
        The file.
    expectations
        Great Expectations' own dictionaries: ``type``, ``kwargs`` and perhaps ``severity``, ``description``, ``meta``.
    fingerprint
        SHA-256 of the file's canonical JSON, in hexadecimal: the same for any order of keys and any layout.
    places
        Where each expectation stands, in the same order.
    """

    name: str
    path: Path
    expectations: tuple[dict[str, Any], ...]
    fingerprint: str
    places: tuple[Place, ...] = field(default=(), repr=False, compare=False)

    def where(self, index: int, name: str | None = None) -> str:
        """Return ``file:line`` of an expectation, or of the line within it that says `name`."""
        if index >= len(self.places):
            return str(self.path)
        place = self.places[index]
        offset = -1 if name is None else place.text.find(json.dumps(name, ensure_ascii=False))
        return f"{self.path}:{place.line + place.text.count(chr(10), 0, max(offset, 0))}"


def load_suite(path: Path) -> Suite:
    """Read a suite file.

    Parameters
    ----------
    path
        ``expectations/NAME.json``.

    Raises
    ------
    SuiteError
        The file is missing, is not JSON, or is not a Great Expectations suite with at least one expectation.
    """
    text = _read(path)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SuiteError(
            f"the suite is not valid JSON: {error.msg}",
            where=f"{path}:{error.lineno}",
            hint=f"see column {error.colno}",
        ) from error
    listed = document.get("expectations") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        raise SuiteError(
            "the file is not a Great Expectations suite",
            where=f"{path}:1",
            hint='a suite is {"name": …, "expectations": [{"type": …, "kwargs": {…}}, …]}',
        )
    if not listed:
        raise SuiteError(
            "the suite has no expectations, so it would pass on any data",
            where=f"{path}:1",
            hint='add one to "expectations" or take the check out of the report',
        )
    places = _places(text)
    for entry, place in zip(listed, places, strict=True):
        _check_form(entry, f"{path}:{place.line}")
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return Suite(
        name=path.stem,
        path=path,
        expectations=tuple(listed),
        fingerprint=hashlib.sha256(canonical.encode()).hexdigest(),
        places=places,
    )


def _read(path: Path) -> str:
    """Return the file's text; a missing one is answered with the nearest name in its folder."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        known = [each.stem for each in path.parent.glob("*.json")]
        raise SuiteError(f"there is no suite '{path.stem}'", where=str(path), hint=nearest(path.stem, known)) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise SuiteError(f"the suite cannot be read: {reason}", where=str(path)) from error


def _check_form(entry: object, where: str) -> None:
    """Raise unless `entry` is an expectation of Great Expectations 1.x; what it expects is checked where it runs."""
    if isinstance(entry, dict) and "expectation_type" in entry:
        raise SuiteError(
            "the suite was written for Great Expectations before 1.0",
            where=where,
            hint="'expectation_type' is now 'type'",
        )
    if not isinstance(entry, dict) or not isinstance(entry.get("type"), str):
        raise SuiteError(
            "an expectation has no type", where=where, hint='write "type": "expect_column_values_to_not_be_null"'
        )
    if not isinstance(entry.get("kwargs", {}), dict):
        raise SuiteError(f"the kwargs of {entry['type']} are not an object", where=where, hint='write "kwargs": {…}')
    severity = entry.get("severity")
    if severity is not None and severity not in SEVERITIES:
        raise SuiteError(
            f"there is no severity {json.dumps(severity)}", where=where, hint=nearest(str(severity), SEVERITIES)
        )


def _places(text: str) -> tuple[Place, ...]:
    """Find each entry of ``expectations`` in valid JSON: `json` itself keeps no positions."""
    decoder = json.JSONDecoder()
    places: list[Place] = []
    position = _skip(text, _skip(text, 0) + 1)
    while text[position] != "}":
        key, position = decoder.raw_decode(text, position)
        position = _skip(text, _skip(text, position) + 1)
        if key == "expectations":
            places = _elements(text, position, decoder)
        _, position = decoder.raw_decode(text, position)
        position = _next(text, position)
    return tuple(places)


def _elements(text: str, position: int, decoder: json.JSONDecoder) -> list[Place]:
    """Return the place of each element of the array that starts at `position`."""
    places = []
    position = _skip(text, position + 1)
    while text[position] != "]":
        start = position
        _, end = decoder.raw_decode(text, start)
        places.append(Place(line=text.count("\n", 0, start) + 1, text=text[start:end]))
        position = _next(text, end)
    return places


def _next(text: str, position: int) -> int:
    """Return the position after a value: of what follows its comma, or of the closing bracket."""
    position = _skip(text, position)
    return _skip(text, position + 1) if text[position] == "," else position


def _skip(text: str, position: int) -> int:
    """Return the position of the first character from `position` on that is not white space."""
    while position < len(text) and text[position] in " \t\r\n":
        position += 1
    return position
