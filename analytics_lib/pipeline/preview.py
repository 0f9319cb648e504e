"""What can be known without rendering: checks of source tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import AnalyticsError
from analytics_lib.pipeline.checking import TableChecker
from analytics_lib.pipeline.plan import outline_report
from analytics_lib.pipeline.sources import Sources
from analytics_lib.workspace.reports import report_names

if TYPE_CHECKING:
    from analytics_lib.model.checks import CheckResult
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.workspace import Workspace


def check_sources(
    workspace: Workspace, report: str | None, progress: Progress
) -> tuple[dict[str, tuple[CheckResult, ...]], list[AnalyticsError]]:
    """Run the checks on source tables of one report, or of all.

    Returns
    -------
    results, problems
        Report → check results, and what kept other reports from being checked.
    """
    sources = Sources(workspace)
    checker = TableChecker(sources, progress)
    results: dict[str, tuple[CheckResult, ...]] = {}
    problems: list[AnalyticsError] = []
    try:
        for name in [report] if report else report_names(workspace.root):
            try:
                results[name] = checker.check(outline_report(sources, name, self_contained=False))
            except AnalyticsError as error:
                problems.append(error)
    finally:
        sources.close()
    return results, problems
