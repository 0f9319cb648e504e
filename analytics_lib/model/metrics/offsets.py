"""How far back a part of a metric lies: the month before, the same day a year earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics.periods import GRAINS, STEPS, parse_window, same_day, shift

if TYPE_CHECKING:
    from datetime import date

    from analytics_lib.model.metrics.requests import MetricRequest

_DAYS_OF_WEEK: Final = 7


@dataclass(frozen=True)
class Offset:
    """So many months and days back.

    Parameters
    ----------
    months, days
        How many; months are gone back first.
    """

    months: int = 0
    days: int = 0

    def __bool__(self) -> bool:
        return bool(self.months or self.days)

    def __add__(self, other: Offset) -> Offset:
        return Offset(self.months + other.months, self.days + other.days)

    @property
    def label(self) -> str:
        """What follows a column's name: two underscores stand in no metric's name."""
        parts = [f"{count}{unit}" for unit, count in (("m", self.months), ("d", self.days)) if count]
        return f"__{''.join(parts)}_ago" if parts else ""

    def fits(self, grain: str) -> bool:
        """Return whether it is a whole number of periods, which the period so long before then has.

        Examples
        --------
        >>> Offset(months=3).fits("quarter"), Offset(months=1).fits("week"), Offset(days=14).fits("week")
        (True, False, True)
        """
        if grain == "day":
            return True
        if grain == "week":
            return not self.months and self.days % _DAYS_OF_WEEK == 0
        return not self.days and self.months % STEPS[grain][1] == 0

    def back(self, start: date | None, end: date | None) -> tuple[date | None, date | None]:
        """Return the days so long before some days; the end of a month stays the end of one.

        Examples
        --------
        >>> Offset(months=1).back(date(2026, 3, 1), date(2026, 3, 31))
        (datetime.date(2026, 2, 1), datetime.date(2026, 2, 28))
        """
        gone = timedelta(days=self.days)
        first = None if start is None else shift(start, "month", -self.months) - gone
        last = None if end is None else (same_day(end, -self.months) if self.months else end) - gone
        return first, last


NONE: Final = Offset()


def offset_of(window: str | None) -> Offset:
    """Return what ``offset_window`` says; nothing is no offset.

    Examples
    --------
    >>> offset_of("1 quarter"), offset_of("2 weeks")
    (Offset(months=3, days=0), Offset(months=0, days=14))
    """
    if window is None:
        return NONE
    unit, count = parse_window(window)
    return Offset(months=count) if unit == "month" else Offset(days=count)


def require_offset(offset: Offset, request: MetricRequest, name: str) -> None:
    """Refuse a question that does not say which time lies so far back.

    Raises
    ------
    MetricError
        It names neither a period nor days, periods that the offset is no whole number of, or days too early.
    """
    if request.grain is None and (request.start is None or request.end is None):
        raise MetricError(f"metric '{name}' looks back, and no days are asked for",
                          hint="give start and end, or tell it by a period: month")  # fmt: skip
    if request.grain is not None and not offset.fits(request.grain):
        known = [grain for grain in GRAINS if offset.fits(grain)]
        raise MetricError(
            f"metric '{name}' looks back by what is no whole number of {request.grain}s",
            hint=f"tell it by {' or '.join(known)}",
        )
    try:
        offset.back(request.start, request.end)
    except (ValueError, OverflowError):
        raise MetricError(f"metric '{name}' looks back to before the year 1", hint="ask for later days") from None
