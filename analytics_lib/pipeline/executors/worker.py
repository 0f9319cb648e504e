"""The worker's side of a run on a Dask cluster: this module runs in the worker's process."""

from __future__ import annotations

import os
import tempfile
import threading
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from distributed import Reschedule, get_worker
from sqlalchemy import make_url

from analytics_lib.errors import AnalyticsError, ExecutorError, RenderError
from analytics_lib.model.handover import WORKSPACE
from analytics_lib.pipeline.executors.environment import Environment, environment
from analytics_lib.pipeline.executors.executor import LocalExecutor
from analytics_lib.pipeline.executors.parcel import Parcel, Returned, content_mark, marks_of, require_workspace
from analytics_lib.workspace import load_workspace
from analytics_lib.workspace.folder import CONFIG_NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.model.handover import Handover
    from analytics_lib.rendering.runner import RunRequest

_IMPORTING: Final = threading.Lock()
_LOOK_SECONDS: Final = 0.2
_WANTED: Final = frozenset({"executing", "long-running"})
_RUNNING: Final = frozenset({"running", "paused", "closing_gracefully"})
_FILES: Final = frozenset({"duckdb", "sqlite"})


@dataclass(frozen=True)
class Description:
    """What a worker says of itself.

    Parameters
    ----------
    environment
        The code that it runs.
    root
        Where it looks for the workspace.
    present
        Whether the workspace is there.
    """

    environment: Environment
    root: Path
    present: bool


def describe(root: Path) -> Description:
    """Return what this worker is, for a workspace that lies at `root` where the build runs."""
    own = own_root(root)
    return Description(environment(), own, (own / CONFIG_NAME).is_file())


def own_root(root: Path) -> Path:
    """Return where the workspace lies on this machine: where the environment says, else where the build has it."""
    return Path(os.environ.get(WORKSPACE) or root)


def run_parcel(parcel: Parcel) -> Returned:
    """Run a notebook in a kernel of this machine and return what it left; what stops it is part of that."""
    worker = get_worker()
    address, local = str(worker.address), Path(worker.local_directory)
    root = own_root(parcel.request.root)
    with tempfile.TemporaryDirectory(prefix="run-", dir=local, ignore_cleanup_errors=True) as folder:
        request = parcel.unpacked(root, Path(folder), local)
        returned = Returned(address, root, local)
        unwanted = threading.Event()
        try:
            _require_same(parcel, request, address)
            with _IMPORTING:  # two threads importing it at once see half of it
                import_module("papermill")
            with _watched(worker, unwanted):
                executed = LocalExecutor(1, unwanted).run(request)
            returned = replace(returned, seconds=executed.seconds, marks=_marks(executed.handover, root, local))
        except CancelledError:
            raise Reschedule from None  # whoever waits for it all the same gets it from another worker
        except AnalyticsError as error:
            returned = replace(returned, error=error)
        except OSError as full:
            disk = RenderError(f"the run's folder cannot be written: {full.strerror}", where=f"worker {address}")
            returned = replace(returned, error=disk)
        return replace(
            returned, files={each.name: each.read_bytes() for each in Path(folder).iterdir() if each.is_file()}
        )


def _require_same(parcel: Parcel, request: RunRequest, address: str) -> None:
    """Refuse to make a page that would not be the build's own."""
    where = f"worker {address}"
    parcel.environment.require_same(environment(), where)
    require_workspace(request.root, (request.root / CONFIG_NAME).is_file(), where)
    if content_mark(request.notebook) != parcel.mark:
        raise ExecutorError(
            f"{request.shown} is not the notebook that lies here",
            where=where,
            hint="let all machines share the workspace's folder, or make the worker's image anew",
        )


def _marks(handover: Handover, root: Path, local: Path) -> dict[str, str | None]:
    """Return what tells whether the worker read the same files as lie where the build runs: databases among them."""
    workspace = load_workspace(root)
    told = [workspace.connection(name).url for name in handover.connections]
    urls = [make_url(url) for url in told if not url.startswith("file:")]  # Python opens those, and is heard
    databases = [Path(url.database) for url in urls if url.database and url.get_backend_name() in _FILES]
    return marks_of([*(path for path in handover.files if not path.is_relative_to(local)), *databases], root)


@contextmanager
def _watched(worker: Any, unwanted: threading.Event) -> Iterator[None]:
    """Set the event once nobody waits for this task any more: Dask itself cannot stop what it began."""
    key = worker.get_current_task()
    done = threading.Event()

    def look() -> None:
        while not done.wait(_LOOK_SECONDS):
            task = worker.state.tasks.get(key)
            if task is None or task.state not in _WANTED or worker.status.name not in _RUNNING:
                unwanted.set()
                return

    watcher = threading.Thread(target=look, name=f"watch-{key}", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
