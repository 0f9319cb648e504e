"""Many pages of several reports, a few at a time: each report gets its turn, and is finished when its own pages are.

A report of one page is not kept waiting by one of five hundred. Whatever the number of pages, only those under way are
held in memory. While a kernel ends and its page is made, the next notebook runs already.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from analytics_lib.pipeline.slots import Slots

Page = TypeVar("Page")


def _nothing() -> None:
    """Give nothing back, where nothing was taken."""


@dataclass
class _Group:
    """The pages of one report.

    Parameters
    ----------
    waiting
        Pages that were not begun.
    left
        How many are not done yet.
    work, finish
        What is done with each page, given also how to let the next begin; and once all are done.
    """

    waiting: deque[Any]
    left: int
    work: Callable[[Any, Callable[[], None]], None]
    finish: Callable[[], None]


class FanOut:
    """Threads that work on pages.

    Parameters
    ----------
    slots
        What bounds the pages of all builds together; None where each build may run as many as it likes.
    """

    def __init__(self, slots: Slots | None = None) -> None:
        self._slots = slots
        self._line: deque[_Group] = deque()
        self._unfinished = 0
        self._running = 0
        self._held = 0
        self._most = 0
        self._failure: BaseException | None = None
        self._stop = threading.Event()
        self._changed = threading.Condition()
        self._turn = threading.Lock()
        self._threads: list[threading.Thread] = []

    def add(
        self,
        pages: Iterable[Page],
        work: Callable[[Page, Callable[[], None]], None],
        finish: Callable[[], None],
        *,
        at_most: int,
    ) -> None:
        """Put the pages of a report in line.

        Parameters
        ----------
        pages
            At least one.
        work
            Does a page, in one of the threads; `concurrent.futures.CancelledError` says that it was given up. Its
            second argument, called once what takes a slot is done, lets another page begin before this one is
            complete.
        finish
            Called in one of the threads once all pages are done, none of them given up.
        at_most
            How many pages may be under way at a time, those of other reports included; as many again may be on their
            way to completion.
        """
        waiting = deque(pages)
        with self._changed:
            self._line.append(_Group(waiting, len(waiting), work, finish))
            self._unfinished += 1
            self._most = max(self._most, at_most)
            wanted = min(at_most * 2 if self._slots else at_most, len(self._threads) + len(waiting))
            self._changed.notify_all()
        while len(self._threads) < wanted:
            thread = threading.Thread(target=self._run, name=f"render-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self) -> None:
        """Wait until all reports are finished.

        Raises
        ------
        BaseException
            What a page or a report raised; then no further page is begun.
        """
        with self._changed:
            while self._unfinished and self._failure is None:
                self._changed.wait()
            if self._failure is not None:
                raise self._failure

    def close(self, seconds: float) -> None:
        """Begin no further page, and wait at most so long for those under way."""
        with self._changed:
            self._stop.set()
            self._line.clear()
            self._changed.notify_all()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))

    @property
    def closed(self) -> bool:
        """Whether no further page is begun."""
        return self._stop.is_set()

    def _run(self) -> None:
        while self._work_on_next():
            continue

    def _work_on_next(self) -> bool:
        """Do one page; return False once there will be no more."""
        give_back = _nothing
        try:
            with self._turn:  # one thread at a time stands in line, so that a build has one place there
                self._await_page()
                if self._slots and not self.closed:
                    give_back = self._hold(self._slots.take(self._stop, self._idle))
                group, page = self._next()
            if group is None:
                return False
            group.work(page, give_back)
            del page
        except CancelledError as error:
            if not self.closed:  # nobody asked for it
                self._fail(error)
            return False
        except BaseException as error:  # noqa: BLE001 - raised where the build waits
            self._fail(error)
            return False
        finally:
            give_back()
        self._count(group)
        return True

    def _idle(self) -> bool:
        return self._running == 0

    def _await_page(self) -> None:
        """Wait until there is a page, and until one of this build's own slots is free: others' cost looking."""
        with self._changed:
            while not self.closed and (not self._line or (self._slots and self._held >= self._most)):
                self._changed.wait()

    def _hold(self, slot: IO[str] | None) -> Callable[[], None]:
        """Count a slot; return what gives it back, once."""
        if slot is None:
            return _nothing
        with self._changed:
            self._held += 1

        def give_back() -> None:
            with self._changed:
                if not slot.closed:
                    slot.close()
                    self._held -= 1
                    self._changed.notify_all()

        return give_back

    def _next(self) -> tuple[_Group | None, Any]:
        """Return a page of the report whose turn it is; the report goes to the end of the line."""
        with self._changed:
            if not self._line:
                return None, None
            group = self._line.popleft()
            page = group.waiting.popleft()
            if group.waiting:
                self._line.append(group)
            self._running += 1
            return group, page

    def _count(self, group: _Group) -> None:
        with self._changed:
            group.left -= 1
            self._running -= 1
            finished = group.left == 0
        if not finished:
            return
        try:
            group.finish()
        except BaseException as error:  # noqa: BLE001 - raised where the build waits
            self._fail(error)
            return
        with self._changed:
            self._unfinished -= 1
            self._changed.notify_all()

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failure = self._failure or error
            self._stop.set()
            self._line.clear()
            self._changed.notify_all()
