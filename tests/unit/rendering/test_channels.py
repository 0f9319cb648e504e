from __future__ import annotations

import asyncio
import time
from queue import Empty

import pytest
import zmq
import zmq.asyncio
from jupyter_client.session import Session

from analytics_lib.rendering.channels import WakefulChannel


async def overslept(tmp_path):
    """Wait for a message whose wake-up another use of the socket takes along; return the message."""
    context = zmq.asyncio.Context()
    session = Session(key=b"")
    with zmq.Context() as plain, plain.socket(zmq.DEALER) as far:
        far.bind(f"ipc://{tmp_path}/s")
        near = context.socket(zmq.DEALER)
        near.connect(f"ipc://{tmp_path}/s")
        waiting = asyncio.ensure_future(WakefulChannel(near, session).get_msg(timeout=None))
        await asyncio.sleep(0.1)
        session.send(far, "execute_reply", {})
        shadow = zmq.Socket.shadow(near.underlying)
        while not shadow.getsockopt(zmq.EVENTS) & zmq.POLLIN:  # as sending does; asyncio does not learn of it
            time.sleep(0.001)
        try:
            return await asyncio.wait_for(waiting, 30)
        finally:
            near.close(linger=0)
            context.term()


def test_a_message_is_not_overslept(tmp_path):
    assert asyncio.run(overslept(tmp_path))["msg_type"] == "execute_reply"


def test_waiting_ends_when_the_time_is_over(tmp_path):
    async def wait():
        with zmq.asyncio.Context() as context, context.socket(zmq.DEALER) as near:
            near.bind(f"ipc://{tmp_path}/s")
            await WakefulChannel(near, Session(key=b"")).get_msg(timeout=0.12)

    with pytest.raises(Empty):
        asyncio.run(wait())
