"""How far a build is: pages done, running and failed, and how long the rest will take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics_lib.pipeline.results import PageResult

MEANINGFUL: Final = 3
"""So many pages must be done, and as many as run at a time, before the rest can be told from them."""

LONG_SECONDS: Final = 10
"""A page that runs so long is told with its seconds."""

_MINUTE: Final = 60
_HOUR: Final = 3600


@dataclass
class _Report:
    """The pages of one report: how many were planned and are done, and the seconds that these took."""

    planned: int = 0
    done: int = 0
    seconds: float = 0.0


@dataclass
class Tally:
    """Counts of the pages that a build renders.

    Parameters
    ----------
    clock
        Seconds, from any beginning.
    """

    clock: Callable[[], float] = time.monotonic
    running: dict[str, float] = field(default_factory=dict)
    """Name of a page under way → when it was begun; the one that runs longest comes first."""

    failed: int = 0
    held: int = 0
    _reports: dict[str, _Report] = field(default_factory=dict)
    _begun: float | None = None

    @property
    def planned(self) -> int:
        """How many pages are to be rendered in all."""
        return sum(report.planned for report in self._reports.values())

    @property
    def done(self) -> int:
        """How many of them are done, whatever became of them."""
        return sum(report.done for report in self._reports.values())

    def plan(self, report: str, pages: int) -> None:
        """Count pages that will be rendered."""
        self._reports.setdefault(report, _Report()).planned += pages

    def start(self, report: str, label: str) -> None:
        """Count a page that was begun."""
        self._begun = self.clock() if self._begun is None else self._begun
        self.running[f"{report} {label}"] = self.clock()

    def finish(self, result: PageResult) -> bool:
        """Count a page that is done; return whether it was one that ran."""
        if self.running.pop(f"{result.report} {result.label}", None) is None:
            return False
        report = self._reports.setdefault(result.report, _Report())
        report.done += 1
        report.seconds += result.seconds
        self.failed += result.status in {"failed", "invalid"}
        self.held += result.status == "held back"
        return True

    def names(self) -> list[tuple[str, str]]:
        """Return the pages under way, the one that runs longest first, and since when if that is remarkable."""
        now = self.clock()
        lasting = ((name.strip(), now - begun) for name, begun in self.running.items())
        return [(name, f" ({seconds:.0f} s)" if seconds >= LONG_SECONDS else "") for name, seconds in lasting]

    def seconds_left(self) -> float | None:
        """Return how long the rest will take, as far as can be told: None as long as that means nothing.

        Each page is taken to last as long as others of its report did, and as many to run at a time as did so far.
        """
        if self._begun is None or self.done < max(MEANINGFUL, len(self.running)) or self.done >= self.planned:
            return None
        now = self.clock()
        spent = sum(report.seconds for report in self._reports.values())
        under_way = sum(now - begun for begun in self.running.values())
        at_a_time = (spent + under_way) / max(now - self._begun, 1e-9)
        mean = spent / self.done
        left = sum(
            (report.planned - report.done) * (report.seconds / report.done if report.done else mean)
            for report in self._reports.values()
        )
        at_a_time = min(at_a_time, self.planned - self.done)
        return max(0.0, left - under_way) / at_a_time if at_a_time > 0 else None

    def sentence(self, separator: str = " · ") -> str:
        """Return the counts for a reader: ``37 of 120 pages · 2 running · 1 failed · about 2 min left``."""
        parts = [f"{self.done:,} of {self.planned:,} page{'s' if self.planned != 1 else ''}"]
        parts += [f"{len(self.running)} running"] if self.running else []
        parts += [f"{self.failed:,} failed"] if self.failed else []
        parts += [f"{self.held:,} held back"] if self.held else []
        left = self.seconds_left()
        parts += [spell_left(left)] if left is not None else []
        return separator.join(parts)


def spell_left(seconds: float) -> str:
    """Return an estimate for a reader, no more exact than it is.

    Examples
    --------
    >>> spell_left(2), spell_left(17), spell_left(100), spell_left(4000)
    ('a few seconds left', 'about 20 s left', 'about 2 min left', 'about 1 h 10 min left')
    """
    if seconds <= 5:  # noqa: PLR2004 - a few
        return "a few seconds left"
    if seconds <= _MINUTE - 5:
        return f"about {_up(seconds, 5)} s left"
    if seconds <= _HOUR - _MINUTE:
        return f"about {_up(seconds / _MINUTE, 1)} min left"
    hours, minutes = divmod(_up(seconds / _MINUTE, 10), 60)
    return f"about {hours} h{f' {minutes} min' if minutes else ''} left"


def _up(value: float, step: int) -> int:
    """Return the next multiple of `step`."""
    return -int(-value // step) * step
