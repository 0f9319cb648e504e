"""The site says what the state says, and saying it twice changes nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics_lib.errors import PublishError
from analytics_lib.model.pages import ListedPage, ListedReport, Stale
from analytics_lib.publishing.site import BANNER_MARK, ShownPage, Site
from analytics_lib.publishing.versions import store_version

MORNING = datetime(2026, 1, 31, 6, tzinfo=UTC)
ASSETS = {"page.css": "page-1a.css", "page.js": "page-1b.js", "listing.js": "listing-1c.js", "vega.js": "vega-1d.js"}


@pytest.fixture
def site(tmp_path):
    site = Site(tmp_path / "site", tmp_path / "state", "Tried", ASSETS)
    site.keep_assets({name: name.encode() for name in ASSETS.values()})
    return site


@pytest.fixture
def shown(site):
    """Store a version of a page and return the page as the site shall show it."""

    def shown(name="north", text="first", stale=None):
        html = f"<body>{BANNER_MARK}<p>{text}</p>{BANNER_MARK}</body>".encode()
        folder = store_version(site.state, "sales", name, text, {"page.html": html})
        return ShownPage(f"sales/{name}.html", folder, stale, "UTC", MORNING)

    return shown


def listed(*pages):
    entries = [ListedPage(each.href, each.href, "", "passed", None, MORNING, each.stale) for each in pages]
    return [ListedReport("sales", "Sales", "", "me", "", (), "UTC", tuple(entries))]


def contents(site):
    return {str(path.relative_to(site.folder)): path.read_bytes() for path in site.folder.rglob("*") if path.is_file()}


def test_it_holds_pages_lists_and_shared_files(site, shown):
    pages = [shown("north"), shown("south")]
    assert site.project(pages, listed(*pages)) == len(contents(site))
    assert set(contents(site)) == {
        "index.html", "sales/index.html", "sales/north.html", "sales/south.html",
        *(f"_assets/{each}" for each in ASSETS.values()),
    }  # fmt: skip
    assert b"<p>first</p>" in contents(site)["sales/north.html"]


def test_a_report_of_one_page_has_no_list_of_its_own(site, shown):
    page = shown("index")
    site.project([page], listed(page))
    assert b"<p>first</p>" in contents(site)["sales/index.html"]


def test_saying_it_again_writes_nothing(site, shown):
    page = shown()
    site.project([page], listed(page))
    before = contents(site)
    assert site.project([page], listed(page)) == 0
    assert contents(site) == before


def test_what_changed_is_written_and_no_more(site, shown):
    pages = [shown("north"), shown("south")]
    site.project(pages, listed(*pages))
    pages[0] = shown("north", "second")
    assert site.project(pages, listed(*pages)) == 1
    assert b"<p>second</p>" in contents(site)["sales/north.html"]


def test_a_stale_page_wears_one_banner_and_takes_it_off(site, shown):
    well = shown()
    ill = shown(stale=Stale(MORNING, "dep_time is <null>", "checks"))
    site.project([ill], listed(ill))
    html = contents(site)["sales/north.html"].decode()
    assert html.count('class="banner"') == 1
    assert "dep_time is &lt;null&gt;" in html
    assert "<p>first</p>" in html
    site.project([well], listed(well))
    assert "banner" not in contents(site)["sales/north.html"].decode().replace(BANNER_MARK, "")


def test_what_a_person_broke_is_mended(site, shown):
    page = shown()
    site.project([page], listed(page))
    before = contents(site)
    (site.folder / "sales/north.html").write_text("broken")
    (site.folder / "_assets/page-1a.css").unlink()
    (site.folder / "sales/.part-1-north.html").write_text("left")
    assert site.project([page], listed(page)) == 2
    assert contents(site) == before


def test_older_pages_keep_their_shared_files(site, shown):
    newer = Site(site.folder, site.state, site.title, {**ASSETS, "page.css": "page-2a.css"})
    newer.keep_assets({"page-2a.css": b"new"})
    page = shown()
    newer.project([page], listed(page))
    assert {"_assets/page-1a.css", "_assets/page-2a.css"} <= set(contents(site))


def test_an_empty_site(site):
    site.project([], [])
    assert "index.html" in contents(site)


@pytest.mark.parametrize("which", ["site", "state"])
def test_a_file_where_a_folder_must_be(tmp_path, which):
    (tmp_path / which).write_text("a file")
    with pytest.raises(PublishError, match=f"the {which} cannot be written: it is a file"):
        Site(tmp_path / "site", tmp_path / "state", "Tried", ASSETS).require_writable()


def test_a_writable_place_stays_as_it_is(tmp_path):
    Site(tmp_path / "site", tmp_path / "state", "Tried", ASSETS).require_writable()
    assert [*(tmp_path / "site").iterdir(), *(tmp_path / "state").iterdir()] == []


def test_a_missing_version_changes_nothing(site, shown):
    page = shown()
    site.project([page], listed(page))
    before = contents(site)
    gone = ShownPage("sales/south.html", "versions/sales/south/gone", None, "UTC", MORNING)
    with pytest.raises(PublishError):
        site.project([shown("north", "second"), gone], listed(page, gone))
    assert contents(site) == before
