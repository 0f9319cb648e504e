"""Asking a parent for a child: start the parent if there is none, hand over what the child needs, follow it."""

from __future__ import annotations

import fcntl
import os
import select
import socket
import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Final

from analytics_lib.forking.places import (
    STALE,
    SUPPORTED,
    SWITCH_VARIABLE,
    NoPlace,
    Recipe,
    import_time,
    private_folder,
    socket_path,
)
from analytics_lib.forking.wire import receive, same_user, send

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

IDLE_VARIABLE: Final = "ANALYTICS_DAEMON_IDLE"
"""Environment variable: seconds that a parent stays without work."""

IDLE_SECONDS: Final = 900.0
START_SECONDS: Final = 60.0

_SAFE: Final = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ", "TMPDIR", "VIRTUAL_ENV", "XDG_RUNTIME_DIR")
"""What a parent is given of the caller's environment, besides what libraries read at import; no credential is there."""

_PROGRAM: Final = """\
import os, sys
if os.fork(): os._exit(0)  # the parent is nobody's child: whoever starts it need not wait for its end
sys.path.remove("")
from analytics_lib.forking.parent import main
main()
"""


class CannotFork(Exception):
    """No child can be forked; the message says why. Start a process the usual way."""


class SwitchedOff(CannotFork):
    """The user wants no resident processes."""


class Child:
    """A process that a keeper watches over.

    Parameters
    ----------
    stream
        The line to its keeper; closing it ends the child.
    pid
        Its process number, for people to read: signals go through the keeper.
    """

    def __init__(self, stream: socket.socket, pid: int) -> None:
        self._stream = stream
        self.pid = pid
        self.status: int | None = None
        self.reason = ""

    def poll(self) -> int | None:
        """Return the exit status, negative for a signal's number; None while the child runs."""
        return self.wait(0)

    def wait(self, seconds: float | None = None) -> int | None:
        """Wait for the end, at most so long; return as `poll` does."""
        if self.status is None and self._said_something(seconds):
            try:
                message, _ = receive(self._stream)
                self.status, self.reason = int(message["exit"]), str(message["reason"])
            except (OSError, EOFError, ValueError):
                self.status, self.reason = -9, "keeper"  # whoever killed the keeper killed the child
            self._stream.close()
        return self.status

    def _said_something(self, seconds: float | None) -> bool:
        waiting = select.poll()  # which takes any descriptor; a server may have thousands
        waiting.register(self._stream, select.POLLIN)
        return bool(waiting.poll(None if seconds is None else seconds * 1000))

    def send_signal(self, number: int) -> None:
        """Send a signal to the child and the processes in its group."""
        if self.poll() is None:
            with suppress(OSError):  # it is just ending
                send(self._stream, {"signal": number})

    def close(self) -> None:
        """End the child and all that it started, whatever they are doing."""
        self._stream.close()
        if self.status is None:
            self.status = -9


def start_child(
    recipe: Recipe,
    arguments: Sequence[str],
    *,
    environment: Mapping[str, str],
    folder: str | Path,
    streams: Sequence[int],
    memory_bytes: int | None = None,
) -> Child:
    """Return a child of the parent for `recipe`, which is started if there is none.

    Parameters
    ----------
    recipe
        What to import, and what the child runs.
    arguments
        For the child's function.
    environment, folder
        The child's environment variables and working directory.
    streams
        Descriptors of its standard input, output and error.
    memory_bytes
        The child is killed when it holds more, with all that it started.

    Raises
    ------
    CannotFork
        There is no parent, and none can be started; or it refuses.
    FileNotFoundError
        The folder does not exist.
    """
    _require_support()
    request = {
        "arguments": list(arguments),
        "environment": dict(environment),
        "folder": os.path.abspath(folder),  # noqa: PTH100 - links stay as they are
        "umask": _umask(),
        "memory_bytes": memory_bytes,
    }
    try:
        path = socket_path(recipe, environment)
        stream = _greeted(recipe, path, environment)
    except NoPlace as error:
        raise CannotFork(str(error)) from None
    try:
        send(stream, request, streams)
        answer, _ = receive(stream)
    except (OSError, EOFError, ValueError):
        stream.close()
        raise CannotFork("the parent ended while it was asked") from None
    if "error" in answer:
        stream.close()
        raise FileNotFoundError(answer["error"])
    stream.settimeout(None)
    return Child(stream, int(answer["pid"]))


def warm(recipe: Recipe, environment: Mapping[str, str]) -> None:
    """Start the parent for a recipe if there seems to be none, and do not wait for it.

    Raises
    ------
    CannotFork
        It cannot be started.
    """
    _require_support()
    try:
        path = socket_path(recipe, environment)
        if not path.exists():
            _connected(recipe, path, environment).close()
    except (NoPlace, OSError, subprocess.SubprocessError) as error:
        raise CannotFork(str(error)) from None


def _require_support() -> None:
    if not SUPPORTED:
        raise CannotFork("forking needs Linux")
    if os.environ.get(SWITCH_VARIABLE, "").lower() in {"off", "0", "no", "false"}:
        raise SwitchedOff(f"resident processes are switched off: {SWITCH_VARIABLE}")


def _greeted(recipe: Recipe, path: Path, environment: Mapping[str, str]) -> socket.socket:
    """Return a line to a keeper that is ready; a parent may end just as it is asked, so ask twice."""
    for _ in range(2):
        try:
            stream = _connected(recipe, path, environment)
        except (OSError, subprocess.SubprocessError) as error:
            raise CannotFork(f"the parent cannot be reached: {error}") from None
        try:
            stream.settimeout(START_SECONDS)
            answer, _ = receive(stream)
        except TimeoutError:
            stream.close()
            raise CannotFork(f"the parent does not answer within {START_SECONDS:.0f} s") from None
        except (OSError, EOFError, ValueError):
            stream.close()
            continue
        if "ready" in answer:
            return stream
        stream.close()
        if answer.get("refused") != STALE:
            raise CannotFork(str(answer.get("refused")))
    raise CannotFork("the parent ends as soon as it is started")


def _connected(recipe: Recipe, path: Path, environment: Mapping[str, str]) -> socket.socket:
    try:
        return _connect(path)
    except (FileNotFoundError, ConnectionRefusedError):
        with _start_lock(path):
            try:
                return _connect(path)
            except (FileNotFoundError, ConnectionRefusedError):
                _start_parent(recipe, path, environment)
                return _connect(path)


def _connect(path: Path) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        stream.connect(str(path))
        ours = same_user(stream)
    except BaseException:
        stream.close()
        raise
    if not ours:
        stream.close()
        raise PermissionError("the parent is another user's")
    return stream


@contextmanager
def _start_lock(path: Path) -> Iterator[None]:
    """Let one caller at a time start a parent."""
    with path.with_suffix(".lock").open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _start_parent(recipe: Recipe, path: Path, environment: Mapping[str, str]) -> None:
    """Start a parent that listens already: callers wait in line while it imports."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        before = os.umask(0o177)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        listener.listen(128)
        command = [
            sys.executable, "-c", _PROGRAM, "--socket", str(path), "--descriptor", str(listener.fileno()),
            "--job", recipe.job, "--preload", ",".join(recipe.preload), "--idle", str(_idle_seconds(environment)),
        ]  # fmt: skip
        with path.with_suffix(".log").open("wb") as log:
            subprocess.run(  # noqa: S603 - our own program
                command,
                check=True,
                cwd=private_folder(),
                env=_parent_environment(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )


def _parent_environment(environment: Mapping[str, str]) -> dict[str, str]:
    from analytics_lib.forking.preload import SINGLE

    counted = dict(pair.split("=", 1) for pair in import_time(environment))
    safe = {name: environment[name] for name in _SAFE if name in environment}
    return {**counted, **safe, **SINGLE}


def _idle_seconds(environment: Mapping[str, str]) -> float:
    try:
        return float(environment[IDLE_VARIABLE])
    except (KeyError, ValueError):
        return IDLE_SECONDS


def _umask() -> int:
    """Return this process's umask without changing it for a moment: other threads may be writing files."""
    with open("/proc/self/status", encoding="ascii") as stream:  # noqa: PTH123 - this module is light on purpose
        return next((int(line.split()[1], 8) for line in stream if line.startswith("Umask:")), 0o022)
