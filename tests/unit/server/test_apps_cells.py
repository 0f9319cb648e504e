from __future__ import annotations

import json

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output

from analytics_lib.server.apps import pages
from analytics_lib.server.apps.cells import WIDGET, has_widget, is_hidden

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"


def shown(*outputs, widgets=None, tags=()):
    """Return what a code cell with these outputs shows."""
    cell = new_code_cell("secret = 1", outputs=list(outputs), metadata={"tags": list(tags)})
    return pages.render_cell(pages.new_body(widgets or {}), cell, 1)


def display(data, **metadata):
    return new_output("display_data", data=data, metadata=metadata)


def view(model):
    return display({WIDGET: {"model_id": model, "version_major": 2}, "text/plain": "HBox()"})


def test_a_cell_shows_its_outputs_as_a_published_page_does_and_never_its_source():
    markup = shown(display({"text/html": "<table><thead><tr><th>x</th></tr></thead></table>"}))
    assert '<div class="scroll"' in markup
    assert "secret" not in markup
    assert markup.endswith('<i class="arrived" data-number="1" hidden></i>\n')


def test_prose_and_the_notebooks_own_title():
    body = pages.new_body({})
    assert "Explorer" not in pages.render_cell(body, new_markdown_cell("# Explorer\n\nLook."), 1)
    assert '<h2 id="more">More</h2>' in pages.render_cell(body, new_markdown_cell("# More"), 2)


def test_nothing_that_data_holds_acts():
    vega = {"description": HOSTILE, "mark": "bar", "data": {"values": [{"a": HOSTILE}]}}
    markup = shown(
        display({"text/html": f"<b>{HOSTILE}</b>"}),
        display({"text/markdown": HOSTILE}),
        display({"application/vnd.vegalite.v5+json": vega}),
        display({"text/markdown": f"**{HOSTILE}**"}, analytics_lib={"role": "finding"}),
        new_output("stream", name="stdout", text=HOSTILE),
        view(HOSTILE),
    )
    assert "<script>alert" not in markup
    assert "<img" not in markup


def test_a_widget_is_left_to_voilas_script():
    markup = shown(view("m1"))
    assert '<div class="widget" aria-busy="true"><script type="application/vnd.voila.cell-output+json">' in markup
    held = json.loads(markup.split('+json">')[1].split("</script>")[0])
    assert held["data"] == {WIDGET: {"model_id": "m1", "version_major": 2}}
    assert "HBox()" not in markup


def test_what_widgets_show_already_stands_in_their_place():
    inside = [new_output("stream", name="stdout", text="from the widget")]
    widgets = {
        "box": {"children": ["IPY_MODEL_slider", "IPY_MODEL_out"]},
        "slider": {"value": 3},
        "out": {"outputs": inside},
    }
    markup = shown(view("box"), widgets=widgets)
    assert '<div class="preview"><pre class="stream" tabindex="0">from the widget</pre>' in markup
    assert "preview" not in shown(view("slider"), widgets=widgets)


def test_widgets_inside_themselves_come_to_an_end():
    widgets = {"a": {"children": ["IPY_MODEL_a"], "outputs": [new_output("stream", name="stdout", text="once more")]}}
    assert 1 < shown(view("a"), widgets=widgets).count("once more") < 10


def test_outputs_keep_their_order_around_widgets():
    def text(words):
        return new_output("stream", name="stdout", text=words)

    markup = shown(text("first"), view("m1"), text("last"))
    assert markup.index("first") < markup.index("m1") < markup.index("last")


def test_the_finding_is_marked_for_the_pages_head():
    markup = shown(display({"text/markdown": "**76.3% \\$ arrived \\< on time**"}, analytics_lib={"role": "finding"}))
    assert '<p class="finding" data-finding>76.3% $ arrived &lt; on time</p>' in markup


def test_an_error_is_said_at_the_pages_end_only():
    assert "Boom" not in shown(new_output("error", ename="Boom", evalue="x", traceback=["Boom: x"]))


def test_styles_come_with_the_first_cell_that_needs_them():
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame({"a": [1]}).style.map(lambda _: "color: red").to_html()
    body = pages.new_body({})
    cell = new_code_cell("", outputs=[display({"text/html": table})])
    first, second = pages.render_cell(body, cell, 1), pages.render_cell(body, cell, 2)
    assert "<style>#T_" in first
    assert "color:red" in first
    assert "<style>" not in second


def test_tags_hide_cells_and_outputs():
    assert is_hidden(new_code_cell("", metadata={"tags": ["remove-cell"]}))
    assert is_hidden(new_code_cell("", metadata={"tags": ["injected-parameters"]}))
    assert not is_hidden(new_code_cell(""))
    assert "words" not in shown(new_output("stream", name="stdout", text="words"), tags=["remove-output"])


def test_cells_with_widgets_are_known():
    assert has_widget(new_code_cell("", outputs=[view("m1")]))
    assert not has_widget(new_code_cell("", outputs=[display({"text/plain": "1"})]))
    assert not has_widget(new_markdown_cell("x"))
