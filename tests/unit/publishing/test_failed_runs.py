"""A stale page leads to the run that failed, as long as it is stale for that; then the run is gone from the site."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics_lib.model.pages import ListedPage, ListedReport, Stale
from analytics_lib.pipeline.pages import slug
from analytics_lib.publishing.banner import render_banner
from analytics_lib.publishing.listing import render_index, render_report_index
from analytics_lib.publishing.site import BANNER_MARK, ShownPage, Site, failed_href
from analytics_lib.publishing.versions import store_version

MORNING = datetime(2026, 1, 31, 6, tzinfo=UTC)
ASSETS = {"page.css": "page-1a.css", "page.js": "page-1b.js", "listing.js": "listing-1c.js", "vega.js": "vega-1d.js"}
RUN = "failed/sales/north.html"
LINK = '<a href="north~failed.html">See the run that failed</a>'


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "site", tmp_path / "state", "Tried", ASSETS)
    site.keep_assets({name: name.encode() for name in ASSETS.values()})
    kept = site.state / RUN
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"<p>as far as it ran</p>")
    return site


def shown(site, *, failed=False, name="north"):
    html = f"<body>{BANNER_MARK}<p>good</p></body>".encode()
    folder = store_version(site.state, "sales", name, "1", {"page.html": html})
    href = f"sales/{name}.html"
    if not failed:
        return ShownPage(href, folder, None, "UTC", MORNING)
    return ShownPage(href, folder, Stale(MORNING, "it broke", "rendering", failed_href(href)), "UTC", MORNING, RUN)


def files(site):
    return {path.name: path.read_bytes() for path in (site.folder / "sales").iterdir()}


def test_the_banner_leads_to_the_run(site):
    site.project([shown(site, failed=True)], [])
    assert files(site)["north~failed.html"] == b"<p>as far as it ran</p>"
    assert f"it broke. {LINK}".encode() in files(site)["north.html"]


def test_it_goes_with_the_banner(site):
    site.project([shown(site, failed=True)], [])
    site.project([shown(site)], [])
    assert files(site) == {"north.html": f"<body>{BANNER_MARK}<p>good</p></body>".encode()}


def test_saying_it_again_writes_nothing(site):
    assert site.project([shown(site, failed=True)], []) > 0
    assert site.project([shown(site, failed=True)], []) == 0


def test_a_run_that_was_removed_meanwhile_is_not_linked(site):
    page = shown(site, failed=True)
    (site.state / RUN).unlink()
    site.project([page], [])
    assert set(files(site)) == {"north.html"}
    assert b"it broke.</p>" in files(site)["north.html"]


def test_a_report_that_is_not_brought_up_to_date_keeps_its_run(site):
    site.project([shown(site, failed=True)], [])
    site.project([], [], only="other")
    assert "north~failed.html" in files(site)


@pytest.mark.parametrize("value", ["UA~failed", "~failed", "UA", "UA.failed", "index~failed", "a~b"])
def test_no_page_can_have_the_address_of_a_failed_run(value):
    """Whatever a page is called, its name holds no tilde; and each failed run's does."""
    assert "~" not in slug(value)
    assert "~" in failed_href(f"sales/{slug(value)}.html")


def test_a_banner_without_a_run_has_no_link():
    assert "<a" not in render_banner(Stale(MORNING, "it broke", "rendering"), "UTC")
    assert "<a" not in render_banner(Stale(MORNING, "rows are missing", "checks"), "UTC")


def listed(*pages):
    entries = [ListedPage(name, f"sales/{name}.html", "", "passed", None, MORNING, stale) for name, stale in pages]
    return ListedReport("sales", "Sales", "", "me", "", (), "UTC", tuple(entries))


def failed(name, reason="it broke"):
    return name, Stale(MORNING, reason, "rendering", f"sales/{name}~failed.html")


def test_the_lists_lead_there_too():
    report = listed(failed("north"), ("south", None))
    index = render_index([report], site_title="Tried", asset_names=ASSETS)
    assert '<a href="sales/north~failed.html">See the run that failed</a>' in index
    own = render_report_index(report, asset_names=ASSETS)
    assert '<a href="../sales/north~failed.html">See the run that failed</a>' in own


def test_pages_that_share_a_reason_share_a_link():
    index = render_index([listed(failed("north"), failed("south"))], site_title="Tried", asset_names=ASSETS)
    assert index.count("See the run that failed") == 1


def test_a_reason_is_a_sentence_before_the_link():
    report = listed(failed("north", "did you mean it?"), failed("south", "it broke"))
    index = render_index([report], site_title="Tried", asset_names=ASSETS)
    assert "did you mean it? <a" in index
    assert "it broke. <a" in index
