"""What an experiment file says, as the statistics take it."""

from __future__ import annotations

import pytest
from support.experiments import checkout

from analytics_lib.experiments import AlwaysValid, GroupSequential, Mean, Proportion, Quantile, Ratio
from analytics_lib.model.decisions import Role
from analytics_lib.model.experiment import Experiment
from analytics_lib.pipeline.trials import day_of, metrics_of, plan_of, roles_of

METRICS = {
    "orders": {"kind": "mean", "covariate": ["before", "age"], "role": "success"},
    "bought": {"kind": "proportion", "column": "has_bought", "role": "guardrail", "margin": 0.01},
    "returned": {"kind": "proportion", "role": "guardrail", "desired": "decrease"},
    "basket": {
        "kind": "ratio", "numerator": "revenue", "denominator": "orders", "covariate": "r",
        "covariate_denominator": "o",
    },
}  # fmt: skip


def experiment(**changes):
    return Experiment.model_validate(checkout(**changes))


def test_metrics():
    assert metrics_of(experiment(metrics=METRICS)) == {
        "orders": Mean("orders", ["before", "age"]),
        "bought": Proportion("has_bought"),
        "returned": Proportion("returned"),
        "basket": Ratio("revenue", "orders", "r", "o"),
    }
    waits = {"wait": {"kind": "quantile", "role": "success"}, "long": {"kind": "quantile", "column": "wait", "q": 0.9}}
    assert metrics_of(experiment(metrics=waits)) == {"wait": Quantile("wait"), "long": Quantile("wait", 0.9)}


def test_a_guardrail_without_a_margin_must_only_not_be_shown_to_be_worse():
    assert roles_of(experiment(metrics=METRICS)) == {
        "orders": Role("success"),
        "bought": Role("guardrail", 0.01),
        "returned": Role("guardrail", None, "decrease"),
        "basket": Role("secondary"),
    }


@pytest.mark.parametrize(
    ("keys", "plan"),
    [
        ({}, None),
        ({"plan": {"kind": "always_valid", "n_star": 9000}, "alpha": 0.1}, AlwaysValid(9000, 0.1)),
        ({"plan": {"kind": "group_sequential", "looks": 4}, "planned_units": 8000}, GroupSequential(4, units=8000)),
        ({"plan": {"kind": "group_sequential", "looks": [0.5, 1], "spending": "power", "parameter": 3}, "day": "day"},
         GroupSequential([0.5, 1], "power", 3)),
        ({"plan": {"kind": "group_sequential", "looks": [1000, 4000]}, "planned_units": 9000},
         GroupSequential([1000, 4000])),
    ],
)  # fmt: skip
def test_plans(keys, plan):
    assert plan_of(experiment(**keys)) == plan


def test_days():
    seen = {"table": "seen", "unit": "u", "time": "t", "variant": "v"}
    facts = [{"table": "f", "unit": "u", "time": "t", "columns": {"wait": {"take": "sum", "column": "s"}}}]
    exposed = {"units": None, "unit": None, "exposures": seen, "facts": facts}
    assert day_of(experiment()) is None
    assert day_of(experiment(day="first_seen")) == "first_seen"
    assert day_of(experiment(**exposed, metrics={"wait": {"kind": "mean", "role": "success"}})) == "day"
    assert day_of(experiment(**exposed, metrics={"wait": {"kind": "quantile", "role": "success"}})) is None
