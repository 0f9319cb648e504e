"""Many parameter sets: pages a second of `analytics run`, two notebooks at a time, against two peers.

The first peer is the two commands `papermill` and `jupyter nbconvert`, two reports at a time. The second is one process
that has loaded both libraries and loops over `papermill.execute_notebook` and nbconvert's `HTMLExporter`; its imports
and a first page are not counted. The peers make a sample of the pages, as all would take many minutes and each page
takes as long as the one before; ours makes all.

    python benchmarks/fan_out.py [--runs 5] [--sets 100] [--sample 10] [--quick]
"""

from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import measuring
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_A_TIME = 2
LOOP = Path(__file__).with_name("fan_out_loop.py")


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield a row for each peer."""
    workspace = measuring.reference(root, options.sets)
    sides = (
        lambda: _ours(workspace, options.sets),
        lambda: _two_commands(workspace, options.sample, root),
        lambda: _loop(workspace, options.sample, root),
    )
    _ours(workspace, options.sets), _two_commands(workspace, AT_A_TIME, root)
    speeds = []
    for number in range(options.runs):
        speeds.append(tuple(side() for side in sides))
        measuring.note(f"fan-out, run {number + 1}: pages a second {', '.join(f'{speed:.2f}' for speed in speeds[-1])}")
    ours, commands, loop = measuring.medians(speeds)
    words = "more pages a second"
    sample = f"sample of {options.sample}"
    for peer, speed, goal in (
        (f"{measuring.TWO_COMMANDS}, two at a time ({sample})", commands, 30),
        (f"one process: `execute_notebook` and `HTMLExporter` ({sample})", loop, 12),
    ):
        figures = f"{ours:.2f} pages/s", f"{speed:.2f} pages/s"
        work = f"{options.sets} parameter sets, two at a time"
        yield measuring.ratio(work, peer, figures, ours / speed, goal=goal, words=words)


def _ours(workspace: Path, sets: int) -> float:
    return sets / measuring.seconds([measuring.run_report("--force", "--jobs", str(AT_A_TIME))], workspace)


def _two_commands(workspace: Path, sets: int, root: Path) -> float:
    out = root / "peer"
    reports = [measuring.two_commands(measuring.NOTEBOOK, out, number=number) for number in range(1, sets + 1)]
    begun = time.perf_counter()
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(lambda commands: measuring.seconds(commands, workspace), reports))
    return sets / (time.perf_counter() - begun)


def _loop(workspace: Path, sets: int, root: Path) -> float:
    out = root / "loop"
    out.mkdir(exist_ok=True)
    return sets / float(measuring.said([sys.executable, str(LOOP), measuring.NOTEBOOK, str(out), str(sets)], workspace))


if __name__ == "__main__":
    measuring.main(__doc__, measure)
