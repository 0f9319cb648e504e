"""The page of a failed run as whoever mends it opens it: from a banner, offline, in both colours, on a phone."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analytics_lib.errors import CellFailed
from analytics_lib.model.pages import ShownParameter, Stale
from analytics_lib.publishing.banner import render_banner
from analytics_lib.publishing.site import BANNER_MARK
from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.failures import FailedRun, render_failure

pytestmark = pytest.mark.browser

BEGUN = datetime(2026, 11, 21, 11, 0, tzinfo=UTC)
CHARTS = 5
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def failed(site, notebook):
    """Put a stale page and the run that failed on the site, with every kind of output above the failed cell."""
    trace = [f"frame {number} " + "wide " * 60 for number in range(30)]
    error = new_output("error", ename="ValueError", evalue="<img src=x onerror=alert(1)>", traceback=trace)
    broken = new_code_cell("values = frame['late' ]\nraise ValueError(values)", outputs=[error])
    run = [*deepcopy(notebook.cells), broken]
    for cell in run:
        cell.metadata["papermill"] = {"start_time": "2026-11-21T11:00:00"}
    waiting = [new_markdown_cell("## What would follow"), new_code_cell("shown = frame")]
    told = FailedRun(
        report="network", title="Network overview", owner="Operations Research", time_zone="America/New_York",
        parameters=(ShownParameter("origin", "Departure airport", "Newark (EWR)"),), begun=BEGUN,
        ended=BEGUN + timedelta(seconds=9),
        error=CellFailed("the cell raised E: <script>alert(1)</script>", where="notebooks/network.ipynb cell 15"),
        log="".join(f"line {number} " + "wide " * 80 + "\n" for number in range(80)),
        kept=".analytics/failed/network/halted.ipynb", page="halted.html",
    )  # fmt: skip
    html = render_failure(new_notebook(cells=[*run, *waiting]), told, assets=load_assets())
    (site / "network/halted~failed.html").write_text(html, encoding="utf-8")
    stale = Stale(BEGUN, "the cell raised ValueError", "rendering", "network/halted~failed.html")
    good = (site / "network/EWR.html").read_text(encoding="utf-8")
    page = good.replace(BANNER_MARK, render_banner(stale, "America/New_York", BEGUN))
    (site / "network/halted.html").write_text(page, encoding="utf-8")
    return site / "network/halted~failed.html"


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", ["file", "http"])
def test_the_banner_leads_there_and_back(open_page, failed, served, width, scheme, way):
    address = failed.with_name("halted.html").as_uri() if way == "file" else f"{served}network/halted.html"
    page, problems = open_page(address, width, scheme, charts=True)
    page.get_by_role("link", name="See the run that failed").click()
    page.wait_for_selector(":root[data-charts=ready]", state="attached")
    assert page.get_by_role("heading", level=1).inner_text() == "Network overview"
    assert page.locator("figure.chart .canvas svg.marks").count() == CHARTS
    for fold in page.locator("details").all():
        fold.locator("summary").first.click()
    assert page.evaluate(OVERFLOW) <= 0
    page.get_by_role("link", name="The last good page").click()
    page.wait_for_selector(".banner")
    assert problems == []


def test_nothing_of_it_acts(open_page, failed):
    page, problems = open_page(failed.as_uri(), charts=True)
    assert "<script>alert(1)</script>" in page.locator(".reason").inner_text()
    assert page.locator("[onerror], [onclick]").count() == 0
    assert problems == []


def test_links_lead_to_the_cell_and_open_the_log(open_page, failed, eventually):
    page, _ = open_page(failed.as_uri(), charts=True)
    page.get_by_role("link", name="Go to the cell").click()
    eventually(page, "Math.abs(document.getElementById('failed-cell').getBoundingClientRect().top) < innerHeight / 2")
    log = page.locator("#log pre")
    assert not log.is_visible()
    page.get_by_role("link", name="See the kernel’s log").click()
    log.wait_for(state="visible")  # opened once the browser tells of the new address, which is after the click
    assert "line 79" in log.inner_text()


def test_code_is_shown_and_can_be_hidden(open_page, failed):
    page, _ = open_page(failed.as_uri(), charts=True)
    code = page.locator(".failed-cell .code")
    assert code.is_visible()
    page.get_by_role("button", name="Hide code").click()
    assert not code.is_visible()
    page.get_by_role("button", name="Show code").click()
    assert code.is_visible()


def test_it_reads_without_a_script(open_page, failed):
    page, _ = open_page(failed.as_uri(), java_script_enabled=False)
    assert page.locator(".failed-cell .code").is_visible()
    waiting = page.locator(".waiting")
    assert waiting.locator("summary").inner_text() == "Cells 16 and 17 did not run"
    waiting.locator("summary").click()
    assert page.get_by_role("heading", name="What would follow").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_stand_out_from_their_ground(open_page, failed, scheme):
    """WCAG's contrast ratio for text: 4.5 to 1."""
    page, _ = open_page(failed.as_uri(), scheme=scheme, charts=True)
    ratio = """
    selector => {
      const luminance = colour => {
        const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map(each => each / 255)
          .map(each => each <= 0.03928 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const element = document.querySelector(selector);
      let ground = element;
      const clear = each => /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(each).backgroundColor);
      while (clear(ground)) ground = ground.parentElement;
      const [light, dark] = [getComputedStyle(element).color, getComputedStyle(ground).backgroundColor]
        .map(luminance).sort((a, b) => b - a);
      return (light + 0.05) / (dark + 0.05);
    }"""
    for selector in (
        ".overline",
        ".reason strong",
        ".reason a",
        ".name",
        ".waiting summary",
        ".log pre",
        ".error summary",
    ):
        assert page.evaluate(ratio, selector) >= 4.5, selector
