"""The shelf: stored versions, which of them are current, and the site that shows them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

from analytics_lib.model.pages import ListedPage, ListedReport
from analytics_lib.pipeline.basis import FOLDER as BASES
from analytics_lib.pipeline.basis import sweep_bases
from analytics_lib.pipeline.failed import FOLDER as FAILED
from analytics_lib.pipeline.failed import forget_others, kept_run
from analytics_lib.pipeline.locking import ReportLock, site_lock
from analytics_lib.pipeline.pages import ONLY_PAGE
from analytics_lib.publishing.files import ASIDE, disk_sentences, remove_tree, sweep
from analytics_lib.publishing.site import ShownPage, Site, failed_href
from analytics_lib.publishing.versions import ASSETS_FOLDER, PAGE_NAME
from analytics_lib.registry import PageState, Registry, StoredVersion, open_registry
from analytics_lib.rendering.scratch import sweep_abandoned, sweep_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.rendering.assets import Assets
    from analytics_lib.workspace import Workspace


RUNS: Final = "runs"
"""Folder of the state, with a folder for each build, which holds one for each notebook that it runs."""

RUN_PREFIX: Final = "build-"
CACHE: Final = "cache"


@dataclass
class Shelf:
    """A workspace's versions and its site."""

    workspace: Workspace
    registry: Registry

    @cached_property
    def assets(self) -> Assets:
        """The files that all pages share."""
        from analytics_lib.rendering.assets import load_assets

        return load_assets(self.workspace.state / CACHE)

    @cached_property
    def site(self) -> Site:
        """The published site."""
        title = str(self.workspace.settings["site.title"])
        return Site(self.workspace.site, self.workspace.state, title, self.assets.names)

    def tidy(self) -> None:
        """Remove what killed builds left unfinished, and nothing of builds at work."""
        state = self.workspace.state
        sweep_scratch(self.workspace.root)
        sweep_abandoned(state / RUNS, RUN_PREFIX)
        with site_lock(state):  # who writes there holds it
            for shared in (ASSETS_FOLDER, BASES, CACHE):
                sweep(state / shared)
        for left in (state / "versions").glob(f"*/*/{ASIDE}*"):
            lock = ReportLock(state, left.parents[1].name)
            if lock.take():
                remove_tree(left)
                lock.release()
        for kept in (state / FAILED).glob("*"):
            lock = ReportLock(state, kept.name)
            if lock.take():
                self._forget_runs(kept.name)
                lock.release()

    def show(self, report: str | None = None) -> int:
        """Bring the site's files to what is current; return how many were written.

        Parameters
        ----------
        report
            Bring up to date the pages of this report and the lists that they stand in; by default all.

        Raises
        ------
        PublishError
            The site cannot be written.
        """
        with site_lock(self.workspace.state):
            states = [self._with_run(state) for state in self.registry.pages() if state.version]
            stored = [state for state in states if self.stored(state.version)]
            known = {_href(state) for state in stored}
            there = [state for state in states if _href(state) in known or (self.site.folder / _href(state)).exists()]
            self.site.keep_assets(self.assets.files)
            shown = [_shown(state) for state in stored if report in {None, state.report}]
            written = self.site.project(shown, listed(there), only=report)
            if report is not None:  # whose lock the caller holds; runs of others may be waiting for their banner
                self._forget_runs(report)
            return written

    def failed_run(self, report: str, page: str) -> Path | None:
        """Return where a page's failed run can be looked at: on the site, else in the state, else nowhere."""
        places = (self.site.folder / failed_href(f"{report}/{page}.html"), kept_run(self.workspace.state, report, page))
        return next((place for place in places if place.is_file()), None)

    def _with_run(self, state: PageState) -> PageState:
        """Name the page of the failed run, where that is why a page is stale."""
        kept = kept_run(self.workspace.state, state.report, state.page)
        if state.stale is None or not _failed(state) or not self.stored(state.version) or not kept.is_file():
            return state
        return replace(state, stale=replace(state.stale, run=failed_href(_href(state))))

    def _forget_runs(self, report: str) -> None:
        """Remove failed runs that are no longer why their page is stale."""
        wanted = {state.page for state in self.registry.pages(report) if _failed(state)}
        with disk_sentences("the state", self.workspace.state):
            forget_others(self.workspace.state, report, wanted)

    def stored(self, version: StoredVersion | None) -> bool:
        """Return whether a version's page is still in the store; somebody may have tidied up by hand."""
        return version is not None and (self.workspace.state / version.folder / PAGE_NAME).is_file()

    def prune(self, report: str) -> None:
        """Remove the oldest versions of each page beyond the setting ``versions.keep``; never a current one."""
        keep = max(1, int(self.workspace.settings["versions.keep"]))
        current = {state.version.id for state in self.registry.pages(report) if state.version}
        seen: dict[str, int] = {}
        gone = []
        for version in self.registry.versions_of(report):
            seen[version.page] = seen.get(version.page, 0) + 1
            if seen[version.page] > keep and version.id not in current:
                gone.append(version)
        self.registry.forget(gone)
        for version in gone:
            remove_tree(self.workspace.state / version.folder)
        if gone:
            sweep_bases(self.workspace.state, self.registry.base_keys())


@contextmanager
def open_shelf(workspace: Workspace, registry: Registry | None = None) -> Iterator[Shelf]:
    """Open a workspace's shelf.

    Parameters
    ----------
    workspace
        Whose.
    registry
        What is stored, where it is not the workspace's state database that says so.

    Raises
    ------
    WorkspaceError, PublishError
        The state database cannot be opened.
    """
    registry = registry or open_registry(workspace.state_url, where=workspace.state_where)
    try:
        yield Shelf(workspace, registry)
    finally:
        registry.close()


def listed(states: list[PageState]) -> list[ListedReport]:
    """Return what the site's lists say, one entry a report, those with the newest versions' words."""
    by_report: dict[str, list[PageState]] = {}
    for state in states:
        if state.version is not None:
            by_report.setdefault(state.report, []).append(state)
    return [_report(name, pages) for name, pages in sorted(by_report.items())]


def _report(name: str, states: list[PageState]) -> ListedReport:
    versions = [state.version for state in states if state.version is not None]
    newest = max(versions, key=lambda version: version.id).facts
    single = len(states) == 1 and states[0].page == ONLY_PAGE
    return ListedReport(
        name=name,
        title=newest["title"] if single else newest["report_title"],
        description=newest["description"],
        owner=newest["owner"],
        audience=newest["audience"],
        tags=tuple(newest["tags"]),
        time_zone=newest["time_zone"],
        pages=tuple(_page(state) for state in states),
    )


def _failed(state: PageState) -> bool:
    return state.stale is not None and state.stale.kind == "rendering"


def _href(state: PageState) -> str:
    return f"{state.report}/{state.page}.html"


def _page(state: PageState) -> ListedPage:
    version = state.version
    assert version is not None  # noqa: S101 - pages without one are not listed
    through = version.facts["data_through"]
    return ListedPage(
        label=version.facts["label"],
        href=_href(state),
        finding=version.facts["finding"],
        badge=version.badge,  # type: ignore[arg-type] # written from model.checks.badge
        data_through=datetime.fromisoformat(through) if through else None,
        rendered_at=version.rendered_at,
        stale=state.stale,
    )


def _shown(state: PageState) -> ShownPage:
    assert state.version is not None  # noqa: S101 - pages without one are not shown
    return ShownPage(
        href=_href(state),
        folder=state.version.folder,
        stale=state.stale,
        time_zone=state.version.facts["time_zone"],
        rendered_at=state.version.rendered_at,
        run=kept_run(Path(), state.report, state.page).as_posix() if state.stale and state.stale.run else "",
    )
