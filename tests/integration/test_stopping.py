"""Ctrl-C, and a scheduler's request to end: prompt and clean, wherever the work is done."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.bench import make_bench
from support.screen import Terminal
from support.shop import Shop, finish
from support.whole import kernels, require_tidy, require_whole, wait_until

from analytics_lib.forking.listing import running, stop
from analytics_lib.forking.places import FOLDER_VARIABLE, SUPPORTED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not SUPPORTED, reason="processes are looked at in /proc")]

COMMAND = str(Path(sys.executable).parent / "analytics")

WAIT = """\
import subprocess, time
from pathlib import Path

if number >= 3 and not Path("../gate").exists():
    subprocess.Popen(["sleep", "600"])
    Path(f"../waiting-{number}").touch()
    while not Path("../gate").exists():
        time.sleep(0.05)"""

PLACES = pytest.mark.parametrize("place", [(), ("--no-daemon",)], ids=["resident", "one process"])


@pytest.fixture
def gated(tmp_path):
    """A quick report, and one of six pages: two are quick, the others start a child and wait for the file ``gate``."""
    bench = make_bench(tmp_path / "workspace")
    bench.write("analytics.toml", '[site]\ntitle = "Tried"\n\n[rendering]\njobs = 2\n')
    bench.notebook("many", WAIT, parameters="number: int = 1")
    bench.report("many", for_each={"number": [1, 2, 3, 4, 5, 6]})
    bench.notebook("quick")
    bench.report("quick")
    return Shop(bench.root)


def start(shop, *arguments):
    """Start the command as a person does, in a process group of its own."""
    return subprocess.Popen(
        [COMMAND, *arguments], cwd=shop.root, start_new_session=True, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def under_way(shop):
    """Tell whether the quick report is published and two notebooks wait, each with a child."""
    waiting = len(list(shop.root.glob("waiting-*"))) == 2
    return waiting and (shop.site / "quick/index.html").exists() and len(kernels(shop)) >= 4


def require_stopped(shop):
    """Nothing runs, nothing is half done; what was finished is published, or stored for the next build to take up."""
    wait_until(lambda: not kernels(shop))
    require_whole(shop)
    assert shop.current() == {("quick", "index"): 1}
    assert shop.rows("select page from versions where report = 'many' order by page") == [("1",), ("2",)]
    assert shop.rows("select * from pages where stale_since is not null") == []
    (shop.root / "gate").touch()
    assert set(shop.built().values()) == {"published", "unchanged"}
    assert len(shop.current()) == 7
    assert shop.rows("select distinct count(*) from versions group by report, page") == [(1,)]
    require_tidy(shop)


@PLACES
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_build_that_is_stopped(gated, place, ending):
    process = start(gated, "build", *place)
    wait_until(lambda: under_way(gated))
    process.send_signal(ending)
    ran = finish(process)
    assert ran.code == 128 + ending, ran.err
    assert ran.out == ""
    assert ran.err.splitlines()[-1] == (
        "Stopped after 3 of 7 pages. Reports that were done are published, others are unchanged; "
        "the next build takes up what is there."
    )
    require_tidy(gated)
    require_stopped(gated)


@PLACES
def test_json_stays_empty(gated, place):
    process = start(gated, "build", "--json", *place)
    wait_until(lambda: under_way(gated))
    process.send_signal(signal.SIGINT)
    ran = finish(process)
    assert (ran.code, ran.out) == (130, "")
    assert len(ran.err.splitlines()) == 1
    assert ran.err.startswith("Stopped after 3 of 7 pages.")


@PLACES
def test_control_c_on_a_terminal(gated, place):
    terminal = Terminal(COMMAND, "build", *place, columns=100, folder=gated.root)
    wait_until_shown(terminal, gated, "3 of 7 pages · 2 running")
    assert any("many 3, many 4" in line for line in terminal.screen.lines)
    assert not terminal.screen.cursor
    terminal.press_control_c()
    assert terminal.finish() == 130
    assert terminal.screen.cursor
    text = "\n".join(terminal.screen.lines)
    assert "Stopped after 3 of 7 pages." in text.replace("\n", "")
    assert "running" not in text
    assert "Traceback" not in text
    require_stopped(gated)


@PLACES
def test_a_second_control_c_while_it_stops(gated, place):
    """It ends at once, without a word; the next build tidies up."""
    terminal = Terminal(COMMAND, "build", *place, columns=80, folder=gated.root)
    wait_until_shown(terminal, gated, "3 of 7 pages · 2 running")
    for _ in range(3):
        terminal.press_control_c()
    assert terminal.finish() == 130
    assert terminal.screen.cursor
    assert "Traceback" not in "\n".join(terminal.screen.lines)
    require_stopped(gated)


def wait_until_shown(terminal, shop, words):
    terminal.wait_for(lambda screen: under_way(shop) and any(words in line for line in screen.lines))


@PLACES
def test_control_c_before_anything_has_begun(gated, place):
    """While the resident process, or this one, imports its libraries."""
    folder = Path(tempfile.mkdtemp(prefix="at-"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(FOLDER_VARIABLE, str(folder))
        process = start(gated, "build", *place)
        wait_until(lambda: list(folder.glob("*.sock")) if not place else imported(process.pid, "pydantic"))
        process.send_signal(signal.SIGINT)
        ran = finish(process)
        assert ran.code == 130, ran.err
        assert not list(gated.state.glob("runs/*"))
        stop(running(), now=True)
    shutil.rmtree(folder, ignore_errors=True)


def imported(process, module):
    """Tell from the files that a process has mapped whether it has loaded a library."""
    try:
        return f"/{module}" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8")
    except OSError:
        return False


@PLACES
def test_waiting_for_another_build_can_be_stopped(gated, place):
    first = start(gated, "run", "many")
    wait_until(lambda: len(list(gated.root.glob("waiting-*"))) == 2)
    second = start(gated, "run", "many", *place)
    wait_until(lambda: f"process {first_worker(gated)}" and waits(gated))
    second.send_signal(signal.SIGINT)
    ran = finish(second)
    assert ran.code == 130
    assert "waiting for the build of process" in ran.err
    assert ran.err.splitlines()[-1].startswith("Stopped. What was published is unchanged;")
    (gated.root / "gate").touch()
    assert finish(first).code == 0


def first_worker(shop):
    return (shop.state / "locks/many.lock").read_text()


def waits(shop):
    """Tell from the system whether somebody waits for the report's lock."""
    inode = os.stat(shop.state / "locks/many.lock").st_ino  # noqa: PTH116
    lines = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    return any("->" in line and line[-3].endswith(f":{inode}") for line in lines)
