"""What a build shows while it runs: on a terminal lines that stay and two that move, elsewhere plain lines."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, Self

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from analytics_lib.cli.output import STYLES, errors
from analytics_lib.cli.stopping import Stopped, stoppable
from analytics_lib.cli.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import Console, RenderableType

    from analytics_lib.pipeline.results import PageResult

SUMMARY_SECONDS: Final = 30.0
"""How often plain output says how far it is, besides a line for each page."""

_WIDEST_BAR: Final = 24
_NARROWEST_BAR: Final = 6
_REDRAWN_SECONDS: Final = 0.2
_NAME_WIDTH: Final = 28  # a page's name is not cropped below that to make room for another


class Shown:
    """Build progress for people, on standard error. Use it as a context manager.

    An interrupt within it ends the process: what was begun in other threads is not waited for.

    Parameters
    ----------
    quiet
        Show nothing.
    console
        Where to; standard error by default.
    clock
        Seconds, from any beginning.
    """

    def __init__(
        self, *, quiet: bool = False, console: Console = errors, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._quiet = quiet
        self._console = console
        self._lock = threading.Lock()  # of the tally
        self._drawing = threading.Lock()  # Rich loses lines when one thread prints while another redraws
        self._tally = Tally(clock)
        self._clock = clock
        self._summed_up = clock()
        self._spinner = Spinner("dots")
        self._resources = ExitStack()
        self._live: Live | None = None
        if console.is_terminal and not quiet:
            self._live = Live(
                get_renderable=self._moving,
                console=console,
                transient=True,
                auto_refresh=False,
                redirect_stdout=False,  # it may be a file
            )
        self._over = threading.Event()
        self._redrawing = threading.Thread(target=self._redraw, name="progress", daemon=True)

    def __enter__(self) -> Self:
        self._resources.enter_context(stoppable())
        if self._live is not None:
            self._live.start()
            self._redrawing.start()
        return self

    def __exit__(self, _kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        if self._live is not None:
            self._over.set()
            self._redrawing.join()
            self._live.stop()
        if isinstance(error, Stopped):
            self._console.print(self._last_words(), soft_wrap=True)
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(error.status)
        self._resources.close()

    def say(self, text: str) -> None:
        """Show a step."""
        self._print(f"  {escape(text)}", style="dim")

    def planned(self, report: str, pages: int) -> None:
        """Take note of the pages that will be rendered."""
        with self._lock:
            self._tally.plan(report, pages)

    def started(self, report: str, label: str) -> None:
        """Take note of a page under way."""
        with self._lock:
            self._tally.start(report, label)

    def finished(self, result: PageResult) -> None:
        """Show what became of a page."""
        with self._lock:
            rendered = self._tally.finish(result)
        if result.status == "unchanged":
            return
        self._print(self._line(result))
        if rendered and self._live is None:
            self._sum_up()

    def _line(self, result: PageResult) -> str:
        """Return the line of a page that is done; on a terminal a long label is cropped, for a log it is whole."""
        seconds = f" {result.seconds:.1f} s" if result.seconds else ""
        label = "" if not result.label or result.page == "index" else f" {result.label}"
        if self._live is not None:
            label = _cropped(
                label, max(_NAME_WIDTH, self._console.width - len(f"  published  {result.report}{seconds}"))
            )
        status = f"[{STYLES[result.status]}]{result.status:>9}[/]"
        return f"  {status}  {escape(result.report + label)}[dim]{seconds}[/]"

    def refresh(self) -> None:
        """Draw the lines that move."""
        if self._live is not None:
            with self._drawing:
                self._live.refresh()

    def _redraw(self) -> None:
        while not self._over.wait(_REDRAWN_SECONDS):
            self.refresh()

    def _sum_up(self) -> None:
        """Say now and then how far the build is, where nothing moves."""
        with self._lock:
            if self._clock() - self._summed_up < SUMMARY_SECONDS:
                return
            self._summed_up = self._clock()
            sentence = self._tally.sentence(", ")
        self._print(f"  {sentence}", style="dim")

    def _print(self, text: str, style: str | None = None) -> None:
        if not self._quiet:
            with self._drawing:
                self._console.print(text, style=style, soft_wrap=True)

    def _last_words(self) -> str:
        """Say what an interrupted build leaves."""
        taken_up = "the next build takes up what is there"
        if not self._tally.done:
            return f"Stopped. What was published is unchanged; {taken_up}."
        done = f"{self._tally.done:,} of {self._tally.planned:,} pages"
        return f"Stopped after {done}. Reports that were done are published, others are unchanged; {taken_up}."

    def _moving(self) -> RenderableType:
        """Return the lines that move: how far the build is, and what is under way."""
        room = self._console.width - 1
        with self._lock:
            counts = Text(self._tally.sentence(), no_wrap=True, overflow="ellipsis")
            under_way = fit(self._tally.names(), room - 2)
            planned, done = self._tally.planned, self._tally.done
        if not planned:
            return Text("")
        width = max(_NARROWEST_BAR, min(_WIDEST_BAR, room - counts.cell_len - 4))
        line = Table.grid(padding=(0, 1))
        line.add_column(width=1)
        line.add_column()
        line.add_column(no_wrap=True, overflow="ellipsis")
        line.add_row(self._spinner, ProgressBar(total=planned, completed=done, width=width), counts)
        return Group(line, Text(f"  {under_way}", style="dim", no_wrap=True, overflow="ellipsis"))


def fit(names: Sequence[tuple[str, str]], room: int) -> str:
    """Return as many names as there is room for, long ones cropped, and how many there are besides.

    Parameters
    ----------
    names
        Each with what stands behind it in any case.
    room
        Columns.

    Examples
    --------
    >>> fit([("sales north", ""), ("churn of all customers since the beginning", " (12 s)")], 60)
    'sales north, churn of all customers since the beginn… (12 s)'
    >>> fit([("sales north", ""), ("sales south", ""), ("churn", "")], 30)
    'sales north and 2 more'
    """
    for number in range(len(names), 0, -1):
        more = f" and {len(names) - number} more" if number < len(names) else ""
        share = (room - len(more) - 2 * (number - 1)) // number
        long = [name for name, behind in names[:number] if len(name + behind) > share]
        if number == 1 or share >= _NAME_WIDTH or not long:
            spare = sum(max(0, share - len(name + behind)) for name, behind in names[:number])
            share += spare // max(1, len(long))
            return ", ".join(_cropped(name, share - len(behind)) + behind for name, behind in names[:number]) + more
    return ""


def _cropped(text: str, room: int) -> str:
    return text if len(text) <= room else f"{text[: max(0, room - 1)].rstrip()}…"
