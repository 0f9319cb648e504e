"""The reference names every command, option, setting, key, error and public name; nothing in it is made up."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
import typer

import analytics_lib
from analytics_lib import charts, errors
from analytics_lib.cli.app import app
from analytics_lib.connectors import Connection
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.experiment_parts import ExperimentMetric, Exposures, Facts, Measure, MonitoringPlan
from analytics_lib.model.metrics import files as metric_files
from analytics_lib.model.report import OutputCheck, Refinement, Report, TableCheck
from analytics_lib.settings import SETTINGS

DOCS = Path(__file__).parents[2] / "docs"
GROUP = typer.main.get_command(app)


def text(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(GROUP.commands))
def test_every_command_and_option_is_documented(name):
    page = text("commands.md")
    assert f"`analytics {name}" in page
    for parameter in GROUP.commands[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in page, option


@pytest.mark.parametrize("name", sorted(GROUP.commands["experiment"].commands))
def test_every_command_about_experiments_is_documented(name):
    page = text("commands.md")
    assert f"`analytics experiment {name}" in page
    for parameter in GROUP.commands["experiment"].commands[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in page, option


@pytest.mark.parametrize("name", sorted(GROUP.commands["metrics"].commands))
def test_every_command_about_metrics_is_documented(name):
    page = text("commands.md")
    assert f"`analytics metrics {name}" in page
    for parameter in GROUP.commands["metrics"].commands[name].params:
        for option in parameter.opts:
            if option.startswith("--") and option != "--help":
                assert f"`{option}" in page, option


def test_no_documented_command_is_missing():
    named = set(re.findall(r"`analytics ([a-z]+)", text("commands.md")))
    assert named == set(GROUP.commands)


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_documented(setting):
    default = str(setting.default).lower() if isinstance(setting.default, bool) else setting.default
    row = next(line for line in text("settings.md").splitlines() if line.startswith(f"| `{setting.name}`"))
    assert f"`{default}`" in row
    assert setting.help in row


@pytest.mark.parametrize("model", [Report, Refinement, TableCheck, OutputCheck], ids=lambda model: model.__name__)
def test_every_key_of_the_report_file_is_documented(model):
    for key in model.model_fields:
        assert f"`{key}`" in text("report-file.md"), key


PARTS = [Experiment, ExperimentMetric, MonitoringPlan, Exposures, Facts, Measure]


@pytest.mark.parametrize("model", PARTS, ids=lambda model: model.__name__)
def test_every_key_of_the_experiment_file_is_documented(model):
    for key in model.model_fields:
        assert f"`{key}`" in text("experiment-file.md"), key


METRIC_PARTS = [
    metric_files.MetricModel, metric_files.Entity, metric_files.Dimension, metric_files.Measure, metric_files.Metric,
    metric_files.Example,
]  # fmt: skip


@pytest.mark.parametrize("model", METRIC_PARTS, ids=lambda model: model.__name__)
def test_every_key_of_the_metric_file_is_documented(model):
    for key in model.model_fields:
        assert f"`{key}`" in text("metric-file.md"), key


def test_every_public_name_is_documented():
    page = text("notebook.md")
    for name in set(analytics_lib.__all__) - {"__version__"}:
        assert f"`al.{name}" in page, name
    for name in charts.__all__:
        assert f"charts.{name}" in page, name


def test_every_public_method_of_a_connection_is_documented():
    for name, _ in inspect.getmembers(Connection, inspect.isfunction):
        if not name.startswith("_"):
            assert f".{name}(" in text("notebook.md"), name


def test_every_error_is_documented_with_its_exit_code():
    page = text("errors.md")
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.AnalyticsError):
            assert f"| `{name}` | {kind.exit_code} |" in page, name


def test_links_between_documents_lead_somewhere():
    for page in [*DOCS.rglob("*.md"), DOCS.parent / "README.md", DOCS.parent / "CHANGELOG.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
