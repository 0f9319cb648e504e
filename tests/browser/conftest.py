"""Headless Chromium with the network cut, and a small site to open in it."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analytics_lib.model.checks import CheckResult, ExpectationResult
from analytics_lib.model.pages import ListedPage, ListedReport, PageFacts, ShownParameter, Source, Stale

REQUIRED = os.environ.get("ANALYTICS_REQUIRE_SERVICES") == "1"
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOCAL = ("file:", "data:", "http://127.0.0.1:", "http://localhost:")


class Opened(NamedTuple):
    """A page, and what its reader would call a fault."""

    page: Any
    problems: list[str]


def _without_browser(reason: str):
    if REQUIRED:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="module")
def chromium():
    """A running headless Chromium: the system's, else Playwright's own.

    For a module, since Playwright keeps an event loop running in the main thread, where later tests start their own.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _without_browser("Playwright is not installed")
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        path = found or playwright.chromium.executable_path
        if not Path(path).exists():
            _without_browser("Chromium is not installed")
        try:
            browser = playwright.chromium.launch(executable_path=path, args=list(QUIET))
        except Error as error:
            _without_browser(f"Chromium does not start: {error}")
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium):
    """Open an address with everything but files and loopback refused; collect whatever a reader would call a fault."""
    contexts = []

    def open_page(url, width=1400, scheme="light", *, charts=False, **options):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        contexts.append(context)
        context.set_default_timeout(10_000)
        problems: list[str] = []

        def guard(route):
            if route.request.url.startswith(LOCAL):
                route.continue_()
            else:
                problems.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", guard)
        page = context.new_page()
        page.on("console", lambda message: message.type in {"error", "warning"} and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("requestfailed", lambda request: problems.append(f"failed {request.url}"))
        page.on("response", lambda answer: answer.status >= 400 and problems.append(f"{answer.status} {answer.url}"))
        page.on("dialog", lambda dialog: (problems.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.goto(url)
        if charts:
            page.wait_for_selector(":root[data-charts=ready]", state="attached")
        return Opened(page, problems)

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def eventually():
    """Wait until an expression holds. Playwright's own wait evaluates in the page, which the page's policy forbids."""

    def eventually(page, expression, attempts=100):
        for _ in range(attempts):
            if page.evaluate(expression):
                return
            page.wait_for_timeout(100)
        pytest.fail(f"never became true: {expression}")

    return eventually


@pytest.fixture(scope="session")
def facts():
    rows = tuple({"flight": number, "note": "<img src=x onerror=alert(1)>"} for number in range(20))
    failed = ExpectationResult("x", "dep_time must not be null", "dep_time", "warning", False, "8,255 of 336,776", rows)
    passed = ExpectationResult("x", "carrier must be known", "carrier", "error", True, "0 unexpected")
    return PageFacts(
        report="network",
        title="Network overview <script>alert(1)</script>",
        finding="One departure in four leaves late, and evenings carry the delays of the whole day.",
        description="All departures",
        owner="Operations Research",
        audience="internal",
        tags=("ops",),
        parameters=(ShownParameter("origin", "Departure airport", "Newark (EWR)"),),
        data_through=datetime(2013, 12, 31),  # noqa: DTZ001 - a wall-clock reading
        sources=(Source("warehouse", datetime(2026, 11, 20, 11, 0, tzinfo=UTC)),),
        checks=(CheckResult("flights", "warehouse: ops.flights", (passed, failed)),),
        version=12,
        key="a1b2c3d4e5f6",
        rendered_at=datetime(2026, 11, 21, 4, 0, tzinfo=UTC),
        time_zone="America/New_York",
    )


@pytest.fixture(scope="session")
def notebook():
    """Every kind of output that a page draws, without a kernel."""
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    def cell(data, source="shown = 1"):
        return new_code_cell(source, outputs=[new_output("display_data", data=data)])

    cells = [
        new_markdown_cell("# Title of the notebook\n\nIntroduction."),
        new_code_cell("origin = 'EWR'", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Delays\n\n" + "A sentence that is long enough to need the whole measure. " * 8),
        *(cell({"application/vnd.vegalite.v5+json": chart}) for chart in _charts()),
        new_markdown_cell("## Carriers\n\n### In a table"),
        cell({"text/html": _table()}, "frame"),
        cell({"text/html": _styled()}, "frame.style"),
        cell({"text/html": "<b onclick=alert(1)>x</b><img src=x onerror=alert(1)><script>alert(1)</script>"}),
        cell({"text/markdown": "Tail <script>alert(1)</script> **N1**"}),
        cell({"image/svg+xml": _drawing(), "text/plain": "A drawing"}),
    ]
    return new_notebook(cells=cells)


def _charts():
    values = [
        {"month": f"2013-{month:02}-01", "late": (month * 7 % 11) / 40, "origin": origin}
        for month in range(1, 13)
        for origin in ("EWR", "JFK", "</script><script>alert(1)</script>")
    ]
    encoding = {
        "x": {"field": "month", "type": "temporal"},
        "y": {"field": "late", "type": "quantitative", "axis": {"format": "%"}},
        "color": {"field": "origin", "type": "nominal"},
        "tooltip": [{"field": "origin", "type": "nominal"}],
    }
    plain = {"data": {"values": values}, "mark": {"type": "line", "point": True}, "encoding": encoding}
    yield {**plain, "title": "Share late", "width": "container", "height": 240}
    yield {**plain, "mark": "bar", "width": 900, "description": "A wide chart"}
    panel = {"mark": "rect", "encoding": encoding, "width": 380, "height": 180}
    yield {"data": plain["data"], "hconcat": [panel, {**panel, "mark": "point"}]}
    facet = {"field": "origin", "type": "nominal", "columns": 3}
    yield {**plain, "mark": "area", "width": 200, "height": 120, "encoding": {**encoding, "facet": facet}}
    filtered = [
        {"filter": "datum.late > 0.05 && indexof(datum.origin, 'E') >= 0"},
        {"calculate": "datum.late * 100", "as": "p"},
    ]
    yield {**plain, "transform": filtered, "params": [{"name": "zoom", "select": "interval", "bind": "scales"}]}


def _table():
    import pandas as pd

    frame = pd.DataFrame(
        {
            "carrier": ["UA", "aa", "<script>alert(1)</script>", "B6"],
            "flights": ["58,665", "32,729", "9", "54,635"],
            "late": ["20.8 %", "15.6 %", "n/a", "-2.5 %"],
            "revenue": ["$1,200.50", "$99", "($5)", "$1,000"],
            "day": ["31 Dec 2013", "1 Jan 2013", "15 Jun 2013", "2 Jan 2013"],
            "delay": [12.5, float("nan"), 5.0, 5.0],
            "a_very_long_column_name_that_fills_the_width": ["x" * 30] * 4,
        }
    )
    return frame.to_html()


def _styled():
    import pandas as pd

    frame = pd.DataFrame({"late": [3.0, 22.0]}, index=pd.MultiIndex.from_tuples([("EWR", "UA"), ("EWR", "AA")]))
    return frame.style.map(lambda value: "background-color: #a3261c" if value > 10 else "").to_html()


def _drawing():
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><style>rect{fill:red}</style>'
        '<script>alert(1)</script><rect style="stroke:blue" width="40" height="40"/></svg>'
    )


@pytest.fixture(scope="session")
def site(tmp_path_factory, notebook, facts):
    """A site as it is published: shared files, one report's page with and without banner, the lists."""
    from analytics_lib.publishing.banner import render_banner
    from analytics_lib.publishing.listing import render_index, render_report_index
    from analytics_lib.rendering.assets import load_assets
    from analytics_lib.rendering.html import render_html

    folder = tmp_path_factory.mktemp("site with space")
    assets = load_assets()
    (folder / "_assets").mkdir()
    (folder / "network").mkdir()
    for name, content in assets.files.items():
        (folder / "_assets" / name).write_bytes(content)
    page = render_html(notebook, facts, assets=assets)
    (folder / "network" / "EWR.html").write_text(page, encoding="utf-8")
    stale = Stale(datetime(2026, 11, 21, 11, 0, tzinfo=UTC), "dep_time has <b>nulls</b>", "checks")
    banner = render_banner(stale, facts.time_zone, facts.rendered_at)
    stale_page = page.replace("<!-- analytics:banner -->", banner)
    (folder / "network" / "stale.html").write_text(stale_page, encoding="utf-8")
    reports = _reports(facts, stale)
    (folder / "index.html").write_text(
        render_index(reports, site_title="Reports", asset_names=assets.names), encoding="utf-8"
    )
    (folder / "network" / "index.html").write_text(
        render_report_index(reports[0], asset_names=assets.names), encoding="utf-8"
    )
    return folder


def _reports(facts, stale):
    def page(label, href, day, stale=None):
        made = datetime(2013, 12, day, tzinfo=UTC)
        return ListedPage(label, href, f"Finding of {label}", "passed", made, facts.rendered_at, stale)

    network = (page("EWR · Newark", "network/EWR.html", 30), page("JFK · Kennedy", "network/stale.html", 31, stale))
    revenue = (page("Revenue", "network/EWR.html", 1),)
    return [
        ListedReport("network", "Network", "Punctuality", "Ops", "all", ("ops", "late"), "America/New_York", network),
        ListedReport("revenue", "Revenue", "Orders", "Shop", "board", ("shop",), "UTC", revenue),
        ListedReport(
            "airlines", "Airlines", "Carriers", "Ops", "all", ("ops",), "UTC", (page("A", "network/EWR.html", 15),)
        ),
    ]


@pytest.fixture(scope="session")
def served(site):
    """The site's address on loopback, under the server's own headers."""
    from analytics_lib.server.serving import serve_until

    address, listening, stops = [], threading.Event(), []

    async def run():
        stop = asyncio.Event()
        stops.append((asyncio.get_running_loop(), stop))
        await serve_until(stop, site, port=0, ready=lambda url: (address.append(url), listening.set()))

    thread = threading.Thread(target=asyncio.run, args=(run(),))
    thread.start()
    assert listening.wait(30)
    yield address[0]
    loop, stop = stops[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
