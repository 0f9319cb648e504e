"""What the pages about the register of experiments show can be applied: files are valid, commands exist and parse."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
import typer
import yaml
from support.experiments import make_laboratory

from analytics_lib.cli.app import app
from analytics_lib.pipeline.trials import metrics_of, plan_of, roles_of
from analytics_lib.workspace.experiments import make_experiment

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "how-to/experiment-registry.md").read_text(encoding="utf-8")
REFERENCE = (DOCS / "reference/experiment-file.md").read_text(encoding="utf-8")
COMMANDS = typer.main.get_command(app).commands["experiment"].commands


def blocks(page):
    return re.findall(r"^```yaml\n(.*?)^```", page, re.MULTILINE | re.DOTALL)


def shown():
    lines = re.findall(r"^ {4}analytics experiment (.*)$", PAGE.replace("\\\n", " "), re.MULTILINE)
    lines += re.findall(r"`analytics experiment ([a-z]+ [^`]*)`", PAGE)
    return [shlex.split(line) for line in lines]


def test_the_example_file():
    block = blocks(PAGE)[0]
    experiment = make_experiment("checkout", yaml.safe_load(block)).experiment
    assert plan_of(experiment).units == 80_000
    assert [role.kind for role in roles_of(experiment).values()] == ["success", "guardrail", "secondary"]
    assert metrics_of(experiment)["orders"].covariate == "orders_before"


def test_the_example_of_exposures():
    exposed, named = [yaml.safe_load(block) for block in blocks(REFERENCE) if "exposures:" in block]
    keys = yaml.safe_load(blocks(PAGE)[0])
    keys = {key: keys[key] for key in ("owner", "hypothesis", "start", "end", "variants", "control", "connection")}
    metrics = {"revenue": {"kind": "mean", "covariate": "revenue_before", "role": "success"}}
    facts = make_experiment("checkout", {**keys, **exposed, "metrics": metrics}).experiment.facts
    assert facts[0].columns["revenue_before"].when == "before"
    modelled = make_experiment("checkout", {**keys, **named}).experiment
    assert modelled.modelled == {name: name for name in ("refund_rate", "revenue", "order_value")}
    assert modelled.metrics["refund_rate"].margin == 0.01
    shown = make_experiment("checkout", {**keys, **yaml.safe_load(blocks(PAGE)[1])}).experiment
    assert (shown.lookback, shown.metrics["refund_rate"].role) == (28, "guardrail")


@pytest.fixture
def shop(tmp_path):
    """A workspace with the table that the page plans from."""
    rng, units = np.random.default_rng(20), 40_000
    before = rng.poisson(3, units)
    seen = np.datetime64("2026-02-01") + np.arange(units) % 28
    frame = {"user_id": np.arange(units), "first_seen": seen, "orders_before": before}
    make_laboratory(tmp_path / "lab")
    with duckdb.connect(str(tmp_path / "lab/warehouse.duckdb")) as connection:
        connection.register("given", pd.DataFrame(frame | {"orders": rng.poisson(0.5 + 0.8 * before)}))
        connection.execute("create schema ops; create table ops.visitors as select * from given")
    return tmp_path / "lab"


def test_what_a_table_is_planned_to_need(shop, analytics):
    command, output = re.search(
        r"^ {4}analytics (experiment power --connection.*?)\n\n```text\n(.*?)^```", PAGE, re.M | re.S
    ).groups()
    answer = analytics("-w", shop, *shlex.split(command.replace("\\\n", " ")))
    assert answer.code == 0, answer.err
    assert answer.out.split() == output.split(), answer.out


def test_there_are_commands_to_try():
    assert {words[0] for words in shown()} >= {"add", "power", "analyze", "stop", "decide", "list", "show"}


@pytest.mark.parametrize("words", shown(), ids=" ".join)
def test_its_commands_parse(words):
    COMMANDS[words[0]].make_context(words[0], words[1:])


@pytest.mark.parametrize("words", [["decide", "checkout", "ship"], ["power", "--sdd", "1"]], ids=" ".join)
def test_commands_that_do_not_would_be_noticed(words):
    with pytest.raises(typer._click.exceptions.UsageError if hasattr(typer, "_click") else Exception):
        COMMANDS[words[0]].make_context(words[0], words[1:])
