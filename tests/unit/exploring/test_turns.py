"""Of what is asked for while something is being done, the newest is done next, and nothing else."""

from __future__ import annotations

import threading

import pytest

from analytics_lib.exploring.turns import Turns

PATIENCE = 60


def test_the_newest_choice_wins():
    begun, go = threading.Semaphore(0), threading.Semaphore(0)
    done, shown = [], []

    def work(number):
        begun.release()
        assert go.acquire(timeout=PATIENCE)
        done.append(number)
        if turns.is_newest:
            shown.append(number)

    turns = Turns(work)
    turns.ask(1)
    assert begun.acquire(timeout=PATIENCE)
    for number in (2, 3, 4):  # 1 is still being done
        turns.ask(number)
    go.release(2)
    assert turns.join(PATIENCE)
    assert done == [1, 4]
    assert shown == [4]


def test_what_is_asked_for_later_is_done_again():
    done = []
    turns = Turns(done.append)
    for number in range(3):
        turns.ask(number)
        assert turns.join(PATIENCE)
    assert done == [0, 1, 2]


def test_what_is_being_done_is_stopped_for_something_newer():
    begun, stopped, done = threading.Event(), threading.Event(), []

    def work(number):
        if number == 1:
            turns.can_stop(stopped.set)
            begun.set()
            assert stopped.wait(PATIENCE)
        done.append(number)

    turns = Turns(work)
    turns.ask(1)
    assert begun.wait(PATIENCE)
    turns.ask(2)
    assert turns.join(PATIENCE)
    assert done == [1, 2]


def test_so_is_what_says_late_how_to_stop_it():
    begun, asked, stops = threading.Event(), threading.Event(), []

    def work(number):
        begun.set()
        assert asked.wait(PATIENCE)
        turns.can_stop(lambda: stops.append(number))

    turns = Turns(work)
    turns.ask(1)
    assert begun.wait(PATIENCE)
    turns.ask(2)
    asked.set()
    assert turns.join(PATIENCE)
    assert stops == [1]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_work_that_fails_keeps_nothing_else_from_being_done():
    done = []
    turns = Turns(lambda number: done.append(1 / number))
    for number in (0, 1):
        turns.ask(number)
        assert turns.join(PATIENCE)
    assert done == [1]


def test_waiting_ends_when_it_takes_too_long():
    go = threading.Event()
    turns = Turns(lambda _: go.wait(PATIENCE))
    turns.ask(1)
    assert not turns.join(0.01)
    go.set()
    assert turns.join(PATIENCE)
