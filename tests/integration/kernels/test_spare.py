"""A keeper and its child are forked before their caller comes."""

import os
import signal
import time

import pytest
from support.kernels import gone, keeper_of, kernel, parent_of

from analytics_lib.forking.keeper import children_of, is_spare
from analytics_lib.forking.listing import running, stop

pytestmark = pytest.mark.usefixtures("own_folder")


def _spare_of(parent):
    """The keeper that waits for a caller, and its child, once they are there."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        for keeper in filter(is_spare, children_of(parent)):
            for child in children_of(keeper):
                return keeper, child
        time.sleep(0.02)
    raise AssertionError("no keeper waits")


def test_the_next_kernel_is_the_child_that_waited():
    with kernel() as first:
        keeper, child = _spare_of(parent_of(first))
        with kernel() as second:
            assert (keeper_of(second), second.pid) == (keeper, child)
            assert parent_of(second) == parent_of(first)


def test_one_that_waits_is_not_counted_as_work():
    with kernel() as one:
        _spare_of(parent_of(one))
        (parent,) = running()
        assert parent.children == 1


@pytest.mark.parametrize("of_pair", [0, 1], ids=["keeper", "child"])
def test_one_that_was_killed_is_replaced(of_pair):
    with kernel() as first:
        parent = parent_of(first)
        pair = _spare_of(parent)
        os.kill(pair[of_pair], signal.SIGKILL)
        assert gone(pair[of_pair])  # giving its memory back takes a while
        with kernel() as second:
            assert second.run("print(6 * 7)") == "42"
            assert parent_of(second) == parent
        assert gone(*pair)
        assert _spare_of(parent) != pair


def test_one_that_waits_ends_with_its_parent():
    with kernel() as one:
        parent = parent_of(one)
        pair = _spare_of(parent)
    stop(running(), now=False)
    assert gone(parent, *pair)


def test_one_that_waits_ends_when_the_parent_is_killed():
    with kernel() as one:
        parent = parent_of(one)
        pair = _spare_of(parent)
        os.kill(parent, signal.SIGKILL)
        assert gone(parent, *pair)
