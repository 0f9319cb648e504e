"""Checks of source tables: once for each table and suite, however many pages depend on them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from analytics_lib.errors import SuiteError
from analytics_lib.pipeline.plan import ReportPlan, table_checks
from analytics_lib.validation import check_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.model.checks import CheckResult
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.pipeline.sources import Sources
    from analytics_lib.validation import Suite


@dataclass
class TableChecker:
    """Runs suites on source tables, in the database, and keeps the results for the rest of the build."""

    sources: Sources
    progress: Progress
    _results: dict[tuple[object, ...], CheckResult] = field(default_factory=dict)

    def check(self, plan: ReportPlan) -> tuple[CheckResult, ...]:
        """Return the results of all table checks of a report.

        Raises
        ------
        SuiteError
            A suite, or a table or column that it names, does not exist.
        ConnectionFailed
            The database cannot be reached.
        """
        results = []
        for number, check in table_checks(plan):
            suite = plan.suites[check.suite]
            key = (check.connection, check.table, suite.fingerprint, check.severity)
            if key not in self._results:
                self.progress.say(f"checking {check.subject}")
                where = plan.file.where("checks", number, "connection")
                connection = self.sources.connection(check.connection, where=where)
                connection.ping()
                with self._places(plan, number, suite):
                    self._results[key] = check_table(
                        connection.engine, check.table, suite, subject=check.subject, severity=check.severity
                    )
            results.append(self._results[key])
        return tuple(results)

    @contextmanager
    def _places(self, plan: ReportPlan, number: int, suite: Suite) -> Iterator[None]:
        """Let errors name files from the workspace's folder; what is wrong with the table, the report file said."""
        try:
            with self.sources.workspace.places():
                yield
        except SuiteError as error:
            if error.where is not None and error.where.endswith(f"{suite.name}.json"):  # the suite, but no line of it
                error.where = plan.file.where("checks", number, "table")
            raise
