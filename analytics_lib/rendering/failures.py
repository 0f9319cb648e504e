"""A run that failed becomes a page: the notebook as far as it ran, where it stopped, and why.

It is made with the templates, the sanitising and the content security policy of all pages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.model.wording import show_time
from analytics_lib.rendering.contents import Contents
from analytics_lib.rendering.html import RESERVED, page_template
from analytics_lib.rendering.outputs import Body, Part, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from nbformat import NotebookNode

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.model.pages import ShownParameter
    from analytics_lib.rendering.assets import Assets

SHOWN_CHARACTERS: Final = 64 * 1024
"""How much of one text is shown, its end; a cell that never stops printing is a common way to fail."""

_ANCHORS: Final = frozenset({"failed-cell", "log"})
_MINUTE: Final = 60
_TEXTS: Final = frozenset({"text", "stderr", "error"})
_OF_PAPERMILL: Final = "papermill-error-cell-tag"
_INJECTED: Final = "injected-parameters"


@dataclass(frozen=True)
class FailedRun:
    """What is known of a run that failed.

    Parameters
    ----------
    report
        The report's name.
    title, owner, time_zone, parameters
        As on the page that it would have become.
    begun, ended
        When, UTC.
    error
        What stopped it.
    log
        What the kernel wrote to its own standard output and error.
    kept
        Where the notebook is kept, for whoever mends it.
    page
        File name of the report's page that is still up; empty where there is none.
    """

    report: str
    title: str
    owner: str
    time_zone: str
    parameters: tuple[ShownParameter, ...]
    begun: datetime
    ended: datetime
    error: AnalyticsError
    log: str
    kept: str
    page: str = ""


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page of a failed run shows it.

    Parameters
    ----------
    number
        As its author counts; 0 for the cell that carries this run's parameters.
    state
        ``ran``, ``failed`` or ``waiting``: it was not reached.
    code
        Highlighted source; empty for a cell of Markdown, and where its tags keep it from pages.
    parts
        What it shows.
    traceback
        Of the cell that failed, where it raised.
    """

    number: int
    state: str
    code: str = ""
    parts: tuple[Part, ...] = ()
    traceback: str = ""


def render_failure(notebook: NotebookNode, run: FailedRun, *, assets: Assets, self_contained: bool = False) -> str:
    """Return a failed run as a complete page, for the folder where its report's pages are.

    Parameters
    ----------
    notebook
        The notebook as far as it ran. Tags keep cells, code and outputs out of this page as they do of any; that a
        cell failed, and the sentence that says why, is shown all the same.
    run
        What is known of the run.
    assets
        The site's shared files.
    self_contained
        Put the shared files into the page.
    """
    body = Body(Contents(RESERVED | _ANCHORS))
    page = _Page(run, tuple(_cells(notebook, body)), body, assets, self_contained)
    return page_template("failed.html.j2").render(page=page)


@dataclass(frozen=True)
class _Page:
    """What the template sees."""

    run: FailedRun
    cells: tuple[ShownCell, ...]
    body: Body
    assets: Assets
    self_contained: bool
    root: str = "../"

    @property
    def reached(self) -> list[ShownCell]:
        return [cell for cell in self.cells if cell.state != "waiting"]

    @property
    def waiting(self) -> list[ShownCell]:
        return [cell for cell in self.cells if cell.state == "waiting"]

    @property
    def failed(self) -> ShownCell | None:
        return next((cell for cell in self.cells if cell.state == "failed"), None)

    @property
    def missed(self) -> str:
        numbers = [cell.number for cell in self.waiting if cell.number]
        if not self.reached or not numbers:
            return "No cell ran"
        if numbers[0] == numbers[-1]:
            return f"Cell {numbers[0]} did not run"
        return f"Cells {numbers[0]} {'and' if numbers[-1] == numbers[0] + 1 else 'to'} {numbers[-1]} did not run"

    @property
    def sentence(self) -> str:
        return _sentence(self.run.error.message)

    @property
    def hint(self) -> str:
        return _sentence(self.run.error.hint or "")

    @property
    def log(self) -> str:
        return plain(self.run.log)

    @property
    def lasted(self) -> str:
        seconds = max(0, round((self.run.ended - self.run.begun).total_seconds()))
        return f"{seconds // _MINUTE} min {seconds % _MINUTE} s" if seconds >= _MINUTE else f"{seconds} s"

    def time(self, moment: datetime) -> str:
        return show_time(moment, self.run.time_zone)


def _cells(notebook: NotebookNode, body: Body) -> Iterator[ShownCell]:
    """Return the cells that the page shows, in their order: cells run one after the other, so the last begun failed."""
    cells = [cell for cell in notebook.cells if _OF_PAPERMILL not in _tags(cell)]
    begun = [number for number, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("start_time")]
    last = begun[-1] if begun else -1
    number = 0
    for index, cell in enumerate(cells):
        injected = _INJECTED in _tags(cell)
        number += not injected
        state = "ran" if index < last else "failed" if index == last else "waiting"
        parts = () if state == "waiting" and cell.cell_type == "code" else tuple(_parts(cell, body))
        shown = ShownCell(0 if injected else number, state, _code(cell, body), parts)
        if state == "failed":
            yield _with_traceback(shown)
        elif shown.code or shown.parts:
            yield shown


def _with_traceback(cell: ShownCell) -> ShownCell:
    """Tell what the failed cell raised from what it showed before."""
    shown = tuple(part for part in cell.parts if part.kind != "error")
    raised = "\n".join(part.content for part in cell.parts if part.kind == "error")
    return replace(cell, parts=shown, traceback=raised)


def _code(cell: Mapping[str, Any], body: Body) -> str:
    left_out = _tagged(cell, "remove-input") or _tagged(cell, "remove-cell")
    shown = cell["cell_type"] == "code" and cell["source"].strip() and not left_out
    return body.code(cell["source"]) if shown else ""


def _parts(cell: Mapping[str, Any], body: Body) -> Iterator[Part]:
    if _tagged(cell, "remove-cell"):
        return
    if cell["cell_type"] == "markdown":
        prose = body.prose(cell)
        if prose.content.strip():
            yield prose
    elif cell["cell_type"] == "code" and not _tagged(cell, "remove-output"):
        for part in body.outputs(cell):
            if part.kind == "error" and _tagged(cell, "remove-input"):
                continue  # a traceback quotes the code
            yield _bounded(part)


def _bounded(part: Part) -> Part:
    """Cut a text that nobody would read to its end."""
    more = len(part.content) - SHOWN_CHARACTERS
    if part.kind not in _TEXTS or more <= 0:
        return part
    said = f"[{more:,} characters before this are left out; the kept notebook has them]\n"
    return replace(part, content=said + part.content[-SHOWN_CHARACTERS:])


def _tags(cell: Mapping[str, Any]) -> set[str]:
    return set(cell["metadata"].get("tags", ()))


def _tagged(cell: Mapping[str, Any], tag: str) -> bool:
    return not _tags(cell).isdisjoint({tag, tag.replace("-", "_")})


def _sentence(text: str) -> str:
    """Return what an error says as a sentence of its own."""
    if not text:
        return ""
    return f"{text[0].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?', '…')) else '.'}"
