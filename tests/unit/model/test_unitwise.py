"""Metrics told of single units: which can be, the way to the unit, and what is kept of their definitions."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from analytics_lib.errors import MetricError
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.metrics import Catalogue, MetricModel
from analytics_lib.model.metrics.excerpts import Kept, catalogue_of, changes_between
from analytics_lib.model.metrics.formulas import Call, Name, Number
from analytics_lib.model.metrics.keys import find_key, role_of
from analytics_lib.model.modelled import resolve

MEASURES = {
    "revenue": {"aggregate": "sum"}, "cost": {"aggregate": "sum"}, "orders": {"aggregate": "count"},
    "price": {"aggregate": "average"}, "users": {"aggregate": "count_distinct", "column": "user_id"},
    "products": {"aggregate": "count_distinct"},
}  # fmt: skip
ORDERS = {
    "owner": "a", "connection": "lab", "table": "orders", "time": "at", "measures": MEASURES,
    "entities": {"order": {"type": "primary", "column": "id"}, "user": {"type": "foreign", "column": "user_id"}},
    "dimensions": {"at": {"type": "time"}, "state": {}, "seen": {"type": "time"}},
}  # fmt: skip


def catalogue(formulas=None, **changes):
    metrics = {name: {"desired": "increase"} for name in MEASURES}
    metrics |= {name: {"type": "derived", "formula": text} for name, text in (formulas or {}).items()}
    orders = MetricModel.model_validate(ORDERS | {"metrics": metrics} | changes)
    return Catalogue([Kept("orders", orders, "here")])


def resolved(names, model, **keys):
    experiment = Experiment.model_validate({
        "owner": "a", "hypothesis": "b", "start": "2026-03-01", "end": "2026-03-02", "variants": {"a": 1, "b": 1},
        "control": "a", "connection": "lab", "success": names,
        "exposures": {"table": "seen", "unit": "user_id", "time": "t", "variant": "v"},
        "metrics": {name: {"desired": "increase"} for name in names},
    } | keys)  # fmt: skip
    return resolve(experiment, model, lambda *_: "checkout.yml")


def text(formula):
    """Return a formula as a person writes it."""
    if isinstance(formula, Name):
        return formula.name
    if isinstance(formula, Number):
        return f"{formula.value:g}"
    if isinstance(formula, Call):
        return f"{formula.function}({', '.join(text(each) for each in formula.arguments)})"
    return f"({text(formula.left)} {formula.operator} {text(formula.right)})"


@pytest.mark.parametrize(
    ("formula", "above", "below"),
    [
        ("revenue - cost", "(revenue - cost)", None),
        ("-revenue", "(0 - revenue)", None),
        ("(revenue - cost) / 1.19", "((revenue - cost) / 1.19)", None),
        ("coalesce(revenue, 0) * 2", "(revenue * 2)", None),
        ("revenue / orders", "revenue", "orders"),
        ("100 * (revenue - cost) / revenue", "((revenue - cost) * 100)", "revenue"),
        ("(revenue / orders) / 100", "(revenue / 100)", "orders"),
        ("1 - cost / revenue", "((revenue * 1) - cost)", "revenue"),
        ("cost / revenue - 1", "(cost - (revenue * 1))", "revenue"),
        ("-(cost / revenue)", "(0 - cost)", "revenue"),
        ("cost / orders + revenue / orders", "(cost + revenue)", "orders"),
        ("price * 2", "(price__sum * 2)", "price__n"),
        ("coalesce(revenue / orders, 0)", "revenue", "orders"),
    ],
)
def test_formulas(formula, above, below):
    _, found = resolved(["x"], catalogue({"x": formula}))
    told = {name: text(each) for name, each in found.columns.items()}
    assert told == ({"x": above} if below is None else {"x__above": above, "x__below": below})


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("revenue + 1", "it adds a number once"),
        ("2 - revenue", "it adds a number once"),
        ("revenue * orders", "it multiplies metrics"),
        ("1 / orders", "it divides a number by a metric"),
        ("price / orders", "it divides ratios"),
        ("abs(revenue)", r"abs\(\) of a sum is not"),
        ("revenue / orders + cost / revenue", "it adds ratios of different denominators"),
        ("revenue + price", "it adds ratios of different denominators"),
    ],
)
def test_formulas_that_are_no_sums(formula, said):
    with pytest.raises(MetricError, match=f"checkout.yml: metric 'x' cannot be told of single units: {said}"):
        resolved(["x"], catalogue({"x": formula}))


def test_what_looks_back():
    inputs = {"before": {"metric": "revenue", "offset_window": "1 month"}}
    growth = {"type": "derived", "formula": "revenue - before", "inputs": inputs}
    again = {"type": "derived", "formula": "growth * 2"}
    model = catalogue(metrics={"revenue": {}, "growth": growth, "again": again})
    said = "cannot be told of single units: it looks back, to days before the experiment; its parts without"
    for name in ("growth", "again"):
        with pytest.raises(MetricError, match=f"checkout.yml: metric '{name}' {said}"):
            resolved([name], model)


def test_an_entity_that_no_model_has():
    entities = {"user": {"type": "foreign", "column": "user_id", "of": "person"}}
    _, found = resolved(["revenue"], catalogue(entities=entities))
    assert [*found.columns] == ["revenue"]


def test_kinds_and_columns():
    """A metric that is a ratio itself has columns called as its parts, which others share."""
    model = catalogue(metrics={
        **{name: {"desired": "increase"} for name in MEASURES},
        "order_value": {"type": "ratio", "numerator": "revenue", "denominator": "orders", "desired": "increase"},
        "price_of": {"type": "ratio", "numerator": "price", "denominator": "orders", "desired": "increase"},
    })  # fmt: skip
    experiment, found = resolved([*MEASURES, "order_value"], model, lookback=7)
    kinds = {name: metric.kind for name, metric in experiment.metrics.items()}
    assert kinds == {
        "revenue": "mean", "cost": "mean", "orders": "mean", "price": "ratio", "users": "proportion",
        "products": "mean", "order_value": "ratio",
    }  # fmt: skip
    assert experiment.metrics["order_value"].numerator == "revenue"
    assert experiment.metrics["order_value"].covariate == ["revenue__before", "orders__before"]
    assert [*found.columns] == ["revenue", "cost", "orders", "price__above", "price__below", "users", "products"]
    with pytest.raises(MetricError, match="divides ratios"):
        resolved(["price_of"], model)


def ways(entities, **others):
    """Return the models of orders with some entities, and of others."""
    made = {"orders": ORDERS | {"entities": entities}}
    made |= {name: {"owner": "a", "connection": "lab", "table": name, "entities": each}
             for name, each in others.items()}  # fmt: skip
    return {name: Kept(name, MetricModel.model_validate(content), "here") for name, content in made.items()}


FOREIGN = {"type": "foreign"}


@pytest.mark.parametrize(
    ("models", "way"),
    [
        (ways({"user": FOREIGN, "payer": {"type": "foreign", "of": "user"}}), "user"),
        (ways({"payer": {"type": "foreign", "of": "user"}}), "payer"),
        (ways({"cart": FOREIGN}, carts={"cart": {"type": "primary"}, "user": FOREIGN}), "cart.user"),
        (ways({"user": FOREIGN, "cart": FOREIGN}, carts={"cart": {"type": "primary"}, "user": FOREIGN}), "user"),
        (ways({"user": FOREIGN}, users={"user": {"type": "primary"}}), "user"),
    ],
)
def test_the_way_to_the_unit(models, way):
    assert role_of(find_key(models, "orders", "user", whose="metric 'x'")) == way


def test_several_ways_are_a_question():
    roles = {name: {"type": "foreign", "of": "user"} for name in ("payer", "receiver")}
    models = ways(roles)
    with pytest.raises(MetricError, match=r"2 ways lead from metric 'x' \(model 'orders'\) to the unit, 'user'; say "
                                          "which one: entity: payer or receiver"):  # fmt: skip
        find_key(models, "orders", "user", whose="metric 'x'")
    assert role_of(find_key(models, "orders", "user", whose="metric 'x'", way="receiver")) == "receiver"


def test_what_is_kept_is_what_decides_numbers():
    where = {"state": "paid", "seen": {"from": datetime.fromisoformat("2026-01-01 08:30"), "to": date(2026, 5, 1)}}
    changes = {"where": where, "rows": {"europe": {"state": "EU"}, "staff": {}}, "description": "An order."}
    experiment, found = resolved(["revenue"], catalogue({"x": "revenue / orders"}, **changes), audience="europe")
    kept = found.taken.excerpt
    assert json.loads(json.dumps(kept)) == kept
    assert kept == {
        "orders": {
            "owner": "a", "connection": "lab", "table": "orders", "time": "at",
            "where": {"state": "paid", "seen": {"from": "2026-01-01 08:30:00", "to": "2026-05-01"}},
            "entities": {"user": {"type": "foreign", "column": "user_id"}},
            "dimensions": {"at": {"type": "time"}, "state": {}, "seen": {"type": "time"}},
            "measures": {"revenue": {"aggregate": "sum"}},
            "metrics": {"revenue": {"desired": "increase"}}, "rows": {"europe": {"state": "EU"}},
        }
    }  # fmt: skip
    again, same = resolved(["revenue"], catalogue_of(kept, "as registered"), audience="europe")
    assert (again, same.taken.excerpt) == (experiment, kept)


def test_what_has_changed():
    before = {"orders": {"owner": "a", "metrics": {"title": {"measure": "x", "title": "X"}}, "where": {"s": "a"}}}
    now = {"orders": {"owner": "b", "metrics": {"title": {"measure": "x", "title": "Y"}}, "where": {"t": 1}}, "new": {}}
    assert changes_between(before, before | {"orders": {**before["orders"], "owner": "b"}}) == []
    assert changes_between(before, now) == ["orders.where", "new"]
    assert changes_between(before, {"orders": {"owner": "a", "where": {"s": "a"}}}) == ["orders.metrics"]


def test_what_a_part_is_said_to_be_is_kept():
    """A payer is a user: the model of users goes with it, though nothing of it is read."""
    payer = {"payer": {"type": "foreign", "column": "payer_id", "of": "user"}}
    orders = ORDERS | {"entities": payer, "metrics": {"revenue": {"desired": "increase"}}}
    users = {"owner": "a", "connection": "lab", "table": "users", "entities": {"user": {"type": "primary"}}}
    models = {"orders": orders, "users": users}
    model = Catalogue([Kept(name, MetricModel.model_validate(each), "here") for name, each in models.items()])
    exposures = {"table": "seen", "unit": "u", "time": "t", "variant": "v", "entity": "user"}
    _, found = resolved(["revenue"], model, exposures=exposures)
    assert found.taken.models == ["orders"]
    kept = found.taken.excerpt
    assert kept["users"] == users
    _, again = resolved(["revenue"], catalogue_of(kept, "as registered"), exposures=exposures)
    assert again.taken.excerpt == kept
