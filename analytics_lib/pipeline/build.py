"""A build: plan, skip what is unchanged, check, render, check again, store, switch, show.

The order is the promise. A version is written aside and recorded before it is current; all pages of a report become
current in one transaction; the site's files follow. Killed anywhere, the next build takes up what is there.

Pages of all reports are rendered side by side and in turns; `report` knows what is done with one report.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import AnalyticsError, InputError, PublishError
from analytics_lib.pipeline.executors import open_executor
from analytics_lib.pipeline.fanout import FanOut
from analytics_lib.pipeline.locking import ReportLock, site_lock
from analytics_lib.pipeline.report import Means, ReportBuild
from analytics_lib.pipeline.results import BuildResult, PageResult, Progress
from analytics_lib.pipeline.show import RUN_PREFIX, RUNS, open_shelf
from analytics_lib.pipeline.slots import Slots
from analytics_lib.pipeline.sources import Sources
from analytics_lib.publishing.files import disk_sentences
from analytics_lib.rendering.scratch import held_folder
from analytics_lib.workspace.reports import NO_REPORT_HINT, report_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from analytics_lib.workspace import Workspace

CLOSE_SECONDS: Final = 3.0
"""How long a build that was stopped waits for notebooks to end and for pages that are just being stored."""


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
    executor
        Where notebooks run: ``dask://HOST:PORT``; in this process when empty.
    """

    reports: tuple[str, ...] = ()
    parameters: Mapping[str, object] = field(default_factory=dict)
    force: bool = False
    jobs: int | None = None
    self_contained: bool | None = None
    executor: str = ""


def build(workspace: Workspace, request: BuildRequest, progress: Progress) -> BuildResult:
    """Bring reports up to date and publish them.

    One report's trouble does not stop the others; what became of each page stands in the result. Another build of the
    same workspace may be at work: each report is waited for by itself.

    Raises
    ------
    PublishError
        The site or the state cannot be written at all.
    InputError
        The workspace has no report.
    KeyboardInterrupt
        The caller was interrupted. Reports whose pages were all made are published, pages of others are stored for the
        next build; no notebook is left running.
    """
    begun = time.perf_counter()
    names = list(dict.fromkeys(request.reports)) or report_names(workspace.root)
    if not names:
        raise InputError("the workspace has no report", where="reports/", hint=NO_REPORT_HINT)
    executor = open_executor(request.executor, workspace)
    with closing(executor), _own_folder(workspace.state) as runs, open_shelf(workspace) as shelf:
        with site_lock(workspace.state):
            shelf.site.require_writable()
        shelf.tidy()
        means = Means(workspace, request, progress, shelf, Sources(workspace), executor, runs)
        results = _Build(means, names).run()
        written = shelf.show()
    return BuildResult(tuple(results), workspace.site, written, time.perf_counter() - begun)


@contextmanager
def _own_folder(state: Path) -> Iterator[Path]:
    """Lend this build a folder for its runs; what a dead build left in its own is swept by the next."""
    runs = state / RUNS
    with ExitStack() as stack:
        with disk_sentences("the state", state):
            state.mkdir(parents=True, exist_ok=True)
            runs.mkdir(exist_ok=True)
            folder = stack.enter_context(held_folder(runs, RUN_PREFIX))
        yield folder


class _Build:
    """All reports of one build, at work.

    Parameters
    ----------
    means
        What they share.
    names
        The reports.
    """

    def __init__(self, means: Means, names: list[str]) -> None:
        self._means = means
        self._results: dict[str, list[PageResult]] = {name: [] for name in names}
        self._locks = {name: ReportLock(means.workspace.state, name) for name in names}
        self._fan = FanOut(self._slots())

    def run(self) -> list[PageResult]:
        """Bring all reports up to date; return what became of their pages."""
        try:
            busy = [name for name in self._locks if not self._fan.closed and not self._begin(name)]
            for name in busy:
                if not self._fan.closed:
                    self._begin(name, wait=True)
            self._fan.wait()
        except KeyboardInterrupt:
            self._means.progress.say("stopping the notebooks under way")
            raise
        finally:
            self._means.executor.close()  # ends notebooks under way, where the build was stopped
            self._fan.close(CLOSE_SECONDS)
            for lock in self._locks.values():
                lock.release()
            self._means.sources.close()
        return [result for results in self._results.values() for result in results]

    def _slots(self) -> Slots | None:
        """Return what bounds this machine's notebooks; a cluster sees to that by itself."""
        request, workspace = self._means.request, self._means.workspace
        if request.executor:
            return None
        return Slots(workspace.state, request.jobs or workspace.jobs, self._means.progress.say)

    def _begin(self, name: str, *, wait: bool = False) -> bool:
        """Prepare a report and put its pages in line; return False where another build is at work on it."""
        begun = time.perf_counter()
        try:
            return self._prepare(name, wait=wait)
        except PublishError:
            raise
        except AnalyticsError as error:
            result = PageResult(name, "", "", {}, "invalid", time.perf_counter() - begun, error=error)
            self._results[name] = [result]
            self._means.progress.finished(result)
            self._locks[name].release()
            return True

    def _prepare(self, name: str, *, wait: bool) -> bool:
        means, lock = self._means, self._locks[name]
        if wait:
            lock.wait(means.progress)
        with means.renderer.lock:
            outline = means.outline(name)
            if not wait and not lock.take():
                return False
            report = ReportBuild(outline, means)
            pending = report.prepare()
        finish = partial(self._finish, report)
        if not pending:
            finish()
            return True
        at_most = means.executor.jobs  # reaches a cluster, once and before any page
        means.progress.planned(name, len(pending))
        means.renderer.preload(report.plan)
        self._fan.add(pending, report.render, finish, at_most=means.request.jobs or at_most)
        return True

    def _finish(self, report: ReportBuild) -> None:
        """Publish a report whose pages are all done, whatever becomes of the others."""
        report.publish()
        self._results[report.plan.name] = report.results
        self._locks[report.plan.name].release()
