"""What a page costs beyond its own cells.

A fan-out runs one notebook at a time. From the wall time of the whole command is taken what Papermill noted as the own
time of the cells in each executed notebook; the rest is shared among the pages: start of the command, kernels, pages,
versions.

    python benchmarks/overhead.py [--runs 5] [--quick]
"""

from __future__ import annotations

import shutil
import statistics
from typing import TYPE_CHECKING

import measuring
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGES = 20
GOAL = 0.15


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the row."""
    pages = min(PAGES, options.sets)
    workspace = measuring.reference(root, pages)
    command = [measuring.run_report("--force", "--jobs", "1")]
    measuring.seconds(command, workspace)
    beyond, own = [], []
    for number in range(options.runs):
        shutil.rmtree(workspace / ".analytics" / "versions")
        wall = measuring.seconds(command, workspace)
        cells = measuring.own_seconds(workspace)
        if len(cells) != pages:
            raise SystemExit(f"{len(cells)} executed notebooks are stored, not {pages}")
        own.append(statistics.mean(cells))
        beyond.append(wall / pages - own[-1])
        measuring.note(f"overhead, run {number + 1}: {beyond[-1]:.2f} s a page beyond {own[-1]:.2f} s of its cells")
    median = statistics.median(beyond)
    work = f"overhead beyond the cells’ own {statistics.median(own):.2f} s, {pages} pages one at a time"
    yield Row(work, "–", f"{median:.2f} s a page", "–", f"{median:.2f} s", f"≤ {GOAL} s a page", median <= GOAL)


if __name__ == "__main__":
    measuring.main(__doc__, measure)
