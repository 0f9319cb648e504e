"""The keeper: a small process between a parent and one child, the child's only supervisor.

It waits with its child for a caller, hands the request over, passes signals on, tells the caller how the child ended,
and ends whatever the child left behind. When the caller goes, or the parent dies, the child and all its descendants
are ended.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from analytics_lib.forking import child, memory
from analytics_lib.forking.wire import receive, send

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics_lib.forking.preload import Preloaded

_SET_DEATH_SIGNAL: Final = 1
_SET_NAME: Final = 15
_SET_CHILD_SUBREAPER: Final = 36

MEMORY_SECONDS: Final = 0.05
"""How often the memory of a child is looked at, where it is limited."""

_SPARE: Final = "analytics-spare"
_KEEPER: Final = "analytics-keep"

_LIBC: Final = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass
class Task:
    """What a child does.

    Parameters
    ----------
    arguments
        As the caller gave them.
    line
        To the keeper, which is told the exit status over it.
    function
        Takes the arguments, returns the exit status.
    """

    arguments: list[str]
    line: socket.socket
    function: Callable[[list[str]], int] = field(default=lambda _: 0)

    def announce(self, status: int) -> None:
        """Tell the keeper how this process is about to end: giving its memory back takes a while."""
        with suppress(OSError):  # then it sees for itself
            send(self.line, {"exit": status})


def keep(line: socket.socket, parent: int, preloaded: Preloaded, settle: Callable[[], None]) -> Task:
    """Be the keeper of one child; returns in the child alone, once it is what a caller asked for.

    Keeper and child are there before their caller, who so waits for neither fork.

    Parameters
    ----------
    line
        To the parent, which passes the caller's connection on.
    parent
        Its process number.
    preloaded
        What was imported.
    settle
        What the child does while it waits.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, end)
    set_death_signal(signal.SIGTERM)
    adopt_orphans()
    keeper = os.getpid()
    near, far = socket.socketpair()
    if os.getppid() != parent:
        os._exit(1)
    forked = os.fork()
    if forked:
        far.close()
        _set_name(_SPARE)
        _serve(line, near, forked)
    near.close()
    line.close()
    set_death_signal(signal.SIGKILL)
    if os.getppid() != keeper:
        os._exit(1)
    settle()
    try:
        request, descriptors = receive(far)
    except (OSError, EOFError):
        os._exit(1)  # nobody came
    child.become(request, descriptors, preloaded)
    return Task(request["arguments"], far)


def _serve(line: socket.socket, hand: socket.socket, forked: int) -> NoReturn:
    """Wait for a caller, hand what it asks for to the child, and watch over that to its end."""
    try:
        stream = _caller(line, forked)
        _set_name(_KEEPER)
        send(stream, {"ready": True})
        request, descriptors = receive(stream)
        problem = child.problem(request, descriptors)
        if problem:
            send(stream, {"error": problem})
            end()
        limit = request.get("memory_bytes")
        send(hand, request, descriptors)
    except (OSError, EOFError, ValueError):
        end()  # nobody came, or the caller thought better of it
    for descriptor in descriptors:
        os.close(descriptor)
    request.clear()  # the environment is the child's
    _watch(stream, hand, forked, limit)


def _caller(line: socket.socket, forked: int) -> socket.socket:
    """Return the connection that the parent passes on.

    Raises
    ------
    EOFError
        The parent wants this keeper no more, or its child has ended.
    """
    ended = os.pidfd_open(forked)
    watched: list[Any] = [line, ended]
    ready, _, _ = select.select(watched, [], [])
    if ended in ready:
        raise EOFError
    os.close(ended)
    _, descriptors, _, _ = socket.recv_fds(line, 1, 1)
    if not descriptors:
        raise EOFError
    line.close()
    return socket.socket(fileno=descriptors[0])


def _watch(stream: socket.socket, hand: socket.socket, forked: int, limit: int | None) -> NoReturn:
    ended = os.pidfd_open(forked)
    watched: list[Any] = [stream, hand, ended]
    reason = ""
    try:
        send(stream, {"pid": forked})
        while True:
            ready, _, _ = select.select(watched, [], [], MEMORY_SECONDS if limit else None)
            if ended in ready:
                break
            if hand in ready:
                if _announced(stream, hand, forked):
                    _finish(forked)
                watched.remove(hand)
            if stream in ready:
                message, _ = receive(stream)
                pass_on(forked, int(message["signal"]))
            if limit and memory.above(os.getpid(), limit):
                reason = "memory"
                break
    except (OSError, EOFError, ValueError):
        end()  # the caller is gone
    status = _ended(forked, at_once=bool(reason))
    end_children()
    with suppress(OSError):
        send(stream, {"exit": status, "reason": reason})
    os._exit(0)


def _announced(stream: socket.socket, hand: socket.socket, forked: int) -> bool:
    """Tell the caller how the child ends, as soon as the child says so and leaves nobody behind."""
    try:
        message, _ = receive(hand)
    except (OSError, EOFError, ValueError):
        return False  # what runs in the child has closed it
    if children_of(forked) or children_of(os.getpid()) != {forked}:
        return False
    send(stream, {"exit": int(message["exit"]), "reason": ""})
    return True


def _finish(forked: int) -> NoReturn:
    os.waitpid(forked, 0)
    end_children()
    os._exit(0)


def _ended(forked: int, *, at_once: bool) -> int:
    if at_once:
        kill(forked, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(forked, 0)[1])


def pass_on(forked: int, number: int) -> None:
    """Send a signal to the child and the processes it started, as the system does for a terminal's."""
    try:
        os.killpg(forked, number)
    except (ProcessLookupError, PermissionError):  # it has not made its group yet
        kill(forked, number)


def end(*_: object) -> NoReturn:
    """End all descendants, then this process; a signal's handler."""
    end_children()
    os._exit(1)


def end_children() -> None:
    """Kill all descendants: orphans among them are handed to this process, so a few rounds reach everyone."""
    while True:
        left = children_of(os.getpid())
        if not left:
            return
        for each in left:
            kill(each, signal.SIGKILL)
        _collect(left)


def kill(process: int, number: int) -> None:
    """Send a signal to a process that may have ended by now."""
    with suppress(ProcessLookupError):
        os.kill(process, number)


def _collect(left: set[int]) -> None:
    for each in left:
        try:
            if os.waitpid(each, os.WNOHANG)[0] == 0:
                time.sleep(0.001)
        except ChildProcessError:
            continue


def children_of(process: int) -> set[int]:
    """Return the direct children of a process, whichever of its threads started them."""
    found: set[int] = set()
    for task in Path(f"/proc/{process}/task").glob("*/children"):
        try:
            found.update(map(int, task.read_text().split()))
        except OSError:
            continue  # the thread has ended
    return found


def is_spare(process: int) -> bool:
    """Return whether a keeper still waits for its caller."""
    try:
        return Path(f"/proc/{process}/comm").read_text().strip() == _SPARE
    except OSError:
        return False


def _set_name(name: str) -> None:
    """Show what this process is where processes are listed."""
    if _LIBC is not None:
        _LIBC.prctl(_SET_NAME, name.encode(), 0, 0, 0)


def set_death_signal(number: int) -> None:
    """Let the system send this process a signal when the one that started it ends."""
    _prctl(_SET_DEATH_SIGNAL, number)


def adopt_orphans() -> None:
    """Be handed the orphans among this process's descendants, so that none is lost sight of."""
    _prctl(_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LIBC is not None:
        _LIBC.prctl(option, int(value), 0, 0, 0)
