"""The playground as a reader uses it: by keyboard, on a telephone, and by an address that a colleague was sent."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from support.apps import serving
from support.example import copied_example

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SLOW = 60_000
LIVE = ".widget > .lm-Widget"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
JANUARY = "metrics=flights,on_time_share&by=carrier&where=%7B%22origin%22:%22JFK%22%7D&start=2013-01-01&end=2013-01-31"


@pytest.fixture(scope="module")
def playground(root, tmp_path_factory):
    """The address of the example's playground."""
    with serving(copied_example(root, tmp_path_factory.mktemp("example"))) as served:
        yield f"{served.address}app/metrics"


@pytest.fixture
def visit(open_page):
    """Open the playground, and wait until its widget is alive."""

    def visit(url, *arguments, **options):
        page, problems = open_page("data:,", *arguments, **options)
        page.set_default_timeout(SLOW)
        page.goto(url, wait_until="commit")
        page.locator(LIVE).get_by_role("button", name="Add metric").wait_for()
        page.wait_for_selector(".preview", state="detached")
        return page, problems

    return visit


def query_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_query(page, **wanted):
    """Wait until the address holds values; None for a name that it must not hold."""
    for _ in range(SLOW // 100):
        held = query_of(page)
        if all(held.get(name) == value for name, value in wanted.items()):
            return
        page.wait_for_timeout(100)
    pytest.fail(f"the address is {page.url}")


def tab_to(page, name):
    """Press Tab until the control called `name` has the focus."""
    focused = (
        "(e => e.labels?.[0]?.innerText || e.closest('label')?.innerText || e.innerText || '')(document.activeElement)"
    )
    seen = []
    for _ in range(60):
        page.keyboard.press("Tab")
        seen.append(page.evaluate(focused).strip().splitlines()[:1])
        if seen[-1] == [name]:
            return
    pytest.fail(f"'{name}' is not reached, but {seen}")


def choose(page, text):
    """Type the beginning of an option; a list forgets what was typed where a second passes between two letters."""
    for _ in range(10):
        page.keyboard.type(text)
        if page.evaluate("document.activeElement.value").startswith(text):
            return
        page.wait_for_timeout(1500)
    pytest.fail(f"'{text}' is not chosen")


def faults(problems):
    return [each for each in problems if "shared" not in each]  # Voila carries another version of JupyterLab's parts


def test_everything_is_reached_and_moved_by_keyboard(playground, visit, eventually):
    page, problems = visit(playground)
    tab_to(page, "Metric")
    choose(page, "On time sh")
    tab_to(page, "Add metric")
    page.keyboard.press("Space")
    wait_for_query(page, metrics="on_time_share")
    tab_to(page, "Dimension")
    page.keyboard.type("Carr")
    tab_to(page, "Add dimension")
    page.keyboard.press("Enter")
    wait_for_query(page, by="carrier")
    tab_to(page, "Period")
    page.keyboard.type("Mon")
    wait_for_query(page, by="month,carrier")
    tab_to(page, "First day")
    page.keyboard.type("12252013")
    wait_for_query(page, start="2013-12-25")
    tab_to(page, "Filter by")
    page.keyboard.type("Orig")
    tab_to(page, "Condition")
    page.keyboard.press("ArrowDown")
    values = "[...document.querySelectorAll('select')].find(e => e.labels[0]?.innerText == 'Value')"
    eventually(page, f"{values}?.length == 3")
    tab_to(page, "Value")
    page.keyboard.press("End")
    tab_to(page, "Add filter")
    page.keyboard.press("Space")
    wait_for_query(page, where='{"origin":{"not":"LGA"}}')
    tab_to(page, "Chart")
    page.keyboard.type("No")
    wait_for_query(page, chart="none")
    tab_to(page, "Show the SQL")
    page.keyboard.press("Space")
    page.locator(LIVE).locator("pre").get_by_text("origin != :").wait_for()
    page.locator(f"{LIVE} table").last.get_by_text("'LGA'").first.wait_for()
    assert "'LGA'" not in page.locator(f"{LIVE} pre").inner_text()
    page.get_by_role("button", name="Origin is not LGA").focus()
    page.keyboard.press("Space")
    wait_for_query(page, where=None)
    eventually(page, "document.activeElement.labels?.[0]?.innerText == 'Filter by'")  # not lost with the button
    assert faults(problems) == []


def test_an_address_opens_the_same_view_for_a_colleague(playground, visit):
    page, problems = visit(f"{playground}?{JANUARY}&order=-flights", 390, "dark")
    assert page.locator(f"{LIVE} figure.chart").count() == 2
    assert page.locator(f"{LIVE} tbody tr").first.inner_text().split() == ["B6", "3,327", "78.1%"]
    page.get_by_label("Order", exact=True).select_option(label="On time share, lowest first")
    wait_for_query(page, order="on_time_share", metrics="flights,on_time_share", start="2013-01-01")
    page.wait_for_selector(f"{LIVE} .asking", state="detached")
    rows = page.locator(f"{LIVE} tbody").inner_text()
    assert page.evaluate(OVERFLOW) <= 0
    colleague, _ = visit(page.url, 390, "dark")
    assert colleague.locator(f"{LIVE} tbody").inner_text() == rows
    assert colleague.get_by_label("Order", exact=True).input_value() == "On time share, lowest first"
    assert colleague.get_by_role("button", name="Origin is JFK").is_visible()
    assert colleague.locator("#parameters").count() == 0  # the address follows the widget; a form beside it would not
    assert faults(problems) == []


def test_the_rows_can_be_kept_as_csv(playground, visit):
    page, problems = visit(f"{playground}?{JANUARY}&order=-flights&limit=2")
    assert page.locator(f"{LIVE} tbody tr").count() == 2
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV, 10 rows").press("Enter")
    assert download.value.suggested_filename == "flights-on_time_share.csv"
    lines = Path(download.value.path()).read_bytes().decode().split("\r\n")
    assert lines[0] == "carrier,flights,on_time_share"
    assert lines[1].startswith("B6,3327,0.78")
    assert len(lines) == 12
    assert faults(problems) == []


def test_ranges_are_chosen_on_a_telephone_and_the_link_is_copied(playground, visit):
    page, problems = visit(
        f"{playground}?metrics=flights&by=origin", 390, permissions=["clipboard-read", "clipboard-write"]
    )
    page.get_by_label("Filter by", exact=True).select_option(label="Flight date")
    page.get_by_label("From day", exact=True).fill("2013-02-02")
    page.get_by_label("To day", exact=True).fill("2013-02-01")
    page.get_by_role("button", name="Add filter").click()
    page.get_by_role("alert").get_by_text("The range ends at 2013-02-01, before it begins at 2013-02-02.").wait_for()
    page.get_by_label("To day", exact=True).fill("2013-02-03")
    page.get_by_role("button", name="Add filter").click()
    wait_for_query(page, where='{"flight_date":{"from":"2013-02-02","to":"2013-02-03"}}')
    assert page.get_by_role("button", name="Flight date is from 2 Feb 2013 to 3 Feb 2013").is_visible()
    assert page.evaluate(OVERFLOW) <= 0
    page.wait_for_selector(f"{LIVE} .asking", state="detached")
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link is copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == page.url
    assert faults(problems) == []


def test_an_earlier_time_stands_beside_what_is_chosen(playground, visit):
    page, problems = visit(f"{playground}?metrics=flights&by=month&start=2013-04-01&end=2013-06-30")
    page.get_by_label("Compare with", exact=True).select_option(label="Previous period")
    wait_for_query(page, compare="previous_period")
    page.locator(LIVE).get_by_role("columnheader", name="Flights growth").wait_for()
    assert page.locator(f"{LIVE} tbody tr").first.inner_text().split("\t")[1:] == [
        "28,330",
        "27,004",
        "+1,326",
        "+4.9%",
    ]
    page.get_by_label("Last day", exact=True).fill("")
    page.keyboard.press("Tab")
    page.locator(LIVE).get_by_text("The end is missing. A comparison needs both days.").wait_for()
    assert faults(problems) == []


def test_a_mistake_in_the_address_is_a_sentence_and_can_be_mended(playground, visit):
    page, problems = visit(f"{playground}?metrics=on_time_shar&by=carrier", 390)
    text = page.locator(LIVE).inner_text()
    assert "There is no metric 'on_time_shar'. Did you mean 'on_time_share'?" in text
    page.get_by_role("button", name="on_time_shar ×", exact=True).click()
    page.get_by_text("Choose a metric.").wait_for()
    wait_for_query(page, metrics=None, by="carrier")
    page.get_by_label("Metric", exact=True).select_option(label="On time share")
    page.get_by_role("button", name="Add metric").click()
    page.wait_for_selector(f"{LIVE} figure.chart[data-drawn]")
    assert "Traceback" not in page.locator("main").inner_text()
    assert faults(problems) == []
