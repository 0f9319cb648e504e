"""What an experiment can find, from its history or from its own results so far."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import ExperimentError, InputError
from analytics_lib.experiments import analyze, minimum_effect, power, sample_size
from analytics_lib.experiments.decision import power_of_each
from analytics_lib.experiments.planning import duration
from analytics_lib.pipeline.experiments import experiment_of, opened_registry
from analytics_lib.pipeline.modelling import resolved
from analytics_lib.pipeline.sizing import history_of
from analytics_lib.pipeline.trials import metrics_of, opened_rows, plan_of
from analytics_lib.workspace.experiments import experiment_names, load_experiment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.experiments.history import History
    from analytics_lib.model.experiment import Experiment
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile


@dataclass(frozen=True)
class Power:
    """What one metric can find for one treatment; effects are relative to control's mean.

    Parameters
    ----------
    metric, treatment
        Which.
    basis
        What it is planned from, in words.
    mean
        Control's mean so far, or that of the history.
    variance_removed
        What covariates take of the variance, as a share.
    mde
        The effect worth finding; None for a guardrail with a margin, which must show that it loses less.
    units_needed
        Units in all variants that find it; clusters where those were randomised.
    days_needed
        Days until they are in, as units came so far; None for clusters, and where a history has no days.
    planned_units
        Units planned in all variants: those of the file, or as many as come until the last day.
    power_as_planned, minimum_effect
        The power with them to find `mde`, and the least effect that they find.
    note
        Why there are no numbers.
    """

    metric: str
    treatment: str
    basis: str
    mean: float | None = None
    variance_removed: float | None = None
    mde: float | None = None
    units_needed: int | None = None
    days_needed: int | None = None
    planned_units: int | None = None
    power_as_planned: float | None = None
    minimum_effect: float | None = None
    note: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return asdict(self)


@dataclass(frozen=True)
class _Basis:
    """How one metric varies: `sd` is that of a unit (a cluster) after covariates."""

    metric: str
    treatment: str
    mean: float
    sd: float
    removed: float
    note: str = ""


@dataclass(frozen=True)
class _Units:
    """How many units (clusters) have come, how many come a day and how many are planned, as far as known."""

    said: str
    per_day: float | None
    planned: int | None


def power_of(workspace: Workspace, name: str, *, mde: float | None = None, today: date | None = None) -> list[Power]:
    """Return what an experiment's success metrics and guardrails can find.

    The spread of the metrics is that of the file's history, else of the results so far, with all that reduces or adds
    to it: covariates, ratios, clusters. alpha is divided by the number of success metrics and treatments; looks by the
    plan are counted in. With guardrails each test gets more power, so that all that must pass do so together with the
    file's power.

    Parameters
    ----------
    workspace, name
        The experiment: a registered one, else a file of ``experiments/``.
    mde
        Relative effect worth finding; the file's by default.
    today
        For how many units come a day.

    Raises
    ------
    InputError
        There is no such experiment, its history or results cannot be analyzed, or no effect is named.
    """
    file = _file(workspace, name)
    experiment = file.experiment
    wanted = mde if mde is not None else experiment.mde
    if wanted is None:
        raise InputError(
            "it is not said which effect is worth finding", where=file.where("mde"), hint="--mde 0.02 is two per cent"
        )
    if experiment.history is not None:
        history = history_of(workspace, file)
        found, units = list(_of_history(experiment, history)), _units_of_history(experiment, history)
    else:
        found, units = _of_results(workspace, file, today or datetime.now(UTC).date())
    return [_power(basis, experiment, wanted, units) for basis in found]


def _file(workspace: Workspace, name: str) -> ExperimentFile:
    """Return a registered experiment, or a file that is not registered yet."""
    with opened_registry(workspace) as registry:
        try:
            return experiment_of(registry.get(name))
        except ExperimentError:
            if name not in experiment_names(workspace.root):
                raise
    return resolved(workspace, load_experiment(workspace.root, name))


def _of_history(experiment: Experiment, history: History) -> Iterator[_Basis]:
    for name, metric in experiment.metrics.items():
        for treatment in experiment.variants if metric.role != "secondary" else ():
            if treatment == experiment.control:
                continue
            if metric.kind == "quantile":
                yield _Basis(name, treatment, math.nan, math.nan, math.nan, "a quantile is planned from results only")
                continue
            spread = history.spreads[name]
            left = (1.0 - spread.removed) * spread.design_effect / spread.cluster_size
            note = "" if spread.is_plannable else spread.note
            yield _Basis(name, treatment, spread.mean, spread.sd * left**0.5, spread.removed, note)


def _units_of_history(experiment: Experiment, history: History) -> _Units:
    per_day = history.units_per_day
    planned = experiment.planned_units or (None if per_day is None else round(per_day * experiment.days))
    what = f"{history.units:,} units" if history.clusters is None else f"{history.clusters:,} clusters"
    return _Units(f"{what} of its history", per_day, planned)


def _of_results(workspace: Workspace, file: ExperimentFile, today: date) -> tuple[list[_Basis], _Units]:
    experiment = file.experiment
    with opened_rows(workspace, file) as rows:
        results = analyze(
            rows, metrics_of(experiment), variant=experiment.variant, control=experiment.control,
            cluster=experiment.cluster, strata=experiment.strata, alpha=experiment.alpha,
        )  # fmt: skip
    units = sum(results.sample_ratio.counts.values())
    per_day = units / max((min(today, experiment.end) - experiment.start).days + 1, 1)
    planned = experiment.planned_units or max(round(per_day * experiment.days), units)
    found = []
    for at, metric in enumerate(results.rows["metric"]):
        row = {name: values[at] for name, values in results.rows.items()}
        if experiment.metrics[metric].role != "secondary":
            # The standard deviation that gives the difference the error it has.
            sd = row["standard_error"] / (1 / row["n_control"] + 1 / row["n_treatment"]) ** 0.5
            kept = (row["mean_control"], sd, row["variance_removed"], row["note"])
            found.append(_Basis(str(metric), str(row["treatment"]), *kept))
    what = "units" if experiment.cluster is None else "clusters"
    return found, _Units(f"{units:,} {what} of its results", None if experiment.cluster else per_day, planned)


def _power(basis: _Basis, experiment: Experiment, mde: float, units: _Units) -> Power:
    mean = None if math.isnan(basis.mean) else basis.mean
    nothing = Power(basis.metric, basis.treatment, units.said, mean)
    if not (basis.sd > 0 and mean):
        return replace(nothing, note=basis.note or "it does not vary, or control's mean is zero")
    share = experiment.variants[experiment.control] / sum(experiment.variants.values())
    guarded = sum(each.role == "guardrail" for each in experiment.metrics.values())
    chance = power_of_each(experiment.power, guarded)
    design, effect = _design(basis, experiment, mde)
    planned, reached, least = units.planned, None, None
    try:
        needed = math.ceil(sample_size(effect, power=chance, **design) / share)
        if planned is not None:
            reached = power(effect, n=planned * share, **design)
            least = minimum_effect(n=planned * share, power=chance, **design) if effect else None
    except InputError as problem:
        return replace(nothing, note=problem.message)
    return replace(
        nothing, variance_removed=None if math.isnan(basis.removed) else basis.removed, mde=effect or None,
        units_needed=needed, days_needed=duration(needed, units.per_day) if units.per_day else None,
        planned_units=planned, power_as_planned=reached, minimum_effect=least,
        note="" if effect else "to show that it loses less than its margin",
    )  # fmt: skip


def _design(basis: _Basis, experiment: Experiment, mde: float) -> tuple[dict[str, Any], float]:
    """Return how a metric will be tested, and the relative effect that is to be found: none, of a margin's test.

    A guardrail is tested at the whole of alpha, since all must pass, and on one side where it has a margin.
    """
    metric, mean = experiment.metrics[basis.metric], abs(basis.mean)
    successes = sum(each.role == "success" for each in experiment.metrics.values())
    design: dict[str, Any] = {
        "sd": basis.sd, "mean": mean, "relative": True, "alpha": experiment.alpha, "plan": plan_of(experiment),
        "ratio": experiment.variants[basis.treatment] / experiment.variants[experiment.control],
    }  # fmt: skip
    if metric.role != "guardrail":
        return design | {"comparisons": successes * (len(experiment.variants) - 1)}, mde
    if not metric.margin:
        return design, mde
    margin, up = metric.margin if metric.relative else metric.margin / mean, metric.desired == "increase"
    return design | {"margin": -margin if up else margin, "alternative": "greater" if up else "less"}, 0.0
