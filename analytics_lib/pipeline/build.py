"""A build: plan, skip what is unchanged, check, render, check again, store, switch, show.

The order is the promise. A version is written aside and recorded before it is current; all pages of a report become
current in one transaction; the site's files follow. Killed anywhere, the next build takes up what is there.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analytics_lib.errors import AnalyticsError, ChecksFailed, InputError, PublishError
from analytics_lib.pipeline.checking import TableChecker
from analytics_lib.pipeline.locking import build_lock
from analytics_lib.pipeline.outcomes import Outcome, entry, page_of, stopped, without_rendering
from analytics_lib.pipeline.plan import ReportPlan, outline_report, spread
from analytics_lib.pipeline.render import Renderer
from analytics_lib.pipeline.results import BuildResult, PageResult, Progress, gravest
from analytics_lib.pipeline.show import Shelf, open_shelf
from analytics_lib.pipeline.sources import Sources
from analytics_lib.registry.registry import Change
from analytics_lib.workspace.reports import NO_REPORT_HINT, report_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.checks import CheckResult
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
            return self._report(outline_report(self.sources, name, self_contained=self.self_contained))
        except PublishError:
            raise
        except AnalyticsError as error:
            result = PageResult(name, "", "", {}, "invalid", time.perf_counter() - begun, error=error)
            self.progress.finished(result)
            return [result]

    def _report(self, outline: ReportPlan) -> list[PageResult]:
        try:
            plan = spread(outline, self.request.parameters, self.sources)
        except InputError:
            # Broken data breaks the list of its pages as well: then its checks say it better.
            checks = () if self.request.parameters else self.checker.check(outline)
            if not any(check.holds_back for check in checks):
                raise
            held = self._held(outline, [], checks)
            results = {page: result for page, (result, _) in held.items()}
            self._publish(outline, [change for _, change in held.values() if change], results)
            return list(results.values())
        return self._pages(plan)

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
            result, change = without_rendering(plan, page, match, states.get(page.name))
            results[page.name] = result
            changes += [change] if change else []
            self.progress.finished(result)
        for name, outcome in self._rendered(plan, pending).items():
            results[name] = outcome[0]
            changes += [outcome[1]] if outcome[1] else []
        if not any(result.error for result in results.values()):
            changes += [Change(name) for name, state in states.items() if name not in results and _was_held(state)]
        self._publish(plan, changes, results)
        order = [page.name for page in plan.pages]
        return [results[name] for name in [*order, *(other for other in results if other not in order)]]

    def _unchanged(self, plan: ReportPlan, page: PagePlan) -> StoredVersion | None:
        """Return the stored version that was made from just these inputs, if there is one."""
        if plan.file.report.always_render:
            return None
        for version in self.shelf.registry.versions_of(plan.name, page.name):
            same = version.base_key == plan.base_key and version.parameters == page.parameters
            if same and self.shelf.stored(version) and self.sources.still(version.sources):
                return version
        return None

    def _rendered(self, plan: ReportPlan, pending: list[PagePlan]) -> dict[str, Outcome]:
        if not pending:
            return {}
        checks = self.checker.check(plan)
        if any(check.holds_back for check in checks):
            return self._held(plan, pending, checks)
        self.progress.planned(len(pending))
        number = self.shelf.registry.next_number(plan.name)
        for name in plan.connections:
            self.sources.fingerprint(name)
        self.renderer.preload(plan)
        pool = ThreadPoolExecutor(self.request.jobs or self.workspace.jobs, thread_name_prefix="render")
        futures = {page.name: pool.submit(self._one, plan, page, number, checks) for page in pending}
        try:
            return {name: future.result() for name, future in futures.items()}
        finally:
            # After an interrupt nobody waits for notebooks under way: their kernels end with this process.
            pool.shutdown(wait=False, cancel_futures=True)

    def _held(self, plan: ReportPlan, pending: list[PagePlan], checks: tuple[CheckResult, ...]) -> dict[str, Outcome]:
        """Hold pages back, and with them what is published besides: data that is broken does not say what is gone."""
        planned = {page.name for page in plan.pages}
        others = [] if self.request.parameters else self.shelf.registry.pages(plan.name)
        known = [page_of(state.version) for state in others if state.version and state.page not in planned]
        error = ChecksFailed(gravest(checks), where=f"report '{plan.name}'")
        held: dict[str, Outcome] = {}
        for page in [*pending, *known]:
            result, change = stopped(plan, page, error, 0.0)
            held[page.name] = replace(result, checks=checks), change
            self.progress.finished(held[page.name][0])
        return held

    def _one(self, plan: ReportPlan, page: PagePlan, number: int, checks: tuple[CheckResult, ...]) -> Outcome:
        """Render one page; runs in a thread of its own."""
        begun = time.perf_counter()
        self.progress.started(plan.name, page.label)
        try:
            version = self.renderer.render(plan, page, number, checks)
        except PublishError:
            raise
        except AnalyticsError as error:
            outcome = stopped(plan, page, error, time.perf_counter() - begun)
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
                entries.append(entry(results[name], started))
        self.shelf.registry.add_runs(entries)


def _was_held(state: PageState) -> bool:
    return state.stale is not None and state.stale.kind == "checks"
