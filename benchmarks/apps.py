"""An app's page with a parameter, until the last cell's output has arrived: `analytics apps` against stock Voila.

Both serve the same notebook and are asked over HTTP in the same way, one page after the other; the clock runs from the
request until the title of the notebook's last chart is in what was received. Stock Voila hands the query string to the
notebook as text, which this notebook does not read, so it shows the default; ours checks it and sets the parameter.

    python benchmarks/apps.py [--runs 5] [--quick]
"""

from __future__ import annotations

import http.client
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import measuring
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHOP = 7
START = 120
OURS = f"/app/reference?number={SHOP}"
STOCK = f"/voila/render/notebooks/reference.ipynb?number={SHOP}"


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the row."""
    workspace = measuring.reference(root, 1)
    apps = workspace / "notebooks" / "apps"
    apps.mkdir()
    shutil.copy(workspace / measuring.NOTEBOOK, apps)
    ours = [measuring.ANALYTICS, "apps", "--no-browser"]
    stock = [str(measuring.BIN / "voila"), "--no-browser", "--Voila.ip=127.0.0.1"]
    with _server(ours, workspace) as our_port, _server(stock, workspace) as stock_port:
        times = []
        for number in range(options.runs + 1):
            times.append((_seconds(our_port, OURS, SHOP), _seconds(stock_port, STOCK, 1)))
            measuring.note(f"app, run {number}: ours {times[-1][0]:.2f} s, stock {times[-1][1]:.2f} s")
    work = "app's page with a parameter, until the last cell's output"
    yield measuring.faster(work, "stock Voila", times[1:], 8)  # the first page of each warms it up


@contextmanager
def _server(command: list[str], folder: Path) -> Iterator[int]:
    """Run a server on a free port of this machine until the block ends."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with (folder / f"port-{port}.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(
            [*command, f"--port={port}"], cwd=folder, env=measuring.ENVIRONMENT, stdout=log, stderr=log
        )
        try:
            _wait(process, port, folder / log.name)
            yield port
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"the server did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _seconds(port: int, address: str, shop: int) -> float:
    """Ask for a page; return how long it took until the last cell's output was there."""
    wanted = f"Sales of shop {shop}".encode()
    begun = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START)
    connection.request("GET", address)
    answer = connection.getresponse()
    received = b""
    while wanted not in received:
        part = answer.read1(1 << 16)
        if not part:
            raise SystemExit(f"{address} answered {answer.status} without the last cell's output")
        received += part
    taken = time.perf_counter() - begun
    answer.read()
    connection.close()
    return taken


if __name__ == "__main__":
    measuring.main(__doc__, measure)
