"""The command experiment power: what a registered experiment, a table or a plan in numbers can find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from analytics_lib.cli.looks import count_of, number_of, percent_of, print_power, table
from analytics_lib.cli.output import console, print_json
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import ExperimentError

if TYPE_CHECKING:
    from analytics_lib.experiments import Sizing
    from analytics_lib.model.experiment_parts import ExperimentMetric

_NUMBERS = ("n", "sd", "proportion", "mean", "correlation")
_OF_A_TABLE = ("table", "query", "metric", "covariate", "cluster", "unit", "day", "weeks")
_OPTION = {"chance": "--power", "units_per_day": "--units-per-day"}


Number = float | None
Words = str | None
Several = list[str] | None
OfName = Annotated[Words, typer.Argument(help="An experiment: registered, or a file of experiments/.", metavar="NAME")]
OfMetric = Annotated[Several, typer.Option("--metric", help="A column, or 'paid: {kind: proportion}'; once for each.")]
Known = Annotated[Several, typer.Option("--covariate", help="Column known before the start; once for each.")]
OfUnit = Annotated[Words, typer.Option("--unit", help="Column of the unit: none may stand there twice.")]
Chance = Annotated[Number, typer.Option("--power", help="Chance wanted of finding the effect; 0.8 by default.")]
Weeks = Annotated[Number, typer.Option("--weeks", help="Say what so many weeks find; 4 by default.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def power(  # noqa: PLR0913, PLR0917 - the numbers of a plan, each by its usual name
    context: typer.Context,
    name: OfName = None,
    mde: Annotated[Number, typer.Option("--mde", help="Effect worth finding; of data relative.")] = None,
    connection: Annotated[Words, typer.Option("--connection", help="Plan from data of this connection.")] = None,
    past: Annotated[Words, typer.Option("--table", help="A table with a row a unit of the past.")] = None,
    query: Annotated[Words, typer.Option("--query", help="A SELECT with a row a unit of the past.")] = None,
    metric: OfMetric = None,
    covariate: Known = None,
    cluster: Annotated[Words, typer.Option("--cluster", help="Column of clusters to be randomised.")] = None,
    unit: OfUnit = None,
    day: Annotated[Words, typer.Option("--day", help="Column of the day that a unit came in.")] = None,
    weeks: Weeks = None,
    n: Annotated[Number, typer.Option("--n", help="Units in control.")] = None,
    chance: Chance = None,
    sd: Annotated[Number, typer.Option("--sd", help="Standard deviation of a unit's value.")] = None,
    proportion: Annotated[Number, typer.Option("--proportion", help="Control's share, in place of --sd.")] = None,
    mean: Annotated[Number, typer.Option("--mean", help="Control's mean: --mde is relative to it.")] = None,
    alpha: Annotated[Number, typer.Option("--alpha", help="Rate of false alarms; 0.05 by default.")] = None,
    ratio: Annotated[Number, typer.Option("--ratio", help="Units in treatment for each in control.")] = None,
    correlation: Annotated[Number, typer.Option("--correlation", help="Of the metric with its covariate.")] = None,
    looks: Annotated[int | None, typer.Option("--looks", help="Equal looks of a group-sequential plan.")] = None,
    units_per_day: Annotated[Number, typer.Option("--units-per-day", help="Of all variants.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say how many units an experiment needs, what it can find, and for how long it must run.

    Of NAME from its history, else from its results so far; with --connection from a table or SELECT; otherwise give
    --sd or --proportion, and --mde, --n or both.
    """
    given = {
        "n": n, "sd": sd, "proportion": proportion, "mean": mean, "correlation": correlation, "table": past,
        "query": query, "metric": metric or None, "covariate": covariate or None, "cluster": cluster, "unit": unit,
        "day": day, "weeks": weeks, "chance": chance, "alpha": alpha, "ratio": ratio, "looks": looks,
        "units_per_day": units_per_day,
    }  # fmt: skip
    given = {key: value for key, value in given.items() if value is not None}
    if name is not None:
        _require_none(
            given | ({"connection": connection} if connection else {}), "of an experiment only --mde can be given"
        )
        _of_experiment(context, name, mde, as_json=as_json)
    elif connection is not None:
        _require_none({key: given[key] for key in _NUMBERS if key in given}, "they come from the data of --connection")
        _of_data(context, connection, mde, given, as_json=as_json)
    else:
        data = {key: given[key] for key in _OF_A_TABLE if key in given}
        _require_none(data, "data is named with --connection")
        _of_numbers(mde, given, as_json=as_json)


def _require_none(given: dict[str, Any], hint: str) -> None:
    if given:
        names = ", ".join(_OPTION.get(key, f"--{key}") for key in given)
        raise ExperimentError(f"{names} cannot stand here", hint=hint)


def _of_experiment(context: typer.Context, name: str, mde: float | None, *, as_json: bool) -> None:
    from analytics_lib.pipeline.planned import power_of

    found = power_of(opened(context), name, mde=mde)
    if as_json:
        print_json([each.to_json() for each in found])
    else:
        print_power(found)


def _of_data(
    context: typer.Context, connection: str, mde: float | None, given: dict[str, Any], *, as_json: bool
) -> None:
    from analytics_lib.experiments import GroupSequential
    from analytics_lib.model.plain import plain
    from analytics_lib.pipeline.sizing import plan_of_table

    if mde is None:
        raise ExperimentError("it is not said which effect is worth finding", hint="--mde 0.02 is two per cent")
    names = ("table", "query", "cluster", "unit", "day", "weeks", "units_per_day")
    asked: dict[str, Any] = {key: given[key] for key in names if key in given}
    asked |= {"power": given.get("chance", 0.8), "alpha": given.get("alpha", 0.05)}
    asked["variants"] = {"control": 1.0, "treatment": given.get("ratio", 1.0)}
    asked["plan"] = GroupSequential(given["looks"]) if "looks" in given else None
    metrics = _metrics(given.get("metric", []), given.get("covariate"))
    sizing = plan_of_table(opened(context), connection, metrics, mde=mde, **asked)
    if as_json:
        lines = [dict(zip(sizing.rows, values, strict=True)) for values in zip(*sizing.rows.values(), strict=True)]
        print_json(
            {"metrics": plain(lines), "units": sizing.history.units, "clusters": sizing.history.clusters,
             "units_per_day": sizing.units_per_day, "summary": sizing.summary()}
        )  # fmt: skip
    else:
        _print(sizing)


def _of_numbers(mde: float | None, given: dict[str, Any], *, as_json: bool) -> None:
    from analytics_lib.experiments import GroupSequential
    from analytics_lib.pipeline.sizing import plan_power

    names = ("sd", "proportion", "mean", "alpha", "ratio", "correlation")
    design: dict[str, Any] = {key: given[key] for key in names if key in given}
    design |= {"relative": "mean" in given, "plan": GroupSequential(given["looks"]) if "looks" in given else None}
    answer = plan_power(mde, given.get("n"), given.get("chance", 0.8), given.get("units_per_day"), **design)
    if as_json:
        print_json(answer)
        return
    for key, value in answer.items():
        console.print(f"{key.replace('_', ' ')}: {value:,.6g}")


def _metrics(given: list[str], covariates: list[str] | None) -> dict[str, ExperimentMetric]:
    """Return the metrics named: a column is a mean, more is said in YAML."""
    from pydantic import ValidationError

    from analytics_lib.cli.reading import read_yaml
    from analytics_lib.model.experiment_parts import ExperimentMetric
    from analytics_lib.workspace.complaints import model_complaint

    if not given:
        raise ExperimentError("no metric was named", hint="--metric orders takes the column's mean")
    found: dict[str, ExperimentMetric] = {}
    for each in given:
        read = read_yaml(each, "--metric")
        for name, content in (read if isinstance(read, dict) else {each: {"kind": "mean"}}).items():
            if not isinstance(content, dict):
                raise ExperimentError(f"--metric is '{each}'", hint="'orders: {kind: mean}' is right")
            filled = content if covariates is None else {"covariate": covariates} | content
            try:
                found[str(name)] = ExperimentMetric.model_validate(filled)
            except ValidationError as error:
                raise model_complaint(error, filled, f"--metric {name}", {}, ExperimentMetric) from None
    return found


def _print(sizing: Sizing) -> None:
    rows = sizing.rows
    many = "clusters_needed" in rows
    lines = table("Metric", "Mean", "Needed", *(("Clusters",) if many else ("Days",)), "Planned", "Power", "Finds")
    for at, metric in enumerate(rows["metric"]):
        last = rows["clusters_needed" if many else "days_needed"][at]
        cells = (number_of(rows["mean"][at]), count_of(rows["units_needed"][at]), count_of(last))
        found = (
            count_of(rows["planned_units"][at]),
            number_of(rows["power"][at]),
            percent_of(rows["minimum_effect"][at]),
        )
        lines.add_row(escape(metric), *cells, *found)
    console.print(lines)
    console.print()
    left_out = {"units_without_covariate": "No covariate", "units_without_looks": "One look"}
    left_out |= {"units_without_clusters": "No clusters"} if many else {}
    shown = {key: title for key, title in left_out.items() if any(map(_differ, rows[key], rows["units_needed"]))}
    if shown:
        costs = table("Units needed", "As planned", *shown.values())
        for at, metric in enumerate(rows["metric"]):
            costs.add_row(escape(metric), *(count_of(rows[key][at]) for key in ("units_needed", *shown)))
        console.print(costs)
        console.print()
    console.print(escape(sizing.summary()), soft_wrap=True)


def _differ(one: float, other: float) -> bool:
    return one == one and one != other  # noqa: PLR0124 - NaN is unequal to itself
