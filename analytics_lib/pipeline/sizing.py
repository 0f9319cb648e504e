"""Plans of experiments that need not exist: from a file's history, from any table, from numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analytics_lib.errors import InputError
from analytics_lib.experiments import Quantile, minimum_effect, plan_from, power, sample_size
from analytics_lib.experiments.history import read_history
from analytics_lib.experiments.planning import duration
from analytics_lib.pipeline.trials import metric_of, metrics_of, opened_connection, opened_history, require_select

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.experiments import Sizing
    from analytics_lib.experiments.history import History
    from analytics_lib.model.experiment_parts import ExperimentMetric
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.experiments import ExperimentFile


def history_of(workspace: Workspace, file: ExperimentFile) -> History:
    """Return what the file's SELECT of the past says of its metrics, quantiles left out.

    Raises
    ------
    InputError
        It cannot be run, or its rows cannot be planned from.
    """
    experiment = file.experiment
    metrics = {name: each for name, each in metrics_of(experiment).items() if not isinstance(each, Quantile)}
    with opened_history(workspace, file) as rows:
        day = experiment.day or "day"
        return read_history(rows, metrics, None, experiment.cluster, day if day in rows.columns() else None)


def plan_of_table(
    workspace: Workspace,
    connection: str,
    metrics: Mapping[str, ExperimentMetric],
    *,
    table: str | None = None,
    query: str | None = None,
    **asked: Any,
) -> Sizing:
    """Return what an experiment would need, from a table or SELECT with a row a unit of the past.

    Parameters
    ----------
    workspace, connection
        A connection of the workspace; it is opened read-only, with the time limit of experiments.
    metrics
        The metrics by name.
    table, query
        One of them.
    **asked
        As for `analytics_lib.experiments.plan_from`.

    Raises
    ------
    InputError
        Both or neither of table and query were given, or something is wrong with them.
    """
    if (table is None) == (query is None):
        raise InputError("give one of --table and --query", hint="--table ops.users has a row a unit")
    if query is not None:
        require_select(query)
    with opened_connection(workspace, connection) as opened:
        rows = opened.query(query) if query is not None else opened.table(str(table))
        return plan_from(rows, {name: metric_of(name, metric) for name, metric in metrics.items()}, **asked)


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
