"""A build: plan, skip what is unchanged, check, render, check again, store, switch, show.

The order is the promise. A version is written aside and recorded before it is current; all pages of a report become
current in one transaction; the site's files follow. Killed anywhere, the next build takes up what is there.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import AnalyticsError, ChecksFailed, InputError, PublishError
from analytics_lib.model.pages import Stale
from analytics_lib.pipeline.checking import TableChecker
from analytics_lib.pipeline.locking import build_lock
from analytics_lib.pipeline.plan import ReportPlan, plan_report
from analytics_lib.pipeline.render import Renderer
from analytics_lib.pipeline.results import BuildResult, PageResult, Progress, gravest
from analytics_lib.pipeline.show import Shelf, open_shelf
from analytics_lib.pipeline.sources import Sources
from analytics_lib.registry.registry import Change
from analytics_lib.workspace.reports import NO_REPORT_HINT, report_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.parameters import Value
    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.registry import PageState, StoredVersion
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class BuildRequest:
    """What to build.

    Parameters
    ----------
    reports
        Names of reports; all of the workspace's when empty.
    parameters
        Parameters given by hand, for one report.
    force
        Render also what is unchanged.
    jobs
        Notebooks run at the same time; the workspace's setting by default.
    self_contained
        Inline styles and scripts in every page; the workspace's setting by default.
    """

    reports: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    force: bool = False
    jobs: int | None = None
    self_contained: bool | None = None


def build(workspace: Workspace, request: BuildRequest, progress: Progress) -> BuildResult:
    """Bring reports up to date and publish them.

    One report's trouble does not stop the others; what became of each page stands in the result.

    Raises
    ------
    PublishError
        The site or the state cannot be written at all.
    InputError
        The workspace has no report.
    """
    begun = time.perf_counter()
    names = list(request.reports) or report_names(workspace.root)
    if not names:
        raise InputError("the workspace has no report", where="reports/", hint=NO_REPORT_HINT)
    with build_lock(workspace.state, progress), open_shelf(workspace) as shelf:
        shelf.site.require_writable()
        shelf.tidy()
        run = _Build(workspace, request, progress, shelf, Sources(workspace))
        try:
            results = [result for name in names for result in run.report(name)]
        finally:
            run.sources.close()
        written = shelf.show()
    return BuildResult(tuple(results), workspace.site, written, time.perf_counter() - begun)


@dataclass
class _Build:
    """The state of one build."""

    workspace: Workspace
    request: BuildRequest
    progress: Progress
    shelf: Shelf
    sources: Sources

    def __post_init__(self) -> None:
        asked = self.request.self_contained
        self.self_contained = bool(self.workspace.settings["site.self_contained"] if asked is None else asked)
        self.checker = TableChecker(self.sources, self.progress)
        self.renderer = Renderer(self.workspace, self.shelf, self.sources, self.self_contained)

    def report(self, name: str) -> list[PageResult]:
        """Bring one report up to date; return what became of its pages."""
        begun = time.perf_counter()
        try:
            plan = plan_report(self.sources, name, self.request.parameters, self_contained=self.self_contained)
            return self._pages(plan)
        except PublishError:
            raise
        except AnalyticsError as error:
            result = PageResult(name, "", "", {}, "invalid", time.perf_counter() - begun, error=error)
            self.progress.finished(result)
            return [result]

    def _pages(self, plan: ReportPlan) -> list[PageResult]:
        states = {state.page: state for state in self.shelf.registry.pages(plan.name)}
        results: dict[str, PageResult] = {}
        changes: list[Change] = []
        pending: list[PagePlan] = []
        for page in plan.pages:
            match = None if self.request.force else self._unchanged(plan, page)
            if match is None:
                pending.append(page)
                continue
            result, change = _without_rendering(plan, page, match, states.get(page.name))
            results[page.name] = result
            changes += [change] if change else []
            self.progress.finished(result)
        for page, outcome in self._rendered(plan, pending):
            results[page.name] = outcome[0]
            changes += [outcome[1]] if outcome[1] else []
        self._publish(plan, changes, results)
        return [results[page.name] for page in plan.pages]

    def _unchanged(self, plan: ReportPlan, page: PagePlan) -> StoredVersion | None:
        """Return the stored version that was made from just these inputs, if there is one."""
        if plan.file.report.always_render:
            return None
        for version in self.shelf.registry.versions_of(plan.name, page.name):
            same = version.base_key == plan.base_key and version.parameters == page.parameters
            if same and self.sources.still(version.sources):
                return version
        return None

    def _rendered(self, plan: ReportPlan, pending: list[PagePlan]) -> list[tuple[PagePlan, _Outcome]]:
        if not pending:
            return []
        checks = self.checker.check(plan)
        if any(check.holds_back for check in checks):
            error = ChecksFailed(gravest(checks), where=f"report '{plan.name}'")
            held = [(page, _stopped(plan, page, error, 0.0)) for page in pending]
            for _, (result, _) in held:
                self.progress.finished(replace(result, checks=checks))
            return [(page, (replace(result, checks=checks), change)) for page, (result, change) in held]
        self.progress.planned(len(pending))
        number = self.shelf.registry.next_number(plan.name)
        for name in plan.connections:
            self.sources.fingerprint(name)
        self.renderer.preload(plan)
        pool = ThreadPoolExecutor(self.request.jobs or self.workspace.jobs, thread_name_prefix="render")
        futures = [(page, pool.submit(self._one, plan, page, number, checks)) for page in pending]
        try:
            return [(page, future.result()) for page, future in futures]
        finally:
            # After an interrupt nobody waits for notebooks under way: their kernels end with this process.
            pool.shutdown(wait=False, cancel_futures=True)

    def _one(self, plan: ReportPlan, page: PagePlan, number: int, checks: tuple[Any, ...]) -> _Outcome:
        """Render one page; runs in a thread of its own."""
        begun = time.perf_counter()
        self.progress.started(plan.name, page.label)
        try:
            version = self.renderer.render(plan, page, number, checks)
        except PublishError:
            raise
        except AnalyticsError as error:
            outcome = _stopped(plan, page, error, time.perf_counter() - begun)
        else:
            result = PageResult(
                plan.name, page.name, page.label, page.parameters, "published", time.perf_counter() - begun,
                version=version.number,
            )  # fmt: skip
            outcome = result, Change(page.name, version=version.id)
        self.progress.finished(outcome[0])
        return outcome

    def _publish(self, plan: ReportPlan, changes: list[Change], results: dict[str, PageResult]) -> None:
        """Make a report's new versions current, all at once, and let the site follow."""
        started = datetime.now(UTC)
        if changes:
            self.shelf.registry.switch(plan.name, changes)
            self.shelf.show()
            self.shelf.prune(plan.name)
        current = {state.page: state for state in self.shelf.registry.pages(plan.name)}
        entries = []
        for name, result in results.items():
            state = current.get(name)
            if state is not None and state.version is not None:
                href = f"{plan.name}/{name}.html"
                results[name] = replace(result, href=href, version=state.version.number)
            if result.status != "unchanged":
                entries.append(_entry(results[name], started))
        self.shelf.registry.add_runs(entries)


_Outcome = tuple[PageResult, Change | None]


def _without_rendering(
    plan: ReportPlan, page: PagePlan, match: StoredVersion, state: PageState | None
) -> tuple[PageResult, Change | None]:
    """Decide what a page becomes whose version is stored already."""
    unchanged = PageResult(plan.name, page.name, page.label, page.parameters, "unchanged", version=match.number)
    if state is None or state.version is None:
        return replace(unchanged, status="published"), Change(page.name, version=match.id)  # rendered, then killed
    if state.refused_key == match.key:
        return replace(unchanged, version=state.version.number), None  # rolled back by hand: it stays down
    if state.version.id != match.id:
        newer = match.id > state.version.id and state.stale is None
        return replace(unchanged, status="published" if newer else "restored"), Change(page.name, version=match.id)
    if state.stale is not None:
        return replace(unchanged, status="restored"), Change(page.name)
    return unchanged, None


def _stopped(plan: ReportPlan, page: PagePlan, error: AnalyticsError, seconds: float) -> _Outcome:
    """Say why a page was not published; bad input changes nothing on the site, the rest leaves a banner."""
    held = isinstance(error, ChecksFailed)
    status = "held back" if held else "invalid" if isinstance(error, InputError) else "failed"
    result = PageResult(plan.name, page.name, page.label, page.parameters, status, seconds, error=error)  # type: ignore[arg-type]
    if status == "invalid":
        return result, None
    stale = Stale(datetime.now(UTC), str(error), "checks" if held else "rendering")
    return result, Change(page.name, stale=stale)


def _entry(result: PageResult, started: datetime) -> dict[str, Value | dict[str, Value] | datetime]:
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
