"""Experiments whose metrics are those of the metric model: resolved by its files of the day they are registered."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import InputError
from analytics_lib.model.decisions import Finding
from analytics_lib.model.metrics.excerpts import changes_between
from analytics_lib.model.modelled import MODEL, as_written, resolve
from analytics_lib.model.modelled_checks import require_audience
from analytics_lib.workspace.metrics import load_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.model.experiment import Experiment
    from analytics_lib.model.modelled import ModelledMetrics
    from analytics_lib.registry import StoredExperiment
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile


def resolved(workspace: Workspace, file: ExperimentFile) -> ExperimentFile:
    """Return an experiment whose metrics are all columns, by the metric files of the workspace.

    Parameters
    ----------
    workspace
        Whose ``metrics/`` hold.
    file
        As `load_experiment` and `make_experiment` return it; files without exposures need no metric model.

    Raises
    ------
    ExperimentError, MetricError
        A metric is unknown or cannot be told of the experiment's units, or a metric file is invalid.
    """
    asked = file.experiment
    listed = bool(asked.success or asked.guardrails or asked.secondary)
    if asked.exposures is None or not (asked.modelled or listed):
        return file
    catalogue = load_metrics(workspace.root)
    require_audience(asked, catalogue, file.where)
    experiment, modelled = resolve(asked, catalogue, file.where)
    return replace(file, experiment=experiment, modelled=modelled)


def definition_of(experiment: Experiment, modelled: ModelledMetrics | None) -> dict[str, Any]:
    """Return what is registered: the file's keys, and of the metric model what the experiment's metrics are made of.

    Parameters
    ----------
    experiment
        As its file says it, not resolved.
    modelled
        What is read by the metric model.
    """
    definition = experiment.model_dump(mode="json", exclude_unset=True)
    if modelled is not None:
        definition["exposures"]["entity"] = modelled.entity
        definition[MODEL] = modelled.taken.excerpt
    return definition


def changed_since(workspace: Workspace, file: ExperimentFile, stored: StoredExperiment) -> Iterator[Finding]:
    """Yield a finding where the metric model says otherwise by now than when the experiment was registered.

    Parameters
    ----------
    workspace
        Whose ``metrics/`` are looked at.
    file, stored
        The experiment as it was registered.
    """
    if file.modelled is None:
        return
    advice = "know it: these results are by the definitions that were registered, other pages by those of today"
    try:
        catalogue = load_metrics(workspace.root)
        _, now = resolve(as_written(stored.definition), catalogue, file.where)
    except InputError as error:
        said = f"the metric model no longer has what was registered: {error}"
        yield Finding("metric changed", "warning", said, advice)
        return
    changes = changes_between(stored.definition[MODEL], {} if now is None else now.taken.excerpt)
    if changes:
        said = f"the metric model says otherwise than was registered: {', '.join(changes)}"
        yield Finding("metric changed", "warning", said, advice)
