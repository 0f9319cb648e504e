"""The Papermill engine that runs every report: environment and folder are the kernel's own, nothing global changes."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from jupyter_client.manager import AsyncKernelManager
from nbformat.v4 import new_notebook
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, NotebookExecutionManager

from analytics_lib.kernels import NO_HISTORY
from analytics_lib.kernels.provisioner import MEMORY_VARIABLE
from analytics_lib.rendering.channels import PromptKernelClient
from analytics_lib.rendering.clients import PromptNotebookClient
from analytics_lib.rendering.remains import LOG_NAME

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from threading import Event

    from nbformat import NotebookNode

# Recording begins before the first cell: a notebook may read a file before it touches the library, or never touch it.
# A line whose value is None is not formatted for display.
_RECORDING: Final = [
    "--InteractiveShellApp.exec_lines=__import__('analytics_lib.recorder').recorder.recorder() and None",
    "--InteractiveShellApp.exec_lines=__import__('analytics_lib.rendering.remains').rendering.remains.log_crashes()",
]


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
    memory_bytes
        It is killed, with all that it started, when it holds more.
    stop
        An event that ends the kernel once it is set.
    cells_done
        Called before the kernel is ended.
    notebook
        The notebook as far as it ran; also there when the run failed, so that it can be saved and shown.
    status, reason
        How the kernel ended: its exit status, negative for a signal, and why somebody ended it.
    """

    folder: Path
    environment: Mapping[str, str]
    scratch: Path
    stop: Event | None = None
    memory_bytes: int | None = None
    cells_done: Callable[[], None] | None = None
    notebook: NotebookNode | None = None
    status: int | None = None
    reason: str = ""

    def note_end(self, provisioner: Any) -> None:
        """Keep how the kernel ended."""
        self.status = getattr(provisioner, "status", None)
        self.reason = getattr(provisioner, "reason", "")


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
    def execute_notebook(cls, nb: NotebookNode, *arguments: Any, run: KernelRun | None = None, **options: Any) -> Any:
        """Run all cells and return what Papermill is to look through for errors and to write.

        That is an empty notebook where none failed: a run's own notebook is written by whoever gave the `KernelRun`,
        and Papermill would turn it into text a second time, only to throw that away.
        """
        done = super().execute_notebook(nb, *arguments, run=run, **options)
        return done if run is None or _has_failed(done) else new_notebook(metadata=done.metadata)

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
            "extra_arguments": [*NO_HISTORY, *(_RECORDING if run else [])],
        }
        if run is None:
            PapermillNotebookClient(nb_man, **options).execute()
            return
        run.notebook = nb_man.nb
        with (run.scratch / LOG_NAME).open("wb") as log:
            client = PromptNotebookClient(nb_man, km=_manager(kernel_name, run.scratch), **options)
            client.owns_km = True
            client.stop = run.stop
            client.on_cell_executed = stop_at_exit
            client.ended = run.note_end
            client.cells_done = run.cells_done
            environment = {**run.environment, **({MEMORY_VARIABLE: str(run.memory_bytes)} if run.memory_bytes else {})}
            client.execute(cwd=str(run.folder), env=environment, stdout=log, stderr=log)


def _has_failed(notebook: NotebookNode) -> bool:
    """Return whether a cell has left an error, `sys.exit(0)` among them."""
    return any(
        cell.metadata.get("papermill", {}).get("exception")
        or any(output.output_type == "error" for output in cell.get("outputs", ()))
        for cell in notebook.cells
    )


def _manager(kernel_name: str, scratch: Path) -> AsyncKernelManager:
    """Return a manager whose kernel listens on sockets in a private folder: no port to race for, nobody listens in."""
    manager = AsyncKernelManager(kernel_name=kernel_name)
    manager.client_factory = PromptKernelClient
    if os.name == "posix":
        manager.transport = "ipc"
        manager.connection_file = str(scratch / "kernel.json")
        manager.ip = str(scratch / "socket")
    return manager
