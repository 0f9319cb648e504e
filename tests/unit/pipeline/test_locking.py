"""One build at a time in a workspace; a killed one holds nobody up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from analytics_lib.errors import PublishError
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.locking import LOCKS, build_lock

HOLDER = """
import sys, time
from pathlib import Path
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.locking import build_lock
with build_lock(Path(sys.argv[1]), Silent()):
    print("held", flush=True)
    time.sleep(600)
"""

pytestmark = pytest.mark.skipif(not LOCKS, reason="this system has no file locks")


@pytest.fixture
def holder(tmp_path):
    """Another process that holds the lock."""
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
        with build_lock(tmp_path, heard):
            taken.set()

    thread = threading.Thread(target=second)
    thread.start()
    assert told.wait(30)
    assert heard.said == [f"waiting for the build of process {holder.pid}"]
    assert not taken.is_set()
    os.kill(holder.pid, signal.SIGKILL)
    assert taken.wait(30)
    thread.join(30)


def test_one_after_the_other(tmp_path):
    heard = Silent()
    for _ in range(2):
        with build_lock(tmp_path / "state", heard):
            assert (tmp_path / "state/build.lock").read_text() == str(os.getpid())
    assert heard.said == []


def test_a_state_that_cannot_be_written(tmp_path):
    (tmp_path / "state").write_text("a file")
    with pytest.raises(PublishError), build_lock(tmp_path / "state", Silent()):
        pytest.fail("the lock was taken")
