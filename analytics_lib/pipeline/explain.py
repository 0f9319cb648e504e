"""Why pages would be rendered, or not: the same decisions as a build's, and nothing else is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from analytics_lib.errors import AnalyticsError, InputError, PublishError
from analytics_lib.pipeline.decision import Decision, decide
from analytics_lib.pipeline.outcomes import reasons_of, without_rendering
from analytics_lib.pipeline.plan import ReportPlan, plan_report
from analytics_lib.pipeline.show import Shelf, open_shelf
from analytics_lib.pipeline.sources import Sources
from analytics_lib.registry import empty_registry, is_missing
from analytics_lib.workspace.reports import NO_REPORT_HINT, report_names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from analytics_lib.model.parameters import Value
    from analytics_lib.pipeline.build import BuildRequest
    from analytics_lib.registry import PageState, StoredVersion
    from analytics_lib.workspace import Workspace

Verdict = Literal["render", "keep", "bring back", "invalid"]


@dataclass(frozen=True)
class Explanation:
    """What a build would do with one page, and why.

    Parameters
    ----------
    report, page, label, parameters
        The page.
    verdict
        ``render``: its notebook would run, after its checks. ``keep``: it is up to date, or stays rolled back. ``bring
        back``: a stored version was made from just these inputs and would be shown again. ``invalid``: something
        written must change.
    reasons
        Why: a phrase each.
    shown
        The version that the site shows now.
    error
        What must change.
    """

    report: str
    page: str
    label: str
    parameters: dict[str, Value]
    verdict: Verdict
    reasons: tuple[str, ...] = ()
    shown: StoredVersion | None = None
    error: AnalyticsError | None = None

    @property
    def last(self) -> str:
        """Why the version that the site shows was rendered; empty where nothing is shown, or nothing is known."""
        return "; ".join(reasons_of(self.shown)) if self.shown else ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        shown = self.shown and {
            "version": self.shown.number,
            "rendered_at": self.shown.rendered_at.isoformat(),
            "reasons": list(reasons_of(self.shown)),
        }
        return {
            "report": self.report,
            "page": self.page,
            "parameters": self.parameters,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "shown": shown,
            "error": str(self.error) if self.error else None,
        }


@dataclass(frozen=True)
class Explained:
    """What a build would do."""

    pages: tuple[Explanation, ...]

    @property
    def exit_code(self) -> int:
        """0 whatever would be rendered; else that of what must change."""
        return next((page.error.exit_code for page in self.pages if page.error is not None), 0)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {"exit_code": self.exit_code, "pages": [page.to_json() for page in self.pages]}


def explain(workspace: Workspace, request: BuildRequest) -> Explained:
    """Say what a build would do with each page, and why; render, publish and write nothing.

    Databases are asked for the values of `for_each` and for fingerprints, as a build asks them. Checks do not run.

    Raises
    ------
    InputError
        The workspace has no report.
    PublishError
        The state database cannot be opened.
    """
    names = list(request.reports) or report_names(workspace.root)
    if not names:
        raise InputError("the workspace has no report", where="reports/", hint=NO_REPORT_HINT)
    sources = Sources(workspace)
    try:
        with _shelf(workspace) as shelf:
            return Explained(tuple(page for name in names for page in _report(name, request, shelf, sources)))
    finally:
        sources.close(remember=False)


def _shelf(workspace: Workspace) -> AbstractContextManager[Shelf]:
    """Open what is stored; where there is no state database yet none is made."""
    return open_shelf(workspace, empty_registry() if is_missing(workspace.state_url) else None)


def _report(name: str, request: BuildRequest, shelf: Shelf, sources: Sources) -> Iterator[Explanation]:
    asked = request.self_contained
    self_contained = bool(sources.workspace.settings["site.self_contained"] if asked is None else asked)
    try:
        plan = plan_report(sources, name, request.parameters, self_contained=self_contained)
        states = {state.page: state for state in shelf.registry.pages(plan.name)}
        for decision in decide(plan, shelf, sources, force=request.force):
            yield _explanation(plan, decision, states.get(decision.page.name))
    except PublishError:
        raise
    except AnalyticsError as error:
        yield Explanation(name, "", "", {}, "invalid", error=error)


def _explanation(plan: ReportPlan, decision: Decision, state: PageState | None) -> Explanation:
    page = decision.page
    shown = state.version if state else None
    verdict: Verdict = "render"
    reasons = decision.reasons
    if decision.match is not None:
        result, change = without_rendering(plan, page, decision.match, state)
        verdict = "keep" if change is None else "bring back"
        reasons = (_kept(decision.match, state, result.status),)
    return Explanation(plan.name, page.name, page.label, page.parameters, verdict, reasons, shown)


def _kept(match: StoredVersion, state: PageState | None, status: str) -> str:
    """Return why a page needs no rendering."""
    if state is None or state.version is None or status == "published":
        return f"version {match.number} is rendered, but not shown yet"
    if state.refused_key == match.key:
        return f"version {match.number} was rolled back, and nothing has changed since"
    if status == "restored":
        return f"version {match.number} was made from the same"
    return "nothing has changed"
