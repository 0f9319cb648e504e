"""A lock for each report: one build at a time works on it, others go on; a killed one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from analytics_lib.errors import PublishError
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.locking import LOCKS, ReportLock, report_lock, site_lock

HOLDER = """
import sys, time
from pathlib import Path
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.locking import report_lock
with report_lock(Path(sys.argv[1]), "sales", Silent()):
    print("held", flush=True)
    time.sleep(600)
"""

pytestmark = pytest.mark.skipif(not LOCKS, reason="this system has no file locks")


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock of the report `sales`."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_the_second_waits_says_for_whom_and_goes_on_when_the_first_is_killed(tmp_path, holder):
    told, taken = threading.Event(), threading.Event()

    class Heard(Silent):
        def say(self, text):
            super().say(text)
            told.set()

    heard = Heard()

    def second():
        with report_lock(tmp_path, "sales", heard):
            taken.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert told.wait(30)
    assert heard.said == [f"waiting for the build of process {holder.pid}, which is at work on sales"]
    assert not taken.is_set()
    os.kill(holder.pid, signal.SIGKILL)
    assert taken.wait(30)
    thread.join(30)


def test_another_report_does_not_wait(tmp_path, holder):
    heard = Silent()
    with report_lock(tmp_path, "churn", heard), site_lock(tmp_path):
        assert not ReportLock(tmp_path, "sales").take()
    assert heard.said == []


def test_a_lock_is_taken_once_and_given_back(tmp_path):
    first, second = ReportLock(tmp_path / "state", "sales"), ReportLock(tmp_path / "state", "sales")
    second.release()  # was never held
    for _ in range(2):
        assert first.take()
        assert not second.take()
        assert (tmp_path / "state/locks/sales.lock").read_text() == str(os.getpid())
        first.release()
    assert second.take()
    second.release()


@pytest.mark.parametrize("report", ["../sales", "a/b", "x" * 300, "naïve"])
def test_whatever_a_report_is_called_its_lock_lies_in_the_state(tmp_path, report):
    with report_lock(tmp_path / "state", report, Silent()):
        assert len(list((tmp_path / "state/locks").iterdir())) == 1
    assert [each.name for each in tmp_path.iterdir()] == ["state"]


def test_the_site_is_one_threads_at_a_time(tmp_path):
    inside, most = [], []

    def work():
        for _ in range(20):
            with site_lock(tmp_path):
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(most), max(most)) == (80, 1)


@pytest.mark.parametrize("lock", [lambda state: report_lock(state, "sales", Silent()), site_lock])
def test_a_state_that_cannot_be_written(tmp_path, lock):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(PublishError), lock(tmp_path / "state"):
        pytest.fail("the lock was taken")
