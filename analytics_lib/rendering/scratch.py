"""Folders for kernels' sockets and logs: in the system's temporary folder, for a socket's path must be short."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch_folder(root: Path) -> Iterator[Path]:
    """Lend an empty private folder to a kernel of the workspace at `root`."""
    with tempfile.TemporaryDirectory(prefix=scratch_prefix(root), ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def sweep_scratch(root: Path) -> None:
    """Remove what killed builds of the workspace at `root` left. Call it while holding the build's lock."""
    for left in Path(tempfile.gettempdir()).glob(f"{scratch_prefix(root)}*"):
        shutil.rmtree(left, ignore_errors=True)


def scratch_prefix(root: Path) -> str:
    """Return how the names of a workspace's folders begin."""
    return f"kernel-{hashlib.sha256(str(root).encode()).hexdigest()[:8]}-"
