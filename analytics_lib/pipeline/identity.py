"""What identifies the code that made a page: this library, and the environment it runs in."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import sys
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_MARKS: Final = (".dist-info", ".egg-info")


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


def environment_digest() -> str:
    """Return a hash of Python's version and of every installed distribution with its version."""
    names = sorted(f"{name}=={version}" for name, version in packages().items())
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


def packages() -> dict[str, str]:
    """Return the version of Python and of every installed distribution.

    The name of the folder in which a distribution is installed says its version; hundreds of files need not be read.
    The first folder on Python's path counts, as it does for an import.
    """
    found: dict[str, str] = {}
    for entry in dict.fromkeys(sys.path):
        for name, version in _distributions(entry or os.curdir):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return {"python": platform.python_version(), **dict(sorted(found.items()))}


def _distributions(entry: str) -> Iterator[tuple[str, str]]:
    try:
        with os.scandir(entry) as listed:
            names = sorted(each.name for each in listed if each.name.endswith(_MARKS))
    except NotADirectoryError:  # an archive
        yield from ((each.name, each.version) for each in metadata.distributions(path=[entry]) if each.name)
        return
    except OSError:
        return
    for name in names:
        stem, _, version = name.removesuffix(".dist-info").partition("-")
        if name.endswith(".dist-info") and version:
            yield stem, version
        else:
            each = metadata.Distribution.at(Path(entry) / name)
            if each.name:
                yield each.name, each.version
