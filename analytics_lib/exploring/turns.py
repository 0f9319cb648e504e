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
        self._busy = False

    def ask(self, what: T) -> None:
        """Let `what` be done next."""
        with self._lock:
            self._waiting = [what]
            if self._busy:
                return
            self._busy = True
        threading.Thread(target=self._run, name="explorer", daemon=True).start()

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
                what = self._waiting.pop()
            try:
                self._work(what)
            except BaseException:
                with self._lock:  # the next one begins a thread of its own
                    self._busy = False
                    self._lock.notify_all()
                raise
