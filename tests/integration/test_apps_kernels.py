"""Kernels of apps: each page has one, talks to it through widgets alone, and takes it along when it goes."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import subprocess
import sys

import pytest
from support.apps import PID, UNUSED, WIDGET, Served, connected, is_gone, kernel_of, pid_of, serving, wait_until
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect


def test_a_page_without_widgets_leaves_no_kernel(bench, app):
    app("plain", PID)
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/plain").text
        wait_until(lambda: is_gone(pid_of(text)))
        wait_until(lambda: served.ask(f"/app/kernel/{kernel_of(text)}").text == '{"alive": false}')
        assert "voila.js" not in text


def test_a_reader_who_leaves_takes_the_kernel_along(bench, app):
    app("endless", PID, "import time\nwhile True:\n    time.sleep(0.1)")
    with serving(bench.root, **UNUSED) as served:
        with served.opened("/app/endless") as until:
            pid = pid_of(until("in /"))
            assert not is_gone(pid)
        wait_until(lambda: is_gone(pid))
        assert served.said == []


def test_a_page_with_widgets_keeps_its_kernel_until_it_is_closed(bench, app):
    app("widget", PID, WIDGET)
    with serving(bench.root, **UNUSED) as served:
        text = served.ask("/app/widget").text
        kernel = kernel_of(text)
        assert "voila.js" in text
        assert json.loads(served.ask(f"/app/kernel/{kernel}").text) == {"alive": True}
        model = json.loads(served.ask(f"/api/kernels/{kernel}").text)
        assert (model["id"], model["connections"]) == (kernel, 0)
        closed = served.ask(f"/voila/api/shutdown/{kernel}", "POST", Origin=served.address.rstrip("/"))
        assert closed.status == 204
        wait_until(lambda: is_gone(pid_of(text)))


def test_a_kernel_whose_page_never_connects_is_not_waited_for_long(bench, app):
    app("widget", PID, WIDGET)
    with serving(bench.root, patience=0.2, **UNUSED) as served:
        text = served.ask("/app/widget").text
        wait_until(lambda: is_gone(pid_of(text)))


def test_a_kernel_that_nobody_uses_is_culled_also_with_its_page_open(bench, app):
    app("widget", PID, WIDGET)

    async def stay(address, pid):
        async with connected(address):
            await asyncio.to_thread(wait_until, lambda: is_gone(pid))

    with serving(bench.root, cull_idle_timeout=1, cull_interval=1, **UNUSED) as served:
        text = served.ask("/app/widget").text
        asyncio.run(stay(f"ws{served.address[4:]}api/kernels/{kernel_of(text)}/channels", pid_of(text)))


def test_a_page_whose_connection_is_lost_is_waited_for(bench, app):
    app("widget", PID, WIDGET)

    async def come_and_go(address):
        async with connected(address):
            pass

    with serving(bench.root, patience=0.2, **UNUSED) as served:
        text = served.ask("/app/widget").text
        asyncio.run(come_and_go(f"ws{served.address[4:]}api/kernels/{kernel_of(text)}/channels"))
        wait_until(lambda: is_gone(pid_of(text)))


def test_more_pages_than_seats_are_turned_away_with_a_sentence(bench, app):
    app("widget", PID, WIDGET)
    with serving(bench.root, seats=1) as served:
        text = served.ask("/app/widget").text
        refused = served.ask("/app/widget")
        assert refused.status == 503
        assert "All 1 places are taken." in refused.text
        served.ask(f"/voila/api/shutdown/{kernel_of(text)}", "POST", Origin=served.address.rstrip("/"))
        wait_until(lambda: is_gone(pid_of(text)))
        wait_until(lambda: served.ask("/app/widget").status == 200)


def test_nothing_is_left_when_the_server_stops(bench, app):
    app("widget", PID, WIDGET)
    with serving(bench.root) as served:
        pids = [pid_of(served.ask("/app/widget").text) for _ in range(2)]
    assert all(map(is_gone, pids))


def test_a_notebook_that_holds_more_than_its_report_allows_is_stopped(bench):
    bench.notebook(
        "sales", PID, "kept = bytearray(10**9)\nkept[::4096] = b'x' * len(kept[::4096])\nimport time\ntime.sleep(60)"
    )
    bench.report("sales", app=True, memory_limit="500 MB")
    with serving(bench.root) as served:
        text = served.ask("/app/sales").text
        assert "The kernel died." in text
        assert "notebooks/sales.ipynb cell 3" in text


def test_the_command_serves_until_it_is_stopped(bench, app):
    app("widget", PID, WIDGET)
    command = [sys.executable, "-m", "analytics_lib.cli.app", "--workspace", str(bench.root), "apps", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        address = re.search(r"http://\S+", process.stdout.readline())[0]
        assert process.stdout.readline() == f"  Widget  {address}app/widget\n"
        text = Served(address).ask("/app/widget").text
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=120)
    assert process.returncode == 0
    assert said == ("", "")
    assert is_gone(pid_of(text))


def test_the_channels_take_what_widgets_say_and_nothing_else(bench, app, tmp_path):
    app("widget", PID, WIDGET)
    mark = tmp_path / "mark"

    def message(kind, content):
        header = {"msg_id": kind, "msg_type": kind, "session": "s", "username": "", "version": "5.3", "date": ""}
        return json.dumps(
            {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        )

    async def talk(address):
        with pytest.raises(HTTPClientError, match="403"):
            await websocket_connect(HTTPRequest(address, headers={"Origin": "https://evil.example"}))
        code = f"open({str(mark)!r}, 'w').close()"
        async with connected(address) as socket:
            await socket.write_message(message("execute_request", {"code": code, "silent": False}))
            await socket.write_message(message("comm_info_request", {"target_name": "jupyter.widget"}))
            while True:  # the kernel answers in order
                answer = json.loads(await socket.read_message())
                if answer["msg_type"] == "comm_info_reply":
                    return answer["content"]["comms"]

    with serving(bench.root, **UNUSED) as served:
        kernel = kernel_of(served.ask("/app/widget").text)
        assert asyncio.run(talk(f"ws{served.address[4:]}api/kernels/{kernel}/channels"))
        assert not mark.exists()
