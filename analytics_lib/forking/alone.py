"""A keeper for a process that was not forked: ``python -m analytics_lib.forking.alone [--memory BYTES] -- COMMAND``.

A plain kernel gets what a forked one has: it ends with the process that started it, it is killed when it holds too much
memory, and nothing that it started outlives it.
"""

from __future__ import annotations

import argparse
import os
import resource
import select
import signal
import subprocess
from typing import TYPE_CHECKING, Final

from analytics_lib.forking import keeper, memory

if TYPE_CHECKING:
    from collections.abc import Sequence

MEMORY_STATUS: Final = 77
"""Exit status that tells: the command was killed for its memory."""

END_SIGNAL: Final = signal.SIGQUIT
"""Sent to the keeper: end the command and all that it started, whatever they are doing."""

_PASSED_ON: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_PARENT_VARIABLE: Final = "JPY_PARENT_PID"


def wrapped(command: Sequence[str], executable: str, memory_bytes: int | None) -> list[str]:
    """Return the command line that runs a command under a keeper."""
    limit = ["--memory", str(memory_bytes)] if memory_bytes else []
    return [executable, "-m", "analytics_lib.forking.alone", *limit, "--", *command]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command to its end; return its exit status, or end by the signal that ended it."""
    parser = argparse.ArgumentParser(prog="analytics-keeper")
    parser.add_argument("--memory", type=int)
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    started_by = os.getppid()
    signal.signal(END_SIGNAL, keeper.end)
    keeper.set_death_signal(END_SIGNAL)
    keeper.adopt_orphans()
    if os.getppid() != started_by:
        return 1
    if _PARENT_VARIABLE in os.environ:
        os.environ[_PARENT_VARIABLE] = str(os.getpid())  # a kernel looks whether its parent still lives
    with subprocess.Popen(given.command, process_group=0, preexec_fn=_die_with_keeper) as child:  # noqa: S603, PLW1509
        for number in _PASSED_ON:
            signal.signal(number, lambda number, _: keeper.pass_on(child.pid, number))
        over = _wait(child, given.memory)
        if over:
            child.kill()
        status = child.wait()
    keeper.end_children()
    if over:
        return MEMORY_STATUS
    if status < 0:
        _end_as(-status)
    return status


def _end_as(number: int) -> None:
    """End by the signal that ended the command, so that the caller sees the same."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _die_with_keeper() -> None:
    keeper.set_death_signal(signal.SIGKILL)


def _wait(child: subprocess.Popen[bytes], limit: int | None) -> bool:
    """Wait for the end; return whether the limit came first."""
    ended = os.pidfd_open(child.pid)
    try:
        while not select.select([ended], [], [], keeper.MEMORY_SECONDS if limit else None)[0]:
            if limit and memory.above(os.getpid(), limit):
                return True
    finally:
        os.close(ended)
    return False


if __name__ == "__main__":
    raise SystemExit(main())
