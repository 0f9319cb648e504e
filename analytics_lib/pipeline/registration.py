"""What must hold before an experiment is registered: its query is run, and the first numbers are looked at."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from analytics_lib.errors import ExperimentError, InputError, nearest
from analytics_lib.experiments import analyze
from analytics_lib.model.aggregation import SEGMENT, SIZE, VARIANT, MomentRequest
from analytics_lib.pipeline.trials import day_of, metrics_of, opened_rows, plan_of, told_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.experiments.results import Results
    from analytics_lib.pipeline.trials import Rows
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile


@dataclass(frozen=True)
class FirstNumbers:
    """What the results say on registration, for the owner to recognise.

    Parameters
    ----------
    units
        Variant → units.
    means
        Metric → variant → its mean (or quantile).
    """

    units: Mapping[str, int]
    means: Mapping[str, Mapping[str, float]]


def first_numbers(workspace: Workspace, file: ExperimentFile, *, today: date) -> FirstNumbers:
    """Check an experiment's results, read-only and within the limits; nothing is stored.

    Parameters
    ----------
    workspace, file
        The experiment.
    today
        Before its first day an experiment may have no rows yet: then there are no numbers.

    Raises
    ------
    InputError
        The query is not one SELECT or cannot be run, a column is absent or holds what its metric cannot use, a variant
        is unknown or has no units, a unit stands there twice, or nothing varies.
    """
    with told_at(file, "plan"):
        plan_of(file.experiment)
    with opened_rows(workspace, file) as rows:
        _require_columns(file, rows)
        try:
            _require_rows(file, rows)
        except InputError as error:
            if error.message == "there are no rows" and file.experiment.start > today:
                return FirstNumbers({}, {})
            raise
        return _numbers(file, rows)


def _require_columns(file: ExperimentFile, rows: Rows) -> None:
    experiment = file.experiment
    if experiment.exposures is not None:
        rows.source.counts  # noqa: B018 - the tables and columns that the file names are asked for
    present = rows.columns
    for keys, name, what in _named_columns(file):
        if experiment.summary is not None and keys[0] == "metrics":
            continue  # it has sums of the column under other names, which are asked for one by one
        if name not in present:
            raise ExperimentError(
                f"there is no {what} '{name}' in the results", where=file.where(*keys), hint=nearest(name, present)
            )


def _named_columns(file: ExperimentFile) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Yield the keys that name columns of the results, the column, and what it is."""
    experiment = file.experiment
    yield ("variant",), experiment.variant, "variant column"
    if experiment.units is not None:
        yield ("unit",), str(experiment.unit), "column"
    for key in ("day", "cluster", "strata"):
        if getattr(experiment, key) is not None:
            yield (key,), getattr(experiment, key), "column"
    for name in experiment.segments:
        yield ("segments",), name, "column"
    for metric, columns in experiment.columns.items():
        for name in columns:
            yield ("metrics", metric), name, "column"


def _require_rows(file: ExperimentFile, rows: Rows) -> None:
    """Let the variants be counted, which refuses others than those planned; days must be days."""
    day = day_of(file.experiment)
    answer = rows.moments(MomentRequest(file.experiment.variant, (), by=(day,) if day is not None else ()))
    if day is not None:
        wrong = [label for label in answer.table.labels[day] if label is not None and not isinstance(label, date)]
        if wrong:
            raise ExperimentError(
                f"column '{day}' holds {wrong[0]!r}", where=file.where("day"), hint="a day is right: 2026-03-01"
            )


def _numbers(file: ExperimentFile, rows: Rows) -> FirstNumbers:
    """Return units and means, as one analysis without plan and days sees them; it refuses what cannot be analysed."""
    experiment = file.experiment
    results = analyze(
        rows, metrics_of(experiment), variant=experiment.variant, control=experiment.control, unit=experiment.unit,
        segments=experiment.segments, cluster=experiment.cluster, strata=experiment.strata,
        expected=experiment.variants, alpha=experiment.alpha,
    )  # fmt: skip
    return FirstNumbers(results.sample_ratio.counts, _means(results))


def _means(results: Results) -> dict[str, dict[str, float]]:
    """Return what each metric is before covariates adjust it: its owner knows that number."""
    found = results.rows
    means: dict[str, dict[str, float]] = {}
    for at, name in enumerate(found["metric"]):
        if "segment" not in found or not found["segment"][at]:
            one = means.setdefault(name, {str(found["control"][at]): float(found["mean_control"][at])})
            one[str(found["treatment"][at])] = float(found["mean_treatment"][at])
    whole = results.answer.table
    whole = whole.where(**{SEGMENT: ""}) if SEGMENT in whole.labels else whole
    arms = whole.rollup(keep=(VARIANT,))
    for name, metric in results.metrics.items():
        if "x" in metric.roles or "x0" in metric.roles:
            above = arms.mean[:, arms.columns.index(metric.roles["y"])]
            size = SIZE if SIZE in arms.columns else None
            below = metric.roles.get("d", size)
            values = above / (1.0 if below is None else arms.mean[:, arms.columns.index(below)])
            means[name] = dict(zip(map(str, arms.labels[VARIANT]), values.tolist(), strict=True))
    return means
