"""Pages of several reports at a time: in turns, so many and no more, each report finished with its own last page."""

from __future__ import annotations

import threading
import weakref
from concurrent.futures import CancelledError

import pytest

from analytics_lib.pipeline.fanout import FanOut


@pytest.fixture
def fan():
    """A fan-out that is closed in the end."""
    fan = FanOut()
    yield fan
    fan.close(30)


def nothing(*_):
    """Stand in for work."""


def test_reports_take_turns(fan):
    """One of one page is finished early, even when another was there first with many."""
    order = []
    begun, others_there = threading.Event(), threading.Event()

    def work(page, _):
        order.append(page)
        begun.set()
        others_there.wait(30)

    fan.add([f"a{n}" for n in range(1, 6)], work, lambda: order.append("A"), at_most=1)
    assert begun.wait(30)
    fan.add(["b1"], work, lambda: order.append("B"), at_most=1)
    fan.add(["c1", "c2"], work, lambda: order.append("C"), at_most=1)
    others_there.set()
    fan.wait()
    assert order == ["a1", "a2", "b1", "B", "c1", "a3", "c2", "C", "a4", "a5", "A"]


def test_no_more_at_a_time_than_asked_for(fan):
    """All places are used, and none besides, whatever the number of reports and pages."""
    lock, together = threading.Lock(), threading.Barrier(3)
    running, most = 0, 0

    def work(*_):
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(30)  # three there must be, at some time
        with lock:
            running -= 1

    for _ in range(3):
        fan.add(range(10), work, nothing, at_most=3)
    fan.wait()
    assert most == 3


def test_only_what_is_under_way_is_held_in_memory(fan):
    """A thousand parameter sets make no thousand frames, notebooks or pages: not before, not meanwhile, not after."""

    class Notebook:
        """Stands for all that is heavy."""

    alive: weakref.WeakSet[Notebook] = weakref.WeakSet()
    most = 0
    lock = threading.Lock()

    def render(*_):
        nonlocal most
        notebook = Notebook()
        with lock:
            alive.add(notebook)
            most = max(most, len(alive))
        failed = RuntimeError("a cell raised")
        failed.notebook = notebook
        return failed  # what a page leaves is nobody's

    fan.add(range(1000), render, nothing, at_most=4)
    assert len(fan._threads) <= 4
    fan.wait()
    assert 1 <= most <= 4
    assert len(alive) == 0


def test_a_page_that_raises_ends_all(fan):
    begun, done = [], []

    def work(page, _):
        begun.append(page)
        if page == 1:
            raise OSError("the disk is full")

    fan.add(range(100), work, lambda: done.append("finished"), at_most=1)
    with pytest.raises(OSError, match="the disk is full"):
        fan.wait()
    assert (begun, done) == ([0, 1], [])
    assert fan.closed


def test_a_report_that_cannot_be_finished_ends_all(fan):
    def finish():
        raise OSError("the disk is full")

    fan.add([1], nothing, finish, at_most=2)
    with pytest.raises(OSError, match="the disk is full"):
        fan.wait()


def test_what_is_given_up_is_not_finished_and_what_is_done_is():
    """As after Ctrl-C: one report's last page is just being stored, another's is given up."""
    fan = FanOut()
    finished, under_way, closing = [], threading.Barrier(3), threading.Event()

    def stored(*_):
        under_way.wait(30)
        closing.wait(30)

    def given_up(*_):
        stored()
        raise CancelledError

    fan.add([1], stored, lambda: finished.append("stored"), at_most=2)
    fan.add([1, 2], given_up, lambda: finished.append("given up"), at_most=2)
    under_way.wait(30)
    threading.Timer(0.05, closing.set).start()
    fan.close(30)
    assert finished == ["stored"]
    assert not any(thread.is_alive() for thread in fan._threads)


def test_giving_up_that_nobody_asked_for_is_a_failure(fan):
    def work(*_):
        raise CancelledError

    fan.add([1], work, nothing, at_most=1)
    with pytest.raises(CancelledError):
        fan.wait()


def test_reports_may_come_while_others_are_under_way(fan):
    done = []
    for number in range(5):
        fan.add([number], lambda page, _: done.append(page), nothing, at_most=2)
    fan.wait()
    fan.wait()
    assert sorted(done) == [0, 1, 2, 3, 4]
