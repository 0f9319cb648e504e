from __future__ import annotations

import html
import json
import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from analytics_lib.model.pages import ListedPage, ListedReport, Stale
from analytics_lib.publishing.banner import render_banner
from analytics_lib.publishing.listing import MAX_LISTED_PAGES, render_index, render_report_index

NAMES = {"page.css": "page-1.css", "page.js": "page-2.js", "listing.js": "listing-3.js"}
# Wall-clock readings: how far data reaches has no zone unless the report states one.
YEAR_END, JUNE_END = datetime(2013, 12, 31), datetime(2013, 6, 30)  # noqa: DTZ001
LATE_EVENING = datetime(2013, 12, 31, 23, 0)  # noqa: DTZ001
RENDERED = datetime(2026, 11, 20, 11, 0, tzinfo=UTC)
HOSTILE = '"><script>alert(1)</script>'


def page(label="Overview", href="overview/index.html", **changes):
    made = ListedPage(label, href, "One in four is late", "passed", YEAR_END, RENDERED, None)
    return replace(made, **changes)


def report(*pages, **changes):
    made = ListedReport(
        "overview", "Overview", "All flights", "Ops", "all", ("ops", "late"), "America/New_York", pages or (page(),)
    )
    return replace(made, **changes)


def index(*reports):
    return render_index(reports, site_title="Analytics", asset_names=NAMES)


def text_of(page):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page)).split())


def attributes_of(page, tag):
    found = []

    class Collector(HTMLParser):
        def handle_starttag(self, name, attrs):
            if name == tag:
                found.append(dict(attrs))

    Collector().feed(page)
    return found


def test_index_shows_each_report_with_its_evidence():
    text = text_of(index(report(), report(title="Revenue", owner="Shop")))
    for expected in (
        "2 reports",
        "Overview",
        "Revenue",
        "Checks passed",
        "Data through 31 Dec 2013",
        "Owner Shop",
        "ops, late",
    ):
        assert expected in text


def test_links_lead_to_pages_and_shared_files():
    made = index(report())
    assert 'href="overview/index.html"' in made
    assert 'href="_assets/page-1.css"' in made
    assert 'src="_assets/listing-3.js"' in made
    assert 'src="../_assets/listing-3.js"' in render_report_index(report(), asset_names=NAMES)


def test_everything_from_people_and_data_is_escaped():
    stale = Stale(RENDERED, HOSTILE, "checks")
    hostile = report(
        page(HOSTILE, finding=HOSTILE, stale=stale),
        page(HOSTILE),
        title=HOSTILE,
        description=HOSTILE,
        owner=HOSTILE,
        tags=(HOSTILE,),
        audience=HOSTILE,
    )
    single = report(page(HOSTILE, finding=HOSTILE, stale=stale), title=HOSTILE)
    for made in (
        render_index([hostile, single], site_title=HOSTILE, asset_names=NAMES),
        render_report_index(hostile, asset_names=NAMES, site_title=HOSTILE),
    ):
        assert "<script>alert" not in made
        assert len(attributes_of(made, "script")) == 2
    rows = [row for row in attributes_of(index(hostile), "li") if "data-tags" in row]
    assert json.loads(rows[0]["data-tags"]) == [HOSTILE]


def test_filter_looks_through_title_description_tags_owner_and_pages():
    made = index(report(page("UA · United"), page("AA · American"), description="Punctuality", owner="Ops Research"))
    (words,) = [row["data-words"] for row in attributes_of(made, "li") if "data-words" in row]
    for word in ("overview", "punctuality", "ops research", "late", "ua · united", "aa · american"):
        assert word in words


def test_many_pages_lead_to_the_reports_own_list():
    pages = [page(f"Page {number}", f"overview/{number}.html") for number in range(MAX_LISTED_PAGES + 3)]
    made = index(report(*pages))
    assert f"overview/{MAX_LISTED_PAGES - 1}.html" in made
    assert f"overview/{MAX_LISTED_PAGES}.html" not in made
    assert f"All {MAX_LISTED_PAGES + 3} pages" in text_of(made)
    own = render_report_index(report(*pages), asset_names=NAMES)
    assert f'href="../overview/{MAX_LISTED_PAGES + 2}.html"' in own
    assert "27 pages" in text_of(own)


@pytest.mark.parametrize(
    ("kind", "words"), [("checks", "Newer data failed its checks"), ("rendering", "could not be made anew")]
)
def test_stale_page_says_since_when_and_why(kind, words):
    stale = Stale(datetime(2026, 11, 21, 11, 0, tzinfo=UTC), "dep_time has nulls", kind)
    for made in (index(report(page(stale=stale))), render_report_index(report(page(stale=stale)), asset_names=NAMES)):
        text = text_of(made)
        assert "Stale since 21 Nov 2026, 06:00 EST" in text
        assert words in text
        assert "dep_time has nulls" in text


def test_worst_badge_and_oldest_data_speak_for_the_report():
    made = index(report(page(), page(badge="warning", data_through=JUNE_END), page(data_through=None)))
    assert "Checks raised warnings" in text_of(made)
    assert "Data through 30 Jun 2013" in text_of(made)


def test_freshness_sorts_zoned_and_plain_moments_alike():
    made = index(
        report(page(data_through=datetime(2014, 1, 1, 3, 0, tzinfo=UTC)), title="A"),
        report(page(data_through=LATE_EVENING), title="B"),
        report(page(data_through=None), title="C"),
    )
    ranks = [int(row["data-fresh"]) for row in attributes_of(made, "li") if "data-fresh" in row]
    assert ranks[1] - ranks[0] == 3600
    assert ranks[2] == 0
    assert "not stated" in text_of(made)


def test_empty_site_says_what_to_do():
    made = index()
    assert "Nothing is published yet" in text_of(made)
    assert "analytics build" in made


def test_same_reports_give_the_same_bytes_and_a_time_when_asked():
    assert index(report()) == index(report())
    timed = render_index([report()], site_title="A", asset_names=NAMES, generated_at=RENDERED)
    assert "List made 20 Nov 2026, 11:00 UTC" in text_of(timed)


def test_banner_escapes_and_says_which_page_is_up():
    stale = Stale(datetime(2026, 11, 21, 11, 0, tzinfo=UTC), "<script>alert(1)</script>", "checks")
    banner = render_banner(stale, "America/New_York", RENDERED)
    assert 'role="status"' in banner
    assert text_of(banner).startswith(
        "This page is from 20 Nov 2026, 06:00 EST. Newer data was held back since 21 Nov 2026, 06:00 EST"
    )
    assert "<script>" not in banner
    assert "{" not in banner


def test_banner_of_a_failed_rendering_reads_otherwise_and_braces_stay():
    stale = Stale(RENDERED, "cell 3 raised KeyError: {x}.", "rendering")
    text = text_of(render_banner(stale, "UTC"))
    assert text == (
        "This page is not the newest. It could not be made anew since 20 Nov 2026, 11:00 UTC: "
        "cell 3 raised KeyError: {x}."
    )
