from __future__ import annotations

import base64
import hashlib
import re

import pytest
from nbformat.v4 import new_markdown_cell, new_output
from support.rendered import Outline, code, display, rendered, text_of


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
