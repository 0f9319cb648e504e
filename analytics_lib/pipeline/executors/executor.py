"""What a build asks of whoever runs its notebooks."""

from __future__ import annotations

from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from threading import Event
from typing import TYPE_CHECKING, Protocol

from analytics_lib.errors import RenderError
from analytics_lib.rendering.runner import run_notebook

if TYPE_CHECKING:
    from analytics_lib.rendering.runner import Executed, RunRequest


class Executor(Protocol):
    """Runs notebooks for one build. Methods are called from several threads at a time."""

    @property
    def jobs(self) -> int:
        """How many notebooks it runs at the same time.

        Raises
        ------
        ExecutorError
            It cannot be reached, or what runs there is not what runs here.
        """

    def run(self, request: RunRequest) -> Executed:
        """Run a notebook, and lay what it leaves into the request's folder.

        Raises
        ------
        RenderError, NotebookError
            As `analytics_lib.rendering.runner.run_notebook`; also when the cluster is lost.
        ExecutorError
            It cannot run there as it would here.
        CancelledError
            It was closed meanwhile.
        """

    def close(self) -> None:
        """Stop what is under way, and free what is held."""


@dataclass(frozen=True)
class LocalExecutor:
    """Runs notebooks from this process, each in a kernel of its own.

    Parameters
    ----------
    jobs
        How many run at the same time.
    """

    jobs: int
    _stop: Event = field(default_factory=Event)

    def run(self, request: RunRequest) -> Executed:
        """Run a notebook in a fresh kernel of this machine; the thread's event loop is closed then."""
        from jupyter_core.utils import ensure_event_loop

        try:
            return run_notebook(replace(request, stop=self._stop))
        except RenderError:
            if self._stop.is_set():
                raise CancelledError from None
            raise
        finally:
            ensure_event_loop().close()

    def close(self) -> None:
        """End the kernels of notebooks under way."""
        self._stop.set()
