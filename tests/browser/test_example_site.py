"""The example as a stakeholder opens it: real pages, from the file system and over HTTP, with the network cut."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from contextlib import contextmanager

import duckdb
import pytest
from support.example import copied_example

from analytics_lib.example.loads import load_sources
from analytics_lib.example.workspace import WAREHOUSE
from analytics_lib.pipeline import BuildRequest, Silent, build
from analytics_lib.workspace import load_workspace

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGES = [
    "network_overview/index.html",
    "revenue_overview/index.html",
    "returning_customers/index.html",
    "airline_on_time/UA.html",
    "airline_on_time/OO.html",
    "experiment_results/checkout.html",
    "experiment_results/search_ranking.html",
]
FEWEST = {"index.html": 0, "experiment_results/search_ranking.html": 1}
"""Charts of a page, where they are fewer than four: data that cannot be trusted are not drawn."""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def example(root, tmp_path_factory):
    """The example workspace with some of its pages published, one of a large and one of a tiny airline among them."""
    folder = copied_example(root, tmp_path_factory.mktemp("example"))
    workspace = load_workspace(folder)
    load_sources(workspace, Silent())
    requests = [(name, {}) for name in ("network_overview", "revenue_overview", "returning_customers")]
    requests += [("experiment_results", {})]
    requests += [("airline_on_time", {"carrier": carrier}) for carrier in ("UA", "OO")]
    for name, parameters in requests:
        result = build(workspace, BuildRequest((name,), parameters), Silent())
        assert result.exit_code == 0, [str(page.error) for page in result.pages]
    return folder


@pytest.mark.parametrize("name", ["index.html", *PAGES])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_open_offline_without_a_fault(example, open_page, name, width, scheme):
    page, problems = open_page((example / "site" / name).as_uri(), width, scheme, charts=name != "index.html")
    figures = page.locator("figure.chart")
    assert page.locator("figure.chart .canvas svg.marks").count() == figures.count()
    assert figures.count() >= FEWEST.get(name, 4)
    assert all(figures.nth(i).get_attribute("aria-label") for i in range(figures.count()))
    assert page.locator(".failed").count() == 0
    assert page.evaluate(OVERFLOW) <= 0
    assert problems == []


@contextmanager
def served(folder):
    """Run `analytics serve` and stop it as a person does, with Ctrl-C."""
    command = [sys.executable, "-u", "-m", "analytics_lib.cli.app", "-w", str(folder), "serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield re.search(r"http://[\d.:]+/?", server.stdout.readline())[0]
        finally:
            server.send_signal(signal.SIGINT)
    assert server.returncode == 0


def test_site_works_behind_the_servers_sandbox(example, open_page):
    with served(example) as address:
        page, problems = open_page(address)
        page.get_by_role("searchbox").fill("united")
        assert page.locator(".report:visible h2").all_inner_texts() == ["On-time performance"]
        page.get_by_role("link", name="UA · United Air Lines Inc.").click()
        page.wait_for_selector("figure.chart svg.marks")
        assert page.locator("h1").inner_text() == "On-time performance: United Air Lines Inc."
        assert problems == []


def test_a_carriers_numbers_are_those_of_the_warehouse(example, open_page):
    with duckdb.connect(str(example / WAREHOUSE), read_only=True) as database:
        flights, on_time, network = database.execute(
            """
            select count(*) filter (carrier = 'UA'),
                   count(*) filter (carrier = 'UA' and arr_delay < 15) / count(*) filter (carrier = 'UA'),
                   count(*) filter (arr_delay < 15) / count(*)
            from ops.flights
            """
        ).fetchone()
    page, _ = open_page((example / "site/airline_on_time/UA.html").as_uri())
    finding = page.locator(".finding").inner_text()
    for number in (f"{flights:,}", f"{on_time:.1%}", f"{network:.1%}"):
        assert number in finding
    assert page.locator("body").inner_text().count(finding) == 1
