"""How times and badges read, in one wording for pages and lists."""

from __future__ import annotations

from datetime import datetime, time
from zoneinfo import ZoneInfo

from analytics_lib.model.checks import Badge, CheckResult, badge

BADGE_WORDS: dict[Badge, str] = {
    "passed": "Checks passed",
    "warning": "Checks raised warnings",
    "failed": "Checks failed",
    "unchecked": "No checks",
}


def localise(moment: datetime, time_zone: str) -> datetime:
    """Return `moment` in `time_zone`; a moment without a zone is a wall-clock reading and stays as it is."""
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(time_zone))


def show_day(moment: datetime, time_zone: str) -> str:
    """Return a day for a reader.

    Examples
    --------
    >>> show_day(datetime(2013, 12, 31), "UTC")
    '31 Dec 2013'
    """
    local = localise(moment, time_zone)
    return f"{local.day} {local:%b %Y}"


def show_time(moment: datetime, time_zone: str, *, zone_name: bool = True) -> str:
    """Return a moment to the minute for a reader.

    Examples
    --------
    >>> from datetime import UTC
    >>> show_time(datetime(2026, 11, 20, 11, 0, tzinfo=UTC), "America/New_York")
    '20 Nov 2026, 06:00 EST'
    """
    local = localise(moment, time_zone)
    zone = f" {local:%Z}" if zone_name and local.tzinfo is not None else ""
    return f"{show_day(local, time_zone)}, {local:%H:%M}{zone}"


def show_data_through(moment: datetime, time_zone: str) -> str:
    """Return up to when data reaches: a day, with the time only where it is not midnight.

    Examples
    --------
    >>> show_data_through(datetime(2013, 12, 31), "UTC")
    '31 Dec 2013'
    >>> show_data_through(datetime(2013, 12, 31, 23, 5), "UTC")
    '31 Dec 2013, 23:05'
    """
    local = localise(moment, time_zone)
    return show_day(local, time_zone) if local.time() == time() else show_time(local, time_zone)


def summarise_checks(checks: tuple[CheckResult, ...]) -> str:
    """Return what a page's badge says.

    Examples
    --------
    >>> summarise_checks(())
    'No checks'
    """
    word = badge(checks)
    total = sum(len(check.results) for check in checks)
    failed = sum(len(check.failures) for check in checks)
    if word == "unchecked":
        return BADGE_WORDS[word]
    noun = "check" if total == 1 else "checks"
    if word == "passed":
        return f"{total} {noun} passed" if total == 1 else f"All {total} {noun} passed"
    warned = "raised a warning" if failed == 1 else "raised warnings"
    verb = "failed" if word == "failed" else warned
    return f"{failed} of {total} {noun} {verb}"
