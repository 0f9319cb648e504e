"""What must hold of a published site at any moment, and what may be left of a build once it is over."""

from __future__ import annotations

import os
import re
import tempfile
import time
from pathlib import Path

from analytics_lib.rendering.scratch import scratch_prefix
from support.shop import BANNER

REFERENCE = re.compile(r'(?:href|src)="([^"#?]+)[^"]*"')
BANNER_MARK = "<!-- analytics:banner -->"


def require_whole(shop):
    """Every page of the site is whole, shows a stored version, and links to nothing that is not there."""
    stored = {path.read_bytes() for path in (shop.state / "versions").rglob("*/page.html")}
    for path in shop.site.rglob("*.html"):
        if path.name.startswith(".part-"):
            continue
        text = path.read_text(encoding="utf-8")
        assert text.startswith("<!doctype html>"), path
        assert text.rstrip().endswith("</html>"), path
        for reference in REFERENCE.findall(text):
            if ":" not in reference:
                assert (path.parent / reference).is_file(), f"{path}: {reference}"
        if 'class="listing"' not in text and not path.name.endswith("~failed.html"):
            assert BANNER.sub(BANNER_MARK, text).encode() in stored, path


def require_tidy(shop):
    """Nothing that a build leaves half done is there."""
    assert not list(shop.root.rglob(".part-*"))
    assert not list((shop.state / "runs").glob("*"))
    failed = set(shop.rows("select report, page from pages where stale_kind = 'rendering'"))
    assert {(path.parent.name, path.stem) for path in (shop.state / "failed").glob("*/*")} <= failed
    assert not list(Path(tempfile.gettempdir()).glob(f"{scratch_prefix(shop.root)}*"))


def kernels(shop):
    """Return the ids of processes that work in the workspace's notebooks."""
    found = set()
    for process in Path("/proc").iterdir():
        try:
            working = process.name.isdigit() and Path(os.readlink(process / "cwd"))  # noqa: PTH115 - /proc, not a path
        except OSError:
            continue
        if working and working.is_relative_to(shop.root / "notebooks"):
            found.add(int(process.name))
    return found


def wait_until(true, timeout=60):
    """Wait until something holds; fail when it never does."""
    for _ in range(timeout * 20):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError(f"waited {timeout} s in vain")
