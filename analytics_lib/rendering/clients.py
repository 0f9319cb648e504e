"""Clients that lose no time: ready as soon as the kernel is, done as soon as it has ended."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final

from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

_END_SECONDS: Final = 2.0
_LOOK_SECONDS: Final = 0.1
_LAST_WORD_SECONDS: Final = 0.2


class PromptNotebookClient(PapermillNotebookClient):  # type: ignore[misc] # papermill ships no types
    """Papermill's client; a kernel that has ended is noticed at once, not at the next tenth of a second."""

    km: Any
    kc: Any
    task_poll_for_reply: Any

    stop: Event | None = None
    """Set from another thread, it ends the run."""

    cells_done: Callable[[], None] | None = None
    """Called before the kernel is ended."""

    ended: Callable[[Any], None] = staticmethod(lambda _: None)
    """Called with the provisioner once the kernel has ended."""

    async def _async_poll_kernel_alive(self) -> None:
        """Give up waiting for a reply soon after the kernel has ended; one that it sent just before still counts."""
        while not self._unwanted() and await self.km.is_alive():
            await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.sleep(_LAST_WORD_SECONDS)
        self.task_poll_for_reply.cancel()

    async def _async_check_alive(self) -> None:
        if self._unwanted():
            raise DeadKernelError("the run is no longer wanted")
        await super()._async_check_alive()

    def _unwanted(self) -> bool:
        return self.stop is not None and self.stop.is_set()

    async def _async_cleanup_kernel(self) -> None:
        manager = self.km
        if manager is None:
            return
        if self.cells_done is not None:
            self.cells_done()
        provisioner = manager.provisioner
        try:
            if manager.has_kernel and await manager.is_alive():
                await self._end(manager)
        finally:
            self.ended(provisioner)
            await manager.cleanup_resources()
            if self.kc is not None:
                self.kc.stop_channels()
                self.kc = None
            self.km = None

    async def _end(self, manager: Any) -> None:
        """Ask the kernel to end, so that its own clean-up runs; kill it when it does not, or is no longer wanted."""
        manager.shutting_down = True
        if self._unwanted():
            await manager.shutdown_kernel(now=True)
            return
        await manager.request_shutdown()
        try:
            await asyncio.wait_for(manager.provisioner.wait(), _END_SECONDS)
        except TimeoutError:
            await manager.shutdown_kernel(now=True)

    # nbclient calls this name from code that is not asynchronous
    def _cleanup_kernel(self) -> None:
        from jupyter_core.utils import run_sync

        run_sync(self._async_cleanup_kernel)()
