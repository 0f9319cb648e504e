"""A kernel client that loses no time, and no message."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any, Final

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.channels import AsyncZMQSocketChannel
from traitlets import Type

_ASK_AGAIN_SECONDS: Final = 1.0
_HEARD_SECONDS: Final = 0.05
_OVERSLEPT_SECONDS: Final = 0.05


class WakefulChannel(AsyncZMQSocketChannel):
    """A channel that does not oversleep a message.

    What is sent goes past asyncio, and may take along the wake-up for what has just arrived: where a notebook shows
    widgets, whose outputs are sent back to the kernel, the stock channel then waits for ever.
    """

    async def get_msg(self, timeout: float | None = None) -> dict[str, Any]:  # type: ignore[override] # as the base does
        """Return the next message.

        Raises
        ------
        queue.Empty
            None came within `timeout` seconds.
        """
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            left = max(0.0, end - time.monotonic())
            try:
                message: dict[str, Any] = await super().get_msg(timeout=min(left, _OVERSLEPT_SECONDS))
            except Empty:
                if time.monotonic() >= end:
                    raise
            else:
                return message


class PromptKernelClient(AsyncKernelClient):
    """A kernel client that is ready once a reply and a broadcast have arrived.

    The stock client then waits until nothing has been broadcast for a fifth of a second, in every run.
    """

    shell_channel_class = Type(WakefulChannel)

    def start_channels(self, *_: bool, **__: bool) -> None:
        """Open the channels but the heartbeat, which nobody asks: the kernel's end is told by its provisioner."""
        super().start_channels(hb=False)

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel answers, and until what it broadcasts arrives here.

        Raises
        ------
        RuntimeError
            The kernel ended, or the time is over.
        """
        end = time.monotonic() + (float("inf") if timeout is None else timeout)
        while True:
            asked = self.kernel_info()
            if await self._replied(asked, end) and await self._heard():
                return

    async def _replied(self, asked: str, end: float) -> bool:
        """Wait for the reply to a question; False after a while, so that it is asked again."""
        again = time.monotonic() + _ASK_AGAIN_SECONDS
        while True:
            try:
                reply = await self.shell_channel.get_msg(timeout=_HEARD_SECONDS)
            except Empty:
                if not await self._async_is_alive():
                    raise RuntimeError("Kernel died before replying to kernel_info") from None
                if time.monotonic() > end:
                    raise RuntimeError("Kernel didn't respond in time") from None
                if time.monotonic() > again:
                    return False
                continue
            if reply["parent_header"].get("msg_id") == asked:
                self._handle_kernel_info_reply(reply)
                return True

    async def _heard(self) -> bool:
        """Return whether something broadcast has arrived: from then on nothing is missed."""
        try:
            await self.iopub_channel.get_msg(timeout=_HEARD_SECONDS)
        except Empty:
            return False
        return True
