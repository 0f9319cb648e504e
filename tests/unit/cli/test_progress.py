"""What a build shows while it runs: lines that stay, two that move on a terminal, counts now and then elsewhere."""

from __future__ import annotations

import io
import threading

import pytest
from rich.console import Console
from support.screen import Screen
from unit.cli.test_tally import Clock

from analytics_lib.cli.progress import SUMMARY_SECONDS, Shown, fit
from analytics_lib.pipeline.results import PageResult

LONG = "All customers since the beginning of time, in Europe, Africa and Asia"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def written():
    return io.StringIO()


def plain(written):
    return Console(file=written, width=200, highlight=False)


def terminal(written, columns):
    return Console(file=written, width=columns, force_terminal=True, highlight=False, color_system="truecolor")


def done(label, status="published", report="sales", seconds=1.25):
    return PageResult(report, label, label, {}, status, seconds)


def test_plain_lines_stay_one_a_page(written, clock):
    with Shown(console=plain(written), clock=clock) as shown:
        shown.say("checking warehouse: [orders]")
        shown.planned("sales", 2)
        shown.started("sales", "north")
        shown.finished(done("north"))
        shown.started("sales", "[south]")
        shown.finished(done("[south]", "failed"))
        shown.finished(done("west", "unchanged"))
        shown.finished(PageResult("churn", "index", "Churn", {}, "restored"))
    assert written.getvalue().splitlines() == [
        "  checking warehouse: [orders]",
        "  published  sales north 1.2 s",
        "     failed  sales [south] 1.2 s",
        "   restored  churn",
    ]


def test_plain_lines_say_now_and_then_how_far_it_is(written, clock):
    with Shown(console=plain(written), clock=clock) as shown:
        shown.planned("sales", 100)
        for number in range(10):
            shown.started("sales", f"p{number}")
            clock.now += SUMMARY_SECONDS / 4
            shown.finished(done(f"p{number}", seconds=SUMMARY_SECONDS / 4))
    said = [line.strip() for line in written.getvalue().splitlines() if " of 100 pages" in line]
    assert said == ["4 of 100 pages, about 12 min left", "8 of 100 pages, about 12 min left"]


def test_quiet_says_nothing(written, clock):
    with Shown(quiet=True, console=terminal(written, 80), clock=clock) as shown:
        shown.planned("sales", 1)
        shown.say("checking")
        shown.started("sales", "north")
        shown.finished(done("north"))
    assert written.getvalue() == ""


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_two_lines_move_and_fit(written, clock, columns):
    with Shown(console=terminal(written, columns), clock=clock) as shown:
        shown.planned("sales", 20)
        for number in range(5):
            shown.started("sales", f"p{number}")
            clock.now += 10
            shown.finished(done(f"p{number}", seconds=10))
        shown.started("sales", LONG)
        shown.started("churn", "")
        clock.now += 12
        shown.refresh()
        screen = Screen(columns)
        screen.feed(written.getvalue())
        *lines, counts, under_way = [line for line in screen.lines if line]
        assert len(lines) == 5
        assert not screen.cursor
        assert all(len(line) <= columns for line in screen.lines)
        assert "5 of 20 pages" in counts
        assert "sales All customer" in under_way
        if columns >= 80:
            assert "5 of 20 pages · 2 running · about 2 min left" in counts
            assert "(12 s), churn (12 s)" in under_way
    screen = Screen(columns)
    screen.feed(written.getvalue())
    assert screen.cursor
    assert [line.split() for line in screen.lines if line] == [
        ["published", "sales", f"p{number}", "10.0", "s"] for number in range(5)
    ]


def test_a_long_label_takes_one_line_on_a_terminal_and_is_whole_in_a_log(clock):
    for columns in (60, 100):
        written = io.StringIO()
        with Shown(console=terminal(written, columns), clock=clock) as shown:
            shown.finished(done(LONG))
        screen = Screen(columns)
        screen.feed(written.getvalue())
        (line,) = [line for line in screen.lines if line]
        assert line.startswith("  published  sales All customers since")
        assert line.endswith("1.2 s")
        assert ("…" in line) == (columns == 60)
    with Shown(console=plain(log := io.StringIO()), clock=clock) as shown:
        shown.finished(done(LONG * 3))
    assert log.getvalue() == f"  published  sales {LONG * 3} 1.2 s\n"


def test_nothing_moves_before_there_is_anything_to_render(written, clock):
    with Shown(console=terminal(written, 80), clock=clock) as shown:
        shown.refresh()
        screen = Screen(80)
        screen.feed(written.getvalue())
        assert not any(screen.lines)


def test_threads_may_tell_while_lines_move(written, clock):
    """What prints and what moves wait for each other nowhere."""
    with Shown(console=terminal(written, 80), clock=clock) as shown:
        shown.planned("sales", 400)

        def work(first):
            for number in range(first, first + 100):
                shown.started("sales", f"p{number}")
                shown.finished(done(f"p{number}"))

        threads = [threading.Thread(target=work, args=(100 * number,), daemon=True) for number in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(50):
            shown.refresh()
        for thread in threads:
            thread.join(60)
        assert not any(thread.is_alive() for thread in threads)
    screen = Screen(80)
    screen.feed(written.getvalue())
    assert sum("published" in line for line in screen.lines) == 400


@pytest.mark.parametrize("room", [30, 60, 78, 118])
@pytest.mark.parametrize("number", [1, 2, 3, 32])
def test_names_fit_whatever_their_length(room, number):
    names = [(f"{LONG} {each}", " (12 s)" if each % 2 else "") for each in range(number)]
    line = fit(names, room)
    assert len(line) <= room
    assert line.startswith("All customers")
    shown = line.count("All cust")
    assert (f"and {number - shown} more" in line) == (shown < number)
    assert fit([], room) == ""
