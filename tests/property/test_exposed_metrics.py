"""Whatever an experiment names: units add up to what the metric model says of the same rows, each counted once."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.metered import FILES, business, make_business, write_files
from support.trial import load_tables

from analytics_lib.connectors.metrics import Metrics
from analytics_lib.connectors.metrics.unit_sums import UnitSums
from analytics_lib.connectors.moments.exposures import Exposed, ExposedUnits
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.modelled import resolve

ADDED = ["revenue", "orders", "with_amount", "paid_orders", "web_revenue", "eu_revenue", "booked_revenue", "discounted",
         "visits", "pieces"]  # fmt: skip
RATIOS = ["order_value", "mean_amount", "margin", "visits_per_order", "pieces_per_order"]
PARTS = """
owner: finance@example.com
connection: lab
query: select l.order_id, l.quantity, o.booked as shipped from order_lines l join orders o on o.id = l.order_id
time: shipped
entities: {order: {type: foreign, column: order_id}}
dimensions: {shipped: {type: time}}
measures: {pieces: {aggregate: sum, column: quantity}}
metrics:
  pieces:
  pieces_per_order: {type: ratio, numerator: pieces, denominator: orders}
"""
BEGIN = date(2026, 1, 5)


def make_frames():
    """Return a business whose orders all have a customer, without hours that are of another day in Berlin."""
    frames = make_business(rows=240, seed=19)
    orders = frames["orders"]
    frames["orders"] = orders[orders["customer_id"].notna() & ~orders["placed"].dt.hour.isin([22, 23])]
    visits = frames["visits"]
    frames["visits"] = visits[visits["customer_id"].notna()]
    return frames


FRAMES = make_frames()


@pytest.fixture(scope="module", params=["duckdb", "sqlite"])
def lab(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lab")
    with business(request.param, folder, None, FRAMES) as asked_by:
        connection = asked_by().connection("lab")
        seen = [{"customer_id": unit, "day": BEGIN, "arm": f"v{unit % 2}"} for unit in range(1, 41)]
        load_tables(connection, {"seen": seen}, {"customer_id": sa.Integer, "day": sa.Date, "arm": sa.String(9)})
        yield connection, write_files(folder, {**FILES, "parts": PARTS})


def units_of(lab, names, end):
    connection, catalogue = lab
    experiment = Experiment.model_validate({
        "owner": "a", "hypothesis": "b", "start": BEGIN, "end": end, "variants": {"v0": 1, "v1": 1}, "control": "v0",
        "connection": "lab", "success": names, "metrics": {name: {"desired": "increase"} for name in names},
        "exposures": {"table": "seen", "unit": "customer_id", "time": "day", "variant": "arm"},
    })  # fmt: skip
    experiment, modelled = resolve(experiment, catalogue, lambda *_: "here")
    sums = UnitSums(connection, modelled, experiment.exposures, (BEGIN, end))
    frame = ExposedUnits(connection, Exposed(experiment.exposures, (), (BEGIN, end), (), sums)).to_frame()
    return experiment, frame.drop(columns=["variant", "day"]).astype(float).set_index("unit")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(ADDED + RATIOS), unique=True, min_size=1, max_size=6), st.integers(0, 100))
def test_units_add_up_to_the_metric(lab, names, days):
    """Everybody is exposed as the first day begins: then all rows of these days are some unit's, and count once."""
    connection, catalogue = lab
    end = BEGIN + timedelta(days=days)
    experiment, frame = units_of(lab, names, end)
    assert len(frame) == 40
    told = Metrics(catalogue, lambda _: connection).query(names, start=BEGIN, end=end).iloc[0].astype(float)
    for name in names:
        metric = experiment.metrics[name]
        if metric.kind == "mean":
            found = frame[metric.column].sum()
        else:
            below = frame[metric.denominator].sum()
            found = frame[metric.numerator].sum() / below if below else float("nan")
        assert found == pytest.approx(told[name], rel=1e-9, nan_ok=True), name


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.permutations(ADDED), st.integers(2, 6))
def test_what_stands_beside_a_metric_changes_nothing(lab, names, count):
    end = BEGIN + timedelta(days=60)
    _, together = units_of(lab, list(names[:count]), end)
    _, alone = units_of(lab, [names[0]], end)
    pd.testing.assert_series_equal(together[names[0]].sort_index(), alone[names[0]].sort_index(), rtol=1e-12)
