from __future__ import annotations

import pytest

pytestmark = pytest.mark.browser


@pytest.fixture(params=["file", "http"])
def address(request, site, served):
    return (site / "index.html").as_uri() if request.param == "file" else served


def titles(page):
    return page.locator(".report:visible h2").all_inner_texts()


def test_filter_narrows_and_announces(open_page, address):
    page, problems = open_page(address)
    assert titles(page) == ["Airlines", "Network", "Revenue"]
    box = page.get_by_label("Filter reports")
    for words, left in [
        ("kennedy", ["Network"]),
        ("OPS carr", ["Airlines"]),
        ("board", ["Revenue"]),
        ("late", ["Network"]),
    ]:
        box.fill(words)
        assert titles(page) == left
        assert page.locator(".count").inner_text() == "1 of 3 reports"
    assert page.locator(".count").get_attribute("role") == "status"
    box.press("Escape")
    assert len(titles(page)) == 3
    assert problems == []


def test_nothing_found_offers_the_way_back(open_page, address):
    page, _ = open_page(address)
    page.get_by_label("Filter reports").fill("zeppelin")
    assert titles(page) == []
    page.get_by_role("button", name="Clear the filter").click()
    assert len(titles(page)) == 3
    assert page.evaluate("document.activeElement.id") == "filter"


def test_tags_filter_by_keyboard(open_page, address):
    page, _ = open_page(address)
    tag = page.get_by_role("button", name="ops", exact=True)
    tag.focus()
    page.keyboard.press("Space")
    assert titles(page) == ["Airlines", "Network"]
    assert tag.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Space")
    assert len(titles(page)) == 3


@pytest.mark.parametrize(
    ("order", "expected"),
    [("fresh", ["Network", "Airlines", "Revenue"]), ("lagging", ["Revenue", "Airlines", "Network"]), ("title", None)],
)
def test_order_by_freshness(open_page, address, order, expected):
    page, _ = open_page(address)
    page.get_by_label("Order").select_option(order)
    assert titles(page) == (expected or ["Airlines", "Network", "Revenue"])


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_lists_fit_and_lead_on(open_page, address, width, scheme):
    page, problems = open_page(address, width, scheme)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    assert page.get_by_text("stale since 21 Nov 2026, 06:00 EST").is_visible()
    page.get_by_role("link", name="Network", exact=True).click()
    assert page.get_by_role("heading", level=1).inner_text() == "Network"
    page.get_by_label("Filter pages").fill("newark")
    assert titles(page) == ["EWR · Newark"]
    assert page.locator(".count").inner_text() == "1 of 2 pages"
    page.get_by_role("link", name="EWR · Newark").click()
    page.wait_for_selector(":root[data-charts=ready]", state="attached")
    assert problems == []


def test_list_reads_without_a_script(open_page, address):
    page, _ = open_page(address, java_script_enabled=False)
    assert len(titles(page)) == 3
    assert page.get_by_label("Filter reports").is_hidden()
