"""Kernels that are killed, hang, fill the memory, fork, or leave: the run fails, its notebook is kept, none stays."""

import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import pytest
from support.bench import write_notebook
from support.kernels import gone

from analytics_lib.errors import CellTimedOut, KernelDied
from analytics_lib.forking.places import SUPPORTED
from analytics_lib.rendering.runner import RunRequest, run_notebook

pytestmark = pytest.mark.skipif(not SUPPORTED, reason="a kernel's keeper needs Linux")

NOTE_PID = "import os; open({path!r}, 'a').write(f'{{os.getpid()}}\\n'); print('so far')"


@pytest.fixture(params=["forked", "plain"])
def start(request, tmp_path, monkeypatch):
    """Run cells, in a forked kernel and in a plain one; the kernel notes its process in `start.pids`."""
    if request.param == "plain":
        monkeypatch.setenv("ANALYTICS_DAEMON", "off")
    root, folder, pids = tmp_path / "workspace", tmp_path / "run", tmp_path / "pids"
    folder.mkdir()

    def start(*cells, timeout=60, memory_bytes=None):
        path = write_notebook(root / "notebooks/n.ipynb", NOTE_PID.format(path=str(pids)), *cells, parameters="x = 1")
        request = RunRequest(path, "notebooks/n.ipynb", {}, root, folder, 60, timeout, memory_bytes=memory_bytes)
        return run_notebook(request)

    start.folder, start.pids, start.root = folder, pids, root
    return start


def noted(start):
    return [int(line) for line in start.pids.read_text().split()]


def kept(start):
    """The failed run's notebook has what was printed before."""
    notebook = nbformat.read(start.folder / "notebook.ipynb", as_version=4)
    return any("so far" in output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))


def test_a_kernel_that_is_killed_from_outside(start):
    def kill():
        deadline = time.monotonic() + 60
        while not start.pids.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.3)
        subprocess.run(["kill", "-9", *start.pids.read_text().split()], check=True)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(KernelDied) as caught:
        start("import time; time.sleep(60)")
    killer.join()
    assert caught.value.message == "the kernel was ended by SIGKILL"
    assert caught.value.where == "notebooks/n.ipynb cell 3"
    assert kept(start)
    assert gone(*noted(start))


DEAF = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
while True: time.sleep(1)
"""


@pytest.mark.parametrize(
    "hang",
    [
        "import time; time.sleep(600)",
        "while True: pass",
        DEAF,
        "import re; re.match(r'(a+)+$', 'a' * 40 + 'b')",  # in C, deaf to signals, holding the interpreter
    ],
)
def test_a_kernel_that_hangs(start, hang):
    with pytest.raises(CellTimedOut) as caught:
        start(hang, timeout=1)
    assert caught.value.where == "notebooks/n.ipynb cell 3"
    assert kept(start)
    assert gone(*noted(start))


FILL = """
held = []
while True:
    held.append(bytearray(b"x") * 20_000_000)
"""
FILL_IN_CHILDREN = """
import os, time
for _ in range(4):
    if os.fork() == 0:
        held = [bytearray(b"x") * 20_000_000 for _ in range(10)]
        time.sleep(600)
time.sleep(600)
"""


@pytest.mark.parametrize("cell", [FILL, FILL_IN_CHILDREN])
def test_a_kernel_that_fills_the_memory(start, cell):
    with pytest.raises(KernelDied) as caught:
        start(cell, memory_bytes=600_000_000)
    assert caught.value.message == "the kernel held more than 600 MB"
    assert "memory_limit" in caught.value.hint
    assert caught.value.where == "notebooks/n.ipynb cell 3"
    assert kept(start)
    assert gone(*noted(start))


def test_memory_below_the_limit_is_no_trouble(start):
    executed = start("held = bytearray(b'x') * 100_000_000\nprint(len(held))", memory_bytes=1_500_000_000)
    assert executed.notebook.cells[-1].outputs[0].text == "100000000\n"


def test_children_of_a_kernel_end_with_it(start):
    mark = f"6{os.getpid()}"
    start(
        f"import subprocess; subprocess.Popen(['sleep', '{mark}']); "
        f"subprocess.Popen(['sleep', '{mark}'], start_new_session=True)",
        f"subprocess.Popen(['sh', '-c', 'sleep {mark} & sleep {mark} &'])",
    )
    deadline = time.monotonic() + 10
    while _sleepers(mark) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _sleepers(mark) == []


def _sleepers(mark):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if command[:2] == [b"sleep", mark.encode()]:
            found.append(path.parent.name)
    return found


@pytest.mark.parametrize(("cell", "status"), [("import os; os._exit(0)", 0), ("import os; os._exit(3)", 3)])
def test_a_kernel_that_leaves(start, cell, status):
    with pytest.raises(KernelDied) as caught:
        start(cell, "print('never')")
    assert caught.value.message == f"the kernel ended with status {status}"
    assert kept(start)
    assert gone(*noted(start))


def test_many_runs_leave_nothing_behind(tmp_path):
    """Runs in a row: no descriptors, threads, processes or files grow."""
    root, folder = tmp_path / "workspace", tmp_path / "run"
    folder.mkdir()
    path = write_notebook(
        root / "notebooks/n.ipynb", "import pandas as pd; pd.DataFrame({'a': [1]})", parameters="x = 1"
    )
    code = f"""
import gc, os, sys, threading
from pathlib import Path
from analytics_lib.forking.listing import running
from analytics_lib.forking.places import private_folder
from analytics_lib.rendering.runner import RunRequest, run_notebook
def state():
    gc.collect()
    children = sum(each.children for each in running())
    return len(os.listdir("/proc/self/fd")), threading.active_count(), children, len(os.listdir(private_folder()))
def run(number):
    path, root, folder = map(Path, {[str(path), str(root), str(folder)]!r})
    run_notebook(RunRequest(path, "n", {{"x": number}}, root, folder, 60, 60))
for number in range(4): run(number)
before = state()
for number in range(30): run(number)
print(before, state())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    before, after = re.findall(r"\((.*?)\)", done.stdout)
    assert before == after
