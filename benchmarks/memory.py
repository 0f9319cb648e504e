"""The memory of one more kernel: the kernel `analytics` against a plain one after the same imports.

Memory is Pss, the proportional set size that the system reports: what a process holds alone, and its share of what
several hold together. Measured is by how much one more kernel raises the sum over all processes of its kind: parent,
keepers, kernels. A kernel of each kind stands by throughout, so that what is measured is one more. Linux only.

    python benchmarks/memory.py [--runs 5] [--quick]
"""

from __future__ import annotations

import os
import re
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import measuring
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import start_new_kernel
from measuring import Options, Row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jupyter_client.blocking import BlockingKernelClient

OURS, PLAIN = "analytics", "python3"
IMPORTS = "import altair, duckdb, numpy, pandas, pyarrow, scipy.stats"
START = 120
GOAL = 1 / 3


def measure(options: Options, _: Path) -> Iterator[Row]:
    """Yield the row."""
    if OURS not in KernelSpecManager().find_kernel_specs():
        measuring.note(f"memory: the kernel '{OURS}' is not installed")
        return
    with _kernel(OURS) as ours, _kernel(PLAIN) as plain:
        _ready(ours), _ready(plain)
        sizes = [(_one_more(OURS), _one_more(PLAIN)) for _ in range(options.runs)]
    for number, (mine, theirs) in enumerate(sizes, start=1):
        measuring.note(f"memory, run {number}: ours {mine:.0f} MiB, plain {theirs:.0f} MiB")
    ours_size, plain_size = measuring.medians(sizes)
    share = ours_size / plain_size
    figures = f"{ours_size:.0f} MiB", f"{plain_size:.0f} MiB"
    peer = "plain kernel after the same imports"
    yield Row("memory of one more kernel (Pss)", peer, *figures, f"{share:.2f} of it", "≤ 1/3", share <= GOAL)


@contextmanager
def _kernel(name: str) -> Iterator[BlockingKernelClient]:
    manager, client = start_new_kernel(
        startup_timeout=START, kernel_name=name, env=measuring.ENVIRONMENT, stderr=subprocess.DEVNULL
    )
    try:
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def _ready(client: BlockingKernelClient) -> int:
    """Let the kernel import what reports need; return its process."""
    reply = client.execute(
        f"import os; {IMPORTS}", user_expressions={"process": "os.getpid()"}, reply=True, timeout=START
    )
    if reply["content"]["status"] != "ok":
        raise SystemExit(f"the imports failed: {reply['content']['evalue']}")
    return int(reply["content"]["user_expressions"]["process"]["data"]["text/plain"])


def _one_more(name: str) -> float:
    """Return by how many MiB one more kernel raises the Pss of all processes that have to do with kernels of its kind.

    Taken together, for a fork takes a part of the memory over that its parent and its siblings held before.
    """
    before = {each: _pss(each) for each in _parents() if _ours(each)}
    with _kernel(name) as client:
        parents = _parents()
        relatives = _relatives(_ready(client), parents)
        return sum(_pss(each) - before.get(each, 0.0) for each in relatives)


def _relatives(process: int, parents: dict[int, int]) -> set[int]:
    """Return the kernel's whole family: the process it was forked from, all that were; and this process's children."""
    me, root = os.getpid(), process
    while parents.get(root, 1) not in {0, 1, me}:
        root = parents[root]
    return {each for each in parents if _descends(each, root, parents) or (each != me and _descends(each, me, parents))}


def _ours(process: int) -> bool:
    try:
        return Path(f"/proc/{process}").stat().st_uid == os.getuid() and process != 1
    except OSError:
        return False  # ended meanwhile


def _parents() -> dict[int, int]:
    """Return every process with its parent."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue  # ended meanwhile
        found[int(stat.parent.name)] = int(text.rpartition(")")[2].split()[1])
    return found


def _descends(process: int, ancestor: int, parents: dict[int, int]) -> bool:
    while process in parents:
        if process == ancestor:
            return True
        process = parents[process]
    return False


def _pss(process: int) -> float:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except (ProcessLookupError, FileNotFoundError):
        return 0.0  # ended meanwhile
    if not text:
        return 0.0
    found = re.search(r"^Pss:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise SystemExit("this system does not report Pss")
    return int(found[1]) / 1024


if __name__ == "__main__":
    measuring.main(__doc__, measure)
