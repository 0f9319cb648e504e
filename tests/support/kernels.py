"""Kernels for tests: started by name, asked for text."""

from __future__ import annotations

import os
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.manager import KernelManager

if TYPE_CHECKING:
    from collections.abc import Iterator


class CellError(Exception):
    """A cell raised; the message is ``ENAME: evalue``."""


@dataclass
class Kernel:
    """A running kernel and a client of it."""

    manager: KernelManager
    client: Any

    @property
    def pid(self) -> int:
        return int(self.run("import os; print(os.getpid())"))

    @property
    def provisioner(self) -> Any:
        return self.manager.provisioner

    def run(self, code: str, *, timeout: float = 60) -> str:
        """Run code; return what it prints."""
        text: list[str] = []
        reply = self.client.execute_interactive(
            code, timeout=timeout, allow_stdin=False, output_hook=lambda message: text.append(_text(message))
        )["content"]
        if reply["status"] != "ok":
            raise CellError(f"{reply.get('ename')}: {reply.get('evalue')}")
        return "".join(text).strip()

    def restart(self) -> None:
        self.manager.restart_kernel(now=False)
        self.client.wait_for_ready(timeout=60)


@contextmanager
def kernel(name: str = "analytics", *, now: bool = False, **options: Any) -> Iterator[Kernel]:
    """Start a kernel by its name; options go to `start_kernel`: env, cwd."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel(**options)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield Kernel(manager, client)
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=now)


def alive(pid: int) -> bool:
    """Return whether a process runs; one that has ended and was not collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone(*pids: int, seconds: float = 10) -> bool:
    """Wait until processes have ended; return whether they have."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not any(map(alive, pids)):
            return True
        time.sleep(0.02)
    return False


def memory_of(pid: int) -> bytes:
    """What a process holds in memory of its own."""
    found = bytearray()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw"):
                continue
            begin, end = (int(each, 16) for each in span.split("-"))
            try:
                memory.seek(begin)
                found += memory.read(end - begin)
            except (OSError, ValueError):
                continue
    return bytes(found)


def with_variables(**variables: str) -> dict[str, str]:
    return {**os.environ, **variables}


def _text(message: dict[str, Any]) -> str:
    return message["content"].get("text", "") if message["header"]["msg_type"] == "stream" else ""


DAEMON = """
import os, sys, time
read, write = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(write, str(os.getpid()).encode())
        os.close(0); os.close(1); os.close(2)
        time.sleep(600)
    os._exit(0)
print(os.read(read, 20).decode())
"""
"""A cell that starts a process of its own session and prints its number."""


def parent_of(one):
    """The parent of a kernel's keeper."""
    keeper = int(re.search(r"^PPid:\s+(\d+)", Path(f"/proc/{one.pid}/status").read_text(), re.MULTILINE)[1])
    return int(re.search(r"^PPid:\s+(\d+)", Path(f"/proc/{keeper}/status").read_text(), re.MULTILINE)[1])


def keeper_of(one):
    return int(re.search(r"^PPid:\s+(\d+)", Path(f"/proc/{one.pid}/status").read_text(), re.MULTILINE)[1])
