"""Work beside the reader's own: one thing at a time, and of what waits only the newest."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class Turns(Generic[T]):
    """Does work in a thread; what is asked for while it works takes the place of what has waited so far.

    Parameters
    ----------
    work
        Does what is asked for. It says by itself what went wrong: nobody waits for it.
    """

    def __init__(self, work: Callable[[T], None]) -> None:
        self._work = work
        self._lock = threading.Condition()
        self._waiting: list[T] = []
        self._stop: Callable[[], None] | None = None
        self._busy = False

    def ask(self, what: T) -> None:
        """Let `what` be done next; what is being done is stopped where it can be."""
        with self._lock:
            self._waiting = [what]
            stop, self._stop = self._stop, None
            begins, self._busy = not self._busy, True
        if begins:
            threading.Thread(target=self._run, name="explorer", daemon=True).start()
        elif stop is not None:
            stop()

    def can_stop(self, stop: Callable[[], None]) -> None:
        """Call `stop` as soon as something newer is asked for than what is being done."""
        with self._lock:
            self._stop = None if self._waiting else stop
            late = bool(self._waiting)
        if late:
            stop()

    @property
    def is_newest(self) -> bool:
        """Whether nothing newer waits behind what is being done."""
        with self._lock:
            return not self._waiting

    def join(self, timeout: float | None = None) -> bool:
        """Wait until nothing is left to be done; return whether that came about within so many seconds."""
        with self._lock:
            return self._lock.wait_for(lambda: not self._busy, timeout)

    def _run(self) -> None:
        while True:
            with self._lock:
                if not self._waiting:
                    self._busy = False
                    self._lock.notify_all()
                    return
                what, self._stop = self._waiting.pop(), None
            try:
                self._work(what)
            except BaseException:
                with self._lock:  # the next one begins a thread of its own
                    self._busy = False
                    self._lock.notify_all()
                raise
