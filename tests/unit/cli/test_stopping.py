"""The first signal is obeyed in order, the second at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from analytics_lib.cli.stopping import Stopped, stoppable

STUBBORN = """
import time
from analytics_lib.cli.stopping import stoppable
with stoppable():
    try:
        print("ready", flush=True)
        time.sleep(600)
    except KeyboardInterrupt as stopped:
        print(stopped.status, flush=True)
        time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_is_raised_here(number):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as raised, stoppable():
        os.kill(os.getpid(), number)
        signal.pause()
    assert raised.value.status == 128 + number
    assert isinstance(raised.value, KeyboardInterrupt)
    assert signal.getsignal(number) is before


@pytest.mark.parametrize(("first", "second"), [("SIGINT", "SIGINT"), ("SIGTERM", "SIGINT"), ("SIGINT", "SIGTERM")])
def test_the_second_ends_the_process_without_a_word(first, second):
    process = subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "ready\n"
    process.send_signal(getattr(signal, first))
    assert process.stdout.readline() == f"{128 + getattr(signal, first)}\n"
    process.send_signal(getattr(signal, second))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (128 + getattr(signal, second), "", "")


def test_what_was_ignored_stays_ignored():
    """As of a command that a shell runs in the background, or under nohup."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with stoppable():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)


def test_other_threads_get_no_signals():
    before = signal.getsignal(signal.SIGINT)
    seen = []

    def work():
        with stoppable():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
