"""Markdown to HTML: what the author wrote may contain HTML, what code computed may not. LaTeX stays as it was typed."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mistune import Markdown

_PLUGINS = ("strikethrough", "table")
_ATTACHMENT = re.compile(r"attachment:([^\s)\"'>]+)")


def to_html(source: str, *, attachments: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """Return an author's Markdown as HTML, which still has to be sanitised.

    Parameters
    ----------
    source
        A Markdown cell's source.
    attachments
        Images kept inside the cell: name → media type → base64 text.
    """
    if attachments:
        source = _ATTACHMENT.sub(lambda match: _data_address(attachments.get(match[1], {})) or match[0], source)
    return str(_parser(escape=False)(source))


def computed_to_html(source: str) -> str:
    """Return Markdown that code computed as HTML: tags in it are text, because it may quote data."""
    return str(_parser(escape=True)(source))


def _data_address(attachment: Mapping[str, str]) -> str:
    for media in ("image/svg+xml", "image/png", "image/jpeg", "image/gif", "image/webp"):
        if media in attachment:
            return f"data:{media};base64,{attachment[media]}"
    return ""


@cache
def _parser(*, escape: bool) -> Markdown:
    """Return a parser that knows tables and, by nbconvert's rules, where mathematics begins and ends."""
    import mistune
    from mistune.plugins import import_plugin
    from nbconvert.filters.markdown_mistune import MathBlockParser, MathInlineParser

    class InlineParser(MathInlineParser):
        """Tells amounts of money from mathematics as Pandoc does: ``**$5** and **$6**`` is none."""

        INLINE_MATH_TEX = r"(?<![$\\])\$(?=[^\s$])(?P<math_inline_tex>[^$]+?)(?<=\S)(?<!\\)\$(?![\d$])"
        SPECIFICATION = {**MathInlineParser.SPECIFICATION, "inline_math_tex": INLINE_MATH_TEX}  # noqa: RUF012

    class Renderer(mistune.HTMLRenderer):
        """Writes mathematics with its own delimiters: no TeX engine runs on a page."""

        def block_math(self, text: str) -> str:
            return f"$${mistune.escape(text)}$$"

        def inline_math(self, text: str) -> str:
            return f"${mistune.escape(text)}$"

        def latex_environment(self, text: str = "", **attributes: Any) -> str:
            name, body = mistune.escape(attributes["name"]), mistune.escape(attributes.get("body", text))
            return f"\\begin{{{name}}}{body}\\end{{{name}}}"

    return mistune.Markdown(
        renderer=Renderer(escape=escape),
        block=MathBlockParser(),
        inline=InlineParser(hard_wrap=False),
        plugins=[import_plugin(name) for name in _PLUGINS],
    )
