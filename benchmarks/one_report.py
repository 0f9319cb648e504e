"""One report, the whole command: `analytics run` against `papermill` followed by `jupyter nbconvert`.

Ours does more: it checks the parameters, records what the notebook reads, stores a version and publishes it. The second
row is the example's airline report, whose notebook reads the example's warehouse and whose frame is checked besides.

    python benchmarks/one_report.py [--runs 5] [--quick]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import measuring
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARRIER = "UA"


def measure(options: Options, root: Path) -> Iterator[Row]:
    """Yield the row of the reference report."""
    workspace = measuring.reference(root, 1)
    ours = [measuring.run_report("--force")]
    peers = measuring.two_commands(measuring.NOTEBOOK, root / "peer", number=1)
    times = _take_turns(ours, peers, workspace, options)
    yield measuring.faster("one report, whole command, warm", measuring.TWO_COMMANDS, times, 12)


def measure_airline(options: Options, root: Path) -> Iterator[Row]:
    """Yield the row of the example's airline report."""
    workspace = root / "example"
    measuring.note("building the example's warehouse")
    measuring.said([measuring.ANALYTICS, "demo", str(workspace), "--data-only"], root)
    ours = [[measuring.ANALYTICS, "run", "airline_on_time", "-p", f"carrier={CARRIER}", "--force"]]
    peers = measuring.two_commands("notebooks/airline_on_time.ipynb", root / "peer", carrier=CARRIER)
    times = _take_turns(ours, peers, workspace, options)
    yield measuring.faster("airline report of the example, one page", measuring.TWO_COMMANDS, times, None)


def _take_turns(
    ours: list[list[str]], peers: list[list[str]], workspace: Path, options: Options
) -> list[tuple[float, float]]:
    for commands in (ours, peers):  # byte code, file caches and what stays resident are warm for both
        measuring.seconds(commands, workspace)
    times = []
    for number in range(options.runs):
        times.append((measuring.seconds(ours, workspace), measuring.seconds(peers, workspace)))
        measuring.note(f"one report, run {number + 1}: ours {times[-1][0]:.2f} s, peer {times[-1][1]:.2f} s")
    return times


if __name__ == "__main__":
    measuring.main(__doc__, measure, measure_airline)
