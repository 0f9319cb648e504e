"""What becomes of a page: the result that is told, and the change that is made."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics_lib.errors import AnalyticsError, ChecksFailed, InputError
from analytics_lib.model.pages import Stale
from analytics_lib.pipeline.pages import PagePlan
from analytics_lib.pipeline.results import PageResult
from analytics_lib.registry.registry import Change

if TYPE_CHECKING:
    from analytics_lib.model.parameters import Value
    from analytics_lib.pipeline.plan import ReportPlan
    from analytics_lib.registry import PageState, StoredVersion

Outcome = tuple[PageResult, Change | None]


def without_rendering(
    plan: ReportPlan, page: PagePlan, match: StoredVersion, state: PageState | None
) -> tuple[PageResult, Change | None]:
    """Decide what a page becomes whose version is stored already."""
    unchanged = PageResult(
        plan.name, page.name, page.label, page.parameters, "unchanged",
        version=match.number, reasons=reasons_of(match),
    )  # fmt: skip
    if state is None or state.version is None:
        return replace(unchanged, status="published"), Change(page.name, version=match.id)  # rendered, then killed
    if state.refused_key == match.key:  # rolled back by hand: it stays down
        shown = replace(unchanged, version=state.version.number, reasons=reasons_of(state.version))
        return (replace(shown, status="restored"), Change(page.name)) if state.stale else (shown, None)
    if state.version.id != match.id:
        newer = match.id > state.version.id and state.stale is None
        return replace(unchanged, status="published" if newer else "restored"), Change(page.name, version=match.id)
    if state.stale is not None:
        return replace(unchanged, status="restored"), Change(page.name)
    return unchanged, None


def stopped(plan: ReportPlan, page: PagePlan, error: AnalyticsError, seconds: float) -> Outcome:
    """Say why a page was not published; bad input changes nothing on the site, the rest leaves a banner."""
    held = isinstance(error, ChecksFailed)
    status = "held back" if held else "invalid" if isinstance(error, InputError) else "failed"
    result = PageResult(
        plan.name, page.name, page.label, page.parameters, status, seconds,  # type: ignore[arg-type]
        error=error, reasons=page.reasons,
    )  # fmt: skip
    if status == "invalid":
        return result, None
    reason = error.message if held else str(error)  # the page says itself which report it is
    stale = Stale(datetime.now(UTC), reason, "checks" if held else "rendering")
    return result, Change(page.name, stale=stale)


def entry(result: PageResult, started: datetime) -> dict[str, Value | dict[str, Value] | datetime]:
    """Return what history keeps of a result."""
    return {
        "report": result.report,
        "page": result.page,
        "parameters": result.parameters,
        "status": result.status,
        "reason": str(result.error) if result.error else None,
        "version": result.version,
        "started_at": started,
        "seconds": result.seconds,
    }


def reasons_of(version: StoredVersion) -> tuple[str, ...]:
    """Return why a version was rendered; nothing is known of those of older versions of this library."""
    return tuple(version.facts.get("reasons", ()))


def page_of(version: StoredVersion) -> PagePlan:
    """Return the page that a stored version shows, for what is no longer planned."""
    return PagePlan(version.page, version.facts["label"], version.facts["title"], dict(version.parameters), ())
