"""The Papermill engine that runs every report: environment and folder are the kernel's own, nothing global changes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_client.manager import AsyncKernelManager
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from nbformat import NotebookNode

LOG_NAME: Final = "kernel.log"

# Parallel kernels would wait for each other's lock on the history database.
_QUIET: Final = ["--HistoryManager.enabled=False"]
# Recording begins before the first cell: a notebook may read a file before it touches the library, or never touch it.
_RECORDING: Final = ["--InteractiveShellApp.exec_lines=__import__('analytics_lib.recorder').recorder.recorder()"]


@dataclass
class KernelRun:
    """What one kernel is given, and the notebook it filled.

    Parameters
    ----------
    folder
        Working directory of the kernel.
    environment
        Its environment variables.
    scratch
        Folder for its sockets and its log; the path is short, as a socket's must be.
    notebook
        The notebook as far as it ran; also there when the run failed, so that it can be saved and shown.
    """

    folder: Path
    environment: Mapping[str, str]
    scratch: Path
    notebook: NotebookNode | None = None


class KernelLeft(Exception):
    """A cell called ``exit()``: the kernel ends once it is done, and takes a part of the next cell with it.

    Parameters
    ----------
    cell
        Its index.
    """

    def __init__(self, cell: int) -> None:
        super().__init__(cell)
        self.cell = cell


def stop_at_exit(*, cell_index: int, execute_reply: Mapping[str, Any], **_: object) -> None:
    """Stop at a cell that asked for its kernel's end; nbclient calls this after each cell."""
    if any(each.get("source") == "ask_exit" for each in execute_reply["content"].get("payload", ())):
        raise KernelLeft(cell_index)


class AnalyticsEngine(Engine):  # type: ignore[misc] # papermill ships no types
    """Runs a notebook in a kernel of its own.

    Papermill changes the working directory of the whole process and hands its own environment on; neither allows two
    notebooks at a time. Here both belong to the kernel. Without a `KernelRun`, as from ``papermill --engine
    analytics``, it behaves as Papermill's own engine does.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *,
        run: KernelRun | None = None,
        start_timeout: int = 60,
        execution_timeout: int | None = None,
        **_: Any,
    ) -> None:
        """Run all cells; stop at the first that fails."""
        options = {
            "kernel_name": kernel_name,
            "startup_timeout": start_timeout,
            "timeout": execution_timeout,
            "shutdown_kernel": "graceful",
            "extra_arguments": [*_QUIET, *(_RECORDING if run else [])],
        }
        if run is None:
            PapermillNotebookClient(nb_man, **options).execute()
            return
        run.notebook = nb_man.nb
        with (run.scratch / LOG_NAME).open("wb") as log:
            client = PapermillNotebookClient(nb_man, km=_manager(kernel_name, run.scratch), **options)
            client.owns_km = True
            client.on_cell_executed = stop_at_exit
            client.execute(cwd=str(run.folder), env=dict(run.environment), stdout=log, stderr=log)


def _manager(kernel_name: str, scratch: Path) -> AsyncKernelManager:
    """Return a manager whose kernel listens on sockets in a private folder: no port to race for, nobody listens in."""
    manager = AsyncKernelManager(kernel_name=kernel_name)
    if os.name == "posix":
        manager.transport = "ipc"
        manager.connection_file = str(scratch / "kernel.json")
        manager.ip = str(scratch / "socket")
    return manager
