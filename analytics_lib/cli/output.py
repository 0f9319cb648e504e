"""What a person sees in the terminal: errors, tables, progress; and JSON for machines."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from analytics_lib.errors import AnalyticsError
    from analytics_lib.pipeline.results import BuildResult, PageResult

LOG_WIDTH = 200
"""Columns where nobody looks at a terminal: a log's lines are not folded."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else LOG_WIDTH)

INTERRUPTED = 130

STYLES = {
    "published": "green",
    "unchanged": "dim",
    "restored": "cyan",
    "held back": "yellow",
    "failed": "red",
    "invalid": "red",
}


def print_error(error: AnalyticsError) -> None:
    """Print an error as a sentence: where, what was wrong, what would be right."""
    where = f"{escape(error.where)}: " if error.where else ""
    errors.print(f"[bold red]Error[/] {where}{escape(_closed(error.message))}", soft_wrap=True)
    if error.hint:
        hint = error.hint[0].upper() + error.hint[1:]
        errors.print(f"      {escape(_closed(hint))}", soft_wrap=True, style="dim")


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".", "!", "…")) else f"{sentence}."


def print_json(value: Any) -> None:
    """Print a result for machines."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


class Shown:
    """Build progress for people: a live line on a terminal, plain lines elsewhere; on standard error.

    Use it as a context manager.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._lock = threading.RLock()
        self._begun = time.perf_counter()
        self._live = errors.is_terminal and not quiet
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=errors,
            transient=True,
        )
        self._task: TaskID | None = None
        self._under_way: list[str] = []

    def __enter__(self) -> Self:
        if self._live:
            self._bar.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._live:
            self._bar.stop()
        if kind is KeyboardInterrupt:
            errors.print("Stopped. What was published is unchanged; the next build takes up what is there.")
            sys.stdout.flush()
            os._exit(INTERRUPTED)  # notebooks under way end with this process; nothing is left to be written

    def say(self, text: str) -> None:
        """Show a step."""
        with self._lock:
            if not self._quiet:
                (self._bar.console if self._live else errors).print(f"  {escape(text)}", style="dim")

    def planned(self, pages: int) -> None:
        """Show how many pages will be rendered."""
        with self._lock:
            if not self._live:
                return
            if self._task is None:
                self._task = self._bar.add_task("rendering", total=0)
            task = self._bar.tasks[0]
            self._bar.update(self._task, total=(task.total or 0) + pages)

    def started(self, report: str, label: str) -> None:
        """Show which pages are under way."""
        with self._lock:
            self._under_way.append(f"{report} {label}")
            self._describe()

    def finished(self, result: PageResult) -> None:
        """Show what became of a page."""
        with self._lock:
            name = f"{result.report} {result.label}"
            if name in self._under_way:
                self._under_way.remove(name)
                if self._live and self._task is not None:
                    self._bar.advance(self._task)
            self._describe()
            if self._quiet or result.status == "unchanged":
                return
            label = "" if not result.label or result.page == "index" else f" {escape(result.label)}"
            text = f"  [{STYLES[result.status]}]{result.status:>9}[/]  {escape(result.report)}{label}"
            seconds = f" [dim]{result.seconds:.1f} s[/]" if result.seconds else ""
            (self._bar.console if self._live else errors).print(text + seconds, soft_wrap=True)

    def _describe(self) -> None:
        if self._live and self._task is not None:
            self._bar.update(self._task, description=escape("; ".join(self._under_way))[:70] or "rendering")


def print_build(result: BuildResult) -> None:
    """Print the table that a build ends with, its errors, and where to look."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("Report", no_wrap=True)
    table.add_column("Parameters", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Seconds", justify="right", no_wrap=True)
    table.add_column("Page", overflow="fold", no_wrap=True)
    room = _room_for_labels(result)
    for page in result.pages:
        status = f"[{STYLES[page.status]}]{page.status}[/]"
        label = "–" if page.page in {"index", ""} else _cropped(page.label, room)
        seconds = f"{page.seconds:.1f}" if page.seconds else "–"
        table.add_row(escape(page.report), escape(label), status, seconds, escape(page.href or "–"))
    console.print(table)
    for error in _distinct(result):
        print_error(error)
    console.print(_summary(result), soft_wrap=True)
    index = result.site / "index.html"
    if index.exists():
        console.print(f"Site: {escape(str(_short(index)))}  [dim](or `analytics serve`)[/]", soft_wrap=True)


def _room_for_labels(result: BuildResult) -> int:
    """Return how many columns the other cells leave for parameters, which give way on a narrow terminal."""
    others = max((len(page.report) + len(page.status) + len(page.href or "") for page in result.pages), default=0)
    return max(8, console.width - others - len("Seconds") - 8)


def _cropped(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _distinct(result: BuildResult) -> list[AnalyticsError]:
    seen: dict[str, AnalyticsError] = {}
    for page in result.pages:
        if page.error is not None:
            seen.setdefault(str(page.error), page.error)
    return list(seen.values())


def _summary(result: BuildResult) -> str:
    counts: dict[str, int] = {}
    for page in result.pages:
        counts[page.status] = counts.get(page.status, 0) + 1
    if set(counts) == {"unchanged"}:
        number = counts["unchanged"]
        noun = "the page is" if number == 1 else f"all {number} pages are"
        return f"Nothing has changed: {noun} up to date, nothing was rendered ({result.seconds:.1f} s)."
    parts = ", ".join(f"{number} {status}" for status, number in counts.items())
    return f"{parts} in {result.seconds:.1f} s."


def _short(path: Path) -> Path:
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
