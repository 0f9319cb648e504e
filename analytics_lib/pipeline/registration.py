"""What must hold before an experiment is registered: its query is run, and the first numbers are looked at."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.moments.exposures import ExposedUnits
from analytics_lib.errors import ExperimentError, InputError, nearest
from analytics_lib.experiments import analyze
from analytics_lib.model.aggregation import SEGMENT, SEGMENT_VALUE, SIZE, VARIANT, MomentRequest
from analytics_lib.pipeline.exposing import absent_in_tables
from analytics_lib.pipeline.gathering import Gathered
from analytics_lib.pipeline.sizing import history_of
from analytics_lib.pipeline.trials import day_of, metrics_of, opened_rows, plan_of, told_at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from analytics_lib.experiments.results import Results
    from analytics_lib.pipeline.trials import Rows
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile

_MOST_VALUES: Final = 200
"""Values that a segment may have: more are identities, and each would be a comparison."""


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
    """Check an experiment's plan, results and history, read-only and within the limits; nothing is stored.

    Parameters
    ----------
    workspace, file
        The experiment.
    today
        Before its first day an experiment may have no rows yet: then there are no numbers.

    Raises
    ------
    InputError
        A query is not one SELECT or cannot be run, a column is absent or holds what its metric cannot use, a variant
        is unknown or has no units, a unit stands there twice, or nothing varies. Several problems are told together.
    """
    gathered, numbers = Gathered(), FirstNumbers({}, {})
    with gathered.next(), told_at(file, "plan"):
        plan_of(file.experiment)
    with gathered.next(), opened_rows(workspace, file) as rows:
        numbers = _numbers_of(file, rows, today)
    if file.experiment.history is not None:
        with gathered.next():
            history_of(workspace, file)
    gathered.settle()
    return numbers


def _numbers_of(file: ExperimentFile, rows: Rows, today: date) -> FirstNumbers:
    """Return the first numbers; what can be looked at in spite of a problem is looked at."""
    experiment, gathered = file.experiment, Gathered()
    if isinstance(rows.source, ExposedUnits):
        gathered.add(absent_in_tables(file, rows.source))
        gathered.add(rows.source.problems())
        gathered.settle()  # without them nothing can be asked
    absent = list(_absent_columns(file, rows.columns))
    gathered.add(error for _, _, error in absent)
    missing = {name for _, name, _ in absent}
    if experiment.variant not in missing:
        try:
            _require_rows(file, rows, missing)
        except InputError as error:
            waiting = isinstance(rows.source, ExposedUnits) and rows.source.counts.young > 0
            if waiting or error.message == "there are no rows":
                if experiment.start <= today and not waiting:
                    raise
                gathered.settle()
                return FirstNumbers({}, {})
            gathered.add([error])
            if isinstance(error, ExperimentError):  # else nothing can be asked of the query
                gathered.add(_unfit_columns(file, rows, missing))
        else:
            usable = tuple(name for name, columns in experiment.columns.items() if not missing & {*columns})
            with gathered.next():
                numbers = _numbers(file, rows, usable, missing)
    gathered.settle()
    return numbers


def _absent_columns(
    file: ExperimentFile, present: Sequence[str]
) -> Iterator[tuple[tuple[str, ...], str, ExperimentError]]:
    """Yield the keys that name a column that is not there, the column, and a sentence."""
    for keys, name, what in _named_columns(file):
        if file.experiment.summary is not None and keys[0] == "metrics":
            continue  # it has sums of the column under other names, which are asked for one by one
        if name not in present:
            where, hint = file.where(*keys), nearest(name, present)
            yield keys, name, ExperimentError(f"there is no {what} '{name}' in the results", where=where, hint=hint)


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


def _require_rows(file: ExperimentFile, rows: Rows, missing: Collection[str]) -> None:
    """Let the variants be counted, which refuses others than those planned; days must be days."""
    day = day_of(file.experiment)
    day = None if day in missing else day
    answer = rows.moments(MomentRequest(file.experiment.variant, (), by=(day,) if day is not None else ()))
    if day is not None and None in answer.table.labels[day]:
        count = sum(n for n, label in zip(answer.table.n, answer.table.labels[day], strict=True) if label is None)
        raise ExperimentError(
            f"{count:,.0f} units have no day: '{day}' is missing", where=file.where("day"),
            hint="leave these rows out in the query",
        )  # fmt: skip
    if day is not None:
        wrong = [label for label in answer.table.labels[day] if label is not None and not isinstance(label, date)]
        if wrong:
            raise ExperimentError(
                f"column '{day}' holds {wrong[0]!r}", where=file.where("day"), hint="a day is right: 2026-03-01"
            )


def _unfit_columns(file: ExperimentFile, rows: Rows, missing: Collection[str]) -> Iterator[InputError]:
    """Yield what is wrong with the metrics' columns, whatever the variants are."""
    for metric in metrics_of(file.experiment).values():
        if not {*metric.columns} & {*missing}:
            try:
                rows.source.moments(MomentRequest(file.experiment.variant, metric.columns))
            except InputError as error:
                yield error


def _numbers(file: ExperimentFile, rows: Rows, names: tuple[str, ...], missing: Collection[str]) -> FirstNumbers:
    """Return units and means, as one analysis without plan and days sees them; it refuses what cannot be analysed.

    What is wrong with several metrics is told of each; it stands at the metric where it names the metric or its column.
    """
    if not names:
        return FirstNumbers({}, {})
    try:
        results = _analysis(file, rows, names, missing)
    except InputError as error:
        if len(names) == 1:
            raise
        gathered = Gathered()
        for name in names:
            with gathered.next():
                try:
                    _analysis(file, rows, (name,), missing)
                except InputError as own:
                    named = (f"'{each}'" for each in (name, *file.experiment.columns[name]))
                    if any(each in own.message for each in named):
                        own.where = file.where("metrics", name)
                    raise
        gathered.settle()
        raise error from None  # of each by itself nothing is wrong
    labels = results.answer.table.labels
    values = set(zip(labels.get(SEGMENT, ()), labels.get(SEGMENT_VALUE, ()), strict=True))
    each = Counter(segment for segment, _ in values)
    for segment in (name for name, count in each.items() if count > _MOST_VALUES):
        raise ExperimentError(
            f"the segment '{segment}' has more than {_MOST_VALUES} values", where=file.where("segments"),
            hint="a segment has a few, each with many units",
        )  # fmt: skip
    return FirstNumbers(results.sample_ratio.counts, _means(results))


def _analysis(file: ExperimentFile, rows: Rows, names: tuple[str, ...], missing: Collection[str]) -> Results:
    experiment, metrics = file.experiment, metrics_of(file.experiment)
    unit, cluster, strata = (
        None if name in missing else name for name in (experiment.unit, experiment.cluster, experiment.strata)
    )
    return analyze(
        rows, {name: metrics[name] for name in names}, variant=experiment.variant, control=experiment.control,
        unit=unit, segments=[name for name in experiment.segments if name not in missing], cluster=cluster,
        strata=strata, expected=experiment.variants, alpha=experiment.alpha,
    )  # fmt: skip


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
