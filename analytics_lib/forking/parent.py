"""The parent: imports once, then forks a keeper for everyone who asks, and one ahead of the next.

It has one thread, reads nothing that callers send, and holds none of their environment: credentials go to the keeper,
which is a process of its own by then. It ends after a time without children, and when what it imported is out of date.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.forking import keeper
from analytics_lib.forking.leaving import leave, status_of
from analytics_lib.forking.places import STALE, Recipe, changed, environment_stamp, source_files
from analytics_lib.forking.preload import preload, threads
from analytics_lib.forking.spare import Spare, fork_spare, step
from analytics_lib.forking.wire import same_user, send

if TYPE_CHECKING:
    from collections.abc import Sequence

TICK_SECONDS: Final = 5.0
"""How often a parent looks whether it is still needed and up to date."""


class Parent:
    """A parent at work.

    Parameters
    ----------
    recipe
        What it is made for.
    path
        Where it listens; the file is there already.
    listener
        The socket.
    idle_seconds
        How long it stays without a child.
    """

    def __init__(self, recipe: Recipe, path: Path, listener: socket.socket, idle_seconds: float) -> None:
        self._recipe = recipe
        self._path = path
        self._inode = path.stat().st_ino
        self._facts = path.with_name(f"{path.stem}-{os.getpid()}.json")
        self._listener = listener
        self._idle_seconds = idle_seconds
        self._stamp = environment_stamp()
        self._started = time.time()
        self._children: set[int] = set()
        self._idle_since = time.monotonic()
        self._next_look = 0.0
        self._retired = False
        self._spare: Spare | None = None
        self._next_spare = 0.0

    def prepare(self) -> None:
        """Import what children need, and let the job prepare itself, where it knows how."""
        module, _ = self._recipe.job.split(":")
        self._preloaded = preload([*self._recipe.preload, module], step(self._recipe.job, "prepare"))
        self._sources = source_files()
        self._register()

    def serve(self) -> keeper.Task | None:
        """Fork for everyone who asks, until there is nobody for long enough.

        Returns
        -------
        Task or None
            In a child: what it is to do. In the parent, at its end: None.
        """
        wake, wake_write = self._signals()
        while not (self._retired and not self._children):
            ready = self._wait(wake)
            self._reap()
            asked = self._listener in ready
            task = self._accept() if asked else self._fork_ahead()
            if task is not None:
                os.close(wake)
                os.close(wake_write)
                return task
            self._consider()
        self._facts.unlink(missing_ok=True)
        return None

    def _wait(self, wake: int) -> list[Any]:
        watched: list[Any] = [wake] if self._retired else [wake, self._listener]
        ready, _, _ = select.select(watched, [], [], 0 if self._wants_spare() else TICK_SECONDS)
        if wake in ready:
            signals = os.read(wake, 4096)
            if signal.SIGTERM in signals or signal.SIGQUIT in signals:
                self._retire()
            if signal.SIGQUIT in signals:
                for child in self._children:
                    keeper.kill(child, signal.SIGTERM)
        return ready

    def _signals(self) -> tuple[int, int]:
        """Let signals wake the loop: SIGCHLD when a keeper ends, SIGTERM to take no more, SIGQUIT to end all."""
        read, write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        return read, write

    def _accept(self) -> keeper.Task | None:
        try:
            stream, _ = self._listener.accept()
        except OSError:  # the caller has gone
            return None
        with stream:
            if not same_user(stream):
                return None
            refusal = self._refusal()
            if refusal:
                _tell(stream, {"refused": refusal})
                return None
            try:
                task = None if self._spare else self._fork()
            except OSError as error:
                _tell(stream, {"refused": f"the system cannot fork: {error.strerror}"})
                return None
            if self._spare is not None:
                self._children.add(self._spare.pid)
                self._spare.hand_over(stream)
                self._spare, self._next_spare = None, 0.0
            return task

    def _wants_spare(self) -> bool:
        return self._spare is None and not self._retired and time.monotonic() >= self._next_spare

    def _fork_ahead(self) -> keeper.Task | None:
        """Fork a keeper ahead of the next caller, unless there is one."""
        if not self._wants_spare():
            return None
        self._next_spare = time.monotonic() + TICK_SECONDS  # unless this one is taken before
        if self._refusal():
            return None
        try:
            return self._fork()
        except OSError:
            return None  # whoever asks next is told

    def _fork(self) -> keeper.Task | None:
        """Fork a keeper and its child; return what that is to do, in the child alone."""
        self._spare, task = fork_spare(self._recipe.job, self._preloaded, self._listener)
        return task

    def _refusal(self) -> str:
        """Return why nothing may be forked from this process now; empty when it may."""
        if self._preloaded.threaded:
            return self._preloaded.threaded
        if (count := threads()) > 1:
            return f"{count - 1} more thread{'s run' if count > 2 else ' runs'} in the parent"  # noqa: PLR2004
        if changed(self._sources):  # packages need no look: who knows of newer ones asks another parent
            self._retire()
            return STALE
        return ""

    def _stale(self) -> bool:
        """Return whether what was imported may have changed: installed packages, this library, modules elsewhere."""
        return environment_stamp() != self._stamp or changed(self._sources)

    def _reap(self) -> None:
        """Collect keepers that have ended, and end what a killed keeper left: it is handed to this process."""
        while True:
            try:
                child, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if not child:
                break
            if self._spare is not None and child == self._spare.pid:
                self._spare.line.close()
                self._spare = None
            if child in self._children:
                self._children.discard(child)
                self._idle_since = time.monotonic()
        for left in keeper.children_of(os.getpid()) - self._children - ({self._spare.pid} if self._spare else set()):
            keeper.kill(left, signal.SIGKILL)

    def _consider(self) -> None:
        if self._retired or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + TICK_SECONDS
        idle = not self._children and time.monotonic() - self._idle_since > self._idle_seconds
        gone = not self._path.exists() or self._path.stat().st_ino != self._inode
        if idle or gone or self._stale():
            self._retire()

    def _retire(self) -> None:
        """Take no more callers; end when the last child has."""
        if not self._retired:
            self._retired = True
            if self._spare is not None:
                self._children.add(self._spare.pid)
                self._spare.line.close()  # which ends it
                self._spare = None
            self._unlink()
            self._register()

    def _unlink(self) -> None:
        try:
            if self._path.stat().st_ino == self._inode:  # else a newer parent's
                self._path.unlink()
        except FileNotFoundError:
            return

    def _register(self) -> None:
        """Write down what this parent is, for ``analytics daemon status``."""
        facts = {
            "pid": os.getpid(),
            "socket": str(self._path),
            "job": self._recipe.job,
            "preload": list(self._recipe.preload),
            "missing": self._preloaded.missing,
            "threaded": self._preloaded.threaded,
            "idle_seconds": self._idle_seconds,
            "started": self._started,
            "retired": self._retired,
        }
        aside = self._facts.with_suffix(".part")
        aside.write_text(json.dumps(facts), encoding="utf-8")
        aside.replace(self._facts)


def _tell(stream: socket.socket, message: dict[str, Any]) -> None:
    try:
        send(stream, message)
    except OSError:
        return  # the caller has gone; nothing is owed


def main(arguments: Sequence[str] | None = None) -> None:
    """Be a parent, or one of its children."""
    parser = argparse.ArgumentParser(prog="analytics-parent")
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--descriptor", type=int, required=True)
    parser.add_argument("--job", required=True)
    parser.add_argument("--preload", required=True)
    parser.add_argument("--idle", type=float, required=True)
    given = parser.parse_args(arguments)
    keeper.adopt_orphans()
    recipe = Recipe(given.job, tuple(filter(None, given.preload.split(","))))
    with socket.socket(fileno=given.descriptor) as listener:
        parent = Parent(recipe, given.socket, listener, given.idle)
        parent.prepare()
        task = parent.serve()
    if task is not None:
        leave(status_of(lambda: task.function(task.arguments)), task.announce)
