"""The server of apps in a thread of its own, and requests exactly as they are written."""

from __future__ import annotations

import asyncio
import http.client
import re
import threading
import time
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from tornado.websocket import websocket_connect

from analytics_lib.server.apps.serving import serve_apps_until
from analytics_lib.workspace import load_workspace

PATIENCE = 120
PID = "import os\nprint('pid', os.getpid(), 'in', os.getcwd())"
"""A cell that says which process runs it, and where."""
UNUSED = {"spare": False}
"""Options of a server that starts no kernel ahead of its page."""
WIDGET = "import ipywidgets\nipywidgets.IntSlider(value=3)"


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    text: str


@dataclass
class Served:
    """A running server: its address, and the sentences it printed for notebooks that stopped."""

    address: str
    said: list[str] = field(default_factory=list)

    def ask(self, path, method="GET", body=None, **headers):
        """Send one request exactly as written; a client library would tidy the path."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body=body, headers=names)
        answer = connection.getresponse()
        text = answer.read().decode("utf-8", "replace")
        connection.close()
        return Answer(answer.status, answer.headers, text)

    @contextmanager
    def opened(self, path):
        """Open a page and hand over a function that reads on until a text has come."""
        parts = urlsplit(self.address)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        received = bytearray()

        def until(text):
            while text.encode() not in received:
                part = answer.read1(1 << 16)
                assert part, f"the page ended without {text!r}: {received.decode()[-800:]}"
                received.extend(part)
            return received.decode()

        try:
            yield until
        finally:
            answer.close()
            connection.close()


@contextmanager
def serving(root, **options):
    """Serve the apps of the workspace at `root`; `options` are traits of the kernels."""
    ready, stops, served = threading.Event(), [], []

    async def run():
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))

        def report(error):
            served[0].said.append(str(error))

        def listening(address):
            served.append(Served(address))
            ready.set()

        await serve_apps_until(stop, load_workspace(root), port=0, ready=listening, report=report, options=options)

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield served[0]
    finally:
        loop, stop = stops[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        assert not thread.is_alive()


def is_gone(pid):
    """Whether a process has ended; one that nobody has asked about yet is gone too."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(holds):
    """Wait until something holds."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)


def pid_of(text):
    """Return the process that ran the cell `PID`, as its page tells."""
    return int(re.search(r"pid (\d+)", text)[1])


def kernel_of(text):
    """Return the kernel that a page belongs to."""
    return re.search(r'data-kernel="([\w-]+)"', text)[1]


@asynccontextmanager
async def connected(address):
    """Connect to a kernel's channels, as the page's script does."""
    socket = await websocket_connect(address)
    try:
        yield socket
    finally:
        socket.close()
        while await socket.read_message() is not None:
            continue  # what was under way; None says that the other side has closed as well
