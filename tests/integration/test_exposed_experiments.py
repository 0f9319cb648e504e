"""Experiments on exposures: windows, segments and clusters of the first exposure, what is left out and told."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from support.experiments import checkout, load, make_laboratory, visitors

from analytics_lib.errors import InputError
from analytics_lib.experiments import Mean, analyze
from analytics_lib.pipeline import experiments
from analytics_lib.workspace.experiments import make_experiment

LAST = datetime(2026, 3, 14, 20, tzinfo=UTC)
AFTER = datetime(2026, 3, 16, 20, tzinfo=UTC)
FACTS = {"table": "sold", "unit": "user_id", "time": "day", "columns": {"orders": {"take": "count"}}}
SEEN = {"table": "seen", "unit": "user_id", "time": "day", "variant": "variant"}


@pytest.fixture
def lab(tmp_path):
    return make_laboratory(tmp_path / "lab")


def fill(lab, seen=None):
    """Write exposures, and each order two hours after them; the newest fact is of the last day."""
    frame = visitors() if seen is None else seen
    orders = frame.loc[frame.index.repeat(frame["orders"]), ["user_id", "day"]]
    load(lab.root, frame[["user_id", "variant", "day", "country"]], "seen")
    load(lab.root, orders.assign(day=orders["day"] + pd.Timedelta(hours=2)), "sold")
    return frame


def registered(lab, at=LAST, window=None, **changes):
    facts = FACTS | ({} if window is None else {"window": window})
    keys = checkout(units=None, unit=None, exposures=SEEN, facts=[facts], **changes)
    return experiments.register(lab, make_experiment("checkout", keys), who="ann", at=at)


def look(lab, at):
    seen = experiments.look(lab, "checkout", at=at)
    return seen, {each["kind"]: each["sentence"] for each in seen.data["findings"]}


def test_only_units_whose_window_is_over_are_compared(lab):
    frame = fill(lab)
    _, first = registered(lab, window=7, segments=["country"])
    over = frame[frame["day"] <= "2026-03-07"]
    assert sum(first.units.values()) == len(over)
    seen, said = look(lab, LAST)
    young = len(frame) - len(over)
    assert said["window not over"] == (
        f"{young:,} units are left out until the days in which their facts count are over"
    )
    rows = analyze(over, {"orders": Mean("orders")}, segments=["country"]).rows
    results = seen.data["results"]
    assert results["segment_value"] == rows["segment_value"]
    assert results["effect_size"] == pytest.approx(rows["effect_size"])


def test_nothing_is_decided_at_the_end_while_windows_are_open(lab):
    fill(lab)
    registered(lab, window=7)
    seen, _ = look(lab, AFTER)
    assert seen.verdict == "keep going"
    load(lab.root, pd.DataFrame({"user_id": [-1], "day": [pd.Timestamp("2026-03-25")]}), "later")
    with_later = "create or replace table sold as from sold union all from later"
    import duckdb

    with duckdb.connect(str(lab.root / "warehouse.duckdb")) as connection:
        connection.execute(with_later)
    seen, said = look(lab, AFTER)
    assert seen.verdict == "ship"
    assert "window not over" not in said


def test_units_first_exposed_after_the_end_are_told(lab):
    late = visitors().tail(5).assign(user_id=np.arange(5) + 10_000, day=pd.Timestamp("2026-03-20"))
    again = visitors().head(7).assign(day=pd.Timestamp("2026-03-20"))  # exposed in time as well
    frame = fill(lab, pd.concat([visitors(), late, again]))
    registered(lab, end="2026-03-14")
    seen, said = look(lab, AFTER)
    assert len(frame) == 2012
    assert sum(seen.data["sample_ratio"]["counts"].values()) == 2000
    assert said["exposure after end"] == "5 units were first exposed after the end on 2026-03-14, too late"
    assert seen.verdict != "unhealthy"


def test_clusters_of_exposures(lab):
    frame = visitors()
    frame["variant"] = np.where(frame["user_id"] // 20 % 2 == 1, "one_step", "control")
    frame["country"] = (frame["user_id"] // 20).astype(str)
    fill(lab, frame)
    _, first = registered(lab, cluster="country")
    assert first.units == {"control": 50, "one_step": 50}
    seen, _ = look(lab, LAST)
    rows = analyze(frame, {"orders": Mean("orders")}, cluster="country").rows
    assert seen.data["results"]["pvalue"] == pytest.approx(rows["pvalue"])
    assert seen.data["history"] is None


def test_variants_of_true_and_false(lab):
    fill(lab, visitors().assign(variant=visitors()["variant"] == "one_step"))
    _, first = registered(lab, variants={"false": 1, "true": 1}, control="false")
    assert first.units == {"false": 1000, "true": 1000}


def test_an_experiment_may_be_registered_before_any_window_is_over(lab):
    fill(lab)
    _, first = registered(lab, window=60)
    assert dict(first.units) == {}
    with pytest.raises(InputError, match="the window of none of the 2,000 units is over"):
        experiments.look(lab, "checkout", at=LAST)
    assert experiments.registered(lab, "checkout").looks == []
