"""What a build says: while it runs, and when it is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.model.checks import CheckResult
    from analytics_lib.model.parameters import Value

Status = Literal["published", "unchanged", "restored", "held back", "failed", "invalid"]

EXIT_CODES: Final = {"published": 0, "unchanged": 0, "restored": 0, "held back": 3, "failed": 4, "invalid": 2}


@dataclass(frozen=True)
class PageResult:
    """What became of one page.

    Parameters
    ----------
    report, page
        Its report and its name within it.
    label
        Its parameters for a reader.
    parameters
        The values it was rendered with.
    status
        ``published``: rendered and current. ``unchanged``: nothing that it depends on has changed. ``restored``: its
        inputs are again those of a version that is stored; that one is current, nothing was rendered. ``held back``: a
        check failed. ``failed``: the notebook did not run to its end. ``invalid``: something written must change.
    seconds
        Time spent on it.
    href
        Its address from the site's root; None where there is no page.
    version
        Number of the version that the site now shows.
    error
        Why it was not published.
    checks
        The results of its checks, where any ran.
    failed_run
        Where the run that failed can be looked at: a page of the site or, where the page was never published, of the
        state.
    reasons
        Why it was rendered last, a phrase each: now, or when the version that the site shows was.
    """

    report: str
    page: str
    label: str
    parameters: dict[str, Value]
    status: Status
    seconds: float = 0.0
    href: str | None = None
    version: int | None = None
    error: AnalyticsError | None = None
    checks: tuple[CheckResult, ...] = ()
    failed_run: Path | None = None
    reasons: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """The exit code that this page alone would give."""
        return self.error.exit_code if self.error is not None else EXIT_CODES[self.status]

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "report": self.report,
            "page": self.page,
            "parameters": self.parameters,
            "status": self.status,
            "seconds": round(self.seconds, 3),
            "href": self.href,
            "version": self.version,
            "error": str(self.error) if self.error else None,
            "failed_run": str(self.failed_run) if self.failed_run else None,
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class BuildResult:
    """What became of all pages of a build."""

    pages: tuple[PageResult, ...]
    site: Path
    written: int = 0
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0, or the gravest page's: bad input before a failed rendering before a failed check."""
        codes = {page.exit_code for page in self.pages}
        return next((code for code in (2, 4, 3) if code in codes), 0)

    @property
    def rendered(self) -> int:
        """How many pages were rendered and published."""
        return sum(page.status == "published" for page in self.pages)

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return {
            "exit_code": self.exit_code,
            "seconds": round(self.seconds, 3),
            "site": str(self.site / "index.html"),
            "pages": [page.to_json() for page in self.pages],
        }


class Progress(Protocol):
    """What is told while a build runs. Methods may be called from several threads, one at a time."""

    def say(self, text: str) -> None:
        """Tell a step: ``checking warehouse: ops.flights``."""

    def planned(self, report: str, pages: int) -> None:
        """Tell that so many pages of a report will be rendered."""

    def started(self, report: str, label: str) -> None:
        """Tell that a page is being rendered."""

    def finished(self, result: PageResult) -> None:
        """Tell what became of a page."""


@dataclass
class Silent:
    """A `Progress` that keeps what it was told; for tests and for callers who do not look."""

    said: list[str] = field(default_factory=list)
    results: list[PageResult] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Keep the text."""
        self.said.append(text)

    def planned(self, report: str, pages: int) -> None:
        """Keep the number."""
        self.said.append(f"planned {report} {pages}")

    def started(self, report: str, label: str) -> None:
        """Keep the start."""
        self.said.append(f"started {report} {label}")

    def finished(self, result: PageResult) -> None:
        """Keep the result."""
        self.results.append(result)


def gravest(results: Sequence[CheckResult]) -> str:
    """Return the sentence that tells a reader why a page was held back."""
    reasons = [
        ": ".join(filter(None, [check.subject, failure.sentence, failure.problem or failure.observed]))
        for check in results
        for failure in check.failures
        if failure.severity == "error"
    ]
    more = f"; and {len(reasons) - 1} more" if len(reasons) > 1 else ""
    return f"{reasons[0]}{more}" if reasons else ""
