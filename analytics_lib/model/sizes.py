"""Sizes as people write them: ``800 MB``, ``4 GB``."""

from __future__ import annotations

import re
from typing import Final

_UNITS: Final = {"KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}
_SIZE: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([KMGT]i?B)\s*", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Return the bytes that a size stands for.

    Raises
    ------
    ValueError
        It is no size.

    Examples
    --------
    >>> parse_size("800 MB"), parse_size("1.5GiB")
    (800000000, 1610612736)
    """
    found = _SIZE.fullmatch(text)
    number = float(found[1]) * _UNITS[found[2].upper()] if found else 0
    if number < 1:
        raise ValueError(f"'{text}' is no size; 800 MB and 4 GB are")
    return int(number)


def show_size(size: int) -> str:
    """Return bytes for a reader.

    Examples
    --------
    >>> show_size(800_000_000), show_size(1_500_000_000)
    ('800 MB', '1.5 GB')
    """
    unit, scale = next(((unit, scale) for unit, scale in (("GB", 1e9), ("MB", 1e6)) if size >= scale), ("KB", 1e3))
    return f"{size / scale:.1f}".removesuffix(".0") + f" {unit}"
