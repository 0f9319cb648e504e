"""Run a notebook with parameters; say in a sentence what stopped it."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import CellExited, CellFailed, CellTimedOut, KernelDied, NotebookError, RenderError
from analytics_lib.kernels import KERNEL_NAME, OVER_MEMORY
from analytics_lib.model.handover import JOURNAL, REPORT, RUN_FOLDER, SHARED_FOLDER, WORKSPACE, Handover
from analytics_lib.model.sizes import show_size
from analytics_lib.rendering.remains import kept_remains
from analytics_lib.rendering.saving import save
from analytics_lib.rendering.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from threading import Event

    from nbformat import NotebookNode

    from analytics_lib.model.parameters import Value
    from analytics_lib.rendering.engine import KernelRun

_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class RunRequest:
    """One notebook to run.

    Parameters
    ----------
    notebook, shown
        The file, and its path as errors name it.
    parameters
        Values for its parameters cell.
    root
        The workspace's folder.
    folder
        An empty folder for this run; the executed notebook is saved there, also when the run fails.
    start_timeout, execution_timeout
        Seconds for the kernel to start, and for each cell.
    memory_bytes
        What the kernel and all that it starts may hold.
    shared
        Where kernels of one fan-out share what the database has answered.
    stop
        An event that ends the run, and its kernel, once it is set.
    cells_done
        Called when the last cell has run, or one has failed; the kernel only ends from then on.
    report
        Its name, for comments on queries.
    """

    notebook: Path
    shown: str
    parameters: Mapping[str, Value]
    root: Path
    folder: Path
    start_timeout: int
    execution_timeout: int
    stop: Event | None = None
    memory_bytes: int | None = None
    shared: Path | None = None
    cells_done: Callable[[], None] | None = None
    report: str = ""


@dataclass(frozen=True)
class Executed:
    """A notebook that ran to its end.

    Parameters
    ----------
    notebook
        The notebook with its outputs.
    handover
        What it handed over.
    seconds
        Wall time of the run, kernel start included.
    """

    notebook: NotebookNode
    handover: Handover
    seconds: float


def run_notebook(request: RunRequest) -> Executed:
    """Run a notebook in a fresh kernel.

    The kernel works in the notebook's own folder, as JupyterLab's does.

    Raises
    ------
    RenderError
        A cell raised, left, or took too long, or the kernel died.
    NotebookError
        Its kernel is not installed.
    """
    import logging

    from papermill import execute_notebook

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # what it would log, the error says
    environment = {
        **os.environ,
        RUN_FOLDER: str(request.folder),
        WORKSPACE: str(request.root),
        REPORT: request.report,
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **({SHARED_FOLDER: str(request.shared)} if request.shared else {}),
    }
    begun = time.perf_counter()
    with (
        scratch_folder(request.root) as scratch,
        kept_remains(scratch, request.folder, lambda: save(run.notebook, request.folder)),
        _sentences(run := _kernel_run(request, environment, scratch), request),
    ):
        execute_notebook(
            str(request.notebook).replace("{", "{{").replace("}", "}}"),
            None,
            parameters=dict(request.parameters),
            engine_name="analytics",
            kernel_name=KERNEL_NAME,
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            start_timeout=request.start_timeout,
            execution_timeout=request.execution_timeout,
            run=run,
        )
        notebook = run.notebook
        assert notebook is not None  # noqa: S101 - the engine sets it before the kernel starts
        _refuse_exit(notebook, request)
    save(notebook, request.folder)
    return Executed(notebook, read_handover(request.folder), time.perf_counter() - begun)


def _kernel_run(request: RunRequest, environment: Mapping[str, str], scratch: Path) -> KernelRun:
    from analytics_lib.rendering.engine import KernelRun

    return KernelRun(
        request.notebook.parent, environment, scratch, request.stop, request.memory_bytes, request.cells_done
    )


def read_handover(folder: Path) -> Handover:
    """Return what the notebook that ran with this folder handed over."""
    handover = Handover()
    journal = folder / JOURNAL
    if not journal.exists():
        handover.untraceable = "the kernel recorded nothing, so what the notebook reads is not known"
        return handover
    for line in journal.read_text(encoding="utf-8").splitlines():
        ((kind, value),) = json.loads(line).items()
        if kind == "recording":
            handover.recorded = True
        elif kind == "finding":
            handover.finding = value
        elif kind == "connection":
            handover.connections.add(value)
        elif kind == "tables":
            handover.add_tables(value["connection"], value["tables"])
        elif kind == "experiment":
            handover.experiments[value["name"]] = value["mark"]
        elif kind == "file":
            handover.files.add(Path(value))
        elif kind == "output":
            handover.outputs[value["name"]] = folder / value["file"]
        elif kind == "untraceable":
            handover.untraceable = value
    return handover


@contextmanager
def _sentences(run: KernelRun, request: RunRequest) -> Iterator[None]:
    """Turn what Papermill and nbclient raise into sentences."""
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    from analytics_lib.rendering.engine import KernelLeft

    try:
        yield
    except KernelLeft as left:
        raise _exited("exit()", _place(run.notebook, left.cell, request)) from None
    except PapermillExecutionError as error:
        # Papermill puts a message above the failed cell and numbers from there.
        raise _cell_error(error, request) from None
    except CellTimeoutError:
        raise CellTimedOut(
            f"the cell ran longer than {request.execution_timeout} s",
            where=_running_cell(run.notebook, request),
            hint="make it faster, or raise `execution_timeout` in the report file",
        ) from None
    except DeadKernelError:
        raise _died(run, _running_cell(run.notebook, request)) from None
    except NoSuchKernel:
        raise NotebookError(
            f"the kernel '{KERNEL_NAME}' is not installed",
            where=request.shown,
            hint="install the library anew: pip install --force-reinstall --no-deps analytics-lib",
        ) from None
    except RuntimeError as error:
        raise KernelDied(f"the kernel did not start: {error}", where=request.shown) from None


def _died(run: KernelRun, where: str) -> KernelDied:
    """Say how the kernel ended."""
    if run.reason == OVER_MEMORY:
        return KernelDied(
            f"the kernel held more than {show_size(run.memory_bytes or 0)}",
            where=where,
            hint="read less at a time, or raise `memory_limit` in the report file",
        )
    if run.status is not None and run.status < 0:
        return KernelDied(
            f"the kernel was ended by {signal.Signals(-run.status).name}",
            where=where,
            hint="somebody killed it, it crashed, or the machine ran out of memory",
        )
    status = f" with status {run.status}" if run.status is not None else ""
    return KernelDied(f"the kernel ended{status}", where=where, hint="the cell ended its process")


def _refuse_exit(notebook: NotebookNode, request: RunRequest) -> None:
    """Papermill takes ``sys.exit(0)`` for success and runs no further cell; half a page is no page."""
    for number, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", ()):
            if output.output_type == "error" and output.ename == "SystemExit":
                raise _exited(f"sys.exit({output.evalue})", _place(notebook, number, request))


def _cell_error(error: Any, request: RunRequest) -> RenderError:
    where = _place_of_source(error.source, error.cell_index, request)
    if error.ename == "SystemExit":
        return _exited(f"sys.exit({error.evalue})", where)
    line = _failing_line(error.traceback)
    evalue = _COLOUR.sub("", str(error.evalue)).strip()
    syntax = re.fullmatch(r"(?P<what>.*) \(\d+\.py, line (?P<line>\d+)\)", evalue)
    if syntax:
        return CellFailed(f"the cell is not Python: {syntax['what']}", where=f"{where}, line {syntax['line']}")
    first = " ".join(part.strip() for part in evalue.splitlines() if part.strip()) or "no message"
    where = f"{where}, line {line}" if line else where
    return CellFailed(f"the cell raised {error.ename}: {_shortened(first)}", where=where)


def _exited(call: str, where: str) -> CellExited:
    return CellExited(f"the cell called {call}", where=where, hint="let the notebook run to its end, or raise an error")


def _shortened(text: str, limit: int = 500) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _failing_line(traceback: list[str]) -> int | None:
    """Return the line of the cell that IPython's traceback points at."""
    text = _COLOUR.sub("", "\n".join(traceback))
    found = re.findall(r"(?:Cell In\[\d+\], line (\d+)|^-+> ?(\d+) )", text, re.MULTILINE)
    return next((int(first) for first, _ in found if first), None)


def _running_cell(notebook: NotebookNode | None, request: RunRequest) -> str:
    """Return the cell that was begun last: Papermill calls also those complete that never came back."""
    cells = notebook.cells if notebook else ()
    begun = [number for number, cell in enumerate(cells) if cell.metadata.get("papermill", {}).get("start_time")]
    return _place(notebook, begun[-1], request) if begun else request.shown


def _place(notebook: NotebookNode | None, index: int, request: RunRequest) -> str:
    """Return the cell as the analyst counts: injected cells do not count."""
    injected = sum(
        "injected-parameters" in cell.metadata.get("tags", ()) for cell in (notebook.cells[:index] if notebook else ())
    )
    return f"{request.shown} cell {index + 1 - injected}"


def _place_of_source(source: str, index: int, request: RunRequest) -> str:
    """Find the failed cell in the notebook as written; Papermill's own index counts what it added."""
    cells = json.loads(request.notebook.read_text(encoding="utf-8"))["cells"]
    texts = ["".join(cell["source"]) for cell in cells]
    near = [number for number, text in enumerate(texts) if text == source]
    number = min(near, key=lambda each: abs(each - index)) if near else index
    return f"{request.shown} cell {number + 1}"
