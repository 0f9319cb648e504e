"""What ``--explain`` prints: each page, whether it would be rendered, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.markup import escape
from rich.table import Table

from analytics_lib.cli.output import console, print_error

if TYPE_CHECKING:
    from analytics_lib.pipeline.explain import Explained, Explanation

VERDICTS: Final = {
    "render": "[green]rendered[/]",
    "keep": "[dim]kept[/]",
    "bring back": "[cyan]brought back[/]",
    "invalid": "[red]invalid[/]",
}
_LABEL_ROOM: Final = 28
_WHY_ROOM: Final = 40


def print_explained(explained: Explained) -> None:
    """Print what a build would do: a line for each page, what must change, and a sentence that sums up."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    others = max((len(page.report) for page in explained.pages), default=0) + len("brought back")
    room = max(_LABEL_ROOM // 2, min(_LABEL_ROOM, console.width - others - _WHY_ROOM))
    table.add_column("Report", no_wrap=True)
    table.add_column("Parameters", no_wrap=True)
    table.add_column("Would be", no_wrap=True)
    table.add_column("Why", overflow="fold", ratio=1)
    for page in explained.pages:
        label = "–" if page.page in {"index", ""} else _cropped(page.label, room)
        table.add_row(escape(page.report), escape(label), VERDICTS[page.verdict], escape(_why(page)))
    console.print(table)
    for page in explained.pages:
        if page.error is not None:
            print_error(page.error)
    console.print(_summary(explained), soft_wrap=True)


def _why(page: Explanation) -> str:
    """Return the reasons; of a page that stays, also why it was rendered when it was."""
    if page.error is not None:
        return "something written must change"
    why = "; ".join(page.reasons)
    if page.verdict == "render" or page.shown is None:
        return why
    because = f", because: {page.last}" if page.last else ""
    return f"{why}. Version {page.shown.number} was rendered {page.shown.rendered_at:%Y-%m-%d %H:%M} UTC{because}"


def _cropped(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: room - 1].rstrip()}…"


def _summary(explained: Explained) -> str:
    pages = [page for page in explained.pages if page.verdict != "invalid"]
    count = sum(page.verdict == "render" for page in pages)
    if not pages:
        return "Nothing would be rendered."
    back = sum(page.verdict == "bring back" for page in pages)
    if not count and back:
        return f"Nothing would be rendered: {back} of {len(pages)} would be shown again."
    if not count:
        kept = "the page is" if len(pages) == 1 else f"all {len(pages)} pages are"
        return f"Nothing would be rendered: {kept} up to date."
    if len(pages) == 1:
        return "The page would be rendered."
    return f"{count} of {len(pages)} pages would be rendered."
