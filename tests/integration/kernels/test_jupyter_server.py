"""The kernel in a real Jupyter server, by its own API: as JupyterLab starts, interrupts, restarts and ends it."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
from support.kernels import gone
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

TOKEN = uuid.uuid4().hex


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """The address of a Jupyter server."""
    folder = tmp_path_factory.mktemp("server")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "jupyter", "server", "--no-browser", f"--port={port}", "--ServerApp.ip=127.0.0.1",
        f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", "--allow-root", "--log-level=WARN",
    ]  # fmt: skip
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(folder), "JUPYTER_RUNTIME_DIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        address = f"127.0.0.1:{port}"
        try:
            _wait(address, process, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait(20)


def _wait(address, process, log):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()
        try:
            ask(address, "GET", "kernelspecs")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
        else:
            return
    pytest.fail(log.read_text())


def ask(address, method, path, body=None):
    request = urllib.request.Request(
        f"http://{address}/api/{path}", method=method, data=json.dumps(body).encode() if body is not None else None,
        headers={"Authorization": f"token {TOKEN}"},
    )  # fmt: skip
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


async def run(address, kernel, code, *, after=None):
    """Run code over a websocket, as JupyterLab does; return what it printed and how it ended."""
    url = f"ws://{address}/api/kernels/{kernel}/channels?token={TOKEN}"
    line = await websocket_connect(HTTPRequest(url, request_timeout=60))
    number = uuid.uuid4().hex
    header = {"msg_id": number, "username": "", "session": uuid.uuid4().hex, "msg_type": "execute_request",
              "version": "5.3"}  # fmt: skip
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    await line.write_message(json.dumps(message))
    printed, status, idle = "", None, False
    while not (status and idle):
        answer = json.loads(await asyncio.wait_for(line.read_message(), 60))
        if answer["parent_header"].get("msg_id") != number:
            continue
        kind = answer["msg_type"]
        if kind == "stream":
            printed += answer["content"]["text"]
            if after is not None:
                await asyncio.to_thread(after)
                after = None
        elif kind == "execute_reply":
            status = answer["content"].get("ename") or answer["content"]["status"]
        idle = idle or (kind == "status" and answer["content"]["execution_state"] == "idle")
    line.close()
    while await line.read_message() is not None:
        pass
    return printed.strip(), status


def test_start_interrupt_restart_and_end(server):
    assert "analytics" in ask(server, "GET", "kernelspecs")["kernelspecs"]
    kernel = ask(server, "POST", "kernels", {"name": "analytics"})["id"]

    def execute(code, **options):
        return asyncio.run(run(server, kernel, code, **options))

    pid, status = execute("import os; kept = 1; print(os.getpid())")
    assert status == "ok"
    keeper = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]
    assert "analytics_lib.forking" in Path(f"/proc/{keeper}/cmdline").read_text(), "it was forked"
    assert execute(
        "import time; print('started', flush=True); time.sleep(60)",
        after=lambda: ask(server, "POST", f"kernels/{kernel}/interrupt"),
    ) == ("started", "KeyboardInterrupt")
    assert execute("print(kept)") == ("1", "ok")
    ask(server, "POST", f"kernels/{kernel}/restart")
    assert gone(int(pid))
    second, status = execute("import os; print(os.getpid())")
    assert status == "ok"
    assert second != pid
    assert execute("print(kept)")[1] == "NameError"
    ask(server, "DELETE", f"kernels/{kernel}")
    assert gone(int(second))


def test_a_kernel_that_dies_is_restarted_by_the_server(server):
    kernel = ask(server, "POST", "kernels", {"name": "analytics"})["id"]
    first, _ = asyncio.run(run(server, kernel, "import os; print(os.getpid())"))
    os.kill(int(first), 9)
    deadline = time.monotonic() + 60
    second = None
    while second is None and time.monotonic() < deadline:
        time.sleep(0.5)
        try:
            answer, status = asyncio.run(asyncio.wait_for(run(server, kernel, "import os; print(os.getpid())"), 5))
        except (TimeoutError, OSError):
            continue
        second = answer if status == "ok" and answer != first else None
    assert second, "the server's restarter brought it back"
    ask(server, "DELETE", f"kernels/{kernel}")
    assert gone(int(second))
