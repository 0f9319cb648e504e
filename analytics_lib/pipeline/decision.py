"""Whether a page must be rendered, and why: one decision, for building and for explaining."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analytics_lib.pipeline.basis import read_basis

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.pipeline.plan import ReportPlan
    from analytics_lib.pipeline.show import Shelf
    from analytics_lib.pipeline.sources import Sources
    from analytics_lib.registry import StoredVersion

FIRST: tuple[str, ...] = ("first time",)
FORCED = ("--force",)
ALWAYS = ("always_render",)
REMOVED = "stored page was removed"
UNTOLD = "notebook, report file, suites, library or environment changed; the version before does not say which"


@dataclass(frozen=True)
class Decision:
    """What is to become of a page.

    Parameters
    ----------
    page
        The page.
    reasons
        Why it must be rendered, a phrase each; none where a stored version was made from just these inputs.
    match
        That version.
    newest
        The newest version of the page, whatever it was made from.
    """

    page: PagePlan
    reasons: tuple[str, ...] = ()
    match: StoredVersion | None = None
    newest: StoredVersion | None = None


def decide(plan: ReportPlan, shelf: Shelf, sources: Sources, *, force: bool) -> Iterator[Decision]:
    """Yield the decision on each page of a report.

    Parameters
    ----------
    plan
        The report with its pages.
    shelf, sources
        What is stored, and what it would be made from now.
    force
        Render whatever is stored.
    """
    newest = {version.page: version for version in shelf.registry.newest_versions(plan.name)}
    older: dict[str, list[StoredVersion]] | None = None
    for page in plan.pages:
        last = newest.get(page.name)
        if force or plan.file.report.always_render:
            yield Decision(page, FORCED if force else ALWAYS, newest=last)
            continue
        if last is None:
            yield Decision(page, FIRST)
            continue
        reasons = _reasons(plan, page, last, shelf, sources)
        if not reasons:
            yield Decision(page, match=last, newest=last)
            continue
        if older is None:
            older = _by_page(shelf.registry.versions_of(plan.name))
        match = next(
            (each for each in older[page.name] if each.id != last.id and _same(plan, page, each, shelf, sources)), None
        )
        yield Decision(page, () if match else reasons, match, last)


def _same(plan: ReportPlan, page: PagePlan, version: StoredVersion, shelf: Shelf, sources: Sources) -> bool:
    return version.base_key == plan.base_key and not _reasons(plan, page, version, shelf, sources)


def _reasons(
    plan: ReportPlan, page: PagePlan, version: StoredVersion, shelf: Shelf, sources: Sources
) -> tuple[str, ...]:
    """Return why a version is not what would be made now; none where it is."""
    changes: list[str] = []
    if version.base_key != plan.base_key:
        before = read_basis(shelf.workspace.state, version.base_key)
        changes += plan.basis.changes_since(before) if plan.basis and before else [UNTOLD]
    changes += _parameter_changes(page, version)
    changes += sources.changes_since(version.sources)
    if not shelf.stored(version):
        changes.append(REMOVED)
    return tuple(changes)


def _parameter_changes(page: PagePlan, version: StoredVersion) -> Iterator[str]:
    """Yield which parameters are others, and what `for_each` says of the page besides."""
    before, now = version.parameters, page.parameters
    for name in {**before, **now}:
        if name not in before:
            yield f"parameter {name} added: {_said(now[name])}"
        elif name not in now:
            yield f"parameter {name} removed"
        elif before[name] != now[name] or isinstance(before[name], bool) is not isinstance(now[name], bool):
            yield f"parameter {name}: {_said(before[name])} → {_said(now[name])}"
    for what, stood in (("title", page.title), ("label", page.label)):
        if version.facts.get(what, stood) != stood:
            yield f"{what}: {version.facts[what]} → {stood}"


def _said(value: object) -> str:
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _by_page(versions: list[StoredVersion]) -> dict[str, list[StoredVersion]]:
    found: dict[str, list[StoredVersion]] = {}
    for version in versions:
        found.setdefault(version.page, []).append(version)
    return found
