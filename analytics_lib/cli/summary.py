"""What a build ends with: a table of its pages, what went wrong, and where to look."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from analytics_lib.cli.output import STYLES, console, errors, print_error, short

if TYPE_CHECKING:
    from analytics_lib.pipeline.results import BuildResult, PageResult

MOST_ROWS: Final = 40
"""A table of more pages says of each report how many went well, and names those that did not."""

_NAMED: Final = 3
_LEAST: Final = 12  # columns of a cell that gives way on a narrow terminal
_GAP: Final = 2


@dataclass(frozen=True)
class _Row:
    """A line of the table."""

    report: str
    label: str
    status: str
    seconds: str
    page: str


def print_build(result: BuildResult) -> None:
    """Print the table that a build ends with, its errors, and where to look."""
    rows = _rows(result)
    console.print(_table(rows, console.width))
    for pages in _by_error(result):
        first = pages[0]
        if first.error is not None:
            print_error(first.error, first.failed_run)
        if len(pages) > 1:
            errors.print(f"      On {len(pages):,} pages: {escape(_listed(pages))}", soft_wrap=True, style="dim")
    console.print(_counted(result), soft_wrap=True)
    index = result.site / "index.html"
    if index.exists():
        console.print(f"Site: {escape(str(short(index)))}  [dim](or `analytics serve`)[/]", soft_wrap=True)


def _rows(result: BuildResult) -> list[_Row]:
    if len(result.pages) <= MOST_ROWS:
        return [_row(page) for page in result.pages]
    together: dict[tuple[str, str], list[PageResult]] = {}
    for number, page in enumerate(result.pages):
        alone = "" if page.error is None else str(number)
        together.setdefault((page.report, page.status + alone), []).append(page)
    return [_row(pages[0]) if len(pages) == 1 else _sum(pages) for pages in together.values()]


def _row(page: PageResult) -> _Row:
    label = "–" if page.page in {"index", ""} else page.label
    return _Row(page.report, label, page.status, f"{page.seconds:.1f}" if page.seconds else "–", page.href or "–")


def _sum(pages: list[PageResult]) -> _Row:
    """Return one row for many pages of a report; the seconds are those of a page on average."""
    first = pages[0]
    seconds = sum(page.seconds for page in pages) / len(pages)
    told = f"⌀ {seconds:.1f}" if seconds else "–"
    return _Row(first.report, f"{len(pages):,} pages", first.status, told, f"{first.report}/index.html")


def _table(rows: list[_Row], width: int) -> Table:
    """Return the table; on a narrow terminal labels give way, then the pages' addresses, then the reports' names."""
    report, label, status, seconds, page = (
        max((len(getattr(row, name)) for row in rows), default=0)
        for name in ("report", "label", "status", "seconds", "page")
    )
    fixed = max(status, len("Status")) + max(seconds, len("Seconds")) + 3 * _GAP
    with_pages = report + min(label, _LEAST) + fixed + page + _GAP <= width
    room = width - fixed - (page + _GAP if with_pages else 0)
    report = min(max(report, len("Report")), room - min(label, _LEAST))
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for name in ("Report", "Parameters", "Status", "Seconds", *(["Page"] if with_pages else [])):
        table.add_column(name, justify="right" if name == "Seconds" else "left", no_wrap=True, overflow="ellipsis")
    for row in rows:
        cells = [_cropped(row.report, report), _cropped(row.label, max(_LEAST, room - report)), row.status, row.seconds]
        cells = [escape(cell) for cell in (*cells, row.page)]
        cells[2] = f"[{STYLES[row.status]}]{cells[2]}[/]"
        table.add_row(*cells[: 5 if with_pages else 4])
    return table


def _cropped(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _by_error(result: BuildResult) -> list[list[PageResult]]:
    """Return the pages that went wrong, those together with which the same thing did."""
    seen: dict[str, list[PageResult]] = {}
    for page in result.pages:
        if page.error is not None:
            seen.setdefault(str(page.error), []).append(page)
    return list(seen.values())


def _listed(pages: list[PageResult]) -> str:
    names = [f"{page.report} {page.label}".strip() for page in pages]
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _counted(result: BuildResult) -> str:
    counts = {status: sum(page.status == status for page in result.pages) for status in STYLES}
    if counts["unchanged"] == len(result.pages):
        number = counts["unchanged"]
        noun = "the page is" if number == 1 else f"all {number:,} pages are"
        return f"Nothing has changed: {noun} up to date, nothing was rendered ({result.seconds:.1f} s)."
    parts = ", ".join(f"{number:,} {status}" for status, number in counts.items() if number)
    return f"{parts} in {result.seconds:.1f} s."
