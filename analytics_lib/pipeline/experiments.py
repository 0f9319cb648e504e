"""An experiment's life: registered, looked at, stopped, decided. The only place that knows the order of a look."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from analytics_lib.connectors.moments.exposures import ExposedUnits
from analytics_lib.errors import ExperimentError, nearest
from analytics_lib.experiments import analyze
from analytics_lib.experiments.decision import decide_experiment
from analytics_lib.model.modelled import read_definition
from analytics_lib.pipeline.gathering import Gathered
from analytics_lib.pipeline.leftout import left_out
from analytics_lib.pipeline.modelling import changed_since, definition_of, resolved
from analytics_lib.pipeline.registration import FirstNumbers, first_numbers
from analytics_lib.pipeline.storing import data_of
from analytics_lib.pipeline.trials import day_of, metrics_of, opened_rows, plan_of, roles_of
from analytics_lib.registry import ExperimentRegistry, Look, NewExperiment, Step, StoredExperiment, open_experiments
from analytics_lib.registry.experiments import DECIDED, DRAFT, RUNNING, STOPPED
from analytics_lib.workspace.experiments import ExperimentFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from analytics_lib.experiments.results import Results
    from analytics_lib.model.decisions import Decision, Finding
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class Registered:
    """An experiment with its whole life: `looks` oldest first."""

    experiment: StoredExperiment
    steps: Sequence[Step]
    looks: Sequence[Look]


@contextmanager
def opened_registry(workspace: Workspace) -> Iterator[ExperimentRegistry]:
    """Open the workspace's register of experiments."""
    registry = open_experiments(workspace.state_url, where=workspace.state_where)
    try:
        yield registry
    finally:
        registry.close()


def register(
    workspace: Workspace, file: ExperimentFile, *, who: str | None = None, at: datetime | None = None, why: str = ""
) -> tuple[StoredExperiment, FirstNumbers]:
    """Check an experiment against its own results, and register it; from its first day on it is running.

    Parameters
    ----------
    workspace
        Where it is registered.
    file
        The experiment: of a file by `load_experiment`, of plain values by `make_experiment`.
    who, at, why
        Kept with the step; by default the user of this process, now.

    Raises
    ------
    InputError
        Something is wrong with it, or there is one of that name: then nothing is stored. Several problems are told
        together, as `ExperimentProblems`.
    """
    who, at, why = who or user(), at or datetime.now(UTC), why or "registered"
    experiment, definition = file.experiment, {}
    with opened_registry(workspace) as registry:
        gathered = Gathered()
        with gathered.next():
            registry.require_new(file.name)
        with gathered.next():
            file = resolved(workspace, file)
            definition = definition_of(experiment, file.modelled)
            numbers = first_numbers(workspace, file, today=at.date())
        gathered.settle()
        new = NewExperiment(
            file.name, definition, experiment.title or file.name,
            experiment.owner, tuple(experiment.tags), experiment.start, experiment.end,
        )  # fmt: skip
        stored = registry.add(new, who=who, at=at, why=why)
        if experiment.start <= at.date():
            stored = registry.step(file.name, RUNNING, who=who, at=at, why=f"its first day is {experiment.start}")
    return stored, numbers


def start(workspace: Workspace, name: str, *, why: str, who: str | None = None, at: datetime | None = None) -> None:
    """Let a draft run, whatever its first day is.

    Raises
    ------
    ExperimentError
        There is none of that name, or it is no draft.
    """
    with opened_registry(workspace) as registry:
        registry.step(name, RUNNING, who=who or user(), at=at or datetime.now(UTC), why=_reason(why))


def stop(workspace: Workspace, name: str, *, why: str, who: str | None = None, at: datetime | None = None) -> None:
    """Stop a running experiment; it can still be looked at.

    Raises
    ------
    ExperimentError
        There is none of that name, it does not run, or no reason was given.
    """
    with opened_registry(workspace) as registry:
        registry.step(name, STOPPED, who=who or user(), at=at or datetime.now(UTC), why=_reason(why))


def decide(
    workspace: Workspace,
    name: str,
    choice: str,
    *,
    why: str,
    variant: str | None = None,
    who: str | None = None,
    at: datetime | None = None,
) -> StoredExperiment:
    """Decide a stopped experiment.

    Parameters
    ----------
    workspace, name
        The experiment.
    choice
        ``"ship"`` or ``"roll-back"``.
    why, who, at
        Kept with the step.
    variant
        Which variant is shipped; may be left out where there is one treatment.

    Raises
    ------
    ExperimentError
        There is none of that name, it is not stopped, there is no such choice or variant, or no reason was given.
    """
    if choice not in {"ship", "roll-back"}:
        raise ExperimentError(f"there is no decision '{choice}'", hint="ship and roll-back are right")
    with opened_registry(workspace) as registry:
        stored = registry.get(name)
        said = "roll back"
        if choice == "ship":
            said = f"ship {_treatment(stored, variant)}"
        elif variant is not None:
            raise ExperimentError(f"variant '{variant}' was named for a roll back", hint="leave it out, or ship it")
        return registry.step(
            name, DECIDED, who=who or user(), at=at or datetime.now(UTC), why=_reason(why), decision=said
        )


def look(workspace: Workspace, name: str, *, who: str | None = None, at: datetime | None = None) -> Look:
    """Analyze an experiment as its results are now, and keep what was seen.

    Metrics first, then the checks of trust, then the decision: an error among the findings makes it unhealthy.

    Parameters
    ----------
    workspace, name
        The experiment. A draft whose first day has come is running from now on.
    who, at
        Kept with the look; by default the user of this process, now.

    Raises
    ------
    InputError
        There is none of that name, it has not begun, or its results cannot be analyzed: then no look is stored.
    """
    who, at = who or user(), at or datetime.now(UTC)
    with opened_registry(workspace) as registry:
        stored = _begun(registry, name, who, at)
        file = experiment_of(stored)
        results, found, waiting = _analyzed(workspace, file)
        findings = (*found, *changed_since(workspace, file, stored))
        today = None if stored.status != RUNNING else at.date()
        decision = _decision(file, results, findings, today=today, waiting=waiting)
        seen = Look(who, at, decision.verdict, data_of(results, findings, decision))
        registry.add_look(name, seen)
    return seen


def due(workspace: Workspace, *, at: datetime | None = None) -> list[str]:
    """Return the names of the experiments that run, and of drafts whose first day has come."""
    today = (at or datetime.now(UTC)).date()
    with opened_registry(workspace) as registry:
        every = registry.find()
    return sorted(
        each.name for each in every if each.status == RUNNING or (each.status == DRAFT and each.start <= today)
    )


def registered(workspace: Workspace, name: str) -> Registered:
    """Return an experiment with all its steps and looks.

    Raises
    ------
    ExperimentError
        There is none of that name.
    """
    with opened_registry(workspace) as registry:
        return Registered(registry.get(name), registry.steps(name), registry.looks(name))


def experiment_of(stored: StoredExperiment) -> ExperimentFile:
    """Return what was registered: the file's keys, and its metrics by the metric model as it was then."""
    shown = f"experiment '{stored.name}'"
    experiment, modelled = read_definition(stored.definition, f"{shown} as registered")
    return ExperimentFile(stored.name, experiment, modelled=modelled)


def user() -> str:
    """Return the name of the user of this process."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container without an account
        return "unknown"


def _reason(why: str) -> str:
    if not why.strip():
        raise ExperimentError("no reason was given", hint="say why in a sentence: it is kept with the step")
    return why.strip()


def _treatment(stored: StoredExperiment, variant: str | None) -> str:
    experiment = experiment_of(stored).experiment
    treatments = [name for name in experiment.variants if name != experiment.control]
    if variant is None and len(treatments) == 1:
        return treatments[0]
    if variant is None:
        raise ExperimentError("it has several treatments", hint=f"say which is shipped: {', '.join(treatments)}")
    if variant not in treatments:
        raise ExperimentError(f"there is no treatment '{variant}'", hint=nearest(variant, treatments))
    return variant


def _begun(registry: ExperimentRegistry, name: str, who: str, at: datetime) -> StoredExperiment:
    """Return the experiment; a draft whose first day has come takes its step, or somebody else has let it."""
    stored = registry.get(name)
    if stored.status != DRAFT:
        return stored
    if stored.start > at.date():
        raise ExperimentError(
            f"the experiment has not begun: its first day is {stored.start}", where=f"experiment '{name}'",
            hint=f"start it now with `analytics experiment start {name} --why …`",
        )  # fmt: skip
    try:
        return registry.step(name, RUNNING, who=who, at=at, why=f"its first day is {stored.start}")
    except ExperimentError:
        stored = registry.get(name)
        if stored.status == DRAFT:
            raise
        return stored


def _analyzed(workspace: Workspace, file: ExperimentFile) -> tuple[Results, tuple[Finding, ...], int]:
    """Return the analysis, what speaks against it, and how many units wait for their window to be over."""
    experiment, day = file.experiment, day_of(file.experiment)
    with opened_rows(workspace, file) as rows:
        results = analyze(
            rows, metrics_of(experiment), variant=experiment.variant, control=experiment.control, unit=experiment.unit,
            segments=experiment.segments, cluster=experiment.cluster, strata=experiment.strata, by_day=day,
            plan=plan_of(experiment), correction=experiment.correction, expected=experiment.variants,
            alpha=experiment.alpha,
        )  # fmt: skip
        found = results.check(experiment.start) if day is not None else results.checks
        counts = rows.source.counts if isinstance(rows.source, ExposedUnits) else None
    more = left_out(counts, experiment) if counts is not None else ()
    findings = tuple(sorted((*found, *more), key=lambda finding: finding.severity != "error"))
    return results, findings, 0 if counts is None else counts.young


def _decision(
    file: ExperimentFile, results: Results, findings: Sequence[Finding], *, today: date | None, waiting: int
) -> Decision:
    """Return what to do; without planned units a running experiment is planned to go on to its last day as it did."""
    experiment = file.experiment
    units = sum(results.sample_ratio.counts.values())
    planned, per_day = float(units), None
    if today is not None:
        last = min([*results.days[-1:], today, experiment.end])
        per_day = units / max((last - experiment.start).days + 1, 1)
        planned = max(planned, per_day * experiment.days) if today <= experiment.end else planned + waiting
        planned = experiment.planned_units or getattr(results.plan, "units", None) or planned
    return decide_experiment(
        results, roles_of(experiment), planned_units=planned, units_per_day=per_day, findings=findings,
        power=experiment.power,
    )  # fmt: skip
