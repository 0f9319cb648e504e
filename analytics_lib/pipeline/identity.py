"""What identifies the code that made a page: this library, and the environment it runs in."""

from __future__ import annotations

import hashlib
import platform
from functools import lru_cache
from importlib import metadata
from pathlib import Path


@lru_cache(maxsize=1)
def library_digest() -> str:
    """Return a hash of this library's own files: a template that changed changes every page."""
    root = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and path.suffix in {".py", ".j2", ".css", ".js", ".json"} and name.parts[0] != "example":
            total.update(name.as_posix().encode())
            total.update(path.read_bytes())
    return total.hexdigest()


@lru_cache(maxsize=1)
def environment_digest() -> str:
    """Return a hash of Python's version and of every installed distribution with its version."""
    names = sorted(f"{each.name}=={each.version}" for each in metadata.distributions() if each.name)
    return hashlib.sha256("\n".join([platform.python_version(), *names]).encode()).hexdigest()
