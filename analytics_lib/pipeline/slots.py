"""Slots: how many notebooks all builds of a workspace run at a time on this machine, and whose turn it is.

Each build alone would run one notebook a processor, two of them twice as many. A slot is a file whose lock is held
while a notebook runs; the system releases it whatever becomes of the process. Builds that want one stand in line: the
first looks for a free slot, the others look for the head of the line, and whoever had to wait steps back once it is
served. So they are served in turns, page by page, however many notebooks each would like to run.

Notebooks cannot be put aside for others. Where they hold all slots for long, a build that has none under way goes on
with one besides: no report waits for the notebooks of another.
"""

from __future__ import annotations

import io
import platform
import time
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import quote

from analytics_lib.pipeline.locking import open_lock, try_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from threading import Event

LOOK_SECONDS: Final = 0.02
PATIENCE_SECONDS: Final = 10.0
"""How long a build stands in line while none of its notebooks runs."""

_STEP_BACK_SECONDS: Final = 2.5 * LOOK_SECONDS  # long enough for all others to have looked
_TOLD_SECONDS: Final = 2.0


class Slots:
    """The slots of a workspace, as one build uses them; one thread at a time may wait for one.

    Parameters
    ----------
    state
        The state's folder.
    number
        How many notebooks may run at a time.
    say
        Told, once, that other builds are waited for.
    """

    def __init__(self, state: Path, number: int, say: Callable[[str], None] = lambda _: None) -> None:
        self._state = state
        # Machines may share the state's folder; each has slots of its own.
        self._folder = state / "slots" / quote(platform.node() or "here", safe="")
        self._number = number
        self._say = say
        self._told = False
        self._back_at = 0.0

    def take(self, stop: Event, idle: Callable[[], bool] = lambda: False) -> IO[str] | None:
        """Wait for a slot; closing what is returned gives it back. None once `stop` is set.

        Parameters
        ----------
        stop
            Ends the waiting.
        idle
            Tells whether the build has no notebook under way.

        Raises
        ------
        PublishError
            The state's folder cannot be written.
        """
        if stop.wait(max(0.0, self._back_at - time.monotonic())):
            return None
        begun = time.monotonic()
        with open_lock(self._folder / "line", self._state) as line:
            first = False
            while True:
                first = first or try_lock(line)
                slot = self._free() if first else None
                waited = time.monotonic() - begun
                if slot is not None:
                    break
                if waited > PATIENCE_SECONDS and idle():
                    return io.StringIO()
                if waited > _TOLD_SECONDS and not self._told and idle():
                    self._told = True
                    self._say(f"waiting for notebooks of other builds: {self._number} run at a time")
                if stop.wait(LOOK_SECONDS):
                    return None
        if waited > LOOK_SECONDS:
            self._back_at = time.monotonic() + _STEP_BACK_SECONDS
        return slot

    def _free(self) -> IO[str] | None:
        for number in range(1, self._number + 1):
            slot = open_lock(self._folder / str(number), self._state)
            if try_lock(slot):
                return slot
            slot.close()
        return None
