"""Many pages at a time: fair to other reports and to other builds, and one that fails stops no other."""

from __future__ import annotations

import re
import signal
import threading
from pathlib import Path

import pytest
from support.bench import make_bench
from support.shop import Shop, finish
from support.whole import kernels, require_tidy, wait_until

pytestmark = pytest.mark.slow

WAIT = """\
import time
from pathlib import Path

if number >= 3:
    Path("../waiting").touch()
while number >= 3 and not Path("../gate").exists():
    time.sleep(0.05)"""

TOGETHER = """\
import os, time
from pathlib import Path

here = Path(f"../running/{os.getpid()}")
here.touch()
time.sleep(0.1)
with open("../most", "a") as file:
    file.write(f"{len(list(here.parent.iterdir()))} {name}\\n")
time.sleep(0.1)
here.unlink()"""

FAILING = """\
import os, signal, sys

if number == 5:
    raise ValueError("there is no such shop")
if number == 10:
    os.kill(os.getpid(), signal.SIGKILL)
if number == 15:
    sys.exit(3)"""


@pytest.fixture
def workspace(tmp_path):
    """A workspace whose builds run two notebooks at a time, and the command in it."""
    bench = make_bench(tmp_path / "workspace")
    bench.write("analytics.toml", '[site]\ntitle = "Tried"\n\n[rendering]\njobs = 2\n')
    shop = Shop(bench.root)
    shop.bench = bench
    return shop


@pytest.fixture
def gated(workspace):
    """A report of six pages, of which the third and later wait for the file ``gate``, and one of a single page."""
    workspace.bench.notebook("many", WAIT, parameters="number: int = 1")
    workspace.bench.report("many", for_each={"number": [1, 2, 3, 4, 5, 6]})
    workspace.bench.notebook("single", parameters="number: int = 1")
    workspace.bench.report("single")
    return workspace


def open_gate(shop):
    (shop.root / "gate").touch()


def test_one_failing_parameter_set_does_not_stop_the_others(workspace):
    workspace.bench.notebook("shops", FAILING, parameters="number: int = 1")
    workspace.bench.report("shops", for_each={"number": list(range(1, 21))})
    ran = workspace.run("run", "shops")
    assert ran.code == 4
    assert re.search(r"^17 published, 3 failed in [\d.]+ s\.$", ran.out, re.MULTILINE)
    assert len(ran.errors) == 3
    for words in ("there is no such shop", "ended by SIGKILL", "called sys.exit(3)"):
        assert sum(words in each for each in ran.errors) == 1, words
    shown = {path.stem for path in (workspace.site / "shops").glob("*.html")} - {"index"}
    assert shown >= {str(number) for number in range(1, 21)} - {"5", "10", "15"}
    assert set(workspace.current()) == {("shops", str(n)) for n in range(1, 21) if n not in {5, 10, 15}}
    assert not kernels(workspace)
    require_tidy(workspace)


def test_a_report_of_one_page_is_published_while_another_has_many_left(gated):
    process = gated.start("build")
    wait_until((gated.site / "single/index.html").exists)
    assert ("single", "index") in gated.current()
    assert not (gated.site / "many").exists()
    assert process.poll() is None
    open_gate(gated)
    assert finish(process).code == 0
    assert len(gated.current()) == 7
    require_tidy(gated)


def test_two_builds_of_different_reports_go_on_side_by_side(gated):
    first = gated.start("run", "many", "--jobs", "1")
    wait_until((gated.root / "waiting").exists)
    second = gated.run("run", "single")
    assert second.code == 0
    assert "waiting" not in second.err
    assert gated.current() == {("single", "index"): 1}
    assert first.poll() is None
    # The second has tidied up before and after: what is the first one's is still there.
    assert len(kernels(gated)) >= 1
    open_gate(gated)
    assert finish(first).code == 0
    assert len(gated.current()) == 7
    require_tidy(gated)


def test_a_build_renders_what_is_free_and_waits_for_the_rest(gated):
    first = gated.start("run", "many", "--jobs", "1")
    wait_until((gated.root / "waiting").exists)
    second = gated.start("build", "--json")
    wait_until((gated.site / "single/index.html").exists)
    assert second.poll() is None
    open_gate(gated)
    assert finish(first).code == 0
    ran = finish(second)
    assert ran.code == 0
    assert ran.pages == {**{str(number): "unchanged" for number in range(1, 7)}, "index": "published"}


def test_what_a_dead_build_left_goes_and_what_a_living_one_has_stays(gated):
    first = gated.start("run", "many", "--jobs", "1")
    wait_until((gated.root / "waiting").exists)
    runs = gated.state / "runs"
    (own,) = runs.iterdir()
    dead = runs / "build-dead"
    dead.mkdir()
    half = gated.state / "versions/gone/index/.part-1"
    half.mkdir(parents=True)
    theirs = gated.state / "versions/many/1/.part-9-abc"
    theirs.mkdir(parents=True)
    assert gated.run("run", "single").code == 0
    assert own.is_dir()
    assert not dead.exists()
    assert not half.exists()
    assert theirs.is_dir()  # of a report that somebody is at work on
    open_gate(gated)
    assert finish(first).code == 0
    assert gated.run("run", "single").code == 0
    require_tidy(gated)


def test_a_killed_build_harms_no_other(gated):
    first = gated.start("run", "many", "--jobs", "1")
    wait_until((gated.root / "waiting").exists)
    (gated.root / "waiting").unlink()
    gated.bench.notebook("other", WAIT, parameters="number: int = 9")
    gated.bench.report("other")
    second = gated.start("run", "other")
    wait_until((gated.root / "waiting").exists)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    wait_until(lambda: len(kernels(gated)) == 1)
    open_gate(gated)
    assert finish(second).code == 0
    assert gated.current() == {("other", "index"): 1}
    assert gated.built("--jobs", "1") == {**{str(number): "published" for number in range(1, 7)}, "index": "published"}
    # The pages that the killed build had stored were taken up as they are.
    assert gated.rows("select page, count(*) from versions where report = 'many' group by page order by page") == [
        (str(number), 1) for number in range(1, 7)
    ]
    require_tidy(gated)


def test_two_builds_together_run_no_more_notebooks_than_one(workspace):
    """The notebooks themselves count how many run; both builds get their share from the beginning."""
    (workspace.root / "running").mkdir()
    for name in ("left", "right"):
        workspace.bench.notebook(name, TOGETHER, parameters=f"number: int = 1\nname: str = '{name}'")
        workspace.bench.report(name, for_each={"number": list(range(1, 9))})
    first, second = (workspace.start("run", name) for name in ("left", "right"))
    assert [finish(each).code for each in (first, second)] == [0, 0]
    counted = [line.split() for line in (workspace.root / "most").read_text().splitlines()]
    assert len(counted) == 16
    assert max(int(number) for number, _ in counted) <= 2
    require_tidy(workspace)


def test_many_pages_start_few_threads(workspace, monkeypatch):
    """A thousand parameter sets are a thousand lines, not a thousand threads, folders or kernels."""
    from analytics_lib.pipeline.executors import executor
    from analytics_lib.rendering.runner import Executed, read_handover
    from analytics_lib.rendering.saving import EXECUTED_NAME

    most = [0, 0]

    def run_notebook(request):
        import nbformat

        most[0] = max(most[0], threading.active_count())
        most[1] = max(most[1], len(list(request.folder.parent.glob("shops-*"))))
        notebook = nbformat.read(request.notebook, as_version=4)
        (request.folder / EXECUTED_NAME).write_text(nbformat.writes(notebook), encoding="utf-8")
        return Executed(notebook, read_handover(request.folder), 0.0)

    monkeypatch.setattr(executor, "run_notebook", run_notebook)
    workspace.bench.notebook("shops", parameters="number: int = 1")
    workspace.bench.report("shops", for_each={"number": list(range(200))})
    before = threading.active_count()
    result = workspace.bench.build(jobs=3)
    assert (result.rendered, result.exit_code) == (200, 0)
    assert most[1] <= 3
    assert most[0] <= before + 1 + 2 * 3  # three run, three more pages are being made
    assert threading.active_count() <= before + 1
    assert len(list(Path(workspace.site, "shops").glob("*.html"))) == 201
