"""Columns of what a source brings: their types, taken from values; what fits a type; how two schemas differ."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.files import Notation
    from analytics_lib.model.source_parts import Kind

RESERVED: Final = ("_row", "_source", "_load", "_reason", "_quarantined_at", "_record")
"""Columns of the library's own, in stages and quarantines."""

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)?")
_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d*)")  # 007 is a code, not a number
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")
_INTEGERS: Final = range(-(2**63), 2**63)
_LONGEST_INTEGER: Final = len(str(-(2**63)))  # Python refuses to read one of thousands of digits
_TRUTH: Final[Mapping[Any, bool]] = {"true": True, "false": False}
_PLACES: Final = 10
_DIGITS: Final = 38
_SHOWN: Final = 40
_WIDER: Final[Mapping[frozenset[str], Kind]] = {
    frozenset({"integer", "number"}): "number",
    frozenset({"integer", "decimal"}): "decimal",
    frozenset({"number", "decimal"}): "decimal",
    frozenset({"date", "timestamp"}): "timestamp",
}
_NUMERIC: Final = frozenset({"integer", "number", "decimal"})
_NOUNS: Final[Mapping[str, str]] = {
    "boolean": "neither true nor false", "integer": "no whole number of 64 bits", "number": "no finite number",
    "decimal": "no number of 28 digits and 10 decimals", "date": "no date", "timestamp": "no time",
}  # fmt: skip


@dataclass(frozen=True)
class Drift:
    """How what a source brings differs from what it brought before.

    Parameters
    ----------
    new
        Column → type of those that were not there before.
    vanished
        Columns that no row has any more.
    changed
        Column → (type before, type now), where values may not fit any more.
    """

    new: Mapping[str, str] = field(default_factory=dict)
    vanished: tuple[str, ...] = ()
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """Return what has changed, a sentence each, without a full stop."""
        said = [f"new column {name} ({kind})" for name, kind in self.new.items()]
        said += [f"column {name} has vanished; it is null" for name in self.vanished]
        return said + [
            f"column {name} was {before} and is {now}; rows that do not fit are quarantined"
            for name, (before, now) in self.changed.items()
        ]


def kind_of(value: Any, notation: Notation | None = None) -> Kind | None:  # noqa: PLR0911 - one answer a type
    """Return the type of a value; None where it tells nothing.

    Parameters
    ----------
    value
        Plain JSON, or what a database driver returns.
    notation
        How numbers and days are written where all values come as text, as from CSV: then they are told by their look.

    Examples
    --------
    >>> from analytics_lib.model.files import Notation
    >>> kind_of(3), kind_of("2026-01-31"), kind_of("3"), kind_of("3", Notation()), kind_of("007", Notation())
    ('integer', 'date', 'text', 'integer', 'text')
    """
    if value is None or (notation is not None and value == ""):
        return None
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if value in _INTEGERS else "text"
    if isinstance(value, float):
        return "number"
    if isinstance(value, Decimal):
        return "decimal"
    if isinstance(value, datetime):
        return "timestamp"
    if isinstance(value, date):
        return "date"
    if isinstance(value, dict | list):
        return "json"
    return _kind_of_text(str(value), notation)


def wider(one: Kind | None, other: Kind | None) -> Kind | None:
    """Return the type that holds values of both.

    Examples
    --------
    >>> wider("integer", "number"), wider("date", "integer"), wider(None, "date")
    ('number', 'text', 'date')
    """
    if one is None or other is None or one == other:
        return one or other
    return _WIDER.get(frozenset({one, other}), "text")


def compare(known: Mapping[str, Kind], found: Mapping[str, Kind | None]) -> Drift:
    """Return how columns that were found differ from those that are known."""
    changed = {
        name: (known[name], kind)
        for name, kind in found.items()
        if name in known and kind is not None and wider(known[name], kind) != known[name]
    }
    new = {name: kind or "text" for name, kind in found.items() if name not in known}
    return Drift(new, tuple(name for name in known if name not in found), changed)


def fit(value: Any, kind: Kind, notation: Notation | None = None) -> Any:
    """Return a value as a column of that type holds it; times in UTC, without a zone.

    Parameters
    ----------
    value, kind
        What is to fit what.
    notation
        How numbers and days are written in texts; as in JSON by default.

    Raises
    ------
    ValueError
        It does not fit; the message says what it is, to stand behind the column's name.

    Examples
    --------
    >>> fit("12", "integer"), fit("2026-01-31T01:00:00+01:00", "timestamp")
    (12, datetime.datetime(2026, 1, 31, 0, 0))
    >>> fit("a dozen", "integer")
    Traceback (most recent call last):
    ...
    ValueError: is 'a dozen', no whole number of 64 bits
    """
    if value is None:
        return None
    if kind in {"text", "json"}:
        return _as_text(value, kind)
    if value == "":
        return None
    try:
        fitted = _FITS[kind](value if notation is None else _rewritten(value, kind, notation))
    except (ValueError, TypeError, OverflowError, InvalidOperation):
        fitted = None
    if fitted is None:
        raise ValueError(f"is {_shown(value)}, {_NOUNS[kind]}")
    return fitted


def _rewritten(value: Any, kind: Kind, notation: Notation) -> Any:
    if not isinstance(value, str):
        return value
    return notation.number(value) if kind in _NUMERIC else notation.moment(value)


def _kind_of_text(value: str, notation: Notation | None) -> Kind:
    text, value = value, value if notation is None else notation.moment(value)
    if _DATE.fullmatch(value) and _parses(value):
        return "date"
    if _MOMENT.fullmatch(value) and _parses(value):
        return "timestamp"
    if notation is not None:
        number = notation.number(text)
        if number is not None:
            return _kind_of_number(number)
        if text.lower() in _TRUTH:
            return "boolean"
    return "text"


def _kind_of_number(number: str) -> Kind:
    if _INTEGER.fullmatch(number):
        return "integer" if len(number) <= _LONGEST_INTEGER and int(number) in _INTEGERS else "text"
    return "number" if math.isfinite(float(number)) else "text"


def _parses(value: str) -> bool:
    try:
        _moment(value)
    except (ValueError, OverflowError):
        return False
    return True


def _moment(value: Any) -> datetime | None:
    if isinstance(value, str):
        if not (_MOMENT.fullmatch(value) or _DATE.fullmatch(value)):
            return None
        value = datetime.fromisoformat(value)
    if not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day) if isinstance(value, date) else None  # noqa: DTZ001 - UTC
    return value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)


def _day(value: Any) -> date | None:
    moment = _moment(value)
    return moment.date() if moment is not None and moment.time() == datetime.min.time() else None


def _integer(value: Any) -> int | None:
    if isinstance(value, bool) or (isinstance(value, str) and not _INTEGER.fullmatch(value)):
        return None
    whole = int(value)
    return whole if whole in _INTEGERS and whole == (whole if isinstance(value, str) else value) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        return None
    number = float(value)
    return number if math.isfinite(number) else None


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        return None
    number = value if isinstance(value, Decimal) else Decimal(str(value))
    if not number.is_finite():
        return None
    digits = number.as_tuple()
    places = -int(digits.exponent)
    fits = places <= _PLACES and len(digits.digits) - places <= _DIGITS - _PLACES
    return number if fits else None


def _truth(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _TRUTH.get(value.lower()) if isinstance(value, str) else None


_FITS: Final[Mapping[str, Any]] = {
    "boolean": _truth, "integer": _integer, "number": _number, "decimal": _decimal, "date": _day, "timestamp": _moment,
}  # fmt: skip


def _as_text(value: Any, kind: Kind) -> str:
    """Return text; of what is none, its JSON. A column of JSON holds JSON of texts, too."""
    is_text = isinstance(value, str)
    text = str(value) if is_text and kind == "text" else json.dumps(value, ensure_ascii=False, default=str)
    if "\0" in text or "\\u0000" in text:
        raise ValueError("holds the character NUL, which a database cannot")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("holds half of a character, which is no Unicode text") from None
    return text


def _shown(value: Any) -> str:
    text = repr(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
