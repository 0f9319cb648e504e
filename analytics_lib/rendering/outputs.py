"""What a cell showed, as parts of a page: the richest form that is safe, never markup that came from data."""

from __future__ import annotations

import base64
import html
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analytics_lib.rendering import figures, markdown
from analytics_lib.rendering.sanitizing import Sanitised, is_empty, sanitise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.rendering.contents import Contents

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
_IMAGES = ("image/svg+xml", "image/png", "image/jpeg", "image/webp", "image/gif")
_SCRIPTED = "This output draws itself with a script of its own, which published pages do not run"


@dataclass(frozen=True)
class Part:
    """A part of a page.

    Parameters
    ----------
    kind
        ``markup`` (sanitised), ``chart``, ``image``, ``text``, ``stderr``, ``error`` or ``note``.
    content
        Sanitised markup, a chart's JSON, an image's address, or plain text that the template escapes.
    label
        Alternative text of a chart or an image; name and message of an error.
    number
        Number of a chart on its page, from 1.
    """

    kind: str
    content: str
    label: str = ""
    number: int = 0


@dataclass
class Body:
    """Turns the cells of one notebook into parts, and collects what they need of the page around them.

    Parameters
    ----------
    contents
        Receives the headings.
    """

    contents: Contents
    css: list[str] = field(default_factory=list)
    charts: int = 0
    _opened: bool = False

    def prose(self, cell: Mapping[str, Any]) -> Part:
        """Return an author's Markdown cell; the notebook's opening title is left to the page's header."""
        markup = self._admit(sanitise(markdown.to_html(cell["source"], attachments=cell.get("attachments"))))
        if not self._opened:
            markup = self.contents.drop_title(markup)
        self._opened = True
        return Part("markup", self.contents.anchor(markup))

    def code(self, source: str) -> str:
        """Return Python source as markup: highlighted, escaped."""
        return _highlighted(source)

    def outputs(self, cell: Mapping[str, Any]) -> Iterator[Part]:
        """Yield the parts that a code cell shows, in order."""
        for output in cell.get("outputs", ()):
            kind = output["output_type"]
            if kind == "stream":
                part = Part("stderr" if output["name"] == "stderr" else "text", plain(output["text"]))
            elif kind == "error":
                part = Part("error", plain("\n".join(output["traceback"])), f"{output['ename']}: {output['evalue']}")
            else:
                part = self._display(output["data"], {**cell.get("metadata", {}), **output.get("metadata", {})})
            if part.content.strip():
                yield part

    def _display(self, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Part:
        for media in figures.VEGA_LITE_TYPES:
            if media in data:
                return self._chart(data[media], metadata.get(media, {}).get("alt") or metadata.get("alt") or "")
        if "text/html" in data:
            return self._html(_joined(data["text/html"]), data, metadata)
        if "text/markdown" in data:
            markup = self._admit(sanitise(markdown.computed_to_html(_joined(data["text/markdown"]))))
            return Part("markup", self.contents.anchor(markup))
        for media in _IMAGES:
            if media in data:
                alt = metadata.get(media, {}).get("alt") or metadata.get("alt") or _image_label(data)
                return Part("image", image_address(media, _joined(data[media])), str(alt))
        text = next((data[media] for media in ("text/latex", "text/plain") if media in data), "")
        return Part("text", plain(_joined(text)))

    def _chart(self, spec: Mapping[str, Any], alt: str) -> Part:
        label = figures.describe(spec, str(alt))
        if figures.reads_address(spec):
            return Part("note", f"{label} This chart reads its data from an address, which published pages do not do.")
        self.charts += 1
        return Part("chart", figures.to_script_json(figures.embeddable(spec)), label, self.charts)

    def _html(self, markup: str, data: Mapping[str, Any], metadata: Mapping[str, Any]) -> Part:
        inert = sanitise(markup)
        if not is_empty(inert.markup):
            return Part("markup", self.contents.anchor(self._admit(inert)))
        fallback = {media: value for media, value in data.items() if media != "text/html"}
        if any(media in fallback for media in (*_IMAGES, "text/markdown")):
            return self._display(fallback, metadata)
        return Part("note", f"{_SCRIPTED}." if "<script" in markup.lower() else "")

    def _admit(self, inert: Sanitised) -> str:
        if inert.css and inert.css not in self.css:
            self.css.append(inert.css)
        return inert.markup


def image_address(media: str, content: str) -> str:
    """Return a picture as an address that carries its bytes.

    An SVG shown through ``img`` runs no script and loads nothing, so it needs no sanitising.
    """
    payload = base64.b64encode(content.encode()).decode() if media == "image/svg+xml" else "".join(content.split())
    return f"data:{media};base64,{payload}"


def plain(text: str) -> str:
    """Return terminal output as text: no colours, and of a line that was written over only its last state."""
    lines = (line.rstrip("\r").rpartition("\r")[2] for line in _ANSI.sub("", _joined(text)).split("\n"))
    return "\n".join(lines).rstrip()


@lru_cache(maxsize=256)
def _highlighted(source: str) -> str:
    """Return Python source as markup; the pages of a report share their cells."""
    from pygments import highlight  # type: ignore[import-untyped]
    from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
    from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

    return str(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))).rstrip("\n")


def _joined(value: Any) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _image_label(data: Mapping[str, Any]) -> str:
    """Return a picture's text form, unless it is only an object's address in memory."""
    text = html.unescape(_joined(data.get("text/plain", ""))).strip()
    return "Figure" if not text or text.startswith("<") else text[:200]
