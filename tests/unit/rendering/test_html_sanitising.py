from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics_lib.model.theme import PAGE
from analytics_lib.rendering.sanitizing import is_empty, sanitise


def markup(text: str) -> str:
    return sanitise(text).markup


@pytest.mark.parametrize(
    ("hostile", "inert"),
    [
        ("<b onmouseover=alert(1)>x</b>", "<b>x</b>"),
        ("<script>alert(1)</script>x", "x"),
        ("<scr<script>ipt>alert(1)</script>x", "ipt&gt;alert(1)x"),
        ('<a href=" JaVaScRiPt:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="data:text/html,<script>1</script>">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ('<a href="https://example.org/a?b=1&c=2">x</a>', None),
        ('<img src="https://example.org/pixel.png" alt="x src=1">', ""),
        ('<img src="data:text/html;base64,AAAA">', ""),
        ('<form action="/x"><input name="y"><button>z</button></form>', "z"),
        ('<meta http-equiv="refresh" content="0;url=/x"><base href="/y"><link rel="stylesheet" href="z">', ""),
        ('<div style="position:fixed;inset:0">x</div>', "<div>x</div>"),
        ("<math><mi><style><img src=x onerror=alert(1)></style></mi></math>", ""),
        ("<!-- analytics:banner -->x", "x"),
    ],
)
def test_hostile_markup_becomes_inert(hostile, inert):
    if inert is None:
        assert "https://example.org/a?b=1&amp;c=2" in markup(hostile)
    else:
        assert markup(hostile) == inert


def test_nothing_can_pose_as_the_pages_own_evidence():
    forged = (
        '<details class="checks" id="checks"><summary><span class="badge badge-passed">ok</span></summary></details>'
    )
    assert markup(forged) == "<details><summary><span>ok</span></summary></details>"


def test_what_pandas_writes_stays():
    cell = '<td id="T_1a2b_row0_col0" class="data row0 col0">1</td>'
    table = f'<table id="T_1a2b" class="dataframe"><tbody><tr>{cell}</tr></tbody></table>'
    assert table in markup(table)


def test_headline_figures_stay():
    figures = '<dl class="figures"><div><dt>Flights</dt><dd>336,776</dd></div></dl>'
    assert markup(figures) == figures


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (
            "#T_a_row0_col0 { color: #a3261c; background-color: rgb(1, 2, 3) }",
            "#T_a_row0_col0{color:#a3261c;background-color:rgb(1, 2, 3)}",
        ),
        ("#T_a th, body { color: red }", "#T_a th{color:red}"),
        ("body { display: none }", ""),
        ("#checks { color: red }", ""),
        ("#T_a { position: fixed; width: 10em }", "#T_a{width:10em}"),
        ("#T_a { background: url(https://example.org/x) }", ""),
        ("#T_a { background: linear-gradient(90deg, #d65f5f 50%, transparent 50%) }", None),
        ("#T_a { background: red\n url(x) }", ""),
        ("#T_a { color: expression(alert(1)) }", ""),
        ("#T_a { color: red } </style><script>alert(1)</script>", "#T_a{color:red}"),
        ("@import 'x'; #T_a { color: red }", ""),
        ("#T_a { color: \\75rl(x) }", ""),
    ],
)
def test_style_sheets_keep_harmless_rules_of_their_own_table(rule, kept):
    css = sanitise(f"<style>{rule}</style>").css
    assert css == kept if kept is not None else "linear-gradient(90deg" in css


@pytest.mark.parametrize(
    ("ground", "mode"),
    [("#ffff00", "light"), ("#FFD", "light"), ("yellow", "light"), ("rgb(10, 20, 30)", "dark"), ("#123", "dark")],
)
def test_a_ground_without_a_text_colour_gets_one_that_shows(ground, mode):
    css = sanitise(f"<style>#T_a {{ background-color: {ground} }}</style>").css
    assert css == f"#T_a{{background-color:{ground};color:{PAGE[mode].text}}}"


def test_tables_scroll_and_say_what_their_heads_head():
    text = markup(
        "<table><thead><tr><th></th><th colspan=2>A > B</th></tr></thead>"
        "<tbody><tr><th>r</th><td>1</td><td>2</td></tr></tbody></table>"
    )
    assert text.startswith('<div class="scroll" role="region"')
    assert text.endswith("</table></div>")
    assert '<th scope="col"></th>' in text
    assert '<th scope="colgroup" colspan="2">' in text
    assert '<th scope="row">r</th>' in text


def test_table_in_a_table_shares_its_box():
    inner = "<table><tbody><tr><td>1</td></tr></tbody></table>"
    text = markup(f"<table><tbody><tr><td>{inner}</td></tr></tbody></table>")
    assert text.count('class="scroll"') == 1
    assert text.count("<div") == text.count("</div>")


def test_emptiness():
    assert is_empty(markup("<div> <p>&nbsp;</p></div>"))
    assert not is_empty(markup('<img src="data:image/png;base64,AAAA">'))
    assert not is_empty(markup("<p>0</p>"))


FRAGMENTS = st.sampled_from(
    ["<", ">", '"', "'", "/", "script", "<script>", "</script>", "<style>", "</style>", "<img src=x onerror=a()>",
     "<svg", "<table>", "<th>", "</table>", "onload=", "javascript:", "<!--", "-->", "<a href=", "#T_a{", "}",
     "color:", "url(", "&lt;", "x", " ", "\n", "\0"]
)  # fmt: skip


@given(st.lists(FRAGMENTS, max_size=25).map("".join))
def test_no_mixture_gets_through(text):
    from html.parser import HTMLParser

    found: list[tuple[str, list[str]]] = []

    class Collector(HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append((tag, [name for name, _ in attrs]))

    result = sanitise(text)
    Collector().feed(result.markup)
    for tag, names in found:
        assert tag not in {"script", "style", "svg", "iframe"}
        assert not any(name.startswith("on") for name in names)
    assert "<" not in result.css
    assert "url(" not in result.css
