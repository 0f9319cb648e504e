"""Guides as programs: the fenced blocks of a Markdown file, and what a reader would do with them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"`([\w./-]+\.(?:csv|yml|json|toml|ipynb))`")


@dataclass(frozen=True)
class Block:
    """A fenced block and the file that the text before it names last."""

    language: str
    text: str
    file: str | None


def blocks(path: Path, *, after: str = "") -> list[Block]:
    """Return the blocks of a guide below the heading `after`."""
    text = path.read_text(encoding="utf-8")
    text = text[text.index(after) :] if after else text
    found = []
    for match in _BLOCK.finditer(text):
        named = _NAMED.findall(re.sub(r"^```.*?^```$", "", text[: match.start()], flags=re.MULTILINE | re.DOTALL))
        found.append(Block(match[1], match[2], named[-1] if named else None))
    return found


def notebook_of(cells: list[str]) -> str:
    """Return a notebook of code cells, the first of which holds the parameters."""
    made = [nbformat.v4.new_code_cell(text.rstrip("\n"), id=f"cell-{number}") for number, text in enumerate(cells)]
    made[0].metadata["tags"] = ["parameters"]
    return nbformat.writes(nbformat.v4.new_notebook(cells=made))
