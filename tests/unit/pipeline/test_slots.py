"""Slots bound the notebooks of all builds together, and are given out in turns."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections import Counter

import pytest

from analytics_lib.pipeline import slots
from analytics_lib.pipeline.fanout import FanOut
from analytics_lib.pipeline.locking import LOCKS
from analytics_lib.pipeline.slots import LOOK_SECONDS, Slots

pytestmark = pytest.mark.skipif(not LOCKS, reason="this system has no file locks")

HOLDER = """
import sys, threading, time
from pathlib import Path
from analytics_lib.pipeline.slots import Slots
slots = [Slots(Path(sys.argv[1]), 2).take(threading.Event()) for _ in range(2)]
print("held", flush=True)
time.sleep(600)
"""


@pytest.fixture
def never():
    """An event that nobody sets."""
    return threading.Event()


def test_so_many_and_no_more(tmp_path, never):
    mine, others = Slots(tmp_path, 2), Slots(tmp_path, 2)
    held = [mine.take(never), others.take(never)]
    stopped = threading.Event()
    stopped.set()
    assert mine.take(stopped) is None
    held.pop().close()
    again = mine.take(never)
    assert again is not None
    for slot in (*held, again):
        slot.close()


def test_slots_of_a_process_that_was_killed_are_free(tmp_path, never):
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    taken = []
    waiting = threading.Thread(target=lambda: taken.append(Slots(tmp_path, 2).take(never)))
    waiting.start()
    waiting.join(0.2)
    assert taken == []
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    waiting.join(30)
    assert taken[0] is not None
    taken[0].close()


def test_who_waits_can_be_stopped(tmp_path, never):
    """At the head of the line as well as behind."""
    held = Slots(tmp_path, 1).take(never)
    stop, left = threading.Event(), []
    threads = [threading.Thread(target=lambda: left.append(Slots(tmp_path, 1).take(stop))) for _ in range(3)]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(30)
    assert left == [None, None, None]
    held.close()


@pytest.mark.parametrize("in_line", [False, True])
def test_who_has_nothing_under_way_does_not_wait_for_long_notebooks(tmp_path, never, monkeypatch, in_line):
    """At the head of the line or behind, a build goes on with one notebook besides; who has one waits on."""
    monkeypatch.setattr(slots, "PATIENCE_SECONDS", 0.2)
    monkeypatch.setattr(slots, "_TOLD_SECONDS", 0.1)
    held = Slots(tmp_path, 1).take(never)
    stop, left = threading.Event(), []
    busy = threading.Thread(target=lambda: left.append(Slots(tmp_path, 1).take(stop)))
    if in_line:
        busy.start()
    said = []
    mine = Slots(tmp_path, 1, said.append)
    besides = mine.take(never, lambda: True)
    assert besides is not None
    assert said == ["waiting for notebooks of other builds: 1 run at a time"]
    besides.close()
    mine.take(never, lambda: True).close()
    assert len(said) == 1  # once is enough
    assert left == []
    stop.set()
    if in_line:
        busy.join(30)
        assert left == [None]
    held.close()


@pytest.mark.parametrize("jobs", [(2, 2), (2, 8)])
def test_two_builds_share_the_slots_page_by_page(tmp_path, jobs):
    """However many notebooks each would like to run: while both have pages left, neither gets far ahead."""
    order, lock = [], threading.Lock()
    running, most = Counter(), [0]
    ready = threading.Barrier(3)

    def build(name, at_most):
        fan = FanOut(Slots(tmp_path, 2))

        def work(*_):
            with lock:
                order.append(name)
                running[name] += 1
                most[0] = max(most[0], running.total())
            threading.Event().wait(4 * LOOK_SECONDS)  # as a page, longer than a look
            with lock:
                running[name] -= 1

        ready.wait(30)
        fan.add(range(24), work, lambda: None, at_most=at_most)
        fan.wait()
        fan.close(30)

    threads = [threading.Thread(target=build, args=each) for each in zip("ab", jobs, strict=True)]
    for thread in threads:
        thread.start()
    ready.wait(30)
    for thread in threads:
        thread.join(120)
    assert most[0] <= 2
    assert len(order) == 48
    shares = Counter(order[6:30])  # once both are in line, and while both have pages left
    assert 8 <= shares["a"] <= 16, order


def test_the_next_notebook_runs_while_a_page_is_made(tmp_path):
    """The slot is free once the cells are done; the page takes its time."""
    fan = FanOut(Slots(tmp_path, 1))
    together = threading.Barrier(2)

    def work(_, cells_done):
        cells_done()
        together.wait(30)  # both pages are being made

    fan.add(range(2), work, lambda: None, at_most=1)
    fan.wait()
    fan.close(30)


def test_pages_being_made_are_bounded(tmp_path):
    fan = FanOut(Slots(tmp_path, 2))
    lock, made, most = threading.Lock(), [0], [0]

    def work(_, cells_done):
        with lock:
            made[0] += 1
            most[0] = max(most[0], made[0])
        cells_done()
        threading.Event().wait(0.02)
        with lock:
            made[0] -= 1

    fan.add(range(40), work, lambda: None, at_most=2)
    fan.wait()
    fan.close(30)
    assert 2 < most[0] <= 4
