"""The widget without a browser: moving its controls asks anew, and what it shows follows."""

from __future__ import annotations

import threading
from datetime import date

import pandas as pd
import pytest

import analytics_lib as al
from analytics_lib.exploring.explorer import values_of
from analytics_lib.exploring.view import make_view
from analytics_lib.model.handover import ADDRESS

PATIENCE = 60


def text_of(output):
    return " ".join(each["data"].get("text/plain", "") for each in output.outputs)


def test_it_shows_an_answer_before_anybody_moves_it(shop):
    explorer = shop.explore(["revenue"], by=["month", "channel"], start="2026-01-01")
    assert len(explorer.frame) == 9
    assert explorer.address == "metrics=revenue&by=month,channel&start=2026-01-01"
    assert repr(explorer) == "<explorer: metrics=revenue&by=month,channel&start=2026-01-01>"
    shown = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert shown["text/plain"] == repr(explorer)  # what is left of it where no widgets are, as on a published page


def test_controls_hold_what_was_asked_for(shop):
    view = make_view(
        ["revenue", "orders"], ["week", "channel"], {"channel": {"not": "web"}}, ("2026-01-05", "2026-02-01"),
        compare="previous_year", chart="bar", order="-orders", limit=7,
    )  # fmt: skip
    explorer = shop.explore(view)
    assert explorer._chosen() == view
    assert shop.explore(f"http://127.0.0.1:8866/app/metrics?{explorer.address}").view == view


def test_every_control_changes_the_view_and_the_address(shop):
    explorer = shop.explore("revenue")

    def after(act):
        act()
        assert explorer.wait(PATIENCE)
        assert explorer._result.outputs[0]["data"][ADDRESS]["query"] == explorer.address
        assert explorer._status.value == '<p role="status"></p>'
        return explorer.view

    explorer._told.list.value = "channel"
    assert after(explorer._told.add.click).by == ("channel",)
    assert after(lambda: setattr(explorer._grain, "value", "month")).by == ("month", "channel")
    assert after(lambda: setattr(explorer._start, "value", date(2026, 2, 1))).start == date(2026, 2, 1)
    assert after(lambda: setattr(explorer._chart, "value", "none")).chart == "none"
    assert after(lambda: setattr(explorer._order, "value", "-revenue")).order == "-revenue"
    assert after(lambda: setattr(explorer._limit, "value", 10)).limit == 10
    after(lambda: setattr(explorer._filters.dimension, "value", "channel"))
    assert [name for name, _ in explorer._filters.values.options] == ["=<b>app</b>", "web", "(none)"]
    assert explorer._filters.values.value == 0
    explorer._filters.values.value = 2
    assert after(explorer._filters.add.click).where == {"channel": None}
    explorer._filters.values.value = 1
    assert after(explorer._filters.add.click).where == {"channel": [None, "web"]}
    assert set(explorer.frame["channel"].dropna()) == {"web"}
    (chip,) = explorer._filters._chosen.box.children
    assert chip.description == "Channel is (none) or web ×"
    assert after(chip.click).where == {}
    after(explorer._told._chosen.box.children[0].click)
    assert explorer.view.by == ("month",)
    explorer._with_statement.value = True
    assert "SELECT" in text_of(explorer._statement)


def test_values_to_filter_by_are_plain_and_of_their_type(shop):
    explorer = shop.explore("revenue")
    for dimension, values in {"paid": [False, True], "size": list(range(30))}.items():
        explorer._filters.dimension.value = dimension
        assert explorer.wait(PATIENCE)
        assert explorer._filters._values == values
        assert all(type(each) in {bool, int} for each in explorer._filters._values)


def added(explorer, dimension, sense, **given):
    """Fill in a condition, add it, and return the view's conditions once they are answered."""
    filters = explorer._filters
    filters.dimension.value = dimension
    assert explorer.wait(PATIENCE)
    filters.sense.value = sense
    low, high = filters.days if dimension == "placed" else filters.numbers
    low.value, high.value = given.get("low", low.value), given.get("high", high.value)
    filters.add.click()
    assert explorer.wait(PATIENCE)
    return explorer.view.where


def test_numbers_and_days_are_filtered_by_ranges_and_what_is_missing(shop):
    explorer = shop.explore("orders", by="size")
    assert added(explorer, "size", "within", low="3", high=" 7 ") == {"size": {"from": 3, "to": 7}}
    assert explorer.frame["size"].tolist() == [3, 4, 5, 6, 7]
    assert added(explorer, "size", "within", low="", high="1.5")["size"] == {"to": 1.5}
    assert explorer.frame["size"].tolist() == [0, 1]
    days = added(explorer, "placed", "within", low=date(2026, 2, 1), high=date(2026, 2, 1))
    assert days["placed"] == {"from": "2026-02-01", "to": "2026-02-01"}
    assert [chip.description for chip in explorer._filters._chosen.box.children] == [
        "Size is up to 1.5 ×", "Placed is from 1 Feb 2026 to 1 Feb 2026 ×",
    ]  # fmt: skip
    assert explorer.frame["orders"].sum() == 1
    assert added(explorer, "placed", "missing")["placed"] is None
    assert added(explorer, "placed", "there")["placed"] == {"not": None}
    assert shop.explore(f"?{explorer.address}").view == explorer.view


@pytest.mark.parametrize(
    ("dimension", "given", "sentence"),
    [
        ("size", {"low": "many"}, "&#x27;many&#x27; is no number; 12 and -1.5 are."),
        ("size", {"low": "1e999"}, "is no number"),
        ("size", {"low": "7", "high": "3"}, "The range ends at 3, before it begins at 7."),
        ("size", {}, "Give the range a beginning, an end, or both."),
        ("placed", {"low": date(2026, 2, 2), "high": date(2026, 2, 1)}, "ends at 2026-02-01, before it begins"),
    ],
)
def test_a_range_that_is_none_is_a_sentence_beside_it(shop, dimension, given, sentence):
    explorer = shop.explore("orders")
    assert added(explorer, dimension, "within", **given) == {}
    assert sentence in explorer._filters.note.value
    assert 'role="alert"' in explorer._filters.note.value
    assert added(explorer, "size", "within", low="1", high="") == {"size": {"from": 1}}
    assert explorer._filters.note.value == ""


def test_only_numbers_and_days_have_ranges(shop):
    explorer = shop.explore("orders")
    for dimension, ranged in {"channel": False, "paid": False, "size": True, "placed": True}.items():
        explorer._filters.dimension.value = dimension
        assert explorer.wait(PATIENCE)
        assert ("within" in [key for _, key in explorer._filters.sense.options]) is ranged


def test_an_earlier_time_stands_beside_what_is_chosen(shop):
    explorer = shop.explore("revenue", start="2026-03-01", end="2026-03-31")
    explorer._compare.value = "previous_period"
    assert explorer.wait(PATIENCE)
    assert explorer.address == "metrics=revenue&start=2026-03-01&end=2026-03-31&compare=previous_period"
    assert [*explorer.frame] == ["revenue", "revenue_before", "revenue_change", "revenue_growth"]
    explorer._order.value = "-revenue_growth"
    explorer._grain.value = "week"
    assert explorer.wait(PATIENCE)
    assert explorer.frame["revenue_growth"].dropna().is_monotonic_decreasing
    assert explorer.view.order == "-revenue_growth"
    explorer._end.value = None
    assert explorer.wait(PATIENCE)
    assert "The end is missing. A comparison needs both days." in text_of(explorer._result)


def test_whole_numbers_stay_whole_beside_a_missing_one():
    values = values_of(pd.Series([3.0, float("nan"), 4.0]))
    assert values == [3, None, 4]
    assert [type(each) for each in values] == [int, type(None), int]


def test_an_unknown_name_stays_to_be_seen_and_to_be_left_out(shop):
    explorer = shop.explore(["revnue"], by=["chanel"], order="-revnue")
    assert "There is no metric 'revnue'. Did you mean 'revenue'?" in text_of(explorer._result)
    assert explorer.frame is None
    assert explorer._chosen() == explorer.view
    explorer._picked._chosen.box.children[0].click()
    assert explorer.wait(PATIENCE)
    assert explorer.view.metrics == ()


def test_a_metric_out_of_reach_of_a_dimension_is_a_sentence(shop):
    explorer = shop.explore(["revenue"], by=["channel"])
    explorer._picked.list.value = "pieces"
    explorer._picked.add.click()
    assert explorer.wait(PATIENCE)
    assert "No join leads from metric 'pieces'" in text_of(explorer._result)


def test_a_year_that_is_still_being_typed_is_not_asked_for(shop):
    explorer = shop.explore("revenue")
    explorer._start.value = date(20, 1, 1)
    assert explorer.wait(PATIENCE)
    assert explorer.view.start is None


def test_while_a_query_runs_it_says_so_and_the_newest_choice_wins(shop, monkeypatch):
    explorer = shop.explore("revenue", by="channel")
    begun, go, asked = threading.Semaphore(0), threading.Semaphore(0), []
    ask = type(shop).answer

    def slow(metrics, view, _can_stop):
        asked.append(view.limit)
        begun.release()
        assert go.acquire(timeout=PATIENCE)
        return ask(metrics, view)

    monkeypatch.setattr(type(shop), "answer", slow)
    explorer._limit.value = 10
    assert begun.acquire(timeout=PATIENCE)
    assert "Asking the database" in explorer._status.value
    assert "asking" in explorer._result._dom_classes
    explorer._limit.value = 25
    explorer._limit.value = 500
    go.release(2)
    assert explorer.wait(PATIENCE)
    assert asked == [10, 500]
    assert explorer.view.limit == 500
    assert "asking" not in explorer._result._dom_classes


def test_a_query_that_nobody_waits_for_any_more_is_ended(shop, bench):
    endless = "select a.range as pairs from range(10000000) a, range(10000000) b where a.range > b.range"
    model = f"{{owner: a@example.com, connection: shop, query: '{endless}', measures: {{pairs: {{aggregate: sum}}}}"
    bench.write("metrics/pairs.yml", f"{model}, metrics: {{pairs: {{}}}}}}")
    explorer = al.metrics().explore("revenue")
    explorer._picked.list.value = "pairs"
    explorer._picked.show(["pairs"])
    explorer._changed()
    assert not explorer.wait(0.5)  # it would take days
    explorer._picked.show(["orders"])
    explorer._changed()
    assert explorer.wait(PATIENCE / 2)
    assert explorer.view.metrics == ("orders",)
    assert explorer.frame["orders"].tolist() == [90]


@pytest.mark.parametrize("part", ["explorer.find_answer", "answers.draw"])
def test_a_fault_of_our_own_is_a_sentence_too(shop, monkeypatch, part):
    explorer = shop.explore("revenue", by="channel")
    monkeypatch.setattr(f"analytics_lib.exploring.{part}", lambda *_: 1 / 0)
    explorer._limit.value = 10
    assert explorer.wait(PATIENCE)
    assert "This could not be answered. ZeroDivisionError" in text_of(explorer._result)


@pytest.mark.parametrize("metrics", [0, 1])
def test_a_model_without_metrics_says_so(bench, monkeypatch, metrics):
    from analytics_lib.session import _workspace

    monkeypatch.chdir(bench.root)
    _workspace.cache_clear()
    explorer = al.metrics().explore(["x"] * metrics)
    _workspace.cache_clear()
    assert ["There are no metrics yet", "There is no metric 'x'"][metrics] in str(explorer._result.outputs)
