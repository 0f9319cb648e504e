"""Ending a process without taking the interpreter down object by object.

In a fork that would visit every object that came with it, and so copy memory that is about to be given back. In any
process it takes its time, and bindings that count their objects complain of those that modules still hold.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable


def status_of(work: Callable[[], int | None]) -> int:
    """Return the exit status of some work, as the interpreter would: what it returns, exits or fails with."""
    try:
        status = work() or 0
    except SystemExit as left:
        if left.code is not None and not isinstance(left.code, int):
            sys.stderr.write(f"{left.code}\n")
        status = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001 - as the interpreter does at its top
        sys.excepthook(*sys.exc_info())
        status = 1
    return status & 0xFF


def leave(status: int, announce: Callable[[int], None] | None = None) -> NoReturn:
    """End the process once its threads have, what is registered has run, and what was written is out.

    Parameters
    ----------
    status
        The exit status, 0 to 255.
    announce
        Called with it at the very end.
    """
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for threads that are no daemons
    atexit._run_exitfuncs()  # noqa: SLF001 - what libraries and notebooks registered
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or nobody reads
            stream.flush()
    if announce is not None:
        announce(status)
    os._exit(status)
