"""The terminal: where text goes, errors as sentences, JSON for machines."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from analytics_lib.errors import AnalyticsError

LOG_WIDTH = 200
"""Columns where nobody looks at a terminal: a log's lines are not folded."""

console = Console(highlight=False, width=None if sys.stdout.isatty() else LOG_WIDTH)
errors = Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else LOG_WIDTH)

STYLES = {
    "published": "green",
    "unchanged": "dim",
    "restored": "cyan",
    "held back": "yellow",
    "failed": "red",
    "invalid": "red",
}


def print_error(error: AnalyticsError, failed_run: Path | None = None) -> None:
    """Print an error as a sentence: where, what was wrong, what would be right, and where its run can be looked at."""
    where = f"{escape(error.where)}: " if error.where else ""
    errors.print(f"[bold red]Error[/] {where}{escape(_closed(error.message))}", soft_wrap=True)
    if error.hint:
        hint = error.hint[0].upper() + error.hint[1:]
        errors.print(f"      {escape(_closed(hint))}", soft_wrap=True, style="dim")
    for note in getattr(error, "__notes__", ()):
        errors.print(f"      Run not kept: {escape(_closed(note))}", soft_wrap=True, style="dim")
    if failed_run is not None:
        errors.print(f"      Failed run: {escape(str(short(failed_run)))}", soft_wrap=True, style="dim")


def _closed(sentence: str) -> str:
    return sentence if sentence.endswith(("?", ".", "!", "…")) else f"{sentence}."


def print_json(value: Any) -> None:
    """Print a result for machines."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False, default=str) + "\n")


def short(path: Path) -> Path:
    """Return a path as a person would give it: from the folder that they are in, if it lies there."""
    try:
        return path.relative_to(Path.cwd())
    except ValueError:
        return path
