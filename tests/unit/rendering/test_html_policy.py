from __future__ import annotations

import base64
import copy
import hashlib
import re

from nbformat.v4 import new_markdown_cell, new_notebook
from support.rendered import chart, code, rendered

from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.html import content_policy, inline_script, render_html


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
