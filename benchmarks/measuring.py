"""What every benchmark uses: the reference workspace, commands and their seconds, rows of the table, the environment.

Ours and the peer take turns within one run and work on the same notebook; printed are medians. Compare ratios between
machines, not seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent
ANALYTICS, PAPERMILL, JUPYTER = (str(BIN / name) for name in ("analytics", "papermill", "jupyter"))
# Byte code is kept for both, as on any machine where people work.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
NOTEBOOK = "notebooks/reference.ipynb"
REPORT = "reference"
TWO_COMMANDS = "`papermill`, then `jupyter nbconvert`"
SHOWN = (
    "analytics-lib", "papermill", "nbconvert", "voila", "ipykernel", "jupyter_client", "great-expectations", "pandas",
    "altair", "duckdb", "scipy",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """How much is measured.

    Parameters
    ----------
    runs
        Runs of each side; their median is printed.
    sets
        Parameter sets of our fan-out.
    sample
        Parameter sets of the peers' fan-out, which would take many minutes for all.
    """

    runs: int = 5
    sets: int = 100
    sample: int = 10


QUICK = Options(runs=2, sets=10, sample=2)


@dataclass(frozen=True)
class Row:
    """A line of the table.

    Parameters
    ----------
    work, peer
        What was measured, and against what; "–" for no peer.
    ours, theirs
        Figures with their unit.
    measured
        The figure that has a goal: a ratio, or seconds.
    goal
        What it is to reach, as the table shows it: ``≥ 12 × faster``.
    reached
        Whether it did; None where there is no goal.
    """

    work: str
    peer: str
    ours: str
    theirs: str
    measured: str
    goal: str
    reached: bool | None


Measure = Callable[[Options, Path], Iterable[Row]]


def faster(work: str, peer: str, times: list[tuple[float, float]], goal: float | None) -> Row:
    """Return the row of something that took (our, their) seconds in each run."""
    ours, theirs = medians(times)
    return ratio(work, peer, (f"{ours:.2f} s", f"{theirs:.2f} s"), theirs / ours, goal=goal, words="faster")


def ratio(work: str, peer: str, figures: tuple[str, str], times: float, *, goal: float | None, words: str) -> Row:
    """Return the row of a ratio that is to reach `goal`: the larger the better."""
    wanted = "–" if goal is None else f"≥ {goal:g} × {words}"
    return Row(work, peer, *figures, f"{times:.2f} ×", wanted, None if goal is None else times >= goal)


def turns(options: Options, words: str, sides: Sequence[Callable[[], Any]]) -> list[tuple[float, ...]]:
    """Return each side's seconds in each run; each has run once before, so that files are in memory."""
    for side in sides:
        side()
    times = []
    for number in range(options.runs):
        times.append(tuple(taken(side) for side in sides))
        note(f"{words}, run {number + 1}: {', '.join(f'{each:.2f} s' for each in times[-1])}")
    return times


def taken(work: Callable[[], Any]) -> float:
    """Return how long work takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def medians(pairs: Iterable[tuple[float, ...]]) -> tuple[float, ...]:
    """Return the median of each column."""
    return tuple(statistics.median(column) for column in zip(*pairs, strict=True))


def reference(root: Path, sets: int) -> Path:
    """Copy the reference workspace, with so many parameter sets, to a new folder below `root`."""
    workspace = Path(tempfile.mkdtemp(prefix="reference-", dir=root))
    shutil.copytree(HERE / "reference", workspace, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*", "site"))
    report = workspace / "reports" / f"{REPORT}.yml"
    head = report.read_text(encoding="utf-8").split("for_each:")[0]
    report.write_text(f"{head}for_each:\n  number: {list(range(1, sets + 1))}\n", encoding="utf-8")
    return workspace


def run_report(*options: str) -> list[str]:
    """Return our command that brings the reference report up to date."""
    return [ANALYTICS, "run", REPORT, *options]


def two_commands(notebook: str, out: Path, **parameters: object) -> list[list[str]]:
    """Return the peer's commands: run `notebook` with Papermill, then make the page with nbconvert."""
    given = [part for name, value in parameters.items() for part in ("-p", name, str(value))]
    executed = out / f"{Path(notebook).stem}-{'-'.join(str(value) for value in parameters.values())}.ipynb"
    out.mkdir(exist_ok=True)
    return [
        [PAPERMILL, notebook, str(executed), *given, "--cwd", str(Path(notebook).parent), "--no-progress-bar"],
        [JUPYTER, "nbconvert", "--to", "html", "--log-level", "ERROR", str(executed)],
    ]


def seconds(commands: list[list[str]], folder: Path) -> float:
    """Run commands one after the other; return the wall time. One that fails ends the benchmark."""
    begun = time.perf_counter()
    for command in commands:
        said(command, folder)
    return time.perf_counter() - begun


def said(command: list[str], folder: Path) -> str:
    """Run a command and return what it printed; one that fails ends the benchmark."""
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=3600
    )
    if done.returncode:
        sys.exit(
            f"{' '.join(command)} failed with exit code {done.returncode}:\n{done.stdout[-500:]}{done.stderr[-2000:]}"
        )
    return done.stdout


def own_seconds(workspace: Path) -> list[float]:
    """Return what the cells of each stored page took by themselves, as Papermill noted it in the executed notebook."""
    found = []
    for path in sorted((workspace / ".analytics" / "versions").rglob("notebook.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found.append(sum(cell["metadata"].get("papermill", {}).get("duration") or 0.0 for cell in cells))
    return found


def note(text: str) -> None:
    """Say what is under way, on standard error: the table alone is the output."""
    print(text, file=sys.stderr, flush=True)


def stop_daemon(folder: Path) -> None:
    """Stop what ours keeps running in the background, so that a benchmark leaves nothing behind."""
    subprocess.run([ANALYTICS, "daemon", "stop"], cwd=folder, env=ENVIRONMENT, capture_output=True, check=False)


def environment() -> str:
    """Return what the figures were made with."""
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in SHOWN)
    system = f"{platform.system()} {platform.release().split('-')[0]}, {platform.machine()}"
    return f"Python {platform.python_version()}, {os.cpu_count()} processors, {memory_size()}, {system}; {packages}."


def memory_size() -> str:
    """Return the machine's memory in words."""
    size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{size / 2**30:.0f} GiB of memory"


def table(rows: Iterable[Row]) -> str:
    """Return rows as a table of Markdown."""
    lines = ["| work | peer | ours | peer's | measured | to reach | reached |", "|---|---|---:|---:|---:|---|---|"]
    for row in rows:
        reached = "–" if row.reached is None else "yes" if row.reached else "no"
        cells = (row.work, row.peer, row.ours, row.theirs, row.measured, row.goal, reached)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main(about: str, *measures: Measure) -> None:
    """Measure as the command line asks, and print the environment and the table."""
    options = _options(about)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        try:
            rows = [row for measure in measures for row in measure(options, root)]
        finally:
            stop_daemon(root)
    print(environment())
    print(f"Medians of {options.runs} runs; ours and the peer took turns.\n")
    print(table(rows))


def _options(about: str) -> Options:
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer runs on fewer sets: to see that all works")
    parser.add_argument("--runs", type=int, help="runs of each side (5; with --quick 2)")
    parser.add_argument("--sets", type=int, help="parameter sets of our fan-out (100; with --quick 10)")
    parser.add_argument("--sample", type=int, help="parameter sets of the peers' fan-out (10; with --quick 2)")
    given = parser.parse_args()
    base = QUICK if given.quick else Options()
    return Options(given.runs or base.runs, given.sets or base.sets, given.sample or base.sample)
