"""Check results in the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from analytics_lib.model.checks import CheckResult


def print_checks(console: Console, results: Mapping[str, tuple[CheckResult, ...]]) -> None:
    """Print each check with what failed in it; a check that several reports share is printed once."""
    seen: set[tuple[str, str]] = set()
    for checks in results.values():
        for check in checks:
            if (check.subject, check.suite) in seen:
                continue
            seen.add((check.subject, check.suite))
            _print_check(console, check)
    if not seen:
        console.print("No report checks a source table.")


def _print_check(console: Console, check: CheckResult) -> None:
    word = "[red]failed[/]" if check.holds_back else "[yellow]warning[/]" if check.failures else "[green]passed[/]"
    passed = sum(result.passed for result in check.results)
    console.print(f"{word}  {escape(check.subject)}  [dim]{check.suite}: {passed} of {len(check.results)} hold[/]")
    for failure in check.failures:
        style = "red" if failure.severity == "error" else "yellow"
        observed = escape(failure.problem or failure.observed)
        console.print(f"        [{style}]{failure.severity}[/] {escape(failure.sentence)}: {observed}", soft_wrap=True)
