from __future__ import annotations

import pytest

from analytics_lib.model.theme import PAGE
from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.html import render_html

pytestmark = pytest.mark.browser

CHARTS = 5
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


@pytest.fixture
def address(site):
    return (site / "network" / "EWR.html").as_uri()


def column(page, number, table=0):
    body = page.locator(".output table").nth(table).locator("tbody tr")
    return body.evaluate_all(f"rows => rows.map(row => row.cells[{number}].textContent.trim())")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("way", ["file", "http"])
def test_page_opens_without_a_fault_and_draws_every_chart(open_page, address, served, width, scheme, way):
    url = address if way == "file" else f"{served}network/EWR.html"
    page, problems = open_page(url, width, scheme, charts=True)
    assert page.locator("figure.chart .canvas > svg, figure.chart .canvas svg.marks").count() == CHARTS
    assert page.locator(".failed").count() == 0
    assert page.locator(".canvas svg").evaluate_all("all => Math.min(...all.map(svg => svg.clientHeight))") > 80
    assert page.locator("figure.chart path[aria-roledescription], figure.chart .mark-line path").count() > 0
    assert page.evaluate(OVERFLOW) <= 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == rgb(PAGE[scheme].background)
    assert problems == []


def test_injected_script_is_text(open_page, address):
    page, problems = open_page(address, charts=True)
    assert page.locator("h1").inner_text() == "Network overview <script>alert(1)</script>"
    assert "<script>alert(1)</script>" in column(page, 1)
    assert page.get_by_text("Tail <script>alert(1)</script> N1").count() == 1
    page.locator(".output b").click()
    assert page.locator("[onclick], [onerror], .output script").count() == 0
    assert problems == []


def test_policy_stops_what_would_slip_through(open_page, address):
    page, problems = open_page(address)
    page.evaluate(
        """() => {
            const place = document.createElement("div");
            place.innerHTML = `<img src="x:y" onerror="window.hit = 1">
                <a id="probe" href="javascript:window.hit = 1">x</a>`;
            const script = document.createElement("script");
            script.textContent = "window.hit = 1";
            place.append(script);
            document.body.append(place);
            document.getElementById("probe").click();
        }"""
    )
    page.wait_for_timeout(200)
    assert page.evaluate("window.hit === undefined")
    assert any("Content Security Policy" in problem for problem in problems)


@pytest.mark.parametrize(
    ("head", "ascending", "missing"),
    [
        ("carrier", ["<script>alert(1)</script>", "aa", "B6", "UA"], []),
        ("flights", ["9", "32,729", "54,635", "58,665"], []),
        ("late", ["-2.5 %", "15.6 %", "20.8 %"], ["n/a"]),
        ("revenue", ["($5)", "$99", "$1,000", "$1,200.50"], []),
        ("day", ["1 Jan 2013", "2 Jan 2013", "15 Jun 2013", "31 Dec 2013"], []),
    ],
)
def test_columns_sort_by_what_they_mean(open_page, address, head, ascending, missing):
    page, problems = open_page(address)
    number = ["", "carrier", "flights", "late", "revenue", "day", "delay"].index(head)
    button = page.locator(".output table").first.get_by_role("button", name=head, exact=True)
    button.click()
    assert column(page, number) == ascending + missing
    assert page.locator("th[aria-sort=ascending]").inner_text().strip() == head
    button.click()
    assert column(page, number) == ascending[::-1] + missing
    assert page.locator("th[aria-sort=descending]").inner_text().strip() == head
    assert page.locator("th[aria-sort=ascending]").count() == 0
    assert problems == []


def test_sorting_works_by_keyboard_and_keeps_the_order_of_equals(open_page, address):
    page, _ = open_page(address)
    page.get_by_role("button", name="carrier", exact=True).click()
    before = column(page, 1)
    button = page.get_by_role("button", name="delay", exact=True)
    button.focus()
    page.keyboard.press("Enter")
    assert column(page, 6) == ["5.0", "5.0", "12.5", "NaN"]
    equals = [carrier for carrier in before if carrier in {"B6", "<script>alert(1)</script>"}]
    assert column(page, 1)[:2] == equals
    page.keyboard.press("Space")
    assert column(page, 6) == ["12.5", "5.0", "5.0", "NaN"]
    assert column(page, 1)[1:3] == equals


def test_merged_index_cells_are_filled_in_before_sorting(open_page, address):
    page, _ = open_page(address)
    table = page.locator(".output table").nth(1)
    table.get_by_role("button", name="late").click()
    table.get_by_role("button", name="late").click()
    assert column(page, 0, 1) == ["EWR", "EWR"]
    assert column(page, 1, 1) == ["AA", "UA"]


def test_numbers_stand_right_in_figures_of_one_width_and_text_left(open_page, address):
    page, _ = open_page(address)
    styles = (
        page.locator(".output table")
        .first.locator("tbody tr")
        .first.locator("td")
        .evaluate_all(
            "cells => cells.map(cell => [getComputedStyle(cell).textAlign, getComputedStyle(cell).fontVariantNumeric])"
        )
    )
    assert styles[0][0] == "left"
    assert styles[1][0] == "right"
    assert "tabular-nums" in styles[1][1]


def test_wide_table_scrolls_in_its_own_box_on_a_phone(open_page, address):
    page, _ = open_page(address, 390)
    box = page.locator(".output .scroll").first
    assert box.evaluate("box => box.scrollWidth - box.clientWidth") > 100
    assert page.evaluate(OVERFLOW) <= 0


def test_code_hides_behind_one_toggle(open_page, address):
    page, problems = open_page(address)
    toggle = page.get_by_role("button", name="Show code")
    assert page.locator("pre.code").first.is_hidden()
    toggle.click()
    assert page.locator("pre.code:visible").count() == page.locator("pre.code").count() > 3
    assert page.get_by_role("button", name="Hide code").get_attribute("aria-pressed") == "true"
    page.keyboard.press("Enter")
    assert page.locator("pre.code:visible").count() == 0
    assert problems == []


def test_theme_toggle_recolours_page_and_charts_and_is_remembered(open_page, eventually, address):
    page, problems = open_page(address, charts=True)
    page.get_by_role("button", name="Use dark colours").click()
    eventually(page, "[...document.querySelectorAll('figure.chart')].every(f => f.dataset.drawn === 'dark')")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(PAGE["dark"].background)
    label = page.locator(".canvas svg text[fill]").first.get_attribute("fill")
    assert label == PAGE["dark"].muted
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.get_by_role("button", name="Use light colours").count() == 1
    assert problems == []


def test_page_follows_the_system_while_nobody_chose(open_page, eventually, address):
    page, _ = open_page(address, charts=True)
    page.emulate_media(color_scheme="dark")
    eventually(page, "[...document.querySelectorAll('figure.chart')].every(f => f.dataset.drawn === 'dark')")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(PAGE["dark"].background)


def test_charts_follow_the_window(open_page, eventually, address):
    page, problems = open_page(address, 1400, charts=True)
    page.set_viewport_size({"width": 390, "height": 900})
    eventually(
        page,
        "[...document.querySelectorAll('.canvas')].every(c => c.querySelector('svg').clientWidth <= c.clientWidth + 1)",
    )
    assert page.evaluate(OVERFLOW) <= 0
    page.set_viewport_size({"width": 1400, "height": 900})
    eventually(page, "document.querySelector('#chart-1 svg').clientWidth > 600")
    eventually(page, "document.querySelector('#chart-2 svg').clientWidth > 600")
    assert problems == []


def test_tooltips_are_styled_and_escaped(open_page, address):
    page, problems = open_page(address, charts=True)
    point = page.locator("#chart-1 .mark-symbol path").nth(2)
    point.scroll_into_view_if_needed()
    point.hover()
    tooltip = page.locator("#vg-tooltip-element.visible")
    tooltip.wait_for()
    assert tooltip.evaluate("element => getComputedStyle(element).position") == "fixed"
    assert page.locator("#vg-tooltip-element script").count() == 0
    assert problems == []


def test_chart_that_cannot_be_drawn_says_what_it_would_show(open_page, tmp_path, notebook, facts, site):
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    broken = {"description": "Delays by month", "mark": "nonsense", "encoding": {}, "data": {"values": []}}
    outputs = [new_output("display_data", data={"application/vnd.vegalite.v5+json": broken})]
    text = render_html(new_notebook(cells=[new_code_cell("x", outputs=outputs)]), facts, assets=load_assets())
    (site / "network" / "broken.html").write_text(text, encoding="utf-8")
    page, _ = open_page((site / "network" / "broken.html").as_uri(), charts=True)
    notice = page.locator("figure.failed .notice")
    assert "Delays by month The chart could not be drawn" in notice.inner_text()
    assert page.locator("figure.failed[role=img]").count() == 0


def test_missing_chart_library_leaves_the_descriptions(open_page, site, tmp_path):
    folder = tmp_path / "network"
    folder.mkdir()
    (folder / "EWR.html").write_bytes((site / "network" / "EWR.html").read_bytes())
    (tmp_path / "_assets").mkdir()
    for file in (site / "_assets").iterdir():
        if not file.name.startswith("vega"):
            (tmp_path / "_assets" / file.name).write_bytes(file.read_bytes())
    page, _ = open_page((folder / "EWR.html").as_uri())
    page.wait_for_selector("figure.failed")
    assert page.locator("figure.failed").count() == CHARTS
    assert "A wide chart The chart could not be drawn" in page.locator("figure.failed .notice").nth(1).inner_text()


def test_self_contained_page_works_alone(open_page, tmp_path, notebook, facts):
    text = render_html(notebook, facts, assets=load_assets(), self_contained=True)
    (tmp_path / "alone.html").write_text(text, encoding="utf-8")
    page, problems = open_page((tmp_path / "alone.html").as_uri(), charts=True)
    assert page.locator(".canvas svg").count() == CHARTS
    page.get_by_role("button", name="flights", exact=True).click()
    assert column(page, 2) == ["9", "32,729", "54,635", "58,665"]
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == rgb(PAGE["light"].background)
    assert problems == []
