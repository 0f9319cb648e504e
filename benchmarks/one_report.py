"""One report, whole command: `analytics run` against `papermill` followed by `jupyter nbconvert`, on the same notebook.

The two take turns in one run; printed are medians and their ratio. Ours does more: it
validates parameters and output frames, stores a version and publishes. With ``--no-checks`` the frames are not checked,
as the peers do not check them.

    python benchmarks/one_report.py [--runs 5] [--no-checks]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from analytics_lib.example.workspace import copy_starter

BIN = Path(sys.executable).parent
# Byte code is kept for both, as on any machine where people work.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
SHOWN = ("papermill", "nbconvert", "ipykernel", "jupyter_client", "great-expectations", "pandas", "altair")


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        copy_starter(root)
        report = root / "reports" / "first_report.yml"
        text = report.read_text().replace("region: [north, south]", "region: [north]")
        report.write_text(text.split("checks:")[0] if arguments.no_checks else text)
        out = root / "peer"
        out.mkdir()
        ours = [str(BIN / "analytics"), "run", "first_report", "--force"]
        peers = [
            [str(BIN / "papermill"), "notebooks/first_report.ipynb", str(out / "run.ipynb"), "-p", "region", "north",
             "--cwd", "notebooks", "--no-progress-bar"],
            [str(BIN / "jupyter"), "nbconvert", "--to", "html", "--log-level", "ERROR", str(out / "run.ipynb")],
        ]  # fmt: skip
        _seconds([ours], root), _seconds(peers, root)  # byte code and file caches are warm for both
        times = [(_seconds([ours], root), _seconds(peers, root)) for _ in range(arguments.runs)]
        sizes = (root / "site/first_report/north.html").stat().st_size, (out / "run.html").stat().st_size
    _print(times, sizes)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--no-checks", action="store_true")
    return parser.parse_args()


def _seconds(commands: list[list[str]], folder: Path) -> float:
    begun = time.perf_counter()
    for command in commands:
        done = subprocess.run(
            command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, check=False, timeout=300
        )
        if done.returncode:
            sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return time.perf_counter() - begun


def _print(times: list[tuple[float, float]], sizes: tuple[int, int]) -> None:
    ours, peers = (statistics.median(column) for column in zip(*times, strict=True))
    print(f"Python {platform.python_version()}, {os.cpu_count()} processors, {platform.system()}")
    print(", ".join(f"{name} {metadata.version(name)}" for name in SHOWN))
    print(f"\n| one report, whole command, median of {len(times)} | seconds | page, bytes |")
    print("|---|---:|---:|")
    print(f"| papermill + jupyter nbconvert | {peers:.1f} | {sizes[1]:,} |")
    print(f"| analytics run | {ours:.1f} | {sizes[0]:,} |")
    print(f"\nratio: {peers / ours:.2f} times as fast")


if __name__ == "__main__":
    main()
