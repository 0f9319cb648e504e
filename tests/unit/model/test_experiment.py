"""The experiment file's model: what it makes of its keys, and its JSON Schema."""

from __future__ import annotations

from datetime import date

import jsonschema
import pytest
from pydantic import ValidationError
from support.experiments import checkout

from analytics_lib.model.experiment import Experiment, json_schema


def test_what_is_left_out():
    experiment = Experiment.model_validate(checkout())
    assert (experiment.plan.kind, experiment.alpha, experiment.power, experiment.segments) == ("fixed", 0.05, 0.8, [])
    assert experiment.metrics["orders"].desired == "increase"


def test_days_count_both_ends():
    assert Experiment.model_validate(checkout(start="2026-03-01", end="2026-03-01")).days == 1
    assert Experiment.model_validate(checkout(start=date(2026, 3, 1), end=date(2026, 3, 28))).days == 28


def test_the_columns_that_metrics_read():
    metrics = {
        "orders": {"kind": "mean", "covariate": ["before", "age"], "role": "success"},
        "bought": {"kind": "proportion", "column": "has_bought"},
        "basket": {"kind": "ratio", "numerator": "revenue", "denominator": "orders", "covariate": "revenue_before",
                   "covariate_denominator": "orders_before"},
    }  # fmt: skip
    assert Experiment.model_validate(checkout(metrics=metrics)).columns == {
        "orders": ("orders", "before", "age"),
        "bought": ("has_bought",),
        "basket": ("revenue", "orders", "revenue_before", "orders_before"),
    }


def test_variants_may_be_numbers():
    experiment = Experiment.model_validate(checkout(variants={0: 1, 1: 1}, control=0))
    assert (experiment.variants, experiment.control) == ({"0": 1, "1": 1}, "0")


def test_what_is_stored_reads_back():
    plan = {"kind": "group_sequential", "looks": [0.5, 1]}
    experiment = Experiment.model_validate(checkout(plan=plan, planned_units=4000, tags=["a"]))
    assert Experiment.model_validate(experiment.model_dump(mode="json", exclude_defaults=True)) == experiment


def test_an_experiment_never_changes():
    with pytest.raises(ValidationError):
        Experiment.model_validate(checkout()).owner = "me"


def test_the_schema_accepts_what_the_model_accepts():
    schema = json_schema()
    jsonschema.validate(checkout(), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(checkout(hypotesis="x"), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({key: value for key, value in checkout().items() if key != "owner"}, schema)
