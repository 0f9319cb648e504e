"""Experiments that name metrics of the model: their life, what is kept of definitions, what is refused and why."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import duckdb
import numpy as np
import pandas as pd
import pytest
from support.experiments import checkout, load, make_laboratory, visitors, write

from analytics_lib.experiments.readable import meanings_of
from analytics_lib.experiments.recorded import RecordedExperiment
from analytics_lib.pipeline import experiments
from analytics_lib.pipeline.planned import power_of
from analytics_lib.workspace.experiments import load_experiment

LAST = datetime(2026, 3, 14, 20, tzinfo=UTC)
SEEN = {"table": "seen", "unit": "user_id", "time": "day", "variant": "variant"}
ORDERS = """\
owner: finance@example.com
connection: warehouse
table: sold
time: placed
where: {status: {not: cancelled}}
entities:
  order: {type: primary, column: id}
  user: {type: foreign, column: user_id}
  payer: {type: foreign, column: payer_id, of: shop}
dimensions:
  placed: {type: time}
  booked: {type: time, grain: month}
  status:
measures:
  amount: {aggregate: sum}
  orders: {aggregate: count}
  monthly: {aggregate: count, time: booked}
  buyers: {aggregate: count_distinct, column: user_id}
  refunds: {aggregate: count, where: {status: refunded}}
  largest: {aggregate: max, column: amount}
  typical: {aggregate: median, column: amount}
metrics:
  revenue: {measure: amount, unit: EUR, desired: increase, description: What customers paid.}
  orders: {desired: increase}
  buyers: {desired: increase}
  refunds: {desired: decrease}
  refund_rate: {type: ratio, numerator: refunds, denominator: orders, unit: share, desired: decrease}
  order_value: {type: ratio, numerator: revenue, denominator: orders}
  largest:
  typical:
  so_far: {type: cumulative, measure: amount}
  squared: {type: derived, formula: revenue * orders}
  bonus: {type: derived, formula: revenue + 5}
  absolute: {type: derived, formula: abs(revenue)}
  of_ratios: {type: derived, formula: order_value / refund_rate}
  by_month: {measure: monthly, desired: increase}
"""

SHOPS = """\
owner: finance@example.com
connection: warehouse
table: shops
entities:
  shop: {type: primary, column: id}
measures:
  shops: {aggregate: count}
metrics:
  shops: {desired: increase}
"""
KEYS = {
    "unit": None, "units": None, "metrics": None, "exposures": SEEN, "success": ["revenue"],
    "guardrails": ["refund_rate"],
}  # fmt: skip


@pytest.fixture
def lab(tmp_path):
    """A workspace with exposures, orders after them, and a metric model of these."""
    lab = make_laboratory(tmp_path / "lab")
    frame = visitors()
    sold = frame.loc[frame.index.repeat(frame["orders"]), ["user_id", "day"]].reset_index(drop=True)
    rng = np.random.default_rng(2)
    sold["id"], sold["payer_id"] = np.arange(len(sold)), sold["user_id"]
    sold["placed"] = sold["day"] + pd.to_timedelta(rng.integers(-48, 24, len(sold)), unit="h")
    sold["booked"] = sold["placed"].dt.to_period("M").dt.start_time
    sold["amount"] = rng.gamma(2, 20, len(sold)).round(2)
    sold["status"] = rng.choice(["paid", "cancelled", "refunded"], len(sold), p=[0.8, 0.1, 0.1])
    load(lab.root, frame[["user_id", "variant", "day", "country"]], "seen")
    load(lab.root, sold.drop(columns="day"), "sold")
    load(lab.root, pd.DataFrame({"id": [1, 2]}), "shops")
    model(lab, ORDERS)
    (lab.root / "metrics/shops.yml").write_text(SHOPS)
    return lab


def model(lab, text):
    path = lab.root / "metrics/orders.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def registered(lab, **keys):
    write(lab.root, **KEYS | keys)
    return experiments.register(lab, load_experiment(lab.root, "checkout"), who="ann", at=LAST)


def looked(lab):
    seen = experiments.look(lab, "checkout", at=LAST)
    return seen, {each["kind"]: each["sentence"] for each in seen.data["findings"]}


def test_its_life(lab, analytics):
    """Names alone: what is better, the unit and what it says come from the model."""
    _, first = registered(lab, lookback=14, segments=["country"])
    with duckdb.connect(str(lab.root / "warehouse.duckdb")) as connection:
        wanted = connection.execute(
            """
            select variant, sum(coalesce(paid, 0)) / count(*) from seen left join (
                select s.user_id, sum(amount) as paid from sold s join seen e on e.user_id = s.user_id
                where placed >= day and placed < '2026-03-15' and status <> 'cancelled' group by 1
            ) using (user_id) group by 1
            """
        ).fetchall()
    assert first.means["revenue"] == pytest.approx(dict(wanted))
    seen, _ = looked(lab)
    results = pd.DataFrame(seen.data["results"]).query("segment == ''").set_index("metric")
    assert results.loc["revenue", "variance_removed"] > 0
    found = experiments.registered(lab, "checkout")
    trial = RecordedExperiment(found.experiment, found.steps, found.looks, found.looks[-1])
    metrics = trial.definition.metrics
    assert (metrics["refund_rate"].role, metrics["refund_rate"].desired) == ("guardrail", "decrease")
    assert (metrics["revenue"].unit, metrics["revenue"].description) == ("EUR", "What customers paid.")
    assert meanings_of(trial).loc["Revenue"].tolist() == ["What customers paid.", "EUR", "more"]
    assert meanings_of(trial).loc["Refund rate"].tolist() == ["not said", "share", "less"]
    answer = analytics("-w", lab.root, "experiment", "power", "checkout", "--mde", "0.05", "--json")
    assert [each["metric"] for each in json.loads(answer.out)] == ["revenue", "refund_rate"]
    shown = json.loads(analytics("-w", lab.root, "experiment", "show", "checkout", "--json").out)
    assert shown["definition"]["metric_model"]["orders"]["measures"]["amount"] == {"aggregate": "sum"}
    listed = json.loads(analytics("-w", lab.root, "experiment", "list", "--search", "refund_rate", "--json").out)
    assert [each["experiment"] for each in listed] == ["checkout"]


def test_what_was_registered_counts_and_a_change_is_told(lab):
    registered(lab)
    before, said = looked(lab)
    assert "metric changed" not in said
    model(lab, ORDERS.replace("description: What customers paid.", "description: Paid.").replace("  typical:\n", ""))
    _, said = looked(lab)
    assert "metric changed" not in said  # what decides no number may change
    model(lab, ORDERS.replace("amount: {aggregate: sum}", "amount: {aggregate: sum, expression: amount / 1.19}"))
    after, said = looked(lab)
    assert said["metric changed"] == (
        "the metric model says otherwise than was registered: orders.measures.amount.expression"
    )
    assert after.data["results"]["effect_size"] == before.data["results"]["effect_size"]
    model(lab, ORDERS.replace("not: cancelled", "not: [cancelled, refunded]"))
    assert looked(lab)[1]["metric changed"].endswith("than was registered: orders.where")
    model(lab, ORDERS.replace("refund_rate: {type: ratio", "refunded_share: {type: ratio"))
    assert "there is no metric 'refund_rate'" in looked(lab)[1]["metric changed"]
    model(lab, "owner: [")
    assert "metrics/orders.yml" in looked(lab)[1]["metric changed"]


def test_it_is_planned_from_a_history_with_columns_of_its_names(lab):
    history = (
        "select user_id, 20.0 + user_id % 7 as revenue, user_id % 2 as refunds, 1 + user_id % 3 as orders from seen"
    )
    write(lab.root, **KEYS, history=history, planned_units=4000)
    found = {each.metric: each for each in power_of(lab, "checkout", mde=0.05)}
    assert found["revenue"].basis == "2,000 units of its history"
    assert found["revenue"].mean == pytest.approx(np.mean([20 + each % 7 for each in range(2000)]))


def test_own_definitions_and_the_models_stand_side_by_side(lab):
    facts = {"table": "sold", "unit": "user_id", "time": "placed", "columns": {"all_orders": {"take": "count"}}}
    metrics = {"all_orders": {"kind": "mean"}, "spent": {"metric": "revenue", "role": "guardrail", "margin": 1.5}}
    _, first = registered(lab, facts=[facts], metrics=metrics, success=["all_orders"], guardrails=["orders"])
    assert first.means["all_orders"]["control"] > first.means["orders"]["control"]
    assert set(first.means) == {"all_orders", "spent", "orders"}


def test_roles_of_a_files_own_metrics_may_be_listed(lab):
    load(lab.root, visitors())
    write(lab.root, "plain", metrics={"orders": {"kind": "mean"}}, success=["orders"])
    file = load_experiment(lab.root, "plain")
    assert file.experiment.metrics["orders"].role == "success"
    experiments.register(lab, file, who="ann", at=LAST)
    assert checkout()["metrics"]["orders"]["role"] == "success"


@pytest.mark.parametrize(
    ("keys", "line", "said"),
    [
        ({"success": ["revenu"]}, "- revenu",
         "there is no metric 'revenu', neither in this file nor in the metric model. Did you mean 'revenue'?"),
        ({"success": ["typical"]}, "- typical",
         "metric 'typical' cannot be told of single units: 'typical' is a median of all rows"),
        ({"success": ["largest"]}, "- largest", "'largest' is the largest value of all rows"),
        ({"success": ["so_far"]}, "- so_far", ("'so_far' adds up over time, beyond the experiment's days. Take a "
         "simple metric of the measure 'amount'")),
        ({"success": ["squared"]}, "- squared", "it multiplies metrics, and a product of sums is no sum of products"),
        ({"success": ["bonus"]}, "- bonus", "it adds a number once, not once for each unit"),
        ({"success": ["absolute"]}, "- absolute", "abs() of a sum is not the sum of what it is of each unit"),
        ({"success": ["of_ratios"]}, "- of_ratios", "it divides ratios"),
        ({"success": ["by_month"]}, "- by_month", ("cannot be joined from the first exposure on: model 'orders' is "
         "kept by month")),
        ({"success": ["shops"]}, "- shops", "rows of model 'shops' are about no 'user'"),
        ({"success": ["order_value"]}, "- order_value",
         "neither the metric model nor this file says which way is better for 'order_value'"),
        ({"metrics": {"revenue": {"desired": "decrease"}}}, "revenue:",
         "metric 'revenue' is to decrease here, and to increase in the metric model (metrics/orders.yml:23)"),
        ({"metrics": {"revenue": {"column": "amount"}}}, "column: amount",
         "a metric of the metric model has no column here"),
        ({"metrics": {"x": {"kind": "mean", "metric": "revenue"}}}, "metric: revenue",
         "metric is for a metric of the metric model, which has no kind"),
        ({"guardrails": ["revenue"]}, "guardrails:", ("metric 'revenue' stands under guardrails, and is also said to "
         "be success")),
        ({"exposures": {**SEEN, "entity": "usr"}}, "entity: usr", ("the metric model has no entity 'usr'. Did you mean "
         "'user'?")),
        ({"exposures": {**SEEN, "unit": "country"}}, "unit: country",
         ("what the unit is in the metric model is not told: there the column 'country' is no entity's key. "
         "Say which it is, under exposures: entity: order")),
        ({"metrics": {"revenue": {"entity": "payer"}}}, "revenue:",
         "no way 'payer' leads from metric 'revenue' (model 'orders') to 'user'"),
        ({"audience": "partners"}, "audience: partners", "no model has a rule for the audience 'partners'"),
        ({"segments": ["revenue"]}, "segments:", "the column 'revenue' is kept of exposures"),
        ({"exposures": None, "units": "select * from trial", "unit": "user_id", "success": ["revenue"]}, "success:",
         "metric 'revenue' has no kind, and without exposures no metric of the metric model can be joined"),
    ],
)  # fmt: skip
def test_what_is_refused(lab, analytics, keys, line, said):
    path = write(lab.root, **KEYS | keys)
    answer = analytics("-w", lab.root, "experiment", "add", "checkout")
    told = " ".join(answer.err.split())
    assert (answer.code, answer.out) == (2, ""), told
    assert "Traceback" not in told
    assert said in told
    number = told.partition("experiments/checkout.yml:")[2].partition(":")[0]
    assert path.read_text().splitlines()[int(number) - 1].strip() == line
    with experiments.opened_registry(lab) as registry:
        assert registry.find() == []


def test_both_in_the_file_and_in_the_model(lab, analytics):
    facts = {"table": "sold", "unit": "user_id", "time": "placed", "columns": {"orders": {"take": "count"}}}
    write(lab.root, **KEYS | {"facts": [facts], "metrics": {"orders": {"kind": "mean"}}, "success": ["orders"]})
    told = " ".join(analytics("-w", lab.root, "experiment", "add", "checkout").err.split())
    assert "'orders' is a metric of this file and of the metric model (metrics/orders.yml:24)" in told


def test_two_problems_are_told_together(lab, analytics):
    write(lab.root, **KEYS | {"success": ["typical", "so_far"]})
    told = analytics("-w", lab.root, "experiment", "add", "checkout").err
    assert told.count("Error experiments/checkout.yml") == 2


def test_a_column_that_the_model_names_is_gone(lab, analytics):
    model(lab, ORDERS.replace("amount: {aggregate: sum}", "amount: {aggregate: sum, column: paid}"))
    write(lab.root, **KEYS)
    told = analytics("-w", lab.root, "experiment", "add", "checkout").err
    assert "Error metrics/orders.yml:15" in told


def test_a_joined_key_that_is_not_unique(lab, analytics):
    """Parts of an order reach its customer by the order; were the order there twice, they would count twice."""
    load(lab.root, pd.DataFrame({"order_id": [1, 1, 2], "at": pd.Timestamp("2026-03-10"), "pieces": 1}), "parts")
    (lab.root / "metrics/parts.yml").write_text(
        SHOPS.replace("table: shops", "table: parts\ntime: at\ndimensions: {at: {type: time}}")
        .replace("shop: {type: primary, column: id}", "order: {type: foreign, column: order_id}")
        .replace("shops: {aggregate: count}", "pieces: {aggregate: sum}").replace("  shops: {des", "  pieces: {des")
    )  # fmt: skip
    with duckdb.connect(str(lab.root / "warehouse.duckdb")) as connection:
        connection.execute("insert into sold select * from sold where id < 3")
    write(lab.root, **KEYS | {"success": ["revenue"], "secondary": ["pieces"]})
    told = " ".join(analytics("-w", lab.root, "experiment", "add", "checkout").err.split())
    assert "Error metrics/orders.yml:7: 'order' of model 'orders' is no primary entity" in told
    assert "and what is joined to them would count twice" in told


def test_an_audience_whose_rules_are_of_other_models(lab):
    """The models that are read have no rules and are open to all; looks go by what was registered."""
    path = lab.root / "metrics/shops.yml"
    path.write_text(SHOPS + "dimensions: {id: {}}\nrows: {europe: {id: 1}}\n")
    _, first = registered(lab, audience="europe")
    assert first.means["revenue"]["control"] > 0
    assert looked(lab)[1].get("metric changed") is None


def test_nothing_before_the_first_exposure_explains_nothing(lab):
    """A look-back in which nobody did anything takes nothing out of the noise, and stops nobody."""
    with duckdb.connect(str(lab.root / "warehouse.duckdb")) as connection:
        connection.execute("delete from sold where placed < (select day from seen where seen.user_id = sold.user_id)")
    registered(lab, lookback=7)
    seen, _ = looked(lab)
    assert seen.data["results"]["variance_removed"] == [0.0, 0.0]
    assert "not comparable" not in seen.data["results"]["decision"]
