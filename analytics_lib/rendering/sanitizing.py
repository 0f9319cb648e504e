"""Untrusted HTML made inert: what remains can be read, but can neither act, load, nor pose as the page's own evidence.

Allowed are text, tables, details, links with safe schemes and images that carry their own bytes. Identifiers and
classes are dropped except those that pandas writes, so that data can neither take the place of an element that the
page's script looks for nor dress up as a badge. ``style`` attributes go as well; pandas' Styler, which writes its rules
into a ``style`` element, keeps those that address its own table and set harmless properties.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from analytics_lib.model.theme import PAGE

_TEXT_TAGS = """
    a abbr b blockquote br cite code dd del details dfn div dl dt em figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins
    kbd li mark ol p pre q s samp small span strong sub summary sup time u ul var wbr
"""
_TABLE_TAGS = "caption col colgroup table tbody td tfoot th thead tr"
_TAGS = frozenset(f"{_TEXT_TAGS} {_TABLE_TAGS}".split())
_DROPPED_WITH_CONTENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "title", "textarea"})
_CELL = frozenset({"colspan", "rowspan", "class", "id"})
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"title", "lang", "dir", "class"},
    "a": {"href"},
    "col": {"span"},
    "colgroup": {"span"},
    "details": {"open"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "table": {"id"},
    "td": set(_CELL),
    "th": {*_CELL, "scope"},
    "time": {"datetime"},
}
_SCHEMES = frozenset({"http", "https", "mailto", "tel", "data"})

# Classes: pandas' to_html and Styler, code highlighted by Pygments, and `figures`: a row of headline numbers.
_CLASS = re.compile(
    r"dataframe|data|blank|index_name|(?:row|col)_heading|(?:row|col|level)\d+|highlight|figures|[a-z][a-z0-9]?"
)
_STYLER_ID = re.compile(r"T_[A-Za-z0-9_-]+")
_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|svg\+xml)[;,]", re.IGNORECASE)
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style\s*>", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR = re.compile(r"#T_[\w-]+(?:[ >]+[\w.#:()-]+)*")
_VALUE = re.compile(
    r"(?!.*\b(?:url|image|image-set|attr|var|expression|element)\b)[\w\s#%.,()+-]+", re.IGNORECASE | re.DOTALL
)
_HEX = re.compile(r"#(?:([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})|([0-9a-f])([0-9a-f])([0-9a-f]))\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_MIDDLE = 128_000
_PROPERTY_NAMES = """
    background background-color border border-bottom border-collapse border-color border-left border-right border-top
    color font-style font-variant-numeric font-weight opacity padding text-align text-decoration vertical-align
    white-space width
"""
_PROPERTIES = frozenset(_PROPERTY_NAMES.split())

_IMAGE_TAG = re.compile(r"<img\b(?:[^>\"]|\"[^\"]*\")*>")
_QUOTED = re.compile(r"\"[^\"]*\"")
_TABLE_TAG = re.compile(r"<(/?)(table|thead|th)\b((?:[^>\"]|\"[^\"]*\")*)>")
_SCROLL = '<div class="scroll" role="region" aria-label="Table" tabindex="0">'


@dataclass(frozen=True)
class Sanitised:
    """Inert markup, and the rules of the page's style sheet that came with it."""

    markup: str
    css: str = ""


def sanitise(markup: str) -> Sanitised:
    """Return `markup` made inert.

    Parameters
    ----------
    markup
        Any HTML, well-formed or not.

    Examples
    --------
    >>> sanitise('<b onclick="x()">12</b><script>alert(1)</script>').markup
    '<b>12</b>'
    """
    css = "\n".join(filter(None, (_styler_rules(style) for style in _STYLE.findall(markup))))
    return Sanitised(_mark_tables(_clean(markup)), css)


def _clean(markup: str) -> str:
    import nh3

    clean = nh3.clean(
        markup,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes=_ATTRIBUTES,
        attribute_filter=_keep,
        url_schemes=set(_SCHEMES),
        link_rel="noopener noreferrer",
    )
    return _IMAGE_TAG.sub(lambda match: match[0] if " src=" in _QUOTED.sub("", match[0]) else "", clean)


def _keep(_tag: str, name: str, value: str) -> str | None:
    """Return an attribute's value as it may stay, None when it may not."""
    if name == "class":
        return " ".join(each for each in value.split() if _CLASS.fullmatch(each)) or None
    if name == "id":
        return value if _STYLER_ID.fullmatch(value) else None
    if name == "src":
        return value if _IMAGE.match(value.strip()) else None
    if name == "href":
        return None if value.strip().lower().startswith("data:") else value
    return value


def _styler_rules(css: str) -> str:
    """Return the rules of a Styler's style sheet that address its own table and set harmless properties."""
    kept = []
    for selectors, body in _RULE.findall(_COMMENT.sub("", css)):
        own = [each.strip() for each in selectors.split(",") if _SELECTOR.fullmatch(each.strip())]
        declarations = [each for each in map(_declaration, body.split(";")) if each]
        if own and declarations:
            kept.append(f"{','.join(own)}{{{';'.join(_with_ink(declarations))}}}")
    return "\n".join(kept)


def _with_ink(declarations: list[str]) -> list[str]:
    """Add a text colour where only a ground is set: the page's own, light in dark mode, may not show on it."""
    styles = dict(each.split(":", 1) for each in declarations)
    ground = styles.get("background-color") or styles.get("background", "")
    if "color" in styles or not ground or "gradient" in ground or ground in {"none", "transparent", "inherit"}:
        return declarations
    hexadecimal = _HEX.search(ground)
    channels = [int(each * (2 // len(each)), 16) for each in hexadecimal.groups() if each] if hexadecimal else []
    if not channels:
        channels = [int(float(number)) for number in _NUMBER.findall(ground)[:3]]
    # Rec. 601 luma; a colour given by name is most often a light one.
    light = len(channels) < len("rgb") or 299 * channels[0] + 587 * channels[1] + 114 * channels[2] > _MIDDLE
    return [*declarations, f"color:{PAGE['light'].text if light else PAGE['dark'].text}"]


def _declaration(text: str) -> str | None:
    name, _, value = (part.strip() for part in text.partition(":"))
    value = value.removesuffix("!important").strip()
    return f"{name}:{value}" if name.lower() in _PROPERTIES and _VALUE.fullmatch(value) else None


def _mark_tables(markup: str) -> str:
    """Put each table into a box that scrolls by itself, and say of each head cell what it heads."""
    if "<table" not in markup:
        return markup
    depth, in_head = 0, False

    def replace(match: re.Match[str]) -> str:
        nonlocal depth, in_head
        closing, tag, attributes = bool(match[1]), match[2], match[3]
        if tag == "thead":
            in_head = not closing
        elif tag == "table":
            depth += -1 if closing else 1
            if closing and depth == 0:
                return "</table></div>"
            if not closing and depth == 1:
                return _SCROLL + match[0]
        elif not closing and "scope=" not in attributes:
            kind = ("colgroup" if "colspan=" in attributes else "col") if in_head else "row"
            return f'<th scope="{kind}"{attributes}>'
        return match[0]

    return _TABLE_TAG.sub(replace, markup)


def is_empty(markup: str) -> bool:
    """Whether sanitised `markup` shows nothing."""
    return "<img" not in markup and not re.sub(r"<[^>]*>|\s|&nbsp;", "", markup)
