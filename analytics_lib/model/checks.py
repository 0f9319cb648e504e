"""What a check of data said: expectations, observed values, failing rows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

Severity = Literal["error", "warning"]
Badge = Literal["passed", "warning", "failed", "unchecked"]

MAX_FAILING_ROWS = 20


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation's outcome.

    Parameters
    ----------
    expectation
        Great Expectations' own type, e.g. ``expect_column_values_to_not_be_null``.
    sentence
        The expectation for a reader: ``values of dep_time must not be null``.
    column
        The column it speaks of, None for a table-wide expectation.
    severity
        ``error`` holds the page back, ``warning`` publishes it with a badge.
    passed
        Whether it held.
    observed
        What was seen, for a reader: ``8,255 of 336,776 values fail (2.45 %)``.
    failing_rows
        Up to `MAX_FAILING_ROWS` rows that broke it, as column → JSON-ready value.
    problem
        Why it could not be evaluated at all; None when it was.
    """

    expectation: str
    sentence: str
    column: str | None
    severity: Severity
    passed: bool
    observed: str
    failing_rows: tuple[dict[str, Any], ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one suite on one table or frame.

    Parameters
    ----------
    suite
        The suite's name: ``expectations/NAME.json``.
    subject
        What was checked, for a reader: ``warehouse: ops.flights`` or ``output: summary``.
    results
        One entry an expectation, in the suite's order.
    """

    suite: str
    subject: str
    results: tuple[ExpectationResult, ...]

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        """The expectations that did not hold, errors first."""
        failed = [result for result in self.results if not result.passed]
        return tuple(sorted(failed, key=lambda result: result.severity != "error"))

    @property
    def holds_back(self) -> bool:
        """Whether an expectation of severity ``error`` did not hold."""
        return any(result.severity == "error" for result in self.failures)

    def to_json(self) -> dict[str, Any]:
        """Return plain dictionaries and lists, ready for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Build from what `to_json` returned."""
        results = tuple(
            ExpectationResult(**{**each, "failing_rows": tuple(each["failing_rows"])}) for each in data["results"]
        )
        return cls(suite=data["suite"], subject=data["subject"], results=results)


def badge(checks: tuple[CheckResult, ...]) -> Badge:
    """Return the one word that a page wears for all its checks."""
    if not checks:
        return "unchecked"
    if any(check.holds_back for check in checks):
        return "failed"
    return "warning" if any(check.failures for check in checks) else "passed"
