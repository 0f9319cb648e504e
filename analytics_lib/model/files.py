"""A file of rows: where it lies, in which format, how it is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Format = Literal["csv", "parquet", "jsonl", "excel"]

FILE_KEYS: Final = ("format", "encoding", "separator", "decimal", "thousands", "sheet")
"""Keys that say how a file is written, of connections and of source files alike."""

FORMATS: Final[Mapping[str, tuple[str, ...]]] = {
    "csv": (".csv", ".tsv", ".txt"), "parquet": (".parquet", ".pq"), "jsonl": (".jsonl", ".ndjson"),
    "excel": (".xlsx", ".xls", ".xlsb", ".ods"),
}  # fmt: skip
"""Format → the endings that tell it."""

FORMAT_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "csv": ("encoding", "separator", "decimal", "thousands"), "excel": ("sheet",),
}  # fmt: skip
"""Format → those of `FILE_KEYS` that say something of it."""

SECRET: Final = re.compile(r"://[^/@:]*:[^/@$]+@")
"""The password of an account in an address, where it does not come from the environment."""

_DOTTED: Final = re.compile(r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})(?P<time>(?:[T ]\d\d:\d\d.*)?)")
_DIGITS: Final = r"(?:0|[1-9]\d*)"  # 007 is a code, not a number


@dataclass(frozen=True)
class FileSpec:
    """A file of rows as somebody has declared it.

    Parameters
    ----------
    address
        An absolute path, or an address of fsspec or of the web. May hold an account or a key: never log it.
    name
        The file as errors name it: without an account or a key.
    shown
        The file as errors about its lines name it.
    where
        Where it is declared: ``analytics.toml:7``.
    key
        The key that its address stands at: ``url`` or ``file``.
    options
        What is said under `FILE_KEYS`.
    """

    address: str
    name: str
    shown: str
    where: str | None = None
    key: str = "url"
    options: Mapping[str, str | int | bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"FileSpec(name={self.name!r}, where={self.where!r})"


@dataclass(frozen=True)
class Notation:
    """How numbers and days are written in a file whose values are all text.

    Parameters
    ----------
    decimal
        What stands before decimals.
    thousands
        What stands between thousands; nothing by default.
    """

    decimal: str = "."
    thousands: str = ""

    def number(self, text: str) -> str | None:
        """Return a number as JSON writes it; None where the text is no number that is written so.

        Examples
        --------
        >>> Notation(",", ".").number("-1.234,50"), Notation(",", ".").number("1.2"), Notation().number("007")
        ('-1234.50', None, None)
        """
        match = self._pattern.fullmatch(text)
        if match is None:
            return None
        whole = match["whole"].replace(self.thousands, "") if self.thousands else match["whole"]
        decimals = f".{match['decimals']}" if match["decimals"] else ""
        return f"{match['sign']}{whole}{decimals}{match['power'] or ''}"

    def moment(self, text: str) -> str:
        """Return a day, or a time of a day, as ISO 8601 writes it, where dots say that its day comes first.

        Days with slashes come either way, ``02/01/2026``, and are left as they are, as is all else.

        Examples
        --------
        >>> Notation().moment("2.1.2026"), Notation().moment("02.01.2026 08:30"), Notation().moment("02/01/2026")
        ('2026-01-02', '2026-01-02 08:30', '02/01/2026')
        """
        match = _DOTTED.fullmatch(text)
        return f"{match['year']}-{match['month']:0>2}-{match['day']:0>2}{match['time']}" if match else text

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        mark = re.escape(self.thousands)  # in India groups of two stand before the last one of three
        grouped = rf"[1-9]\d{{0,2}}(?:{mark}\d{{3}})+|[1-9]\d?(?:{mark}\d{{2}})+{mark}\d{{3}}|" if mark else ""
        decimals = rf"(?:{re.escape(self.decimal)}(?P<decimals>\d+))?"
        return re.compile(rf"(?P<sign>-?)(?P<whole>{grouped}{_DIGITS}){decimals}(?P<power>[eE][+-]?\d+)?")


def format_of(address: str) -> str | None:
    """Return the format that an address's ending tells; None where it tells none.

    Examples
    --------
    >>> format_of("s3://bucket/rows.parquet"), format_of("https://example.com/rows.csv?key=1"), format_of("rows.doc")
    ('parquet', 'csv', None)
    """
    ending = ending_of(address)
    return next((name for name, endings in FORMATS.items() if ending in endings), None)


def ending_of(address: str) -> str:
    """Return an address's ending in small letters, with its dot."""
    return PurePosixPath(address.partition("?")[0]).suffix.lower()


def name_of(address: str) -> str:
    """Return an address as errors show it: without an account, without a query that may hold a key.

    Examples
    --------
    >>> name_of("https://ada:secret@example.com/a/b.csv?key=1")
    'https://example.com/a/b.csv'
    """
    return re.sub(r"://[^/@]*@", "://", address.partition("?")[0])
