"""Ctrl-C and a scheduler's request to end: the first one is obeyed in order, the second at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_LEAVE_LINE: Final = b"\x1b[?25h\n"  # the cursor, which a live line hides, and a line of one's own


class Stopped(KeyboardInterrupt):
    """Somebody wants this process to end.

    Parameters
    ----------
    number
        The signal that said so.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.status = 128 + number
        """The exit status that tells of it, as a shell counts it."""


@contextmanager
def stoppable() -> Iterator[None]:
    """Raise `Stopped` here at the first signal; at the second, end the process whatever it is doing.

    What was ignored, as under ``nohup``, stays so. Signals reach a process's main thread alone: in others nothing is
    changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    heeded = [number for number, handler in before.items() if handler is not signal.SIG_IGN]

    def first(number: int, _: FrameType | None) -> NoReturn:
        for each in heeded:
            signal.signal(each, end_at_once)
        raise Stopped(number)

    for number in heeded:
        signal.signal(number, first)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, before[number])


def end_at_once(number: int, _: FrameType | None = None) -> NoReturn:
    """End this process; notebooks under way end with it. A signal's handler."""
    if sys.__stderr__ is not None and os.isatty(2):
        os.write(2, _LEAVE_LINE)
    os._exit(128 + number)
