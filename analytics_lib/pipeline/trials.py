"""What an experiment file says, as the statistics take it: metrics, roles, plan, and the rows of its results."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.connectors import first_word, open_connection, placeholders
from analytics_lib.connectors.metrics.unit_sums import UnitSums
from analytics_lib.connectors.moments.exposures import Exposed, ExposedUnits
from analytics_lib.errors import ExperimentError, InputError, nearest, problems_of, together
from analytics_lib.experiments import AlwaysValid, GroupSequential, Mean, Proportion, Quantile, Ratio
from analytics_lib.model.aggregation import SEGMENT, VARIANT
from analytics_lib.model.decisions import Role
from analytics_lib.model.summaries import Summary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.connectors import Connection
    from analytics_lib.connectors.moments.tables import Table
    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.model.aggregation import MomentAnswer, MomentRequest
    from analytics_lib.model.experiment import Experiment
    from analytics_lib.model.experiment_parts import ExperimentMetric
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile

_NO_SELECT: Final = {"explain", "show", "describe", "summarize", "table", "values"}
"""Reading statements that are none; others are refused anyway."""
_MOST_STRANGE: Final = 5
"""Variants that are not planned and are told one by one."""
SUMMARY_ROWS: Final = 10_000
"""Rows that a summary may have: a row a variant and day."""


def metrics_of(experiment: Experiment) -> dict[str, Metric]:
    """Return the metrics as declarations."""
    return {name: metric_of(name, metric) for name, metric in experiment.metrics.items()}


def metric_of(name: str, metric: ExperimentMetric) -> Metric:
    """Return a metric as a declaration; its column is by default called as it is."""
    column, covariate = metric.column or name, metric.covariate
    if metric.kind is None:
        raise AssertionError(name)  # it is resolved by the metric model before
    if metric.kind == "ratio":
        return Ratio(str(metric.numerator), str(metric.denominator), covariate, metric.covariate_denominator)
    if metric.kind == "quantile":
        return Quantile(column, 0.5 if metric.q is None else metric.q)
    return (Mean if metric.kind == "mean" else Proportion)(column, covariate)


def roles_of(experiment: Experiment) -> dict[str, Role]:
    """Return the metrics' parts in the decision; a guardrail without a margin must only not be shown to be worse."""
    return {
        name: Role(metric.role, metric.margin or None, metric.desired, metric.relative)
        for name, metric in experiment.metrics.items()
    }


def plan_of(experiment: Experiment) -> Plan | None:
    """Return the monitoring plan.

    Raises
    ------
    InputError
        Its numbers do not fit together.
    """
    plan = experiment.plan
    if plan.kind == "always_valid":
        return AlwaysValid(float(plan.n_star or 0), experiment.alpha)
    if plan.kind == "group_sequential":
        looks = plan.looks if plan.looks is not None else 1
        units = None if isinstance(looks, list) and looks[-1] > 1 else experiment.planned_units
        return GroupSequential(looks, plan.spending, plan.parameter, units)
    return None


def day_of(experiment: Experiment) -> str | None:
    """Return the results' column of days, None where there are none or they cannot be added up."""
    if experiment.exposures is None:
        return experiment.day
    quantiles = any(metric.kind == "quantile" for metric in experiment.metrics.values())
    return None if quantiles or experiment.cluster is not None else "day"


@dataclass(frozen=True)
class Rows:
    """The rows of an experiment's results, whose variants are those planned, by their names in the file.

    Parameters
    ----------
    source
        Where they are.
    file
        The experiment.
    """

    source: Any
    file: ExperimentFile

    @property
    def columns(self) -> list[str]:
        """The names of their columns."""
        return list(self.source.columns())

    def moments(self, request: MomentRequest) -> MomentAnswer:
        """Return the moments asked for; a variant that the database has as 0 or true is called "0" or "true".

        Raises
        ------
        ExperimentError
            A variant is not planned, or has no units.
        """
        answer: MomentAnswer = self.source.moments(request)
        labels = {**answer.table.labels, VARIANT: [_named(each) for each in answer.table.labels[VARIANT]]}
        quantiles = tuple(
            replace(each, labels={**each.labels, VARIANT: [_named(name) for name in each.labels[VARIANT]]})
            for each in answer.quantiles
        )
        answer = replace(answer, table=replace(answer.table, labels=labels), quantiles=quantiles)
        whole = [at for at, segment in enumerate(labels.get(SEGMENT, [""] * len(answer.table))) if segment == ""]
        self._require_variants([(labels[VARIANT][at], int(answer.table.n[at])) for at in whole])
        return answer

    def _require_variants(self, counts: list[tuple[str | None, int]]) -> None:
        planned, column = self.file.experiment.variants, self.file.experiment.variant
        found = {name: sum(n for each, n in counts if each == name) for name, _ in counts}
        if None in found:
            raise ExperimentError(
                f"{found[None]:,} units have no variant: '{column}' is missing",
                hint="leave these rows out in the query",
            )
        unplanned = [str(name) for name in found if name not in planned]
        if len(unplanned) > _MOST_STRANGE:
            raise ExperimentError(
                f"the results have {len(unplanned):,} variants that are not planned, '{unplanned[0]}' one of them",
                where=self.file.where("variants"), hint=f"is '{column}' the column of the variant?",
            )  # fmt: skip
        strange = [
            ExperimentError(
                f"the results have a variant '{name}', which is not planned", where=self.file.where("variants"),
                hint=nearest(name, planned),
            )
            for name in unplanned
        ]  # fmt: skip
        absent = [
            ExperimentError(
                f"variant '{name}' has no units in the results", where=self.file.where("variants", name),
                hint=f"the results have {', '.join(map(str, found))}",
            )
            for name in planned if not found.get(name)
        ]  # fmt: skip
        wrong = together([*strange, *absent])
        if wrong is not None:
            raise wrong


@contextmanager
def opened_rows(workspace: Workspace, file: ExperimentFile) -> Iterator[Rows]:
    """Open an experiment's results, read-only and with a limit of time for all that is asked of them.

    Parameters
    ----------
    workspace
        Whose connections and settings hold.
    file
        The experiment; what is wrong with its query is told with file and line.

    Raises
    ------
    InputError
        The query is not one SELECT, the database refuses it, or the time is over.
    """
    key = next(key for key in ("units", "summary", "exposures") if getattr(file.experiment, key) is not None)
    with told_at(file, key), opened_connection(workspace, file.experiment.connection, file) as connection:
        yield Rows(_source(connection, file, key), file)


@contextmanager
def opened_history(workspace: Workspace, file: ExperimentFile) -> Iterator[Any]:
    """Open the rows that an experiment is planned from, as `opened_rows` does those of its results."""
    with told_at(file, "history"), opened_connection(workspace, file.experiment.connection, file) as connection:
        yield queried(connection, file, "history")


@contextmanager
def opened_connection(workspace: Workspace, name: str, file: ExperimentFile | None = None) -> Iterator[Connection]:
    """Open a connection read-only, with the limit of time that experiments have for all that is asked of it.

    Parameters
    ----------
    workspace
        Whose connections and settings hold.
    name
        The connection's name.
    file
        Where it was named; on the command line if left out.
    """
    spec = workspace.connection(name, where="--connection" if file is None else file.where("connection"))
    seconds = int(workspace.settings["experiments.time_limit"])
    with open_connection(replace(spec, read_only=True)) as connection:
        connection.ping()
        with connection.time_limit(seconds):
            yield connection


@contextmanager
def told_at(file: ExperimentFile, *keys: str) -> Iterator[None]:
    """Let errors say where in the experiment's file the cause stands, unless a file and line are known already."""
    try:
        yield
    except InputError as error:
        for each in problems_of(error):
            if each.where is None or ":" not in each.where:
                each.where = file.where(*keys)
        raise


def _source(connection: Connection, file: ExperimentFile, key: str) -> Any:
    experiment = file.experiment
    if experiment.exposures is not None:
        days = (experiment.start, experiment.end)
        metrics = file.modelled
        sums = None if metrics is None else UnitSums(connection, metrics, experiment.exposures, days)
        tables = Exposed(experiment.exposures, experiment.facts, days, experiment.kept, sums)
        return ExposedUnits(connection, tables)
    rows = queried(connection, file, key)
    if key == "units":
        return rows
    frame = rows.to_frame(limit=SUMMARY_ROWS + 1)
    if len(frame) > SUMMARY_ROWS:
        raise ExperimentError(
            f"the summary has more than {SUMMARY_ROWS:,} rows",
            hint="it has a row a variant, or a variant and day; a SELECT with a row a unit stands under `units`",
        )
    shares = [metric.column or name for name, metric in experiment.metrics.items() if metric.kind == "proportion"]
    columns = {str(name): frame[name].tolist() for name in frame.columns}
    return Summary(columns, experiment.variant, experiment.day, shares, where=file.where(key))


def queried(connection: Connection, file: ExperimentFile, key: str) -> Table:
    """Return what the SELECT under a key of the file says.

    Raises
    ------
    InputError
        It is no single SELECT, or names what stands for nothing.
    """
    query = str(getattr(file.experiment, key))
    require_select(query)
    return connection.query(query, **_values(file, query, key))


def require_select(query: str) -> None:
    """Refuse reading statements that are no SELECT; others the connection refuses.

    Raises
    ------
    ExperimentError
        It is one.
    """
    if first_word(query) in _NO_SELECT:
        raise ExperimentError(f"the query is no SELECT: it starts with {first_word(query).upper()}")


def _values(file: ExperimentFile, query: str, key: str) -> dict[str, object]:
    """Return what a query may name: the experiment and its days."""
    known = {"experiment": file.name, "start": file.experiment.start, "end": file.experiment.end}
    for name in placeholders(query):
        if name not in known:
            raise ExperimentError(
                f"the query names :{name}, which stands for nothing", where=file.where(key), hint=nearest(name, known)
            )
    return {name: known[name] for name in placeholders(query)}


def _named(label: Any) -> str | None:
    if label is None:
        return None
    return str(label).lower() if isinstance(label, bool) else str(label)
