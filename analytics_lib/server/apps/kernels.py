"""The kernels of apps: one for each open page, gone soon after the page is."""

from __future__ import annotations

import asyncio
import os
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from traitlets import Bool, Float, Integer, Unicode

from analytics_lib.errors import KernelDied
from analytics_lib.kernels import KERNEL_NAME, NO_HISTORY
from analytics_lib.kernels.provisioner import MEMORY_VARIABLE
from analytics_lib.model.handover import RUN_FOLDER, WORKSPACE
from analytics_lib.rendering.channels import PromptKernelClient

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from jupyter_client.manager import AsyncKernelManager

FALLBACK: Final = "python3"

# What a kernel imports while it waits for a page. A forked one lacks only the widgets, which must find a kernel to
# register with as they are imported.
_WARM_UP: Final = "import analytics_lib.charts, analytics_lib.session, ipywidgets"


@dataclass
class Seat:
    """A kernel that a page has for itself, ready to run cells.

    Parameters
    ----------
    manager, client
        The kernel's manager, and a client whose channels are open.
    """

    manager: AsyncKernelManager
    client: PromptKernelClient


@dataclass(frozen=True)
class Claim:
    """A kernel that a page will have.

    Parameters
    ----------
    kernel_id
        What the page's script connects to.
    seat
        The kernel, as soon as it is ready.
    """

    kernel_id: str
    seat: asyncio.Task[Seat]


class AppKernels(AsyncMappingKernelManager):
    """Starts kernels for pages and ends them with the pages.

    A page that is closed says so, and its kernel ends at once. One whose connection is lost, or that never connects, is
    waited for a while. The culler of the base class ends those that nobody has used for long, also connected ones.

    One kernel more than there are pages stands ready, so that the next page does not wait for its start: it has run
    nothing yet, and gets folder and parameters with the page.
    """

    seats = Integer(20, help="Kernels that pages may have at the same time.").tag(config=True)
    patience = Float(60.0, help="Seconds that a kernel waits for a page that is not connected.").tag(config=True)
    spare = Bool(True, help="Whether a kernel stands ready for the next page.").tag(config=True)
    root = Unicode(help="The workspace's folder.").tag(config=True)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._ready: Claim | None = None
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._endings: set[asyncio.Task[None]] = set()
        # What kernels print by themselves is no reader's business; the file goes with the server.
        self._log_file = (Path(self.connection_dir) / "kernels.log").open("ab")

    @property
    def name(self) -> str:
        """The kernelspec that apps run in: the forked one where it is installed."""
        known = self.kernel_spec_manager.find_kernel_specs() if self.kernel_spec_manager else {}
        return KERNEL_NAME if KERNEL_NAME in known else FALLBACK

    @property
    def full(self) -> bool:
        """Whether no further page may have a kernel."""
        return len(self) - (self._ready is not None) >= self.seats

    def claim(self, folder: Path, memory_bytes: int | None = None) -> Claim:
        """Return a kernel for a page: the one that stands ready if there is one.

        Parameters
        ----------
        folder
            Where the page's notebook lies.
        memory_bytes
            The kernel is ended when it holds more; that is said as it starts, so it gets one of its own.
        """
        if memory_bytes is not None or self._ready is None:
            return self._claim(folder, memory_bytes=memory_bytes)
        ready, self._ready = self._ready, None
        return Claim(ready.kernel_id, asyncio.ensure_future(self._moved(ready, folder)))

    def prepare(self) -> None:
        """Let a kernel stand ready for the next page."""
        if self.spare and self._ready is None and not self.full:
            self._ready = self._claim(Path(self.root), warm_up=_WARM_UP)

    def release(self, claim: Claim) -> None:
        """End a page's kernel, also one that is still starting, without being waited for."""

        async def release() -> None:
            (seat,) = await asyncio.gather(claim.seat, return_exceptions=True)
            if isinstance(seat, Seat):
                seat.client.stop_channels()
            await self.end(claim.kernel_id)

        self._later(release())

    async def end(self, kernel_id: str) -> None:
        """End a kernel; one that is gone already is no error."""
        self._forget(kernel_id)
        if kernel_id in self:
            await self.shutdown_kernel(kernel_id)

    def end_soon(self, kernel_id: str) -> None:
        """End a kernel without being waited for."""
        self._later(self.end(kernel_id))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._endings.add(task)
        task.add_done_callback(self._endings.discard)

    def expect(self, kernel_id: str) -> None:
        """End a kernel unless a page connects to it soon."""
        self._forget(kernel_id)
        if kernel_id in self and not self._kernel_connections.get(kernel_id):
            loop = asyncio.get_running_loop()
            self._leaving[kernel_id] = loop.call_later(self.patience, self.end_soon, kernel_id)

    async def end_all(self) -> None:
        """End all kernels and wait until they are gone."""
        for kernel_id in list(self._leaving):
            self._forget(kernel_id)
        if self._ready is not None:
            self.release(self._ready)
        await asyncio.gather(*self._endings, return_exceptions=True)
        await self.shutdown_all(now=True)
        self._log_file.close()

    def notify_connect(self, kernel_id: str) -> None:
        """Notice that a page is connected: its kernel stays."""
        super().notify_connect(kernel_id)
        self._forget(kernel_id)

    def notify_disconnect(self, kernel_id: str) -> None:
        """Notice that a page is not connected any more: its kernel waits for a while."""
        super().notify_disconnect(kernel_id)
        self.expect(kernel_id)

    def remove_kernel(self, kernel_id: str) -> Any:
        """Forget a kernel that has ended, by itself or culled."""
        if self._ready is not None and self._ready.kernel_id == kernel_id:
            self._ready = None
        return super().remove_kernel(kernel_id)

    def _claim(self, folder: Path, *, warm_up: str = "", memory_bytes: int | None = None) -> Claim:
        kernel_id = str(uuid.uuid4())
        environment = self._environment(memory_bytes)
        return Claim(kernel_id, asyncio.ensure_future(self._start(kernel_id, folder, environment, warm_up)))

    async def _start(self, kernel_id: str, folder: Path, environment: dict[str, str], warm_up: str = "") -> Seat:
        try:
            await self.start_kernel(
                kernel_id=kernel_id,
                kernel_name=self.name,
                cwd=str(folder),
                env=environment,
                extra_arguments=[*NO_HISTORY],
                stdout=self._log_file,
                stderr=self._log_file,
            )
            manager = cast("AsyncKernelManager", self.get_kernel(kernel_id))
            client = PromptKernelClient(**manager.get_connection_info(session=True), parent=manager)
            client.start_channels()
            await client.wait_for_ready(timeout=self.kernel_info_timeout)
        except Exception as error:
            await self.end(kernel_id)
            raise KernelDied(f"the kernel did not start: {error}") from error
        if warm_up:
            client.execute(warm_up, silent=True)
        return Seat(manager, client)

    async def _moved(self, ready: Claim, folder: Path) -> Seat:
        """Return the kernel that stood ready, moved to a page's folder; a new one where it has died."""
        seat = await ready.seat
        if not await seat.manager.is_alive():
            return await self._start(ready.kernel_id, folder, self._environment())
        seat.client.execute(f"import os; os.chdir({str(folder)!r}); del os", silent=True)  # kernels work in order
        return seat

    def _forget(self, kernel_id: str) -> None:
        timer = self._leaving.pop(kernel_id, None)
        if timer is not None:
            timer.cancel()

    def _environment(self, memory_bytes: int | None = None) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if name != RUN_FOLDER}
        limit = {MEMORY_VARIABLE: str(memory_bytes)} if memory_bytes else {}
        return {**own, **limit, WORKSPACE: self.root, "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
