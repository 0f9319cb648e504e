"""What a published page and the site's lists say about themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from analytics_lib.model.checks import Badge, CheckResult


@dataclass(frozen=True)
class ShownParameter:
    """A parameter as a reader sees it: ``Carrier: United Air Lines Inc. (UA)``."""

    name: str
    label: str
    value: str


@dataclass(frozen=True)
class Source:
    """A connection that the page was made from, and when its data last changed (UTC), where that is known."""

    name: str
    changed_at: datetime | None


@dataclass(frozen=True)
class PageFacts:
    """The evidence around a page's content.

    Parameters
    ----------
    report
        The report's name, as in ``reports/NAME.yml``.
    title
        The page's title with parameter values filled in.
    finding
        The page's answer in a sentence, as the notebook handed it over; may be empty.
    parameters
        What the page was rendered with, in the notebook's order.
    data_through
        Up to when the data reaches, by the report's own freshness query.
    sources
        The connections that were read.
    checks
        Results of all checks, source tables first.
    version
        Number of this version within the report, from 1.
    key
        Content key: 12 hexadecimal digits.
    rendered_at
        When the notebook was run, UTC.
    time_zone
        IANA name of the zone in which times are shown.
    """

    report: str
    title: str
    finding: str
    description: str
    owner: str
    audience: str
    tags: tuple[str, ...]
    parameters: tuple[ShownParameter, ...]
    data_through: datetime | None
    sources: tuple[Source, ...]
    checks: tuple[CheckResult, ...]
    version: int
    key: str
    rendered_at: datetime
    time_zone: str = "UTC"


@dataclass(frozen=True)
class Stale:
    """Why a page is not the newest it could be: what failed, first seen when (UTC)."""

    since: datetime
    reason: str
    kind: str  # "checks" or "rendering"
    run: str = ""  # address of the failed run's page from the site's root, where there is one


@dataclass(frozen=True)
class ListedPage:
    """One page in the site's lists."""

    label: str  # "UA · United Air Lines Inc.", or the report's title when it has one page only
    href: str  # relative to the site's root: "airline_on_time/UA.html"
    finding: str
    badge: Badge
    data_through: datetime | None
    rendered_at: datetime
    stale: Stale | None


@dataclass(frozen=True)
class ListedReport:
    """One report in the site's lists, with its pages in order."""

    name: str
    title: str
    description: str
    owner: str
    audience: str
    tags: tuple[str, ...]
    time_zone: str
    pages: tuple[ListedPage, ...]
