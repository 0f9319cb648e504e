"""Metrics of the model told of exposed units: every engine as pandas, and as facts that are written out by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa
from support.metered import FILES, business, make_business, write_files
from support.trial import load_tables

from analytics_lib.connectors.metrics.unit_sums import UnitSums
from analytics_lib.connectors.moments.exposures import UNIT, Exposed, ExposedUnits
from analytics_lib.experiments import Mean, Ratio, analyze
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.experiment_parts import Facts
from analytics_lib.model.modelled import resolve
from analytics_lib.pipeline.trials import metrics_of

SERVERS = [pytest.param(name, marks=pytest.mark.services) for name in ("postgresql", "mariadb")]
FRAMES = make_business(rows=600)
DAYS = (date(2026, 3, 5), date(2026, 3, 31))
PARTS = """
owner: finance@example.com
connection: lab
query: >
  select l.order_id, l.quantity, o.booked as shipped
  from order_lines l join orders o on o.id = l.order_id where l.quantity >= 0
time: shipped
entities:
  order: {type: foreign, column: order_id}
dimensions:
  shipped: {type: time}
measures:
  sent: {aggregate: sum, column: quantity}
metrics:
  sent:
  sent_per_order: {type: ratio, numerator: sent, denominator: orders}
"""
METRICS = (
    "revenue", "orders", "with_amount", "paid_orders", "buyers", "web_revenue", "eu_revenue", "booked_revenue",
    "order_value", "mean_amount", "margin", "visits_per_order", "sent", "sent_per_order", "again", "bought",
)  # fmt: skip


def make_exposures():
    """Return exposures of customers, some of them twice, one without any facts."""
    rng = np.random.default_rng(8)
    units = np.r_[np.arange(1, 31), rng.integers(1, 31, 20), [77]]
    at = pd.Timestamp("2026-03-04 12:00") + pd.to_timedelta(rng.integers(0, 25 * 86_400, len(units)), unit="s")
    arms = np.where(units % 2 == 1, "one_step", "control")
    return pd.DataFrame({"customer_id": units, "at": at, "arm": arms})


SEEN = make_exposures()


@pytest.fixture(scope="module", params=["duckdb", "sqlite", *SERVERS])
def lab(request, tmp_path_factory, services):
    """Return what makes units of an experiment's keys, one engine after the other."""
    folder = tmp_path_factory.mktemp("lab")
    with business(request.param, folder, services, FRAMES) as asked_by:
        connection = asked_by().connection("lab")
        rows = [{**row, "at": row["at"].to_pydatetime()} for row in SEEN.to_dict("records")]
        load_tables(connection, {"seen": rows}, {"customer_id": sa.Integer, "at": sa.DateTime, "arm": sa.String(10)})
        catalogue = write_files(folder, {**FILES, "parts": PARTS})

        def units(**keys):
            experiment = declared(**keys)
            experiment, modelled = resolve(experiment, catalogue, lambda *_: "checkout.yml")
            sums = UnitSums(connection, modelled, experiment.exposures, DAYS)
            return ExposedUnits(connection, Exposed(experiment.exposures, experiment.facts, DAYS, (), sums)), experiment

        units.connection = connection
        yield units


def declared(**keys):
    """Return an experiment: all of `METRICS`, or those that the keys name."""
    given = {
        "owner": "growth@example.com", "hypothesis": "More.", "start": DAYS[0], "end": DAYS[1],
        "variants": {"control": 1, "one_step": 1}, "control": "control", "connection": "lab",
        "exposures": {"table": "seen", "unit": "customer_id", "time": "at", "variant": "arm"},
    }  # fmt: skip
    every = {"success": ["revenue"], "secondary": [name for name in METRICS if name != "revenue"]}
    return Experiment.model_validate(given | ({} if "success" in keys else every) | keys)


def first_exposures():
    """Return unit → the moment of its first exposure within the days."""
    inside = SEEN[(SEEN["at"] >= "2026-03-05") & (SEEN["at"] < "2026-04-01")]
    return inside.groupby("customer_id")["at"].min()


def facts(unit, since, until=None, before=None):
    """Return the unit's own orders, bookings, parts and visits that count."""
    orders = FRAMES["orders"].assign(amount=FRAMES["orders"]["amount"].astype(float))
    orders["booked"] = pd.to_datetime(orders["booked"])
    region = FRAMES["customers"].set_index("id")["region"]
    orders["region"] = orders["customer_id"].map(region)
    lines = FRAMES["order_lines"][FRAMES["order_lines"]["quantity"] >= 0]
    parts = lines.merge(orders[["id", "booked", "customer_id"]], left_on="order_id", right_on="id")
    tables = {"placed": orders, "booked": orders, "shipped": parts.rename(columns={"booked": "shipped"}),
              "seen_at": FRAMES["visits"]}  # fmt: skip
    # Orders are told by Berlin's clocks, where the last day ends two hours before UTC's.
    ends = {"placed": pd.Timestamp("2026-03-31 22:00")}
    found = {}
    for time, table in tables.items():
        mine = table[table["customer_id"] == unit]
        if before is not None:
            found[time] = mine[(mine[time] < since) & (mine[time] > since - before)]
        else:
            end = ends.get(time, pd.Timestamp("2026-04-01")) if until is None else since + until
            found[time] = mine[(mine[time] >= since) & (mine[time] < end)]
    return found


def numbers(found):
    """Return the columns of a unit, as pandas finds them in its facts."""
    orders, amount = found["placed"], found["placed"]["amount"]
    cheaper = amount.where(amount <= 50, amount - 5)
    return {
        "revenue": amount.sum(), "orders": len(orders), "with_amount": amount.count(),
        "paid_orders": orders["paid"].sum(), "buyers": int(len(orders) > 0),
        "web_revenue": amount[orders["channel"] == "web"].sum(),
        "eu_revenue": amount[orders["region"].isna() | (orders["region"] == "EU")].sum(),
        "booked_revenue": found["booked"]["amount"].sum(),
        "mean_amount__above": amount.sum(), "mean_amount__below": amount.count(),
        "margin__above": 100 * (amount.sum() - cheaper.sum()), "margin__below": amount.sum(),
        "visits": len(found["seen_at"]), "sent": found["shipped"]["quantity"].sum(),
    }  # fmt: skip


def told(frame):
    return frame.set_index(UNIT).drop(columns=["variant", "day"]).astype(float)


def test_a_row_a_unit(lab):
    """Sums, counts, averages, ratios; conditions on joined models; days, times, instants; many parts of an order."""
    frame = told(lab()[0].to_frame())
    first = first_exposures()
    assert sorted(frame.index) == sorted(first.index)
    wanted = pd.DataFrame({unit: numbers(facts(unit, since)) for unit, since in first.items()}).T
    assert (wanted[["revenue", "sent", "visits", "eu_revenue"]].sum() > 0).all()
    assert wanted.loc[77].eq(0).all()
    for name in wanted:
        assert frame[name].sort_index().tolist() == pytest.approx(wanted[name].sort_index().tolist()), name


def test_many_parts_do_not_multiply_an_order(lab):
    """Revenue beside the parts of the same orders is what it is alone, and parts add up to all there are."""
    together = told(lab()[0].to_frame())
    alone = told(lab(success=["revenue"])[0].to_frame())
    assert together["revenue"].to_dict() == pytest.approx(alone["revenue"].to_dict(), rel=1e-12)
    first = first_exposures()
    rows = sum(len(facts(unit, since)["shipped"]) for unit, since in first.items())
    orders = sum(facts(unit, since)["shipped"]["order_id"].nunique() for unit, since in first.items())
    assert rows > orders
    assert together["sent"].sum() == sum(
        facts(unit, since)["shipped"]["quantity"].sum() for unit, since in first.items()
    )


def test_before_the_first_exposure_only_covariates_count(lab):
    units, experiment = lab(lookback=21)
    frame = told(units.to_frame())
    assert experiment.metrics["revenue"].covariate == "revenue__before"
    assert experiment.metrics["order_value"].covariate == ["revenue__before", "orders__before"]
    assert experiment.metrics["again"].covariate is None
    first = first_exposures()
    wanted = {unit: numbers(facts(unit, since, before=pd.Timedelta(days=21))) for unit, since in first.items()}
    for name in ("revenue", "orders", "mean_amount__above", "mean_amount__below", "sent", "visits"):
        found = frame[f"{name}__before"]
        assert found.sum() > 0
        assert {unit: found[unit] for unit in wanted} == pytest.approx({u: each[name] for u, each in wanted.items()})
        assert frame[name].to_dict() == pytest.approx({u: numbers(facts(u, since))[name] for u, since in first.items()})


def test_a_window_for_each_unit(lab):
    units, _ = lab(success=["revenue", "visits_per_order"], window=10, metrics={
        "visits_per_order": {"desired": "increase"}})  # fmt: skip
    frame = told(units.to_frame())
    week = pd.Timedelta(days=10)
    newest = min(FRAMES["orders"]["placed"].max(), FRAMES["visits"]["seen_at"].max())
    over = {unit: since for unit, since in first_exposures().items() if since + week <= newest}
    assert sorted(frame.index) == sorted(over)
    assert units.counts.young == len(first_exposures()) - len(over)
    for name in ("revenue", "orders", "visits"):
        wanted = {unit: numbers(facts(unit, since, until=week))[name] for unit, since in over.items()}
        assert frame[name].to_dict() == pytest.approx(wanted), name


def converted(begins, completes, days, *, together):
    """Return whether a unit began, and whether it completed within the days after; `together` counts as after."""
    window = pd.Timedelta(days=days)
    done = any((at < then or (together and at == then)) and then < at + window for at in begins for then in completes)
    return int(bool(begins)), int(done)


def test_who_converts(lab):
    """What completes a conversion may lie behind the last day; no order completes itself."""
    frame = told(lab()[0].to_frame())
    orders = FRAMES["orders"]
    for unit, since in first_exposures().items():
        placed = orders.loc[orders["customer_id"] == unit, "placed"].tolist()
        mine = facts(unit, since)
        again = converted(mine["placed"]["placed"].tolist(), placed, 7, together=False)
        assert tuple(frame.loc[unit, ["again__below", "again__above"]]) == again
        bought = converted(mine["seen_at"]["seen_at"].tolist(), placed, 3, together=True)
        assert tuple(frame.loc[unit, ["bought__below", "bought__above"]]) == bought
    for name in ("again", "bought"):
        assert 0 < frame[f"{name}__above"].sum() < frame[f"{name}__below"].sum()


HAND = Facts.model_validate({
    "table": "orders", "unit": "customer_id", "time": "booked",
    "columns": {"booked_revenue": {"take": "sum", "column": "amount"}, "sold": {"take": "count"},
                "booked_before": {"take": "sum", "column": "amount", "when": "before"}},
    "lookback": 21,
})  # fmt: skip


def test_an_analysis_is_that_of_facts_written_by_hand(lab):
    """Mean and ratio with covariates; days have no zone, so that both ways mean the same."""
    metrics = {"booked_revenue": {"desired": "increase"}}
    units, experiment = lab(success=["booked_revenue"], metrics=metrics, lookback=21)
    declared_by_name = metrics_of(experiment)
    assert declared_by_name == {"booked_revenue": Mean("booked_revenue", "booked_revenue__before")}
    found = analyze(units, declared_by_name, variant="variant", control="control")
    by_hand = ExposedUnits(lab.connection, Exposed(experiment.exposures, [HAND], DAYS))
    wanted = analyze(by_hand, {"booked_revenue": Mean("booked_revenue", "booked_before")}, variant="variant",
                     control="control")  # fmt: skip
    for name in ("mean_control", "mean_treatment", "effect_size", "standard_error", "pvalue", "n_control"):
        assert found.rows[name] == pytest.approx(wanted.rows[name]), name
    rows = units.to_frame()
    frame = rows.assign(**{name: rows[name].astype(float) for name in ("booked_revenue", "booked_revenue__before")})
    again = analyze(frame, declared_by_name, variant="variant", control="control")
    assert found.rows["effect_size"] == pytest.approx(again.rows["effect_size"])


def test_a_ratio_is_its_sums_over_units(lab):
    units, experiment = lab()
    metrics = metrics_of(experiment)
    assert metrics["order_value"] == Ratio("revenue", "orders")
    found = analyze(units, {"order_value": metrics["order_value"]}, variant="variant", control="control")
    rows = {unit: numbers(facts(unit, since)) for unit, since in first_exposures().items()}
    frame = pd.DataFrame(rows).T.assign(variant=lambda frame: np.where(frame.index % 2 == 1, "one_step", "control"))
    wanted = analyze(frame, {"order_value": Ratio("revenue", "orders")}, variant="variant", control="control")
    for name in ("mean_control", "mean_treatment", "effect_size", "standard_error", "pvalue"):
        assert found.rows[name] == pytest.approx(wanted.rows[name]), name


def test_row_rules_hold(lab):
    """An audience sees the facts of its rule alone; exposures have no rules."""
    europe = told(lab(audience="europe", success=["revenue"])[0].to_frame())
    everybody = told(lab()[0].to_frame())
    region = FRAMES["customers"].set_index("id")["region"]
    inside = [unit for unit in everybody.index if region.get(unit) == "EU"]
    assert sorted(europe.index) == sorted(everybody.index)
    assert europe.loc[inside, "revenue"].to_dict() == pytest.approx(everybody.loc[inside, "revenue"].to_dict())
    assert europe.drop(inside)["revenue"].eq(0).all()
    assert everybody.drop(inside)["revenue"].sum() > 0
