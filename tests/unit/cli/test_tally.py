"""How far a build is, and how long the rest takes: with a clock that the test turns."""

from __future__ import annotations

import pytest

from analytics_lib.cli.tally import Tally, spell_left
from analytics_lib.pipeline.results import PageResult


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tally(clock):
    return Tally(clock)


def done(report, label, status="published", seconds=0.0):
    return PageResult(report, label, label, {}, status, seconds)


def run(tally, clock, pages, *, seconds, report="sales", at_a_time=2):
    """Let pages take so long each, so many at a time."""
    for first in range(0, len(pages), at_a_time):
        together = pages[first : first + at_a_time]
        for page in together:
            tally.start(report, page)
        clock.now += seconds
        for page in together:
            tally.finish(done(report, page, seconds=seconds))


def test_counts(tally, clock):
    tally.plan("sales", 1200)
    tally.plan("churn", 1)
    assert tally.sentence() == "0 of 1,201 pages"
    for page in ("a", "b", "c", "d"):
        tally.start("sales", page)
    clock.now += 3
    tally.finish(done("sales", "a", "failed", 3))
    tally.finish(done("sales", "b", "invalid", 3))
    tally.finish(done("sales", "c", "held back", 3))
    assert tally.sentence() == "3 of 1,201 pages · 1 running · 2 failed · 1 held back · about 15 min left"
    assert tally.sentence(", ").startswith("3 of 1,201 pages, 1 running")


def test_one_page():
    tally = Tally()
    tally.plan("sales", 1)
    assert tally.sentence() == "0 of 1 page"


def test_what_was_not_rendered_is_not_counted(tally):
    tally.plan("sales", 2)
    assert not tally.finish(done("sales", "a", "unchanged"))
    assert (tally.done, tally.sentence()) == (0, "0 of 2 pages")


def test_nothing_is_said_of_what_is_not_known_yet(tally, clock):
    tally.plan("sales", 100)
    assert tally.seconds_left() is None
    run(tally, clock, ["a", "b"], seconds=10)
    assert tally.seconds_left() is None
    run(tally, clock, ["c", "d"], seconds=10)
    assert tally.seconds_left() is not None


def test_many_at_a_time_say_nothing_before_as_many_are_done(tally, clock):
    tally.plan("sales", 100)
    for number in range(16):
        tally.start("sales", f"p{number}")
    clock.now += 10
    for number in range(5):
        tally.finish(done("sales", f"p{number}", seconds=10))
    assert tally.seconds_left() is None


@pytest.mark.parametrize("at_a_time", [1, 2, 5])
def test_the_rest_takes_as_long_as_what_is_done(tally, clock, at_a_time):
    tally.plan("sales", 50)
    run(tally, clock, [f"p{n}" for n in range(10)], seconds=6, at_a_time=at_a_time)
    assert tally.seconds_left() == pytest.approx(40 * 6 / at_a_time)


def test_a_page_under_way_is_partly_done(tally, clock):
    tally.plan("sales", 11)
    run(tally, clock, [f"p{n}" for n in range(10)], seconds=6, at_a_time=1)
    tally.start("sales", "last")
    clock.now += 4
    assert tally.seconds_left() == pytest.approx(2)
    clock.now += 60
    assert tally.seconds_left() == 0


def test_each_report_has_its_own_pace(tally, clock):
    """Quick pages that are done say little of slow ones that are not."""
    tally.plan("quick", 10)
    tally.plan("slow", 10)
    run(tally, clock, [f"q{n}" for n in range(10)], seconds=1, report="quick", at_a_time=1)
    assert tally.seconds_left() == pytest.approx(10)  # nothing is known of the slow ones
    run(tally, clock, ["s1"], seconds=60, report="slow", at_a_time=1)
    assert tally.seconds_left() == pytest.approx(9 * 60)


def test_the_last_pages_do_not_run_more_at_a_time_than_there_are(tally, clock):
    tally.plan("sales", 9)
    run(tally, clock, [f"p{n}" for n in range(8)], seconds=6, at_a_time=4)
    assert tally.seconds_left() == pytest.approx(6)


def test_pages_that_last_are_told_with_their_seconds(tally, clock):
    tally.start("sales", "slow")
    clock.now += 12.4
    tally.start("sales", "")
    assert tally.names() == [("sales slow", " (12 s)"), ("sales", "")]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "a few seconds left"), (5, "a few seconds left"), (6, "about 10 s left"), (55, "about 55 s left"),
        (56, "about 1 min left"), (61, "about 2 min left"), (3500, "about 59 min left"), (3541, "about 1 h left"),
        (3700, "about 1 h 10 min left"), (7100, "about 2 h left"),
    ],
)  # fmt: skip
def test_words(seconds, words):
    assert spell_left(seconds) == words
