"""What a registered experiment can find, from its own results so far."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from analytics_lib.errors import InputError
from analytics_lib.experiments import analyze, minimum_effect, power, sample_size
from analytics_lib.experiments.decision import power_of_each
from analytics_lib.experiments.planning import duration
from analytics_lib.pipeline.experiments import experiment_of, opened_registry
from analytics_lib.pipeline.trials import metrics_of, opened_rows, plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.experiments.results import Results
    from analytics_lib.model.experiment import Experiment
    from analytics_lib.workspace import Workspace


@dataclass(frozen=True)
class Power:
    """What one metric can find for one treatment; effects are relative to control's mean.

    Parameters
    ----------
    metric, treatment
        Which.
    mean
        Control's mean so far.
    variance_removed
        What covariates take of the variance, as a share.
    mde
        The effect worth finding; None for a guardrail with a margin, which must show that it loses less.
    units_needed
        Units in all variants that find it; clusters where those were randomised.
    days_needed
        Days until they are in, as units came so far; None for clusters.
    planned_units
        Units planned in all variants: those of the file, or as many as come until the last day.
    power_as_planned, minimum_effect
        The power with them to find `mde`, and the least effect that they find.
    note
        Why there are no numbers.
    """

    metric: str
    treatment: str
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


def power_of(workspace: Workspace, name: str, *, mde: float | None = None, today: date | None = None) -> list[Power]:
    """Return what an experiment's success metrics and guardrails can find.

    The spread of the metrics is that of the results so far, with all that reduces or adds to it: covariates, ratios,
    clusters. alpha is divided by the number of success metrics and treatments; looks by the plan are counted in. With
    guardrails each test gets more power, so that all that must pass do so together with the file's power.

    Parameters
    ----------
    workspace, name
        The experiment.
    mde
        Relative effect worth finding; the file's by default.
    today
        For how many units come a day.

    Raises
    ------
    InputError
        There is no such experiment, its results cannot be analyzed, or no effect is named.
    """
    with opened_registry(workspace) as registry:
        file = experiment_of(registry.get(name))
    experiment = file.experiment
    wanted = mde if mde is not None else experiment.mde
    if wanted is None:
        raise InputError(
            "it is not said which effect is worth finding", where=file.where("mde"), hint="--mde 0.02 is two per cent"
        )
    with opened_rows(workspace, file) as rows:
        results = analyze(
            rows, metrics_of(experiment), variant=experiment.variant, control=experiment.control,
            cluster=experiment.cluster, strata=experiment.strata, alpha=experiment.alpha,
        )  # fmt: skip
    units = sum(results.sample_ratio.counts.values())
    last = min(today or datetime.now(UTC).date(), experiment.end)
    per_day = units / max((last - experiment.start).days + 1, 1)
    planned = experiment.planned_units or max(round(per_day * experiment.days), units)
    return [
        _power(results, experiment, at, wanted, (planned, None if experiment.cluster else per_day))
        for at, metric in enumerate(results.rows["metric"])
        if experiment.metrics[metric].role != "secondary"
    ]


def plan_power(
    effect: float | None, n: float | None, chance: float, units_per_day: float | None, **design: Any
) -> dict[str, float]:
    """Return what follows from a plan: power of an effect and units, or what one of them must be for the power wanted.

    Parameters
    ----------
    effect, n
        Effect, and units in control; one of them may be left out.
    chance
        The power wanted.
    units_per_day
        Of all variants, for how many days it takes.
    **design
        As for `analytics_lib.experiments.power`.

    Raises
    ------
    InputError
        Neither was given, or a number is out of range.
    """
    if effect is None and n is None:
        raise InputError("neither --mde nor --n was given", hint="--mde 0.5 --sd 2 says how many units are needed")
    found: dict[str, float] = {}
    if effect is not None and n is not None:
        found["power"] = power(effect, n=n, **design)
    elif effect is not None:
        n = sample_size(effect, power=chance, **design)
    elif n is not None:
        found["minimum_effect"] = minimum_effect(n=n, power=chance, **design)
    total = float(n or 0) * (1 + design.get("ratio", 1.0))
    found |= {"units_in_control": float(n or 0), "units_in_both": total}
    return found | ({"days": duration(total, units_per_day)} if units_per_day is not None else {})


def _power(results: Results, experiment: Experiment, at: int, mde: float, units: tuple[int, float | None]) -> Power:
    row = {name: values[at] for name, values in results.rows.items()}
    metric, treatment, mean = str(row["metric"]), str(row["treatment"]), row["mean_control"]
    if not (row["standard_error"] > 0 and mean):
        return Power(metric, treatment, mean=mean, note=row["note"] or "it does not vary, or control's mean is zero")
    share = experiment.variants[experiment.control] / sum(experiment.variants.values())
    guarded = sum(each.role == "guardrail" for each in experiment.metrics.values())
    chance = power_of_each(experiment.power, guarded)
    design, effect = _design(row, experiment, mde)
    planned, per_day = units
    try:
        needed = math.ceil(sample_size(effect, power=chance, **design) / share)
        reached = power(effect, n=planned * share, **design)
        least = minimum_effect(n=planned * share, power=chance, **design) if effect else None
    except InputError as problem:
        return Power(metric, treatment, mean=mean, note=problem.message)
    removed = None if math.isnan(row["variance_removed"]) else row["variance_removed"]
    days = duration(needed, per_day) if per_day else None
    note = "" if effect else "to show that it loses less than its margin"
    return Power(metric, treatment, mean, removed, effect or None, needed, days, planned, reached, least, note)


def _design(row: Mapping[str, Any], experiment: Experiment, mde: float) -> tuple[dict[str, Any], float]:
    """Return how a metric will be tested, and the relative effect that is to be found: none, of a margin's test.

    A guardrail is tested at the whole of alpha, since all must pass, and on one side where it has a margin.
    """
    metric, mean = experiment.metrics[row["metric"]], abs(row["mean_control"])
    successes = sum(each.role == "success" for each in experiment.metrics.values())
    design: dict[str, Any] = {
        # The standard deviation that gives the difference the error it has.
        "sd": row["standard_error"] / (1 / row["n_control"] + 1 / row["n_treatment"]) ** 0.5,
        "mean": mean, "relative": True, "alpha": experiment.alpha, "plan": plan_of(experiment),
        "ratio": experiment.variants[str(row["treatment"])] / experiment.variants[experiment.control],
    }  # fmt: skip
    if metric.role != "guardrail":
        return design | {"comparisons": successes * (len(experiment.variants) - 1)}, mde
    if not metric.margin:
        return design, mde
    margin, up = metric.margin if metric.relative else metric.margin / mean, metric.desired == "increase"
    return design | {"margin": -margin if up else margin, "alternative": "greater" if up else "less"}, 0.0
