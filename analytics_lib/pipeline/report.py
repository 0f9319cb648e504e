"""One report within a build: what its pages become, rendered or not, and the moment when all of them are published."""

from __future__ import annotations

import time
import traceback
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from analytics_lib.errors import AnalyticsError, ChecksFailed, InputError, PublishError, RenderError
from analytics_lib.pipeline.basis import keep_basis
from analytics_lib.pipeline.checking import TableChecker
from analytics_lib.pipeline.decision import decide
from analytics_lib.pipeline.failed import forget_run
from analytics_lib.pipeline.locking import site_lock
from analytics_lib.pipeline.outcomes import entry, page_of, stopped, without_rendering
from analytics_lib.pipeline.plan import ReportPlan, outline_report, spread
from analytics_lib.pipeline.recording import prepare
from analytics_lib.pipeline.render import Renderer
from analytics_lib.pipeline.results import PageResult, Progress, gravest
from analytics_lib.publishing.files import disk_sentences
from analytics_lib.registry.registry import Change

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analytics_lib.model.checks import CheckResult
    from analytics_lib.pipeline.build import BuildRequest
    from analytics_lib.pipeline.executors import Executor
    from analytics_lib.pipeline.outcomes import Outcome
    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.pipeline.show import Shelf
    from analytics_lib.pipeline.sources import Sources
    from analytics_lib.registry import PageState
    from analytics_lib.workspace import Workspace


@dataclass
class Means:
    """What the reports of one build share.

    Parameters
    ----------
    workspace, request, progress
        What is built, how, and who is told.
    shelf, sources, executor
        Where versions go, what they are made from, what runs notebooks.
    runs
        The build's own folder for runs.
    """

    workspace: Workspace
    request: BuildRequest
    progress: Progress
    shelf: Shelf
    sources: Sources
    executor: Executor
    runs: Path

    @cached_property
    def self_contained(self) -> bool:
        """Whether pages carry their styles and scripts."""
        asked = self.request.self_contained
        return bool(self.workspace.settings["site.self_contained"] if asked is None else asked)

    @cached_property
    def checker(self) -> TableChecker:
        """What checks source tables."""
        return TableChecker(self.sources, self.progress)

    @cached_property
    def renderer(self) -> Renderer:
        """What renders pages."""
        return Renderer(self.workspace, self.shelf, self.sources, self.self_contained, self.executor, self.runs)

    def outline(self, name: str) -> ReportPlan:
        """Return a report's plan without its pages."""
        return outline_report(self.sources, name, self_contained=self.self_contained)


class ReportBuild:
    """One report being built, its lock held.

    Parameters
    ----------
    outline
        Its plan without pages.
    means
        What the reports of the build share.
    """

    def __init__(self, outline: ReportPlan, means: Means) -> None:
        self.plan = outline
        self._means = means
        self._results: dict[str, PageResult] = {}
        self._changes: list[Change] = []
        self._states = {state.page: state for state in means.shelf.registry.pages(outline.name)}
        self._checks: tuple[CheckResult, ...] = ()
        self._number = 0

    @property
    def results(self) -> list[PageResult]:
        """What became of its pages, in their order."""
        order = [page.name for page in self.plan.pages]
        return [self._results[name] for name in [*order, *(other for other in self._results if other not in order)]]

    def prepare(self) -> list[PagePlan]:
        """Decide on every page; return those that must be rendered.

        Raises
        ------
        InputError
            Something written must change; nothing is published then.
        """
        try:
            self.plan = spread(self.plan, self._means.request.parameters, self._means.sources)
        except InputError:
            # Broken data breaks the list of its pages as well: then its checks say it better.
            checks = () if self._means.request.parameters else self._means.checker.check(self.plan)
            if not any(check.holds_back for check in checks):
                raise
            self._hold([], checks)
            return []
        return self._to_render(self._undecided())

    def render(self, page: PagePlan, cells_done: Callable[[], None]) -> None:
        """Render one page; several threads do so at a time.

        Parameters
        ----------
        page
            Its plan.
        cells_done
            Called once its notebook has run.

        Raises
        ------
        PublishError
            Its version cannot be written.
        CancelledError
            The build was stopped.
        """
        begun = time.perf_counter()
        self._means.progress.started(self.plan.name, page.label)
        try:
            version = self._means.renderer.render(self.plan, page, self._number, self._checks, cells_done)
        except (PublishError, CancelledError):
            raise
        except AnalyticsError as error:
            outcome = stopped(self.plan, page, _bare(error), time.perf_counter() - begun)
        except Exception as error:  # noqa: BLE001 - a page may hold anything; the others are not to suffer from it
            forget_run(self._means.workspace.state, self.plan.name, page.name)
            outcome = stopped(self.plan, page, _fault(error), time.perf_counter() - begun)
        else:
            result = PageResult(
                self.plan.name, page.name, page.label, page.parameters, "published", time.perf_counter() - begun,
                version=version.number, reasons=page.reasons,
            )  # fmt: skip
            outcome = result, Change(page.name, version=version.id)
        self._note(outcome)

    def publish(self) -> None:
        """Make the report's new versions current, all at once, and let the site follow.

        Raises
        ------
        PublishError
            State or site cannot be written.
        """
        shelf, name = self._means.shelf, self.plan.name
        self._means.renderer.unshare(name)
        if self.plan.pages and not any(result.error for result in self._results.values()):
            gone = (page for page in self._states if page not in self._results)
            self._changes += [Change(page) for page in gone if _was_held(self._states[page])]
        started = datetime.now(UTC)
        if self._changes:
            shelf.registry.switch(name, self._changes)
            shelf.show(name)
            shelf.prune(name)
        current = {state.page: state for state in shelf.registry.pages(name)}
        entries = []
        for page, result in self._results.items():
            state = current.get(page)
            if state is not None and state.version is not None:
                href = f"{name}/{page}.html"
                self._results[page] = replace(result, href=href, version=state.version.number)
            if result.status == "failed":
                self._results[page] = replace(self._results[page], failed_run=shelf.failed_run(name, page))
            if result.status != "unchanged":
                entries.append(entry(self._results[page], started))
        shelf.registry.add_runs(entries)

    def _undecided(self) -> list[PagePlan]:
        """Settle the pages whose version is stored already; return the others."""
        means, pending = self._means, []
        for decision in decide(self.plan, means.shelf, means.sources, force=means.request.force):
            page = decision.page
            if decision.match is None:
                pending.append(replace(page, reasons=decision.reasons))
            else:
                self._note(without_rendering(self.plan, page, decision.match, self._states.get(page.name)))
        return pending

    def _to_render(self, pending: list[PagePlan]) -> list[PagePlan]:
        """Return the pages to render: all or, where a table fails its checks, none."""
        if not pending:
            return []
        registry, sources = self._means.shelf.registry, self._means.sources
        prepare(self.plan, [version.sources for version in registry.newest_versions(self.plan.name)], sources)
        self._checks = self._means.checker.check(self.plan)
        if any(check.holds_back for check in self._checks):
            self._hold(pending, self._checks)
            return []
        self._number = registry.next_number(self.plan.name)
        if self.plan.basis is not None:
            with site_lock(self._means.workspace.state), disk_sentences("the state", self._means.workspace.state):
                keep_basis(self._means.workspace.state, self.plan.basis)
        if len(pending) > 1:
            self._means.renderer.share(self.plan.name)
        return pending

    def _hold(self, pending: Iterable[PagePlan], checks: tuple[CheckResult, ...]) -> None:
        """Hold pages back, and with them what is published besides: data that is broken does not say what is gone."""
        planned = {page.name for page in self.plan.pages}
        others = [] if self._means.request.parameters else self._states.values()
        known = [page_of(state.version) for state in others if state.version and state.page not in planned]
        error = ChecksFailed(gravest(checks), where=f"report '{self.plan.name}'")
        for page in [*pending, *known]:
            result, change = stopped(self.plan, page, error, 0.0)
            self._note((replace(result, checks=checks), change))

    def _note(self, outcome: Outcome) -> None:
        result, change = outcome
        self._results[result.page] = result
        if change is not None:
            self._changes.append(change)
        self._means.progress.finished(result)


def _was_held(state: PageState) -> bool:
    return state.stale is not None and state.stale.kind == "checks"


def _bare(error: AnalyticsError) -> AnalyticsError:
    """Take the traceback off an error that is kept: its frames hold the notebook, the frames of data and the page."""
    error.__cause__ = error.__context__ = error.__traceback__ = None
    return error


def _fault(error: Exception) -> RenderError:
    """Return what no part of the library expected as a sentence that says where it happened."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "an unknown place"
    said = f": {error}" if str(error) else ""
    return RenderError(
        f"the page could not be made: {type(error).__name__}{said}",
        where=place,
        hint="this is a fault of the library or of one that it uses, not of the notebook; please report it",
    )
