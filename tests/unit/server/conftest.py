from __future__ import annotations

import asyncio
import threading

import pytest

from analytics_lib.server.serving import serve_until


@pytest.fixture
def served():
    """Serve a folder from another thread until the test ends; return its address."""
    stops = []

    def start(site):
        address, listening = [], threading.Event()

        async def run():
            stop = asyncio.Event()
            stops.append((asyncio.get_running_loop(), stop))

            def ready(url):
                address.append(url)
                listening.set()

            await serve_until(stop, site, port=0, ready=ready)

        thread = threading.Thread(target=asyncio.run, args=(run(),))
        thread.start()
        assert listening.wait(30)
        threads.append(thread)
        return address[0]

    threads: list[threading.Thread] = []
    yield start
    for loop, stop in stops:
        loop.call_soon_threadsafe(stop.set)
    for thread in threads:
        thread.join(30)
