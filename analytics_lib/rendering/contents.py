"""A page's table of contents: every heading gets its place, its level and an anchor of its own."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass, field

_HEADING = re.compile(r"<h([1-6])\b[^>]*>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_TOP, _LISTED, _DEEPEST = 2, 3, 6


@dataclass(frozen=True)
class Heading:
    """An entry of the contents: its level (2 or 3), anchor and plain text."""

    level: int
    anchor: str
    text: str


@dataclass
class Contents:
    """Collects the headings of one page while its parts are written, in reading order.

    The page itself has the only first-level heading. The notebook's own opening title is therefore dropped, further
    first-level headings become second-level ones, and no level is skipped on the way down.

    Parameters
    ----------
    reserved
        Anchors that the page uses for itself.
    """

    reserved: frozenset[str] = frozenset()
    headings: list[Heading] = field(default_factory=list)
    _taken: set[str] = field(default_factory=set)
    _level: int = 1

    def drop_title(self, markup: str) -> str:
        """Return sanitised `markup` without a first-level heading at its very beginning."""
        first = _HEADING.search(markup)
        if first and first[1] == "1" and not markup[: first.start()].strip():
            return markup[first.end() :]
        return markup

    def anchor(self, markup: str) -> str:
        """Return sanitised `markup` with each heading put on its level and anchored, and remember the headings."""
        return _HEADING.sub(self._place, markup)

    def _place(self, match: re.Match[str]) -> str:
        inner = match[2]
        text = " ".join(html.unescape(_TAG.sub("", inner)).split()).removesuffix("¶").strip()
        if not text:  # a heading of nothing is a hole in the outline
            return ""
        level = min(max(int(match[1]), _TOP), self._level + 1, _DEEPEST)
        self._level = level
        anchor = self._unique(_slug(text))
        if level <= _LISTED:
            self.headings.append(Heading(level, anchor, text))
        return f'<h{level} id="{anchor}">{inner}</h{level}>'

    def _unique(self, slug: str) -> str:
        candidate, count = slug, 1
        while candidate in self._taken or candidate in self.reserved:
            count += 1
            candidate = f"{slug}-{count}"
        self._taken.add(candidate)
        return candidate


def _slug(text: str) -> str:
    """Return an anchor: letters and digits of any script, joined by hyphens; safe inside an attribute.

    Examples
    --------
    >>> _slug("Delays peak in June & July")
    'delays-peak-in-june-july'
    >>> _slug("§")
    'section'
    """
    normal = unicodedata.normalize("NFKC", text).lower()
    return re.sub(r"[^\w]+", "-", normal).strip("-_")[:80].strip("-") or "section"
