"""The site's lists: all reports, and all pages of one report.

They read without a script; with one they filter and sort.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from analytics_lib.model.pages import Stale
from analytics_lib.model.wording import BADGE_WORDS, localise, show_data_through, show_time

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from analytics_lib.model.checks import Badge
    from analytics_lib.model.pages import ListedPage, ListedReport

MAX_LISTED_PAGES = 24
"""More pages than this stand on the report's own list only."""

_SIGNS: dict[Badge, str] = {"passed": "✓", "warning": "!", "failed": "✕", "unchecked": "–"}
_WORST_FIRST: tuple[Badge, ...] = ("failed", "warning", "unchecked", "passed")
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)


def render_index(
    reports: Sequence[ListedReport],
    *,
    site_title: str,
    asset_names: Mapping[str, str],
    assets_root: str = "",
    generated_at: datetime | None = None,
) -> str:
    """Return ``site/index.html``: every report with its freshness, checks and pages.

    Parameters
    ----------
    reports
        What is published.
    site_title
        The site's name.
    asset_names
        Plain name → hashed file name of the site's shared files: ``page.css``, ``page.js``, ``listing.js``.
    assets_root
        Way from this page's folder to the site's.
    generated_at
        When the list was made, UTC; without it the same reports give the same bytes.
    """
    tags = sorted({tag for report in reports for tag in report.tags}, key=str.casefold)
    return _render(
        "index.html.j2",
        reports=sorted(reports, key=lambda report: report.title.casefold()),
        tags=tags,
        title=site_title,
        generated_at=generated_at,
        root=assets_root,
        names=asset_names,
    )


def render_report_index(
    report: ListedReport,
    *,
    asset_names: Mapping[str, str],
    site_title: str = "All reports",
    assets_root: str = "../",
    generated_at: datetime | None = None,
) -> str:
    """Return ``site/REPORT/index.html``: every page of one report, with its finding.

    Parameters are those of `render_index`; `site_title` names the way back.
    """
    return _render(
        "report.html.j2",
        report=report,
        title=report.title,
        site_title=site_title,
        generated_at=generated_at,
        root=assets_root,
        names=asset_names,
    )


def _render(template: str, **values: Any) -> str:
    return _environment().get_template(template).render(policy=_POLICY, **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("analytics_lib.publishing"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": show_time,
        "through": show_data_through,
        "signed": lambda badge: _SIGNS[badge],
        "worded": lambda badge: BADGE_WORDS[badge],
        "worst": _worst_badge,
        "freshest": _data_through,
        "rank": _rank,
        "reasons": _reasons,
        "haystack": _haystack,
    }
    environment.globals["max_pages"] = MAX_LISTED_PAGES
    return environment


def _worst_badge(report: ListedReport) -> Badge:
    badges = {page.badge for page in report.pages}
    return next((badge for badge in _WORST_FIRST if badge in badges), "unchecked")


def _data_through(report: ListedReport) -> datetime | None:
    """Return up to when the report's data reaches; of several pages, that of the one which lags most."""
    known = [page.data_through for page in report.pages if page.data_through is not None]
    return min(known, key=lambda moment: _rank(moment, report.time_zone)) if known else None


def _rank(moment: datetime | None, time_zone: str) -> int:
    """Return a number that sorts by time: zoned moments and wall-clock readings on one scale; unknown comes last."""
    return 0 if moment is None else int(localise(moment, time_zone).replace(tzinfo=UTC).timestamp())


@dataclass(frozen=True)
class _Reason:
    """Why pages of a report are stale: one entry for all that share the reason."""

    pages: str  # whom it concerns; empty where that is the whole report
    stale: Stale


def _reasons(report: ListedReport) -> list[_Reason]:
    """Return why pages are stale, each reason once, with the time since the first of them is."""
    together: dict[tuple[str, str], list[ListedPage]] = {}
    for page in report.pages:
        if page.stale is not None:
            together.setdefault((page.stale.kind, page.stale.reason), []).append(page)
    found = []
    for (kind, reason), pages in together.items():
        since = min(page.stale.since for page in pages if page.stale is not None)
        run = next((page.stale.run for page in pages if page.stale is not None and page.stale.run), "")
        whom = pages[0].label if len(pages) == 1 else f"{len(pages)} pages"
        found.append(_Reason("" if len(pages) == len(report.pages) else whom, Stale(since, reason, kind, run)))
    return found


def _haystack(report: ListedReport) -> str:
    """Return what the filter box looks through."""
    words = (report.title, report.name, report.description, report.owner, report.audience, *report.tags)
    labels = (page.label for page in report.pages)
    return " ".join((*words, *labels)).lower()
