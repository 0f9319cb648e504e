"""A keeper and its child, forked ahead of the caller that they will serve."""

from __future__ import annotations

import importlib
import os
import signal
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from analytics_lib.forking import keeper

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics_lib.forking.preload import Preloaded


class Spare(NamedTuple):
    """A keeper that waits for a caller.

    Parameters
    ----------
    pid
        Its process number.
    line
        A caller's connection is passed over it; when it is closed, keeper and child end.
    """

    pid: int
    line: socket.socket

    def hand_over(self, stream: socket.socket) -> None:
        """Pass a caller's connection on. Where the keeper was killed the caller sees it closed, and asks again."""
        with self.line, suppress(OSError):
            socket.send_fds(self.line, [b"c"], [stream.fileno()])


def fork_spare(
    job: str, preloaded: Preloaded, listener: socket.socket
) -> tuple[Spare, None] | tuple[None, keeper.Task]:
    """Fork a keeper, which forks a child.

    Parameters
    ----------
    job
        ``module:function`` that the child runs.
    preloaded
        What was imported.
    listener
        The parent's socket, which neither of them keeps.

    Returns
    -------
    Spare, None
        In the parent.
    None, Task
        In the child, once a caller has come.

    Raises
    ------
    OSError
        The system cannot fork.
    """
    line, far = socket.socketpair()
    parent = os.getpid()
    try:
        forked = os.fork()
    except OSError:
        line.close()
        far.close()
        raise
    if forked:
        far.close()
        return Spare(forked, line), None
    line.close()
    signal.set_wakeup_fd(-1)
    listener.close()
    task = keeper.keep(far, parent, preloaded, step(job, "settle"))
    task.function = step(job)
    return None, task


def step(job: str, name: str = "") -> Callable[..., Any]:
    """Return a job's function, or the one of that name beside it, which need not exist.

    The module is imported when the function is called.
    """
    module, function = job.split(":")

    def run(*arguments: Any) -> Any:
        home = importlib.import_module(module)
        return getattr(home, name, lambda: None)() if name else getattr(home, function)(*arguments)

    return run
