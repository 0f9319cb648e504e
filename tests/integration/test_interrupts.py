"""Two builds of one report at a time, and a build that the system ends."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from support.shop import QUERY, finish
from support.whole import kernels, require_tidy, wait_until

pytestmark = pytest.mark.slow

WAITING = """\
import time
from pathlib import Path

Path("../waiting").touch()
while not Path("../gate").exists():
    time.sleep(0.05)
orders = db.sql("select * from orders where region = :region", region=region)"""


@pytest.fixture
def gated(shop):
    """A workspace whose notebook waits, under way, until the file ``gate`` is there."""
    shop.cell(QUERY, WAITING)
    return shop


def test_the_second_of_two_builds_waits_for_the_first(gated):
    first = gated.start("build", "--json")
    wait_until((gated.root / "waiting").exists)
    second = gated.start("build", "--json")
    other = gated.start("rollback", "orders", "--to", "1")
    wait_until(lambda: second.poll() is None and locked_out(gated, second) and locked_out(gated, other))
    (gated.root / "gate").touch()
    ran = [finish(process) for process in (first, second, other)]
    assert [each.code for each in ran] == [0, 0, 0], ran
    assert ran[0].pages == {"index": "published"}
    # Whoever came next: the rollback took the new version down, or the build found it current.
    assert ran[1].pages == {"index": "unchanged"}
    assert gated.current() == {("orders", "index"): 1}


def locked_out(shop, process):
    """Tell from the system whether a process waits for the report's lock."""
    inode = (shop.state / "locks/orders.lock").stat().st_ino
    lines = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    return any("->" in line and line[-3].endswith(f":{inode}") and int(line[-4]) == process.pid for line in lines)


def test_a_build_that_waits_says_for_whom(gated):
    first = gated.start("build")
    wait_until((gated.root / "waiting").exists)
    second = gated.start("build")
    wait_until(lambda: locked_out(gated, second))
    (gated.root / "gate").touch()
    assert finish(first).code == 0
    ran = finish(second)
    assert ran.code == 0
    assert f"waiting for the build of process {first.pid}" in ran.err


def test_reading_does_not_wait(gated):
    first = gated.start("build")
    wait_until((gated.root / "waiting").exists)
    for command in (("list",), ("versions", "orders"), ("check",)):
        assert gated.call(*command).code == 0
    (gated.root / "gate").touch()
    assert finish(first).code == 0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGHUP])
def test_a_build_that_the_system_ends_leaves_no_kernel(gated, ending):
    before = gated.published()
    process = gated.start("build")
    wait_until((gated.root / "waiting").exists)
    process.send_signal(ending)
    assert finish(process).code == -ending
    wait_until(lambda: not kernels(gated))
    assert gated.published() == before
    (gated.root / "gate").touch()
    assert gated.built() == {"index": "published"}
    require_tidy(gated)
