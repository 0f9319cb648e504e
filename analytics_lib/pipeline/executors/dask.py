"""Runs notebooks on a Dask cluster: each is a task; a worker that dies loses nothing, its tasks go to another."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from analytics_lib.errors import ExecutorError, RenderError
from analytics_lib.pipeline.executors.environment import HINT, environment
from analytics_lib.pipeline.executors.parcel import Parcel, Returned, content_mark, require_workspace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from distributed import Client, Future

    from analytics_lib.pipeline.executors.worker import Description
    from analytics_lib.rendering.runner import Executed, RunRequest

CONNECT_SECONDS: Final = 10
CLOSE_SECONDS: Final = 2
WORKERS_SECONDS: Final = 30
"""How long a cluster may be without any worker."""

LOOK_SECONDS: Final = 5


def require_dask() -> None:
    """Refuse to go on without the package that talks to Dask.

    Raises
    ------
    ExecutorError
        It is not installed.
    """
    if find_spec("distributed") is None:
        raise ExecutorError(
            "Dask needs the package distributed", where="--executor", hint="pip install 'analytics-lib[dask]'"
        )


@dataclass
class DaskExecutor:
    """Runs notebooks on the workers of a Dask scheduler.

    Parameters
    ----------
    place
        ``HOST:PORT`` of the scheduler.
    root
        The workspace's folder on this machine.
    """

    place: str
    root: Path
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _client: Client | None = None
    _problem: ExecutorError | None = None
    _closed: bool = False

    @property
    def jobs(self) -> int:
        """How many notebooks the workers run at the same time: one in each of their threads."""
        threads: dict[str, int] = self._connected().nthreads()
        return max(1, sum(threads.values()))

    def run(self, request: RunRequest) -> Executed:
        """Run a notebook on whichever worker is free."""
        import nbformat

        from analytics_lib.rendering.runner import Executed, read_handover
        from analytics_lib.rendering.saving import EXECUTED_NAME

        client = self._connected()
        begun = time.time()
        parcel = Parcel(request, content_mark(request.notebook), environment())
        returned = self._returned(client, parcel)
        returned.unpack(request)
        if returned.error is not None:
            raise returned.error
        returned.require_same_files(request, begun)
        notebook = nbformat.read(request.folder / EXECUTED_NAME, as_version=4)
        return Executed(notebook, read_handover(request.folder), returned.seconds)

    def close(self) -> None:
        """Cancel what is under way, so that its kernels end, and leave the cluster."""
        with self._lock:
            self._closed = True
            client, self._client = self._client, None
        if client is not None:
            client.close(timeout=CLOSE_SECONDS)  # the scheduler cancels what nobody waits for

    def _connected(self) -> Client:
        with self._lock:
            if self._problem is not None:
                raise self._problem
            if self._client is None:
                if self._closed:
                    raise CancelledError
                try:
                    self._client = self._connect()
                except ExecutorError as problem:
                    self._problem = problem
                    raise
            return self._client

    def _connect(self) -> Client:
        from distributed import Client

        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what it would log, the errors say
        try:
            client = Client(f"tcp://{self.place}", timeout=CONNECT_SECONDS, set_as_default=False, name="analytics")
        except (OSError, ImportError, ValueError):
            raise ExecutorError(
                f"no Dask scheduler answers at {self.place}",
                where="--executor",
                hint="start one with `dask scheduler`, or leave the option out to render on this machine",
            ) from None
        try:
            self._require_workers(client)
        except ExecutorError:
            client.close(timeout=CLOSE_SECONDS)
            raise
        return client

    def _require_workers(self, client: Client) -> None:
        """Refuse a cluster without workers, or with one whose pages would not be this machine's."""
        try:
            client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError:
            raise ExecutorError(
                f"the cluster at {self.place} has no worker",
                where="--executor",
                hint=f"start one on each machine: dask worker {self.place}",
            ) from None
        for address, answer in client.run(_survey(str(self.root)), on_error="return").items():
            where = f"worker {address}"
            if isinstance(answer, OSError):
                continue  # it left meanwhile
            if isinstance(answer, Exception):
                raise ExecutorError(f"this analytics_lib is not installed there: {answer}", where=where, hint=HINT)
            environment().require_same(answer.environment, where)
            require_workspace(answer.root, answer.present, where)

    def _returned(self, client: Client, parcel: Parcel) -> Returned:
        """Let a worker run the notebook; wait for what it left."""
        shown = parcel.request.shown
        future: Future[Returned] | None = None
        try:
            future = client.submit(_task(), _packed(parcel), key=f"{shown}-{uuid4().hex}", pure=False)
            returned: Returned = self._waited(client, future, shown)
        except RenderError:
            raise
        except Exception as error:  # a task may raise anything, and so may a connection that breaks
            if self._closed:
                raise CancelledError from None
            raise self._told(error, future, shown) from error
        finally:
            if future is not None:
                future.release()
        return returned

    def _waited(self, client: Client, future: Future[Returned], shown: str) -> Any:
        alone_since: float | None = None
        while True:
            try:
                return future.result(timeout=LOOK_SECONDS)
            except TimeoutError:
                if future.status == "error":
                    raise
                alone = not client.nthreads()
            alone_since = (alone_since or time.monotonic()) if alone else None
            if alone_since is not None and time.monotonic() - alone_since > WORKERS_SECONDS:
                raise RenderError(
                    f"the cluster at {self.place} has had no worker for {WORKERS_SECONDS} s",
                    where=shown,
                    hint="see the workers' logs; the next build renders what is missing",
                )

    def _told(self, error: Exception, future: Future[Returned] | None, shown: str) -> RenderError | ExecutorError:
        """Return what Dask raised as a sentence."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            died = f"{error.allowed_failures + 1} workers" if error.allowed_failures else "the worker"
            return RenderError(
                f"{died} died while running the notebook",
                where=shown,
                hint=f"it may need more memory than a worker has; see the log of {error.last_worker.address}",
            )
        if isinstance(error, ImportError):
            return ExecutorError(f"this analytics_lib is not installed on a worker: {error}", where=shown, hint=HINT)
        if future is not None and future.status == "error":
            return RenderError(
                f"the worker failed: {type(error).__name__}: {error}", where=shown, hint="see the worker's log"
            )
        return RenderError(
            f"the Dask scheduler at {self.place} went away",
            where=shown,
            hint="see its log; the next build renders what is missing",
        )


def _packed(parcel: Parcel) -> bytes:
    """Return the parcel as bytes: the scheduler hands it on, and need not know this library."""
    import pickle

    return pickle.dumps(parcel)


# Functions within functions travel by value: a worker without this library, or with another, can still say so.


def _task() -> Callable[[bytes], Returned]:
    def run(parcel: bytes) -> Returned:
        import pickle

        from analytics_lib.pipeline.executors.worker import run_parcel

        return run_parcel(pickle.loads(parcel))  # noqa: S301 - whoever reaches a Dask worker can run code on it anyway

    return run


def _survey(root: str) -> Callable[[], Description]:
    def look() -> Description:
        from pathlib import Path

        from analytics_lib.pipeline.executors.worker import describe

        return describe(Path(root))

    return look
