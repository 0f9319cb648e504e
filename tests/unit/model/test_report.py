"""The report file's model, and the schema that editors get: both must say the same."""

from __future__ import annotations

import json

import pytest
import yaml
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from analytics_lib.model.report import OutputCheck, Query, Report, TableCheck, json_schema

LEAST = {"title": "Sales", "notebook": "notebooks/sales.ipynb"}
FULL = yaml.safe_load("""
title: "Sales of {region}"
notebook: notebooks/sales.ipynb
description: What we sold.
owner: you@example.com
audience: everybody
tags: [sales, weekly]
time_zone: America/New_York
parameters:
  region: {label: Region, choices: [north, south]}
  top: {min: 1, max: 20, default: 5}
  names: {type: list, default: [a, b]}
  since: {type: date, min: "2020-01-01"}
for_each:
  region: [north, south]
  product: {connection: shop, query: select product from products}
freshness: {connection: shop, query: select max(day) from sales}
checks:
  - {suite: orders, connection: shop, table: ops.orders}
  - {suite: sales, output: sales, severity: warning}
data: [data/*.csv]
outputs: [html]
execution_timeout: 60
always_render: true
""")

WRONG = {
    "no title": {"notebook": "n.ipynb"},
    "empty title": {**LEAST, "title": ""},
    "no notebook": {"title": "Sales"},
    "unknown key": {**LEAST, "onwer": "me"},
    "unknown key of a parameter": {**LEAST, "parameters": {"x": {"maximum": 3}}},
    "unknown type": {**LEAST, "parameters": {"x": {"type": "integer"}}},
    "no choices": {**LEAST, "parameters": {"x": {"choices": []}}},
    "for_each of nothing": {**LEAST, "for_each": {"x": []}},
    "query without connection": {**LEAST, "for_each": {"x": {"query": "select 1"}}},
    "empty query": {**LEAST, "freshness": {"connection": "shop", "query": ""}},
    "check of nothing": {**LEAST, "checks": [{"suite": "orders"}]},
    "check of both": {**LEAST, "checks": [{"suite": "s", "connection": "c", "table": "t", "output": "o"}]},
    "unknown severity": {**LEAST, "checks": [{"suite": "s", "output": "o", "severity": "fatal"}]},
    "tags as text": {**LEAST, "tags": "sales"},
    "no output form": {**LEAST, "outputs": []},
    "unknown output form": {**LEAST, "outputs": ["pptx"]},
    "no time": {**LEAST, "execution_timeout": 0},
}


@pytest.fixture(scope="module")
def validator():
    return Draft202012Validator(json_schema())


def test_the_schema_is_one():
    schema = json_schema()
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    Draft202012Validator.check_schema(schema)


def test_the_schema_describes_every_key():
    missing = [name for name, field in json_schema()["properties"].items() if not field.get("description")]
    assert missing == []


@pytest.mark.parametrize("content", [LEAST, FULL], ids=["least", "full"])
def test_model_and_schema_accept(content, validator):
    Report.model_validate(content)
    assert [error.message for error in validator.iter_errors(content)] == []


@pytest.mark.parametrize("content", WRONG.values(), ids=WRONG)
def test_model_and_schema_refuse(content, validator):
    with pytest.raises(ValidationError):
        Report.model_validate(content)
    assert list(validator.iter_errors(content))


def test_what_only_the_model_can_tell():
    with pytest.raises(ValidationError, match="'Mars/Olympus' is no IANA time zone"):
        Report.model_validate({**LEAST, "time_zone": "Mars/Olympus"})


def test_defaults():
    report = Report.model_validate(LEAST)
    assert (report.owner, report.tags, report.checks, report.outputs) == ("", [], [], ["html"])
    assert report.zone.key == "UTC"
    assert report.execution_timeout == 600
    assert not report.always_render


def test_the_kinds_of_checks_and_of_for_each():
    report = Report.model_validate(FULL)
    table, output = report.checks
    assert isinstance(table, TableCheck)
    assert table.subject == "shop: ops.orders"
    assert isinstance(output, OutputCheck)
    assert output.subject == "output: sales"
    assert report.for_each["region"] == ["north", "south"]
    assert isinstance(report.for_each["product"], Query)


def test_the_complaint_about_a_check_speaks_of_its_own_kind_alone():
    with pytest.raises(ValidationError) as caught:
        Report.model_validate({**LEAST, "checks": [{"suite": "s", "connection": "c", "tabel": "t"}]})
    assert {error["loc"][2] for error in caught.value.errors()} == {"table"}


def test_a_report_does_not_change():
    with pytest.raises(ValidationError, match="frozen"):
        Report.model_validate(LEAST).title = "Other"


def test_the_reports_of_the_repository(root, validator):
    """What it ships as examples and starter is legal by model and by schema."""
    files = sorted([*(root / "reports").glob("*.yml"), *(root / "analytics_lib/example/starter/reports").glob("*.yml")])
    assert files
    for file in files:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        Report.model_validate(content)
        as_editors_read_it = json.loads(json.dumps(content, default=str))  # YAML 1.2 and JSON know no dates
        assert [f"{file.name}: {error.message}" for error in validator.iter_errors(as_editors_read_it)] == []
