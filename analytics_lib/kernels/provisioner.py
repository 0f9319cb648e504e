"""The provisioner that `jupyter_client` calls for kernels of the kernelspec ``analytics``.

Papermill, Voila, JupyterLab, nbval and all others that start kernels through `jupyter_client` come by here. Where a
kernel cannot be forked, a plain one is started, and the log says why.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from analytics_lib.forking.alone import END_SIGNAL, MEMORY_STATUS, wrapped
from analytics_lib.forking.client import CannotFork, Child, SwitchedOff, start_child
from analytics_lib.forking.places import SUPPORTED, NoPlace, private_folder
from analytics_lib.kernels import NO_HISTORY, OVER_MEMORY
from analytics_lib.kernels.recipe import kernel_recipe

MEMORY_VARIABLE: Final = "ANALYTICS_MEMORY_BYTES"
"""Environment variable for a kernel: it is killed, with all that it started, when it holds more."""

_POLL_SECONDS: Final = 0.002
_LISTEN_SECONDS: Final = 0.002
_CHANNELS: Final = ("shell", "iopub", "stdin", "hb", "control")
_LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
_LAUNCHER: Final = "ipykernel_launcher"


class ForkingProvisioner(LocalProvisioner):
    """Forks a kernel from a parent that has imported the usual libraries; starts a plain one where it cannot.

    Parameters
    ----------
    preload
        Modules that the parent imports instead of those that reports need.
    """

    preload = List(Unicode(), default_value=None, allow_none=True, config=True)

    child: Child | None = None
    fallback: str = ""
    status: int | None = None
    reason: str = ""
    _folder: Path | None = None

    @property
    def has_process(self) -> bool:
        """Whether there is a kernel, running or ended, that was not waited for yet."""
        return self.child is not None or bool(super().has_process)

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Choose the kernel's sockets: files in a private folder, where the manager would have raced for ports."""
        manager = self.parent
        if SUPPORTED and manager is not None and manager.transport == "tcp" and manager.ip in _LOOPBACK:
            self._use_files(manager)
        return dict(await super().pre_launch(**kwargs))

    def _use_files(self, manager: Any) -> None:
        """Before the first start alone: a restarted kernel listens where its clients know it."""
        if any(getattr(manager, f"{channel}_port") for channel in _CHANNELS):
            return
        try:
            self._folder = Path(tempfile.mkdtemp(prefix="k-", dir=private_folder()))
        except (NoPlace, OSError):
            return
        manager.transport = "ipc"
        manager.ip = str(self._folder / "s")
        manager.cache_ports = False

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel, or start a plain one; return how to reach it."""
        self.status, self.reason, self.fallback = None, "", ""
        try:
            await self._fork(cmd, kwargs)
        except SwitchedOff as error:
            self.fallback = str(error)
        except CannotFork as error:
            self.fallback = str(error)
            self.log.warning("the kernel is started the plain way: %s", error)
        if not self.fallback:
            return self.connection_info
        return await self._start_plain(cmd, kwargs)

    async def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> None:
        """Fork a kernel.

        Raises
        ------
        CannotFork
            Why not.
        """
        reason = _unfit(cmd, kwargs)
        if reason:
            raise CannotFork(reason)
        environment = dict(kwargs.get("env") or os.environ)
        limit = environment.pop(MEMORY_VARIABLE, "")
        arguments = list(dict.fromkeys([*cmd[cmd.index(_LAUNCHER) + 1 :], *NO_HISTORY]))
        with ExitStack() as opened:
            streams = _streams(kwargs, opened)
            self.child = await asyncio.get_running_loop().run_in_executor(
                None,
                lambda: start_child(
                    kernel_recipe(self.preload, environment),
                    arguments,
                    environment=environment,
                    folder=kwargs.get("cwd") or Path.cwd(),
                    streams=streams,
                    memory_bytes=int(limit) if limit.isdigit() else None,
                ),
            )
        self.pid = self.pgid = self.child.pid
        await self._listening()

    async def _start_plain(self, cmd: list[str], kwargs: dict[str, Any]) -> Any:
        """Start a kernel as ever; on Linux a keeper of its own watches over it."""
        environment = dict(kwargs.get("env") or os.environ)
        limit = environment.pop(MEMORY_VARIABLE, "")
        if SUPPORTED and not kwargs.get("independent"):
            cmd = wrapped(cmd, sys.executable, int(limit) if limit.isdigit() else None)
        return await super().launch_kernel(cmd, **{**kwargs, "env": environment})

    async def _listening(self) -> None:
        """Wait until the kernel listens: who connects too early tries again only after a tenth of a second."""
        manager = self.parent
        if manager is None or manager.transport != "ipc" or self.child is None:
            return
        wanted = {Path(f"{manager.ip}-{getattr(manager, f'{channel}_port')}") for channel in _CHANNELS}
        while wanted and self.child.poll() is None:
            wanted = {path for path in wanted if not path.exists()}
            await asyncio.sleep(_LISTEN_SECONDS)

    async def poll(self) -> int | None:
        """Return None while the kernel runs, else its exit status; 0 where there is none."""
        if self.child is None:
            status = await super().poll()
            return self._noted(status) if self.process is not None and status is not None else status
        status = self.child.poll()
        return status if status is None else self._noted(status)

    async def wait(self) -> int | None:
        """Wait for the kernel's end."""
        if self.child is None:
            await self.poll()
            status = await super().wait()
            return status if status is None else self._noted(status)
        while self.child.poll() is None:
            await asyncio.sleep(_POLL_SECONDS)
        status = self._noted(self.child.status or 0)
        self.child = None
        return status

    def _noted(self, status: int) -> int:
        """Keep how the kernel ended, for whoever asks later."""
        self.status = status
        if self.child is not None:
            self.reason = self.child.reason
        elif self.fallback and status == MEMORY_STATUS:
            self.reason = OVER_MEMORY
        return status

    async def send_signal(self, signum: int) -> None:
        """Send a signal to the kernel and the processes in its group."""
        if self.child is None:
            await super().send_signal(signum)
        else:
            self.child.send_signal(signum)

    async def kill(self, restart: bool = False) -> None:
        """Kill the kernel, with all that it started."""
        if self.child is not None:
            self.child.send_signal(signal.SIGKILL)
        elif self.process is not None and self.fallback:
            await self._end_plain(self.process)
            await super().kill(restart=restart)
        else:
            await super().kill(restart=restart)

    async def _end_plain(self, process: subprocess.Popen[Any]) -> None:
        """Let the keeper end the kernel and what it started; it has a second for that."""
        process.send_signal(END_SIGNAL)
        for _ in range(500):
            if process.poll() is not None:
                return
            await asyncio.sleep(_POLL_SECONDS)

    async def terminate(self, restart: bool = False) -> None:
        """Ask the kernel to end."""
        if self.child is None:
            await super().terminate(restart=restart)
        else:
            self.child.send_signal(signal.SIGTERM)

    async def cleanup(self, restart: bool = False) -> None:
        """Give back what the kernel held; its sockets' folder stays for the next one when it is restarted."""
        if self.child is not None and self.child.poll() is None:
            self.child.close()
        await super().cleanup(restart=restart)
        if self._folder is not None and not restart:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None


def _unfit(cmd: list[str], kwargs: dict[str, Any]) -> str:
    """Return why a kernel cannot be forked for this caller; empty when it can."""
    if kwargs.get("independent"):
        return "it is to outlive the process that starts it"
    if _LAUNCHER not in cmd:
        return f"its command is not python -m {_LAUNCHER}"
    if not _same_file(cmd[0], sys.executable):
        return f"its Python, {cmd[0]}, is not this process's"
    if subprocess.PIPE in (kwargs.get("stdout"), kwargs.get("stderr")):
        return "its output goes through a pipe of the caller's"
    return ""


def _same_file(left: str, right: str) -> bool:
    """Compare the paths, not what they link to: each virtual environment links to the same Python."""
    return Path(left).absolute() == Path(right).absolute()


def _streams(kwargs: dict[str, Any], opened: ExitStack) -> list[int]:
    """Return descriptors for standard input, output and error."""
    nothing = opened.enter_context(Path(os.devnull).open("r+b")).fileno()  # noqa: SIM115 - on the stack
    output = _descriptor(kwargs.get("stdout"), 1, nothing)
    error = output if kwargs.get("stderr") == subprocess.STDOUT else _descriptor(kwargs.get("stderr"), 2, nothing)
    return [nothing, output, error]


def _descriptor(given: Any, own: int, nothing: int) -> int:
    """Return the descriptor that an argument of `subprocess.Popen` stands for."""
    if given is None:
        return own
    if isinstance(given, int):
        return nothing if given == subprocess.DEVNULL else given
    return int(given.fileno())
