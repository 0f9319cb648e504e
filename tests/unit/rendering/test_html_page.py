from __future__ import annotations

import base64
import copy
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from analytics_lib.model.checks import CheckResult, ExpectationResult
from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.html import content_policy, inline_script, render_html

CHART = {
    "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
    "description": "Delays by month",
    "data": {"values": [{"month": "</script><script>chart()</script><!--", "delay": 12.5}]},
    "mark": "bar",
    "encoding": {"x": {"field": "month", "type": "nominal"}, "y": {"field": "delay", "type": "quantitative"}},
}


class Outline(HTMLParser):
    """Collects a page's elements; a void or closed element alike."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_data(self, data):
        if not self._inside or self._inside[-1] not in {"script", "style"}:
            self.text.append(data)

    def handle_endtag(self, tag):
        self._inside.append(f"/{tag}")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def display(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


def chart(spec=CHART, **metadata):
    return display({"application/vnd.vegalite.v5+json": spec, "text/plain": "A chart"}, **metadata)


def code(*outputs, source="value = 1", tags=(), **metadata):
    return new_code_cell(source, outputs=list(outputs), metadata={"tags": list(tags), **metadata})


def rendered(facts, *cells, **options):
    return render_html(new_notebook(cells=list(cells)), facts, assets=load_assets(), **options)


def text_of(page: str) -> str:
    return " ".join(" ".join(Outline(page).text).split())


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


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": '<table><tr><td>a<script>alert(1)</script></td><td onclick="alert(1)">b</td></tr></table>'},
        {"text/html": '<a href="javascript:alert(1)">c</a><iframe src="https://example.org"></iframe>'},
        {"text/html": '<img src="https://example.org/x.png" onerror="alert(1)"><svg onload="alert(1)"></svg>text'},
        {"text/markdown": "<script>alert(1)</script> and [c](javascript:alert(1))"},
        {"text/plain": "<script>alert(1)</script>"},
        {"text/latex": "$<script>alert(1)</script>$"},
        {"image/svg+xml": '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'},
    ],
)
def test_outputs_are_inert(facts, data):
    outline = Outline(rendered(facts, code(display(data))))
    assert len(outline.all("script")) == 1
    assert not outline.all("iframe")
    assert not outline.all("svg")
    for _, attributes in outline.elements:
        assert not [name for name in attributes if name.startswith("on")]
        assert "javascript" not in (attributes.get("href") or "")
    assert all(image["src"].startswith("data:image/") for image in outline.all("img"))


def test_markdown_that_code_computed_shows_tags_as_text(facts):
    page = rendered(facts, code(display({"text/markdown": "Tail **N1** <script>alert(1)</script> <b>x</b>"})))
    assert "Tail N1 <script>alert(1)</script> <b>x</b>" in text_of(page)


def test_data_in_a_frame_shows_as_text(facts):
    import pandas as pd

    frame = pd.DataFrame({"name": ["<script>alert(1)</script>"], "value": [1.5]})
    page = rendered(facts, code(display({"text/html": frame._repr_html_(), "text/plain": "x"})))
    outline = Outline(page)
    assert "<script>alert(1)</script>" in text_of(page)
    assert len(outline.all("script")) == 1
    assert [head["scope"] for head in outline.all("th")] == ["col", "col", "col", "row"]
    assert any(box.get("class") == "scroll" and box["tabindex"] == "0" for box in outline.all("div"))


def test_styler_keeps_its_colours_and_the_policy_names_them(facts):
    import pandas as pd

    styler = pd.DataFrame({"late": [1.5, 22.0]}).style.map(lambda value: "color: #a3261c" if value > 10 else "")
    page = rendered(facts, code(display({"text/html": styler._repr_html_()})))
    css = re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]
    assert "color:#a3261c" in css
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode()
    policy = next(meta["content"] for meta in Outline(page).all("meta") if meta.get("http-equiv"))
    assert f"style-src 'self' 'sha256-{digest}'" in policy


def test_scripted_output_leaves_a_note_or_its_other_form(facts):
    scripted = '<div id="vis"></div><script src="https://example.org/lib.js"></script>'
    page = rendered(
        facts,
        code(display({"text/html": scripted, "text/plain": "<Widget>"})),
        code(display({"text/html": scripted, "image/png": "aGVsbG8=", "text/plain": "<Figure size 1>"}, alt="Delays")),
    )
    assert "with a script of its own" in text_of(page)
    assert [image["alt"] for image in Outline(page).all("img")] == ["Delays"]
    assert "example.org" not in page


def test_streams_code_and_warnings_have_their_places(facts):
    page = rendered(
        facts,
        code(
            new_output("stream", name="stdout", text="10 %\r100 %\n\x1b[31mred\x1b[0m <b>\n"),
            new_output("stream", name="stderr", text="Warning: old"),
            source="print('<b>')",
            tags=["parameters"],
        ),
    )
    assert '<pre class="stream" tabindex="0">100 %\nred &lt;b&gt;</pre>' in page
    assert '<pre class="stream stderr" tabindex="0">Warning: old</pre>' in page
    assert len(re.findall('<pre class="code"', page)) == 1
    assert 'data-toggle="code"' in page
    assert "<b>" not in page


def test_failed_notebook_stays_readable(facts):
    error = new_output("error", ename="KeyError", evalue="'<x>'", traceback=["\x1b[0;31mKeyError\x1b[0m", "  at <x>"])
    page = rendered(facts, code(error), new_markdown_cell("After"))
    text = text_of(page)
    assert "KeyError: '<x>' KeyError at <x>" in text
    assert "After" in text


def test_cells_are_left_out_by_the_usual_tags(facts):
    page = rendered(
        facts,
        code(display({"text/plain": "shown-1"}), source="hidden_1", tags=["remove-input"]),
        code(display({"text/plain": "hidden-2"}), source="shown_2", tags=["remove-output"]),
        code(display({"text/plain": "hidden-3"}), source="hidden_3", tags=["remove-cell"]),
    )
    assert "shown-1" in page
    assert "shown_2" in page
    assert "hidden" not in text_of(page)


def test_mathematics_and_money_stay_as_typed(facts):
    page = rendered(facts, new_markdown_cell(r"From **$5** to **$6**: $a_1 * b_2 * c < d$" + "\n\n$$x_1\n\n<y>_2$$"))
    text = text_of(page)
    assert "From $5 to $6 : $a_1 * b_2 * c < d$" in text
    assert "$$x_1 <y>_2$$" in text
    assert page.count("<strong>$") == 2


def test_page_names_no_address_outside_the_site(facts):
    page = rendered(facts, new_markdown_cell("## One\n\n## Two"), code(chart()))
    assert not re.search(r"(?:https?:)?//[a-z]", page)


def test_self_contained_page_carries_what_its_policy_allows(facts):
    page = rendered(facts, code(chart()), self_contained=True)
    assert "_assets/" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)[1]
    inline = re.findall(r"<script(?: id=\"vega\")?>(.*?)</script>", page, re.DOTALL)
    assert len(inline) == 2
    for text in (*inline, re.search(r"<style>(.*?)</style>", page, re.DOTALL)[1]):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


def test_policy_allows_nothing_unnamed():
    policy = dict(part.strip().split(" ", 1) for part in content_policy([], []).split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in content_policy(["a"], ["b"])


def test_inline_script_cannot_end_its_element():
    assert inline_script("a='</SCRIPT>'; b='<!-- c'") == r"a='<\/SCRIPT>'; b='\x3C!-- c'"


def test_notebook_is_not_changed_and_the_same_input_gives_the_same_page(facts):
    notebook = new_notebook(cells=[new_markdown_cell("## One"), code(chart())])
    before = copy.deepcopy(notebook)
    pages = {render_html(notebook, facts, assets=load_assets()) for _ in range(2)}
    assert len(pages) == 1
    assert notebook == before


def test_environment_escapes_by_default():
    from analytics_lib.rendering.html import _exporter

    template = _exporter().environment.from_string("{{ value }}")
    assert template.render(value="<b>") == "&lt;b&gt;"
    assert "markdown2html" not in _exporter().environment.filters
