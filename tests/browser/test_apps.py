"""Apps as a reader opens them: with the network cut, in light and dark, wide and narrow."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from support.apps import is_gone, serving, wait_until
from support.bench import make_bench
from support.example import copied_example

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LIVE = ".widget > .lm-Widget"
# Voila carries another version of JupyterLab's parts than the widgets were built for; both say so and work.
KNOWN = re.compile(r"shared singleton module|No satisfying version .* of shared module")
SLOW = 60_000
OUTPUT = "import ipywidgets as widgets\nfrom IPython.display import display, HTML\n"


@pytest.fixture(scope="module")
def example(root, tmp_path_factory):
    """The address of the example's apps."""
    folder = copied_example(root, tmp_path_factory.mktemp("example"))
    with serving(folder) as served:
        for app in ("airline_explorer", "revenue_range", "revenue_overview"):
            assert served.ask(f"/app/{app}").status == 200
        yield served.address


@pytest.fixture
def app(tmp_path):
    """Write the notebook of an app into a workspace of its own."""
    bench = make_bench(tmp_path / "workspace")

    def app(name, *cells, parameters=""):
        bench.notebook(f"apps/{name}", *cells, parameters=parameters)
        return bench.root

    return app


@pytest.fixture
def visit(open_page):
    """Open an app; it is there as soon as its head is."""

    def visit(url, *arguments, **options):
        page, problems = open_page("data:,", *arguments, **options)
        page.set_default_timeout(SLOW)
        page.goto(url, wait_until="commit")
        return page, problems

    return visit


def faults(problems):
    return [each for each in problems if not KNOWN.search(each)]


def drawn(page):
    """Return what the live widget's chart draws, once it is there."""
    page.wait_for_selector(f"{LIVE} [data-drawn] .canvas svg.marks")
    page.wait_for_selector(".preview", state="detached")
    return page.locator(f"{LIVE} .canvas").first.inner_html()


def changed(page, before, act):
    """Do something and return the chart that takes the place of `before`."""
    act()
    for _ in range(SLOW // 100):
        charts = page.locator(f"{LIVE} [data-drawn] .canvas")
        if charts.count() == 1 and charts.first.inner_html() != before:
            return charts.first.inner_html()
        page.wait_for_timeout(100)
    pytest.fail("the chart never changed")


@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_list_leads_to_the_apps(example, open_page, width, scheme):
    page, problems = open_page(example, width, scheme)
    assert page.locator(".report h2").all_inner_texts() == [
        "Airline explorer", "Metrics playground", "Revenue between two days", "Revenue overview",
        "Which campaign brings customers who come back?",
    ]  # fmt: skip
    assert page.evaluate(OVERFLOW) <= 0
    page.set_default_timeout(SLOW)
    for title, path in (("Revenue overview", "revenue_overview"), ("Which campaign", "returning_customers")):
        page.get_by_role("link", name=title).click()
        page.wait_for_selector(".finished", state="attached")
        assert urlsplit(page.url).path == f"/app/{path}"
        assert page.locator(".failed").count() == 0
        page.get_by_role("link", name="All apps").click()
        page.wait_for_selector(".report")
    assert faults(problems) == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (390, "dark"), (1400, "light"), (1400, "dark")])
def test_an_app_opens_with_the_parameters_of_its_address(example, visit, width, scheme):
    page, problems = visit(f"{example}app/airline_explorer?carrier=DL&origin=JFK&month=2013-07-14", width, scheme)
    drawn(page)
    assert page.get_by_label("Airline", exact=True).input_value() == "Delta Air Lines Inc. (DL)"
    assert page.get_by_label("Airport", exact=True).input_value() == "John F Kennedy Intl (JFK)"
    assert page.locator(".widget-readout").inner_text() == "Jul"
    assert "out of JFK in July 2013" in page.locator(LIVE).last.inner_text()
    assert page.locator(f"{LIVE} [data-drawn]").get_attribute("data-drawn") == scheme
    assert page.locator(".failed").count() == 0
    assert page.evaluate(OVERFLOW) <= 0
    assert faults(problems) == []


def test_moving_a_widget_changes_the_chart_and_the_table(example, visit):
    page, problems = visit(f"{example}app/airline_explorer")
    chart = drawn(page)
    rows = page.locator(f"{LIVE} table tbody").inner_text()
    chart = changed(
        page, chart, lambda: page.get_by_label("Airline", exact=True).select_option(label="Delta Air Lines Inc. (DL)")
    )
    assert page.locator(f"{LIVE} table tbody").inner_text() != rows
    assert "Delta Air Lines Inc.'s" in page.locator(LIVE).last.inner_text()
    page.evaluate("dispatchEvent(new Event('beforeunload'))")  # as a link to a mail address brings it about
    handle = page.locator(".noUi-handle")
    handle.focus()
    chart = changed(page, chart, lambda: handle.press("ArrowRight"))
    assert page.locator(".widget-readout").inner_text() == "Jan"
    assert "in January 2013" in page.locator(LIVE).last.inner_text()
    page.locator(f"{LIVE} .sort").first.click()  # tables inside widgets sort as all others do
    assert page.locator(f"{LIVE} th[aria-sort=ascending]").count() == 1
    assert faults(problems) == []


def test_choosing_other_days_changes_the_revenue(example, visit):
    page, problems = visit(f"{example}app/revenue_range?start=1997-01-01&end=1997-03-31")
    chart = drawn(page)
    assert page.get_by_label("First day", exact=True).input_value() == "1997-01-01"
    last = page.get_by_label("Last day", exact=True)

    def choose():
        last.fill("1997-01-20")
        last.blur()

    changed(page, chart, choose)
    assert "between January 1, 1997 and January 20, 1997" in page.locator(LIVE).last.inner_text()
    last.fill("")
    last.blur()
    page.get_by_text("Choose a first day and a last day").wait_for()
    assert faults(problems) == []


def test_a_report_is_an_app_with_its_parameters_in_a_form(example, visit):
    page, problems = visit(f"{example}app/revenue_overview?horizon=6")
    page.wait_for_selector(".finished", state="attached")
    assert "ordered more than once" in page.locator("#finding").inner_text()
    assert page.get_by_label("Months followed", exact=True).input_value() == "6"
    page.get_by_label("As of", exact=True).fill("1997-12-31")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**/app/revenue_overview?as_of=1997-12-31&horizon=6")
    page.wait_for_selector("figure.chart[data-drawn] svg.marks")
    page.wait_for_selector(".finished", state="attached")
    assert "December 31, 1997" in page.locator("#finding").inner_text()
    assert page.locator(".skeleton").is_hidden()
    assert page.locator("figure.chart").count() == page.locator("figure.chart .canvas svg.marks").count()
    assert faults(problems) == []


def test_a_bad_address_is_a_sentence_and_can_be_mended(example, open_page):
    page, problems = open_page(f"{example}app/revenue_overview?as_of=2031-01-01")
    page.set_default_timeout(SLOW)
    refusal = page.locator(".refusal").inner_text()
    assert "Parameter 'as_of': '2031-01-01' is out of range" in refusal
    assert "Give it a date such as 2026-01-31 from 1997-01-31 to 1998-06-30" in refusal
    assert all("400" in each for each in problems)
    page.get_by_label("As of", exact=True).fill("1998-06-30")
    page.get_by_role("button", name="Show").click()
    page.wait_for_selector(".finished", state="attached")


def test_the_theme_holds_for_widgets_and_what_they_show(example, visit):
    page, problems = visit(f"{example}app/airline_explorer", 1400, "light")
    drawn(page)
    ground = "getComputedStyle(document.querySelector('.widget select')).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Use dark colours").click()
    page.wait_for_selector(f"{LIVE} [data-drawn=dark]")
    assert page.evaluate(ground) != light
    assert faults(problems) == []


def test_a_skeleton_stands_where_cells_still_run(app, visit, tmp_path):
    go = tmp_path / "go"
    chart = "import pandas as pd\nfrom analytics_lib.charts import bar\n"
    chart += "bar(pd.DataFrame({'a': ['x', 'y'], 'b': [1, 2]}), 'a', 'b', description='Two bars')"
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists():\n    time.sleep(0.01)"
    root = app("slow", chart, wait, "print('last')")
    with serving(root) as served:
        page, problems = visit(f"{served.address}app/slow")
        page.wait_for_selector(
            "figure.chart[data-drawn] svg.marks"
        )  # what is there is drawn, though the page is not whole
        assert page.locator("#skeleton").is_visible()
        assert page.locator("#skeleton").inner_text() == "Running cell 3 of 4 …"
        skeleton, figure = (page.locator(each).bounding_box()["y"] for each in ("#skeleton", "figure.chart"))
        assert skeleton > figure
        go.touch()
        page.get_by_text("last", exact=True).wait_for()
        page.wait_for_selector("#skeleton", state="hidden")
        assert faults(problems) == []


def test_what_widgets_show_is_there_before_their_scripts_are(app, open_page):
    shown = "out = widgets.Output()\nwith out:\n    print('from the kernel')\nwidgets.VBox([widgets.IntSlider(), out])"
    root = app("early", OUTPUT + shown)
    with serving(root) as served:
        page, _ = open_page(f"{served.address}app/early", java_script_enabled=False)
        assert page.locator(".preview").inner_text() == "from the kernel"


def test_a_page_that_is_left_ends_its_kernel(app, visit):
    root = app("pid", OUTPUT + "import os\nprint('pid', os.getpid())\ndisplay(widgets.IntSlider())")
    with serving(root, patience=10**6) as served:  # nothing but the page itself ends it
        page, _ = visit(f"{served.address}app/pid")
        page.wait_for_selector(".noUi-handle")
        pid = int(page.locator("pre.stream").inner_text().split()[1])
        assert not is_gone(pid)
        page.goto("data:,")
        wait_until(lambda: is_gone(pid))


def test_a_browser_that_goes_away_ends_its_kernel(app, visit):
    root = app("pid", OUTPUT + "import os\nprint('pid', os.getpid())\ndisplay(widgets.IntSlider())")
    with serving(root, patience=10) as served:
        page, _ = visit(f"{served.address}app/pid")
        page.wait_for_selector(".noUi-handle")
        pid = int(page.locator("pre.stream").inner_text().split()[1])
        page.context.close()
        wait_until(lambda: is_gone(pid))


def test_a_page_whose_kernel_was_culled_says_so(app, visit):
    root = app("idle", OUTPUT + "import os\nprint('pid', os.getpid())\ndisplay(widgets.IntSlider(description='Move'))")
    with serving(root, cull_idle_timeout=4, cull_interval=1, spare=False) as served:
        page, _ = visit(f"{served.address}app/idle")
        page.wait_for_selector(".noUi-handle")
        wait_until(lambda: is_gone(int(page.locator("pre.stream").inner_text().split()[1])))
        banner = page.locator("#ended")
        for _ in range(SLOW // 1000):  # a page looks when somebody does something, but not at every turn
            page.locator(".noUi-handle").click()
            page.wait_for_timeout(1000)
            if banner.is_visible():
                break
        assert banner.is_visible()
        assert "Nobody used it for a long time" in banner.inner_text()
        banner.get_by_role("link").click()
        page.wait_for_selector(".noUi-handle")
        assert banner.is_hidden()


def test_errors_and_markup_inside_widgets_are_harmless(app, visit):
    hostile = "<b>fine</b><img src=x onerror=alert(1)><script>alert(1)</script>"
    act = f"""{OUTPUT}
def act(n):
    display(HTML({hostile!r} + str(n)))
    if n > 3:
        raise ValueError('<i>too</i> many')
n = widgets.IntSlider(value=3)
widgets.VBox([n, widgets.interactive_output(act, dict(n=n))])"""
    with serving(app("hostile", act)) as served:
        page, problems = visit(f"{served.address}app/hostile")
        page.locator(LIVE).get_by_text("fine3").wait_for()
        page.locator(".noUi-handle").press("ArrowRight")
        page.locator(f"{LIVE} .stopped").wait_for()
        text = page.locator(LIVE).inner_text()
        assert "The code raised ValueError: <i>too</i> many" in text
        assert "Traceback" not in text
        assert page.locator(f"{LIVE} :is(script, [onerror])").count() == 0
        assert not any("dialog" in each for each in problems)
