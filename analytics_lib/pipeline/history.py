"""What was published when, and the way back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import InputError, nearest
from analytics_lib.pipeline.locking import report_lock, site_lock
from analytics_lib.pipeline.show import Shelf, open_shelf
from analytics_lib.workspace.reports import load_report, report_names

if TYPE_CHECKING:
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.registry import PageState, StoredVersion
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class ReportVersion:
    """One version of a report: all its pages that a run rendered.

    Parameters
    ----------
    number
        Its number.
    pages
        The pages rendered then.
    current
        How many of them the site shows.
    """

    number: int
    pages: tuple[StoredVersion, ...]
    current: int

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "version": self.number,
            "rendered_at": self.pages[0].rendered_at.isoformat(),
            "current": self.current,
            "pages": [{"page": each.page, "key": each.key[:12], "checks": each.badge} for each in self.pages],
        }


@dataclass(frozen=True)
class ReportSummary:
    """One line of ``analytics list``."""

    name: str
    title: str
    owner: str
    tags: tuple[str, ...]
    pages: tuple[PageState, ...]
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "report": self.name,
            "title": self.title,
            "owner": self.owner,
            "tags": list(self.tags),
            "problem": self.problem,
            "pages": [
                {
                    "page": state.page,
                    "version": state.version.number if state.version else None,
                    "checks": state.version.badge if state.version else None,
                    "rendered_at": state.version.rendered_at.isoformat() if state.version else None,
                    "stale_since": state.stale.since.isoformat() if state.stale else None,
                    "stale_reason": state.stale.reason if state.stale else None,
                }
                for state in self.pages
            ],
        }


def summaries(workspace: Workspace) -> list[ReportSummary]:
    """Return all reports of the workspace with what the site shows of each; a broken file is told, not raised."""
    with open_shelf(workspace) as shelf:
        states: dict[str, list[PageState]] = {}
        for state in shelf.registry.pages():
            states.setdefault(state.report, []).append(state)
    found = []
    for name in report_names(workspace.root):
        pages = tuple(states.get(name, ()))
        try:
            report = load_report(workspace.root, name).report
        except InputError as error:
            found.append(ReportSummary(name, "", "", (), pages, str(error)))
        else:
            found.append(ReportSummary(name, report.title, report.owner, tuple(report.tags), pages))
    return found


def report_versions(workspace: Workspace, report: str) -> list[ReportVersion]:
    """Return the versions of a report, newest first.

    Raises
    ------
    InputError
        There is neither a report nor a version of that name.
    """
    with open_shelf(workspace) as shelf:
        return _versions(shelf, workspace, report)


def roll_back(workspace: Workspace, report: str, to: int | None, progress: Progress) -> tuple[int, int]:
    """Show an older version of a report again; all its pages change at once.

    Parameters
    ----------
    workspace, report
        The report.
    to
        The version; the one before the newest current one by default. Each page then shows its newest version up to it.
    progress
        Told when another build is waited for.

    Returns
    -------
    version, pages
        The version that is shown now, and how many pages changed.

    Raises
    ------
    InputError
        There is no such version.
    """
    with report_lock(workspace.state, report, progress), open_shelf(workspace) as shelf:
        with site_lock(workspace.state):
            shelf.site.require_writable()
        versions = _versions(shelf, workspace, report)
        current = {state.page: state.version for state in shelf.registry.pages(report) if state.version}
        target = _target(report, versions, current, to)
        chosen: dict[str, StoredVersion] = {}
        for version in versions:
            for page in version.pages:
                if version.number <= target:
                    chosen.setdefault(page.page, page)
        changed = {
            page: version.id for page, version in chosen.items() if page in current and current[page].id != version.id
        }
        shelf.registry.roll_back(report, changed, {page: current[page].key for page in changed})
        shelf.show(report)
    return target, len(changed)


def _versions(shelf: Shelf, workspace: Workspace, report: str) -> list[ReportVersion]:
    stored = [version for version in shelf.registry.versions_of(report) if shelf.stored(version)]
    if not stored:
        names = report_names(workspace.root)
        if report not in names:
            raise InputError(f"there is no report '{report}'", where="reports/", hint=nearest(report, names))
        return []
    shown = {state.version.id for state in shelf.registry.pages(report) if state.version}
    by_number: dict[int, list[StoredVersion]] = {}
    for version in stored:
        by_number.setdefault(version.number, []).append(version)
    return [
        ReportVersion(number, tuple(sorted(pages, key=lambda each: each.page)), sum(each.id in shown for each in pages))
        for number, pages in by_number.items()
    ]


def _target(report: str, versions: list[ReportVersion], current: dict[str, StoredVersion], to: int | None) -> int:
    numbers = [version.number for version in versions]
    where = f"report '{report}'"
    if to is not None:
        if to not in numbers:
            raise InputError(f"there is no version {to}", where=where, hint=nearest(str(to), map(str, numbers)))
        return to
    newest = max((version.number for version in current.values()), default=0)
    older = [number for number in numbers if number < newest]
    if not older:
        raise InputError("there is no older version", where=where, hint="`analytics versions` lists what is stored")
    return max(older)
