"""Numbers as words: one way to write a share, an amount or a count in a sentence, a label and a table."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, SupportsFloat

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

NONE = "n/a"
"""What stands where there is no number."""

_MILLION, _BILLION = 1e6, 1e9
_PAIR = 2


def _number(value: SupportsFloat | None) -> float | None:
    """Return a finite float, or None for what is none: None, NaN, pandas.NA, infinities."""
    try:
        number = float(value) if value is not None else math.nan
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def count(value: SupportsFloat | None, noun: str = "", plural: str = "") -> str:
    """Write a whole number, with its noun where one is given.

    Examples
    --------
    >>> count(336776), count(1, "flight"), count(32, "flight"), count(2, "city", "cities")
    ('336,776', '1 flight', '32 flights', '2 cities')
    """
    number = _number(value)
    if number is None:
        return NONE
    text = f"{number:,.0f}"
    if not noun:
        return text
    return f"{text} {noun if text == '1' else plural or noun + 's'}"


def part_of(part: SupportsFloat, whole: SupportsFloat, noun: str, plural: str = "") -> str:
    """Write how many of a number of things.

    Examples
    --------
    >>> part_of(11, 12, "month"), part_of(7, 7, "month"), part_of(2, 2, "hour"), part_of(0, 5, "route")
    ('11 of 12 months', 'all 7 months', 'both hours', 'none of 5 routes')
    """
    some, everything = int(float(part)), int(float(whole))
    things = count(everything, noun, plural)
    if everything == 1:
        return f"the only {noun}" if some else f"not the only {noun}"
    if some == everything:
        return f"both {plural or noun + 's'}" if everything == _PAIR else f"all {things}"
    return f"{count(some) if some else 'none'} of {things}"


def decimal(value: SupportsFloat | None, digits: int = 1) -> str:
    """Write a number with a fixed number of decimals.

    Examples
    --------
    >>> decimal(6.895)
    '6.9'
    """
    number = _number(value)
    return NONE if number is None else _signed(f"{number:,.{digits}f}")


def percent(share: SupportsFloat | None, digits: int = 1) -> str:
    """Write a share between 0 and 1.

    Examples
    --------
    >>> percent(0.7634), percent(1, 0), percent(float("nan"))
    ('76.3%', '100%', 'n/a')
    """
    number = _number(share)
    return NONE if number is None else _signed(f"{100 * number:,.{digits}f}%")


def points(difference: SupportsFloat | None, digits: int = 1) -> str:
    """Write the size of a difference of two shares; the sentence says which way it goes.

    Examples
    --------
    >>> points(-0.0312), points(0.01, 0)
    ('3.1 percentage points', '1 percentage point')
    """
    number = _number(difference)
    if number is None:
        return NONE
    text = f"{abs(100 * number):,.{digits}f}"
    return f"{text} percentage point{'' if float(text.replace(',', '')) == 1 else 's'}"


def money(amount: SupportsFloat | None, digits: int | None = None) -> str:
    """Write US dollars: short from a million on, unless the number of decimals is given.

    Examples
    --------
    >>> money(2500315.63), money(35.893, 2), money(74321), money(-3, 2)
    ('$2.50 million', '$35.89', '$74,321', '-$3.00')
    """
    number = _number(amount)
    if number is None:
        return NONE
    size = abs(number)
    if digits is None and size >= _BILLION:
        text = f"${size / _BILLION:,.2f} billion"
    elif digits is None and size >= _MILLION:
        text = f"${size / _MILLION:,.2f} million"
    else:
        text = f"${size:,.{digits or 0}f}"
    return f"-{text}" if number < 0 and any(digit in "123456789" for digit in text) else text


def minutes(value: SupportsFloat | None, digits: int = 0) -> str:
    """Write a duration in minutes.

    Examples
    --------
    >>> minutes(12.6), minutes(1), minutes(-3.2, 1)
    ('13 minutes', '1 minute', '-3.2 minutes')
    """
    number = _number(value)
    if number is None:
        return NONE
    text = f"{number:,.{digits}f}"
    return f"{_signed(text)} minute{'' if text.strip('-') == '1' else 's'}"


def clock(hour: SupportsFloat) -> str:
    """Write an hour of the day.

    Examples
    --------
    >>> clock(0), clock(6), clock(12), clock(21)
    ('midnight', '6 a.m.', 'noon', '9 p.m.')
    """
    number = int(float(hour)) % 24
    if number % 12 == 0:
        return "noon" if number else "midnight"
    return f"{number % 12} {'a.m.' if number < 12 else 'p.m.'}"  # noqa: PLR2004 - noon


def day(value: date) -> str:
    """Write a date.

    Examples
    --------
    >>> from datetime import date
    >>> day(date(2013, 12, 31))
    'December 31, 2013'
    """
    return f"{value:%B} {value.day}, {value.year}"


def month(value: date) -> str:
    """Write a date's month.

    Examples
    --------
    >>> from datetime import date
    >>> month(date(2013, 7, 1))
    'July 2013'
    """
    return f"{value:%B} {value.year}"


def listing(items: Iterable[object]) -> str:
    """Write things one after the other.

    Examples
    --------
    >>> listing(["EWR", "JFK", "LGA"]), listing(["EWR"])
    ('EWR, JFK and LGA', 'EWR')
    """
    texts = [str(item) for item in items]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} and {texts[-1]}" if texts else NONE


def _signed(text: str) -> str:
    """Write no minus before nothing but zeros."""
    return text if any(digit in "123456789" for digit in text) else text.removeprefix("-")
