"""Commands about the metric model: metrics list, show, check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from analytics_lib.cli.looks import table
from analytics_lib.cli.output import console, print_json
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import ChecksFailed

if TYPE_CHECKING:
    from analytics_lib.model.metrics.catalogue import Catalogue
    from analytics_lib.model.metrics.defined import Defined

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
_FAILED = 3


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(name="metrics", help="List, show and check the metrics of metrics/.", no_args_is_help=True)
    group.command("list")(list_metrics)
    group.command("show")(show)
    group.command("check")(check)
    app.add_typer(group)


def list_metrics(
    context: typer.Context,
    search: Annotated[
        str, typer.Option("--search", help="Words in name, title, description, unit, owner or model.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """List the metrics with what they mean."""
    from analytics_lib.connectors.metrics import facts_of

    found = [facts_of(each) for each in _catalogue(context).search(search)]
    if as_json:
        print_json(found)
        return
    if not found:
        console.print("No metric fits." if search else "There is no metric yet: write one, metrics/NAME.yml.")
        return
    lines = table("Metric", "Unit", "Type", "Better", "Model", "Owner", "Description")
    for each in found:
        better = {"increase": "↑", "decrease": "↓"}.get(str(each["desired"]), "–")
        cells = (each["metric"], each["unit"] or "–", each["type"], better, each["model"], each["owner"])
        lines.add_row(*(escape(str(cell)) for cell in (*cells, each["description"] or "–")))
    console.print(lines)


def show(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="Name of the metric.", metavar="NAME")],
    as_json: AsJson = False,
) -> None:
    """Show a metric: what it means, how it is made, what it can be told by."""
    from analytics_lib.connectors.metrics import facts_of
    from analytics_lib.model.metrics.joins import names_from

    catalogue = _catalogue(context)
    defined = catalogue.metric(name)
    parts = catalogue.made_of([name])
    every = [names_from(catalogue.models, catalogue.start(each).file.name) for each in parts]
    shared = [each for each in every[0] if all(each in names for names in every)]
    facts: dict[str, Any] = facts_of(defined) | {
        "defined_at": defined.where(), "made_of": _made_of(catalogue, defined), "dimensions": shared,
        "examples": [each.model_dump(exclude_defaults=True) for each in defined.metric.examples],
    }  # fmt: skip
    if as_json:
        print_json(facts)
        return
    unit = f" ({escape(defined.metric.unit)})" if defined.metric.unit else ""
    console.print(f"[bold]{escape(defined.title)}[/]{unit}, {escape(defined.owner)}")
    if defined.metric.description:
        console.print(escape(defined.metric.description), soft_wrap=True)
    wanted = {"increase": "more is better", "decrease": "less is better"}.get(str(defined.metric.desired))
    console.print(f"{escape(facts['made_of'])}{f'; {wanted}' if wanted else ''}", soft_wrap=True)
    console.print(f"Told by: {escape(', '.join(shared) or 'nothing')}", soft_wrap=True)
    console.print(f"Defined at {escape(facts['defined_at'])}", soft_wrap=True)


def check(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of metrics; all by default.", metavar="[NAME]...")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Run every metric, and compare it with its examples; leave with 3 where one does not hold."""
    from analytics_lib.connectors import open_connection
    from analytics_lib.connectors.metrics import Metrics

    workspace = opened(context)
    catalogue = _catalogue(context)
    metrics = Metrics(catalogue, lambda name: open_connection(workspace.connection(name)))
    try:
        checked = metrics.check(names or [])
    finally:
        metrics.close()
    failed = [each.metric for each in checked if not each.holds]
    if as_json:
        print_json([{**vars(each), "holds": each.holds} for each in checked])
        raise typer.Exit(_FAILED if failed else 0)
    for each in checked:
        mark = "[green]holds[/]" if each.holds else "[red]does not hold[/]"
        value = "no value" if each.value is None else f"{each.value:,.6g}"
        examples = f", {each.examples} {'example' if each.examples == 1 else 'examples'}" if each.examples else ""
        console.print(f"{escape(each.metric)}: {mark} ({value}{examples})")
        for problem in each.problems:
            console.print(f"  {escape(problem)}", soft_wrap=True)
    if failed:
        said = (
            f"{len(failed)} of {len(checked)} metrics do not hold" if len(checked) > 1 else "the metric does not hold"
        )
        raise ChecksFailed(said, hint="mend the metric, the data or the example")


def _catalogue(context: typer.Context) -> Catalogue:
    from analytics_lib.workspace.metrics import load_metrics

    return load_metrics(opened(context).root)


def _made_of(catalogue: Catalogue, defined: Defined) -> str:
    metric = defined.metric
    if metric.type == "ratio":
        return f"{metric.numerator} / {metric.denominator}"
    if metric.formula is not None:
        before = [f"{name}: {each.metric}, {each.offset_window} before" for name, each in metric.inputs.items()]
        return "; ".join([metric.formula, *before])
    if metric.type == "conversion":
        return f"share of {metric.entity} with {metric.base} that have {metric.conversion} within {metric.window}"
    measured = catalogue.measure_of(defined)
    source = measured.measure.column or measured.measure.expression
    over = f", {metric.window}" if metric.window else f", {metric.to_date} to date" if metric.to_date else ""
    so_far = ", so far" if metric.type == "cumulative" and not over else over
    what = "rows" if measured.measure.counts_rows else source or measured.name
    return f"{measured.measure.aggregate} of {what} ({measured.file.name}){so_far}"
