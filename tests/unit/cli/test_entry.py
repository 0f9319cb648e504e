"""The command's process while a child of the resident process does the work: signals go on to the child."""

from __future__ import annotations

import os
import signal

import pytest

from analytics_lib.cli import entry


class Child:
    """A child that ends once it was told so often; somebody presses Ctrl-C, or worse, each time it is waited for."""

    def __init__(self, *signals, ends_after=1, status=130):
        self.signals = list(signals)
        self.told = []
        self.closed = False
        self.ends_after = ends_after
        self.status = status

    def wait(self, seconds):
        assert seconds
        if len(self.told) >= self.ends_after:
            return self.status
        if self.signals:
            os.kill(os.getpid(), self.signals.pop(0))
        return None

    def send_signal(self, number):
        self.told.append(number)

    def close(self):
        self.closed = True


@pytest.fixture(autouse=True)
def handlers():
    """What the process did on signals before; `_follow` lasts as long as the process, and changes that for good."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_on_to_the_child_which_says_how_it_ends(number, capsys):
    child = Child(number, status=128 + number)
    assert entry._follow(child) == 128 + number
    assert child.told == [number]
    assert capsys.readouterr().err == ""


def test_the_second_goes_on_too_and_the_third_ends_the_child_from_outside(capsys):
    child = Child(*[signal.SIGINT] * 5, ends_after=9)
    assert entry._follow(child) == 130
    assert child.told == [signal.SIGINT] * 2
    assert child.closed
    assert capsys.readouterr().err == ""


def test_a_child_that_was_killed_is_told(capsys):
    assert entry._follow(Child(ends_after=0, status=-signal.SIGKILL)) == 137
    assert capsys.readouterr().err == "Error the process at work was ended by SIGKILL.\n"


def test_what_is_ignored_stays_ignored():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    child = Child(signal.SIGINT, signal.SIGTERM, status=143)
    assert entry._follow(child) == 143
    assert child.told == [signal.SIGTERM]


def test_control_c_before_anything_had_begun(monkeypatch, capsys):
    def interrupted(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(entry, "_by_resident", interrupted)
    with pytest.raises(SystemExit) as left:
        entry.main(["build"])
    assert left.value.code == 130
    assert capsys.readouterr().err == "Stopped before anything had begun.\n"
