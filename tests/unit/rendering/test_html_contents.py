from __future__ import annotations

from analytics_lib.rendering.contents import Contents, Heading


def test_headings_are_anchored_and_listed():
    contents = Contents()
    assert contents.anchor("<h2>Delays <em>peak</em> &amp; fall</h2>") == (
        '<h2 id="delays-peak-fall">Delays <em>peak</em> &amp; fall</h2>'
    )
    assert contents.headings == [Heading(2, "delays-peak-fall", "Delays peak & fall")]


def test_anchors_are_unique_on_the_page():
    contents = Contents(frozenset({"main"}))
    contents.anchor("<h2>Main</h2><h2>A</h2><h2>A 2</h2><h2>A</h2>")
    assert [heading.anchor for heading in contents.headings] == ["main-2", "a", "a-2", "a-3"]


def test_levels_never_skip_and_never_reach_the_pages_own():
    contents = Contents()
    text = contents.anchor("<h3>A</h3><h6>B</h6><h1>C</h1><h4>D</h4>")
    assert [text[i + 2] for i in range(len(text)) if text.startswith("<h", i)] == ["2", "3", "2", "3"]


def test_only_an_opening_title_is_dropped():
    contents = Contents()
    assert contents.drop_title("\n<h1>T</h1>\n<p>x</p>") == "\n<p>x</p>"
    assert contents.drop_title("<p>x</p><h1>T</h1>") == "<p>x</p><h1>T</h1>"
    assert contents.drop_title("<h2>T</h2>") == "<h2>T</h2>"


def test_empty_headings_vanish_and_odd_ones_get_a_name():
    contents = Contents()
    assert contents.anchor("<h2> </h2>") == ""
    contents.anchor("<h2>§ !</h2><h2>遅延</h2>")
    assert [heading.anchor for heading in contents.headings] == ["section", "遅延"]
