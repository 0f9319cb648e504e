"""The playground's widget, and charts, as an analyst sees them in JupyterLab."""

from __future__ import annotations

import csv
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest
from nbformat import write
from nbformat.v4 import new_code_cell, new_notebook
from support.example import copied_example

pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOW = 60_000
KERNEL = {"name": "python3", "display_name": "Python 3"}  # without, JupyterLab asks which
PATIENCE_S = 90
DRAWN = ".jp-OutputArea-output :is(canvas, svg.marks)"
CHART = """\
import analytics_lib as al
al.charts.bar(al.metrics().query('flights', 'origin'), 'flights', 'origin', description='x')"""
EXPLORER = "import analytics_lib as al\nal.metrics().explore('flights', 'month', start='2013-01-01', end='2013-12-31')"


@pytest.fixture(scope="module")
def lab(root, tmp_path_factory):
    """The address of JupyterLab on the example's workspace, and its token."""
    folder, settings = copied_example(root, tmp_path_factory.mktemp("example")), tmp_path_factory.mktemp("settings")
    for name, source in {"chart": CHART, "explorer": EXPLORER}.items():
        notebook = new_notebook(cells=[new_code_cell(source)], metadata={"kernelspec": KERNEL})
        write(notebook, folder / "notebooks" / f"{name}.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = uuid.uuid4().hex
    command = [
        sys.executable, "-m", "analytics_lib.cli.app", "-w", str(folder), "lab", "--no-browser", f"--port={port}",
        "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={token}", "--allow-root", "--log-level=WARN",
        "--LabApp.news_url=", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]  # fmt: skip
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "JUPYTERLAB_SETTINGS_DIR", "JUPYTERLAB_WORKSPACES_DIR")
    log = settings / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            command, stdout=said, stderr=said, env={**os.environ, **dict.fromkeys(places, str(settings))}
        )
        try:
            _wait(f"http://127.0.0.1:{port}/api/status?token={token}", process, log)
            yield f"http://127.0.0.1:{port}/lab/tree/notebooks/", token
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def _wait(address, process, log):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert process.poll() is None, log.read_text()
        try:
            urllib.request.urlopen(address, timeout=PATIENCE_S).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(log.read_text())


@pytest.fixture
def run(lab, open_page):
    """Open a notebook of one cell, run it, and return the page when it shows a chart."""

    def run(name):
        address, token = lab
        page, _ = open_page("data:,")
        page.set_default_timeout(SLOW)
        page.goto(f"{address}{name}.ipynb?token={token}&reset")
        page.locator(".jp-CodeCell .cm-content").first.click()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for(state="attached")
        page.keyboard.press("Control+Enter")
        page.wait_for_function("drawn => document.querySelector(drawn)", arg=DRAWN, polling=1000)
        return page

    return run


def width_of(page):
    return page.locator(DRAWN).first.evaluate("chart => chart.getBoundingClientRect().width")


def test_a_chart_has_a_width_and_the_tab_answers(run):
    page = run("chart")
    assert width_of(page) > 500


def test_the_widget_is_answered_and_its_rows_can_be_kept(run):
    page = run("explorer")
    explorer = page.locator(".explorer")
    assert explorer.get_by_text(re.compile(r"Flights by month, from 1 Jan 2013 to 31 Dec 2013: 12 rows\.")).count() == 1
    assert width_of(page) > 500
    page.get_by_label("Filter by", exact=True).select_option(label="Origin")
    value = page.get_by_label("Value", exact=True)
    value.locator("option", has_text="JFK").wait_for(state="attached")
    value.select_option(label="JFK")
    page.get_by_role("button", name="Add filter").press("Enter")
    explorer.get_by_text("Origin is JFK: 12 rows.").wait_for()
    page.get_by_label("Compare with", exact=True).select_option(label="Previous year")
    explorer.get_by_role("columnheader", name="Flights growth").wait_for()
    page.get_by_label("Show the SQL", exact=True).check()
    explorer.get_by_text("origin = :").first.wait_for()
    with page.expect_download() as download:
        explorer.get_by_role("link", name="Download CSV, 12 rows").press("Enter")
    assert download.value.suggested_filename == "flights.csv"
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 12
    assert rows[0]["flights"] == "9161"
    page.get_by_label("Last day", exact=True).fill("")
    page.keyboard.press("Tab")
    explorer.get_by_text("The end is missing.").wait_for()
