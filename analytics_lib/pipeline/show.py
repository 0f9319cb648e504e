"""The shelf: stored versions, which of them are current, and the site that shows them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from analytics_lib.model.pages import ListedPage, ListedReport
from analytics_lib.pipeline.pages import ONLY_PAGE
from analytics_lib.publishing.files import ASIDE, remove_tree
from analytics_lib.publishing.site import ShownPage, Site
from analytics_lib.publishing.versions import PAGE_NAME
from analytics_lib.registry import PageState, Registry, StoredVersion, open_registry
from analytics_lib.rendering.scratch import sweep_scratch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.rendering.assets import Assets
    from analytics_lib.workspace import Workspace


@dataclass
class Shelf:
    """A workspace's versions and its site."""

    workspace: Workspace
    registry: Registry

    @cached_property
    def assets(self) -> Assets:
        """The files that all pages share."""
        from analytics_lib.rendering.assets import load_assets

        return load_assets(self.workspace.state / "cache")

    @cached_property
    def site(self) -> Site:
        """The published site."""
        title = str(self.workspace.settings["site.title"])
        return Site(self.workspace.site, self.workspace.state, title, self.assets.names)

    def tidy(self) -> None:
        """Remove what killed builds left unfinished. Call it while holding the build's lock."""
        sweep_scratch(self.workspace.root)
        remove_tree(self.workspace.state / "runs")
        for left in (self.workspace.state / "versions").glob(f"*/*/{ASIDE}*"):
            remove_tree(left)

    def show(self) -> int:
        """Bring the site's files to what is current; return how many were written.

        Raises
        ------
        PublishError
            The site cannot be written.
        """
        states = [state for state in self.registry.pages() if state.version]
        stored = [state for state in states if self.stored(state.version)]
        there = [state for state in states if state in stored or (self.site.folder / _href(state)).exists()]
        self.site.keep_assets(self.assets.files)
        return self.site.project([_shown(state) for state in stored], listed(there))

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


@contextmanager
def open_shelf(workspace: Workspace) -> Iterator[Shelf]:
    """Open a workspace's shelf.

    Raises
    ------
    WorkspaceError, PublishError
        The state database cannot be opened.
    """
    registry = open_registry(workspace.state_url, where=workspace.state_where)
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
    )
