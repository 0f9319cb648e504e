"""Paths into what JSON holds: ``data.items``, ``0.id``."""

from __future__ import annotations

from typing import Any, Final

MISSING: Final = object()
"""Stands for what a path does not lead to; null is something else."""


def find(content: Any, path: str) -> Any:
    """Return what stands at a path, or `MISSING`.

    A key that holds dots itself is found as well, where nothing stands at the path.

    Examples
    --------
    >>> find({"data": {"items": [1, 2]}}, "data.items.1")
    2
    >>> find({"a.b": 1}, "a.b"), find({"a": 1}, "a.b") is MISSING
    (1, True)
    """
    here = content
    for part in path.split("."):
        if isinstance(here, dict) and part in here:
            here = here[part]
        elif isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
        else:
            return content[path] if isinstance(content, dict) and path in content else MISSING
    return here


def kind_of(value: Any) -> str:
    """Return what JSON calls a value, for sentences."""
    kinds = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
