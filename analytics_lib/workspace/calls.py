"""What a notebook calls of this library, found without running it: a misspelt name is known before a kernel starts."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Cells = Sequence[tuple[str, str, list[str]]]

_OUR_NAMES: Final = {"al", "analytics", "analytics_lib"}


def named_connections(cells: Cells, shown: str) -> Iterator[tuple[str, str]]:
    """Find ``connect("name")``; yield each name and where.

    Parameters
    ----------
    cells
        Kind, source and tags of each cell.
    shown
        The notebook as errors name it.
    """
    for call, where in _calls(cells, shown, "connect"):
        value = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if isinstance(value, str):
            yield value, where


def asked_metrics(cells: Cells, shown: str) -> str:
    """Return where ``metrics()`` is called first; nothing where it is not."""
    return next((where for _, where in _calls(cells, shown, "metrics")), "")


def _calls(cells: Cells, shown: str, name: str) -> Iterator[tuple[ast.Call, str]]:
    for number, (kind, source, _) in enumerate(cells, start=1):
        if kind != "code" or name not in source:
            continue
        try:
            tree = ast.parse(re.sub(r"(?m)^\s*[%!].*$", "pass", source))
        except SyntaxError:
            continue  # the kernel will say it, with the cell's own traceback
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _is_ours(node.func, name):
                yield node, f"{shown} cell {number}, line {node.lineno}"


def _is_ours(called: ast.expr, name: str) -> bool:
    if isinstance(called, ast.Name):
        return called.id == name
    if not isinstance(called, ast.Attribute) or called.attr != name:
        return False
    return isinstance(called.value, ast.Name) and called.value.id in _OUR_NAMES
