"""Periods of time: their grains, where one begins, and which one came before."""

from __future__ import annotations

import calendar
import re
from datetime import date, datetime, time, timedelta
from typing import Final, Literal

Grain = Literal["day", "week", "month", "quarter", "year"]
GRAINS: Final[tuple[Grain, ...]] = ("day", "week", "month", "quarter", "year")
"""From fine to coarse; a week begins on Monday (ISO 8601)."""

STEPS: Final[dict[str, tuple[str, int]]] = {
    "day": ("day", 1), "week": ("day", 7), "month": ("month", 1), "quarter": ("month", 3), "year": ("month", 12),
}  # fmt: skip
"""Grain → the unit that its steps are counted in, and how many of it."""

_WINDOW: Final = re.compile(r"(\d{1,5}) (day|week|month|quarter|year)s?")
_LAST_MONTH: Final = 12


def within(grain: str, finest: str) -> bool:
    """Return whether what is kept by `finest` can be told by `grain`; weeks do not make up months.

    Examples
    --------
    >>> within("month", "day"), within("day", "month"), within("month", "week")
    (True, False, False)
    """
    if finest == "day":
        return True
    if "week" in {finest, grain}:
        return grain == finest
    order: tuple[str, ...] = GRAINS
    return order.index(grain) >= order.index(finest)


def parse_window(text: str) -> tuple[str, int]:
    """Return a window's unit, ``"day"`` or ``"month"``, and how many.

    Raises
    ------
    ValueError
        It is no number of days, weeks, months, quarters or years.

    Examples
    --------
    >>> parse_window("2 weeks"), parse_window("1 quarter")
    (('day', 14), ('month', 3))
    """
    match = _WINDOW.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise ValueError(f"the window is '{text}'; 7 days, 4 weeks or 12 months are examples")
    unit, factor = STEPS[match[2]]
    return unit, int(match[1]) * factor


def floor(day: date, grain: str) -> date:
    """Return the first day of the period that `day` lies in.

    Examples
    --------
    >>> floor(date(2026, 3, 1), "week"), floor(date(2026, 3, 1), "quarter")
    (datetime.date(2026, 2, 23), datetime.date(2026, 1, 1))
    """
    if grain == "week":
        return day - timedelta(days=day.weekday())
    if grain == "day":
        return day
    months = STEPS[grain][1]
    return date(day.year, (day.month - 1) // months * months + 1, 1)


def shift(day: date, unit: str, count: int) -> date:
    """Return the day so many days or months away; the end of a shorter month stands for a day that it lacks.

    Examples
    --------
    >>> shift(date(2026, 3, 31), "month", -1)
    datetime.date(2026, 2, 28)
    """
    if unit == "day":
        return day + timedelta(days=count)
    months = day.year * _LAST_MONTH + day.month - 1 + count
    year, month = divmod(months, _LAST_MONTH)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def periods(start: date, end: date, grain: str) -> list[date]:
    """Return the first days of all periods that touch the days from `start` to `end`."""
    first, (unit, count) = floor(start, grain), STEPS[grain]
    found: list[date] = []
    while (day := shift(first, unit, count * len(found))) <= end:
        found.append(day)
    return found


def previous(start: date, end: date, to: str) -> tuple[date, date]:
    """Return the days to compare with: as many just before, or the same a year earlier.

    Whole months are preceded by as many whole months.

    Parameters
    ----------
    start, end
        First and last day.
    to
        ``"previous_period"`` or ``"previous_year"``.

    Examples
    --------
    >>> previous(date(2026, 3, 1), date(2026, 3, 31), "previous_period")
    (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
    >>> previous(date(2026, 3, 2), date(2026, 3, 8), "previous_period")
    (datetime.date(2026, 2, 23), datetime.date(2026, 3, 1))
    """
    if to == "previous_year":
        return shift(start, "month", -_LAST_MONTH), same_day(end, -_LAST_MONTH)
    after = end + timedelta(days=1)
    if start.day == 1 and after.day == 1:
        months = (after.year - start.year) * _LAST_MONTH + after.month - start.month
        return shift(start, "month", -months), start - timedelta(days=1)
    return start - (after - start), start - timedelta(days=1)


def same_day(end: date, months: int) -> date:
    """Shift a last day: the end of a month stays the end of one."""
    after = end + timedelta(days=1)
    return shift(after, "month", months) - timedelta(days=1) if after.day == 1 else shift(end, "month", months)


def day_of(value: object, what: str) -> date:
    """Return a day that was given as one, as its midnight, or as text.

    Raises
    ------
    ValueError
        It is none.
    """
    if hasattr(value, "astype"):  # numpy's
        value = value.astype("datetime64[us]").item()
    if isinstance(value, datetime):
        return value.date() if value.time() == time.min else _refuse(value, what)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)) if isinstance(value, str) else _refuse(value, what)
    except ValueError:
        return _refuse(value, what)


def _refuse(value: object, what: str) -> date:
    raise ValueError(f"{what} is {value!r}; a day is right: 2026-01-31")
