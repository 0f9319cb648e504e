"""Nothing has changed: how long the whole command takes to find that out for all pages.

python benchmarks/unchanged.py [--runs 5] [--sets 100] [--quick]
"""

from __future__ import annotations

import json
import statistics
from typing import TYPE_CHECKING

import measuring
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

GOAL = 1.0


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the row."""
    workspace = measuring.reference(root, options.sets)
    measuring.note(f"unchanged: rendering {options.sets} pages once")
    measuring.said(measuring.run_report(), workspace)
    pages = json.loads(measuring.said(measuring.run_report("--json"), workspace))["pages"]
    if {page["status"] for page in pages} != {"unchanged"} or len(pages) != options.sets:
        raise SystemExit("a page was rendered again although nothing had changed")
    times = [measuring.seconds([measuring.run_report()], workspace) for _ in range(options.runs)]
    measuring.note(f"unchanged: {', '.join(f'{each:.2f}' for each in times)} s")
    median = statistics.median(times)
    work = f"nothing changed, {options.sets} pages, whole command"
    yield Row(work, "–", f"{median:.2f} s", "–", f"{median:.2f} s", f"≤ {GOAL:g} s", median <= GOAL)


if __name__ == "__main__":
    measuring.main(__doc__, measure)
