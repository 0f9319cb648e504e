"""What readers of other kinds get: by screen reader, on paper, without a script, under the server's sandbox."""

from __future__ import annotations

from itertools import pairwise

import pytest

pytestmark = pytest.mark.browser

CHARTS = 5


@pytest.fixture
def address(site):
    return (site / "network" / "EWR.html").as_uri()


def test_landmarks_names_and_outline(open_page, address):
    page, _ = open_page(address, charts=True)
    assert page.locator("html").get_attribute("lang") == "en"
    for role in ("banner", "main", "contentinfo"):
        assert page.get_by_role(role).count() == 1, role
    assert page.get_by_role("navigation", name="Contents").count() == 1
    assert page.get_by_role("heading", level=1).count() == 1
    levels = page.locator("h1,h2,h3,h4,h5,h6").evaluate_all("all => all.map(h => Number(h.tagName[1]))")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    names = [image.get_attribute("aria-label") for image in page.locator("figure.chart").all()]
    assert names[:2] == ["Share late. Line chart of late by month, coloured by origin.", "A wide chart"]
    assert page.get_by_role("img", name="A wide chart").count() == 1
    assert page.locator("img:not([alt])").count() == 0
    assert page.locator("th:not([scope])").count() == 0
    assert page.locator("button").evaluate_all("all => all.every(b => b.textContent.trim() || b.ariaLabel)")


def test_skip_link_is_the_first_stop(open_page, address):
    page, _ = open_page(address)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("document.activeElement.getBoundingClientRect().top") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_badge_opens_the_check_results(open_page, address):
    page, problems = open_page(address)
    assert page.get_by_text("dep_time must not be null").is_hidden()
    page.get_by_text("1 of 2 checks raised a warning").click()
    assert page.get_by_text("dep_time must not be null").is_visible()
    page.get_by_text("20 failing rows").click()
    assert page.get_by_text("<img src=x onerror=alert(1)>").count() == 20
    assert problems == []


def test_contents_lead_to_their_sections(open_page, address):
    page, _ = open_page(address, charts=True)
    page.get_by_role("link", name="In a table").click()
    assert page.evaluate("location.hash") == "#in-a-table"
    page.wait_for_selector('.contents a[aria-current][href="#in-a-table"]')


def test_contents_are_folded_on_a_phone(open_page, address):
    page, _ = open_page(address, 390)
    assert page.get_by_role("link", name="In a table").is_hidden()
    page.locator(".contents summary").click()
    assert page.get_by_role("link", name="In a table").is_visible()


def test_text_is_legible_in_both_modes(open_page, address):
    """Contrast as painted: each visible text against the nearest ground behind it."""
    worst = """() => {
        const parse = (text) => {
            const channels = text.match(/[\\d.]+/g).map(Number);
            return { rgb: channels.slice(0, 3), alpha: channels[3] ?? 1 };
        };
        const linear = (value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
        const luminance = (colour) => parse(colour).rgb.map((value) => linear(value / 255))
            .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
        const found = [];
        for (const element of document.querySelectorAll("body *")) {
            if (element.closest("svg") || !element.checkVisibility()) continue;
            if (![...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
            let ground = element;
            while (ground && parse(getComputedStyle(ground).backgroundColor).alpha === 0) ground = ground.parentElement;
            const pair = [getComputedStyle(element).color, getComputedStyle(ground || document.body).backgroundColor];
            const [low, high] = pair.map(luminance).sort((a, b) => a - b);
            found.push([(high + 0.05) / (low + 0.05), element.outerHTML.slice(0, 80)]);
        }
        return found.sort((a, b) => a[0] - b[0])[0];
    }"""
    for scheme in ("light", "dark"):
        page, _ = open_page(address.replace("EWR.html", "stale.html"), scheme=scheme, charts=True)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = true; })")
        page.get_by_role("button", name="Show code").click()
        ratio, element = page.evaluate(worst)
        assert ratio >= 4.5, (scheme, element)


def test_paper_is_light_and_whole(open_page, address):
    page, problems = open_page(address, scheme="dark", charts=True)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(500)  # what follows a change of size has happened by now
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator(".bar").is_hidden()
    assert page.get_by_text("Newark (EWR)").is_visible()
    assert page.locator(".paper > svg:visible").count() == CHARTS
    assert page.locator(".canvas:visible").count() == 0
    assert page.evaluate("[...document.querySelectorAll('.paper > svg')].every(svg => svg.clientWidth <= 700)")
    assert page.pdf(format="A4").startswith(b"%PDF")
    assert problems == []


def test_without_a_script_everything_is_still_said(open_page, address):
    page, _ = open_page(address, java_script_enabled=False)
    assert page.get_by_text("58,665").is_visible()
    assert page.get_by_text("A wide chart The chart is drawn by a script, which did not run.").is_visible()
    assert page.get_by_role("button", name="Show code").is_hidden()
    page.get_by_text("1 of 2 checks raised a warning").click()
    assert page.get_by_text("dep_time must not be null").is_visible()


def test_banner_stands_before_everything(open_page, address):
    page, problems = open_page(address.replace("EWR.html", "stale.html"), 390)
    banner = page.get_by_role("status")
    assert "Newer data was held back since 21 Nov 2026, 06:00 EST" in banner.inner_text()
    assert "<b>nulls</b>" in banner.inner_text()
    assert page.evaluate("document.body.firstElementChild.className") == "banner"
    assert problems == []


def test_served_page_works_in_its_sandbox(open_page, eventually, served):
    page, problems = open_page(f"{served}network/EWR.html", charts=True)
    assert page.evaluate("window.origin") == "null"
    page.get_by_role("button", name="Use dark colours").click()
    eventually(page, "[...document.querySelectorAll('figure.chart')].every(f => f.dataset.drawn === 'dark')")
    page.get_by_role("button", name="flights", exact=True).click()
    page.get_by_role("link", name="All reports").click()
    page.wait_for_url(f"{served}index.html")
    assert problems == []
