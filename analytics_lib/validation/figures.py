"""Numbers and values as a reader wants them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

_SHOWN_ITEMS = 10
_SIGNIFICANT = 6  # enough to tell an observed value from a bound, few enough to be read
_TINY = 0.0001
_GROUPED_FROM = 10_000  # a year, a flight number and a clock time of four digits read better ungrouped


def count(number: float) -> str:
    """Return a count with thousands separators: ``336,776``."""
    return f"{int(number):,}"


def percent(part: float, whole: float) -> str:
    """Return a share with at most two decimals that never rounds to none or to all of it.

    Examples
    --------
    >>> percent(8255, 336776)
    '2.45 %'
    >>> percent(1, 336776)
    '< 0.01 %'
    >>> percent(336775, 336776)
    '> 99.99 %'
    >>> percent(1, 4)
    '25 %'
    """
    share = 100 * part / whole
    smallest, largest = 0.01, 99.99
    if 0 < share < smallest:
        return "< 0.01 %"
    if largest < share < 100:  # noqa: PLR2004 - per cent
        return "> 99.99 %"
    return f"{_trimmed(f'{share:.2f}')} %"


def exactly(value: object) -> str:
    """Return a value that somebody wrote, e.g. a bound: every digit of it.

    Examples
    --------
    >>> exactly(300000), exactly(2013), exactly(0.25), exactly("UA"), exactly(True)
    ('300,000', '2013', '0.25', 'UA', 'true')
    >>> exactly({"$PARAMETER": "floor"})
    '$floor'
    """
    if isinstance(value, Mapping):
        return f"${value['$PARAMETER']}" if set(value) == {"$PARAMETER"} else str(dict(value))
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float) and math.isfinite(value):
        whole = int(value) if float(value).is_integer() else value
        return f"{whole:,}" if abs(whole) >= _GROUPED_FROM else str(whole)
    if isinstance(value, list | tuple):
        return f"({', '.join(exactly(each) for each in value)})"
    return str(value)


def roughly(value: object) -> str:
    """Return a value that was computed: six significant digits.

    Examples
    --------
    >>> roughly(12.639070257304708), roughly(336776), roughly(1234567.891), roughly(None)
    ('12.6391', '336,776', '1,234,568', 'nothing')
    """
    if value is None:
        return "nothing"
    if isinstance(value, float) and math.isfinite(value) and not value.is_integer():
        if abs(value) < _TINY:
            return f"{value:.{_SIGNIFICANT}g}"
        decimals = max(0, _SIGNIFICANT - 1 - math.floor(math.log10(abs(value))))
        text = f"{value:,.{decimals}f}" if abs(value) >= _GROUPED_FROM else f"{value:.{decimals}f}"
        return _trimmed(text)
    return exactly(value)


def listed(values: Iterable[Any]) -> str:
    """Return a set for a reader: ``{AA, B6, …}``, its first ten items.

    Examples
    --------
    >>> listed(["AA", "B6"])
    '{AA, B6}'
    >>> listed(range(12))
    '{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, … (12 in all)}'
    """
    items = list(values)
    # Codes, not quantities: a number in a set is never grouped.
    shown = [str(each) if isinstance(each, int) and not isinstance(each, bool) else exactly(each) for each in items]
    more = f", … ({len(items):,} in all)" if len(items) > _SHOWN_ITEMS else ""
    return f"{{{', '.join(shown[:_SHOWN_ITEMS])}{more}}}"


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
