from __future__ import annotations

import json
import re
from dataclasses import replace

from nbformat.v4 import new_markdown_cell
from support.rendered import CHART, Outline, chart, code, display, rendered, text_of

from analytics_lib.model.checks import CheckResult, ExpectationResult
from analytics_lib.rendering.assets import load_assets


def test_facts_are_escaped_everywhere(facts):
    page = rendered(facts, new_markdown_cell("Hello"))
    outline = Outline(page)
    assert [attributes.get("src", "") for attributes in outline.all("script")] == [
        f"../_assets/{load_assets().names['page.js']}"
    ]
    assert not outline.all("img")
    assert not outline.all("b")
    assert "Network <script>title()</script>" in text_of(page)
    assert "<script>parameter()</script>" in text_of(page)


def test_header_carries_the_evidence(facts):
    text = text_of(rendered(facts, new_markdown_cell("Hello")))
    for expected in (
        "Data through 31 Dec 2013",
        "Source warehouse , changed 20 Nov 2026, 06:00 EST",
        "Rendered 20 Nov 2026, 23:00 EST",
        "Version 12 a1b2c3d4e5f6",
        "Owner Ops & <b>Research</b>",
        "No checks",
    ):
        assert expected in text


def test_banner_mark_stands_once_right_after_the_body_opens(facts):
    hostile = new_markdown_cell("<!-- analytics:banner -->")
    computed = code(display({"text/markdown": "<!-- analytics:banner -->"}))
    page = rendered(facts, hostile, computed)
    assert page.count("<!-- analytics:banner -->") == 1
    assert re.search(r"<body>\s*<!-- analytics:banner -->", page)


def test_checks_show_sentences_observations_and_rows(facts):
    rows = tuple({"flight": number, "note": "<script>row()</script>", "dep_time": None} for number in range(20))
    failed = ExpectationResult("x", "dep_time is not <null>", "dep_time", "warning", False, "8,255 of 336,776", rows)
    broken = ExpectationResult("x", "sum is right", None, "error", False, "", problem="no such column: <x>")
    passed = ExpectationResult("x", "carrier is known", "carrier", "error", True, "0 unexpected")
    facts = replace(facts, checks=(CheckResult("flights", "warehouse: ops.flights", (passed, failed, broken)),))
    page = rendered(facts, new_markdown_cell("Hello"))
    text = text_of(page)
    assert "2 of 3 checks failed" in text
    assert text.index("sum is right no such column: <x>") < text.index(
        "dep_time is not <null> 8,255 of 336,776 warning"
    )
    assert text.index("dep_time is not <null>") < text.index("carrier is known")
    assert "20 failing rows" in text
    assert text.count("<script>row()</script> null") == 20
    assert len(Outline(page).all("script")) == 1


def test_there_is_one_first_level_heading_and_no_skipped_level(facts):
    page = rendered(
        facts,
        new_markdown_cell("# The notebook's own title\n\nIntroduction"),
        new_markdown_cell("## Late\n\n#### Deep"),
        code(display({"text/markdown": "### Late"})),
        code(display({"text/html": "<h1>Again</h1>"})),
    )
    levels = [int(tag[1]) for tag, _ in Outline(page).elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels == [1, 2, 3, 3, 2]
    assert "The notebook's own title" not in text_of(page)
    assert "Introduction" in text_of(page)


def test_contents_link_to_unique_anchors(facts):
    page = rendered(
        facts, new_markdown_cell("## Main\n\n## Late\n\n## Late"), code(display({"text/markdown": "### Ärger"}))
    )
    outline = Outline(page)
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    links = [a["href"][1:] for a in outline.all("a") if a["href"].startswith("#") and a.get("class") != "skip"]
    assert links == ["main-2", "late", "late-2", "ärger"]
    assert set(links) <= set(ids)
    assert len(ids) == len(set(ids))


def test_chart_is_embedded_as_inert_json_with_its_name(facts):
    page = rendered(facts, code(chart()))
    outline = Outline(page)
    assert len(outline.all("script")) == 3
    figure = next(f for f in outline.all("figure"))
    assert (figure["role"], figure["aria-label"]) == ("img", "Delays by month")
    text = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)[1]
    spec = json.loads(text)
    assert spec["data"] == CHART["data"]
    assert "<" not in text
    assert "$schema" not in spec


def test_charts_are_named_by_the_cell_where_they_do_not_say(facts):
    spec = {key: value for key, value in CHART.items() if key != "description"}
    page = rendered(facts, code(chart(spec), alt='Cell "says"'), code(chart(spec)))
    names = [figure["aria-label"] for figure in Outline(page).all("figure")]
    assert names == ['Cell "says"', "Bar chart of delay by month."]


def test_vega_is_asked_for_only_where_a_chart_is(facts):
    vega = load_assets().names["vega.js"]
    assert vega not in rendered(facts, new_markdown_cell("Hello"))
    assert vega in rendered(facts, code(chart()))


def test_chart_that_reads_an_address_says_so_instead(facts):
    page = rendered(facts, code(chart({**CHART, "data": {"url": "https://example.org/data.csv"}})))
    assert not Outline(page).all("figure")
    assert "Delays by month This chart reads its data from an address" in text_of(page)
    assert "example.org" not in page
