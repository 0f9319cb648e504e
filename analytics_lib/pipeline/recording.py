"""What a version was made from, as the state database keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors.statements.volatility import changing
from analytics_lib.pipeline.plan import ReportPlan, table_checks
from analytics_lib.pipeline.sources import is_pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from analytics_lib.connectors import Reads
    from analytics_lib.model.handover import Handover
    from analytics_lib.pipeline.sources import Sources

_CLOCK_S: Final = 0.01


def record(plan: ReportPlan, handover: Handover, begun: datetime, sources: Sources) -> dict[str, Any]:
    """Return fingerprints of all that was read, taken before the notebook ran; or why there can be none.

    Parameters
    ----------
    plan, handover
        What the report names, and what its notebook read.
    begun
        When the run began: a file that changed since cannot be told from what was read.
    sources
        The build's connections and files.
    """
    names = sorted(plan.connections | handover.connections)
    tables = {name: each for name in names if (each := _tables(plan, handover, begun, sources, name)) is not None}
    untraceable = handover.untraceable or _changing(plan, sources)
    for name in names:
        if not sources.known(name, begun):
            untraceable = untraceable or f"connection '{name}' is known only once the notebook runs"
        elif sources.fingerprint(name) is None and None in tables.get(name, {"": None}).values():
            untraceable = untraceable or f"connection '{name}' has no fingerprint"
    root = sources.workspace.root
    files: dict[str, str | None] = {}
    for path in sorted(handover.files | plan.files):
        if path == plan.notebook.path or not (path.is_file() or is_pattern(path)):
            continue
        if path.is_file() and _changed_at(path) > begun.timestamp():
            untraceable = untraceable or f"{path.name} changed while the notebook ran"
        files[str(path.relative_to(root) if path.is_relative_to(root) else path)] = sources.file(path)
    connections = {name: sources.fingerprint(name) for name in names}
    read: dict[str, Any] = {"connections": connections, "tables": tables, "files": files, "untraceable": untraceable}
    return read | ({"experiments": handover.experiments} if handover.experiments else {})


def prepare(plan: ReportPlan, recorded: Iterable[Mapping[str, Any]], sources: Sources) -> None:
    """Take the fingerprints that the versions about to be rendered will be known by.

    Parameters
    ----------
    plan
        The report.
    recorded
        What the newest versions of its pages were made from: they name the tables that are read, too.
    sources
        The build's connections and files.

    Raises
    ------
    ConnectionFailed
        A database cannot be opened.
    """
    for name in sorted(plan.connections):
        sources.connection(name).ping()
        sources.fingerprint(name)
    for name, reads in _checked(plan, sources):
        if reads.tables is not None:
            sources.tables(name, reads.tables)
    known: dict[str, set[str]] = {}
    for each in recorded:
        for path in each.get("files", {}):
            sources.file(sources.workspace.root / path)
        for name, tables in (each.get("tables") or {}).items():
            known.setdefault(name, set()).update(tables)
    for name in sorted(plan.connections & known.keys()):
        sources.tables(name, known[name])


def _changed_at(path: Path) -> float:
    """Return when a file was changed, or put in another's place, at the latest; the system's clock is a coarse one."""
    stat = path.stat()
    return max(stat.st_mtime, stat.st_ctime) + _CLOCK_S


def _tables(
    plan: ReportPlan, handover: Handover, begun: datetime, sources: Sources, name: str
) -> dict[str, str | None] | None:
    """Return the tables that a page was made from with their fingerprints; None where it is not known which."""
    notebook = handover.tables.get(name, set())
    reads = [reads for connection, reads in _own(plan, sources) if connection == name]
    if notebook is None or any(each.tables is None for each in reads):
        return None
    return sources.known_tables(name, notebook.union(*(each.tables or () for each in reads)), begun)


def _own(plan: ReportPlan, sources: Sources) -> Iterator[tuple[str, Reads]]:
    """Yield what a build itself reads for a page: its checks and its freshness.

    What `for_each` answers is compared as such, page by page.
    """
    yield from _checked(plan, sources)
    freshness = plan.file.report.freshness
    if freshness is not None:
        yield freshness.connection, sources.asked(freshness)


def _checked(plan: ReportPlan, sources: Sources) -> Iterator[tuple[str, Reads]]:
    for _, check in table_checks(plan):
        yield check.connection, sources.behind(check.connection, check.table)


def _changing(plan: ReportPlan, sources: Sources) -> str:
    """Return why no fingerprint covers what the build itself reads; empty where one does."""
    freshness = plan.file.report.freshness
    asked = changing(freshness.query) if freshness is not None else ""
    reasons = [f"the freshness query asks for {asked}, whose answer changes by itself"] if asked else []
    reasons += [reads.untraceable for _, reads in _own(plan, sources) if reads.untraceable]
    return reasons[0] if reasons else ""
