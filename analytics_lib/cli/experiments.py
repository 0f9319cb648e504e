"""Commands about experiments: experiment add, list, show, start, analyze, stop, decide, power."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from analytics_lib.cli.looks import facts_of, moment, print_all, print_first_numbers, print_look, table
from analytics_lib.cli.output import console, print_json
from analytics_lib.cli.planning import power
from analytics_lib.cli.reading import read_yaml
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import AnalyticsError, ExperimentError, InputError, problems_of

if TYPE_CHECKING:
    from analytics_lib.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Name = Annotated[str, typer.Argument(help="Name of the experiment.", metavar="NAME")]
Why = Annotated[str, typer.Option("--why", help="The reason, in a sentence; it is kept with the step.")]
Who = Annotated[str | None, typer.Option("--who", help="Who takes the step; the user of this machine by default.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(
        name="experiment", help="Register experiments, look at their results, decide them.", no_args_is_help=True
    )
    commands: dict[str, Callable[..., None]] = {
        "add": add, "list": list_experiments, "show": show, "start": start, "analyze": analyze, "stop": stop,
        "decide": decide, "power": power,
    }  # fmt: skip
    for name, command in commands.items():
        group.command(name)(command)
    app.add_typer(group)


def add(  # noqa: PLR0913, PLR0917 - one option for each key of the file
    context: typer.Context,
    file: Annotated[
        str | None, typer.Argument(help="A file of experiments/, by its name or path.", metavar="FILE")
    ] = None,
    name: Annotated[str | None, typer.Option("--name", help="Its name, where there is no file.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Who answers for it.")] = None,
    hypothesis: Annotated[str | None, typer.Option("--hypothesis", help="What is expected, and why.")] = None,
    start: Annotated[str | None, typer.Option("--start", help="First day: 2026-03-01.")] = None,
    end: Annotated[str | None, typer.Option("--end", help="Last day.")] = None,
    variant: Annotated[
        list[str] | None, typer.Option("--variant", help="NAME=SHARE, control first; once for each.")
    ] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="Column of the unit.")] = None,
    connection: Annotated[str | None, typer.Option("--connection", help="A connection of analytics.toml.")] = None,
    units: Annotated[str | None, typer.Option("--units", help="A SELECT with a row a unit.")] = None,
    summary: Annotated[str | None, typer.Option("--summary", help="A SELECT with a row a variant.")] = None,
    metric: Annotated[
        list[str] | None, typer.Option("--metric", help="'orders: {kind: mean, role: success}'; once for each.")
    ] = None,
    more: Annotated[
        list[str] | None, typer.Option("--set", help="KEY=VALUE: any other key of the file, its value as YAML.")
    ] = None,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Check an experiment against its own results and register it: from a file, or from options."""
    given = {
        "owner": owner, "hypothesis": hypothesis, "start": start, "end": end, "unit": unit, "connection": connection,
        "units": units, "summary": summary,
    }  # fmt: skip
    options = {key: value for key, value in given.items() if value is not None}
    options |= _variants(variant or []) | _metrics(metric or []) | _others(more or [])
    try:
        _add(opened(context), file, name, options, who, as_json=as_json)
    except InputError as error:
        if not as_json:
            raise
        problems = [{"where": each.where, "message": each.message, "hint": each.hint} for each in problems_of(error)]
        print_json({"problems": problems})
        raise typer.Exit(error.exit_code) from None


def _add(
    workspace: Workspace, file: str | None, name: str | None, options: dict[str, Any], who: str | None, *, as_json: bool
) -> None:
    from analytics_lib.pipeline.experiments import register as register_experiment
    from analytics_lib.workspace.experiments import load_experiment, make_experiment

    if file is not None:
        if options or name is not None:
            raise ExperimentError("a file and options were given", hint="write the keys into the file, or leave it out")
        experiment = load_experiment(workspace.root, file)
    else:
        if name is None:
            raise ExperimentError("neither a file nor --name was given", hint="`analytics experiment add FILE`")
        experiment = make_experiment(name, options, where="the options")
    stored, numbers = register_experiment(workspace, experiment, who=who)
    if as_json:
        print_json({"experiment": stored.name, "status": stored.status, "units": numbers.units, "means": numbers.means})
        return
    console.print(f"Registered [bold]{escape(stored.name)}[/]: {stored.status}.")
    print_first_numbers(numbers)


def list_experiments(
    context: typer.Context,
    search: Annotated[
        str | None, typer.Option("--search", help="Words in name, title, hypothesis, owner, tags or metrics.")
    ] = None,
    status: Annotated[str | None, typer.Option("--status", help="draft, running, stopped or decided.")] = None,
    owner: Annotated[str | None, typer.Option("--owner", help="Part of the owner's name.")] = None,
    tag: Annotated[str | None, typer.Option("--tag", help="A tag.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the experiments, the latest start first."""
    from analytics_lib.pipeline.experiments import opened_registry

    with opened_registry(opened(context)) as registry:
        found = registry.find(search=search, status=status, owner=owner, tag=tag)
        verdicts = registry.verdicts()
    if as_json:
        print_json([_facts(each) | {"verdict": verdicts.get(each.name)} for each in found])
        return
    if not found:
        console.print("No experiment fits: `analytics experiment add FILE` registers one.")
        return
    lines = table("Experiment", "Title", "Owner", "From", "To", "Status", "Last look", "Decided")
    for each in found:
        verdict = verdicts.get(each.name) or "–"
        cells = (each.name, each.title, each.owner, str(each.start), str(each.end), each.status, verdict)
        lines.add_row(*(escape(cell) for cell in (*cells, each.decision or "–")))
    console.print(lines)


def show(context: typer.Context, name: Name, as_json: AsJson = False) -> None:
    """Show an experiment: what was registered, each step of its life, and what was seen at each look."""
    from analytics_lib.pipeline.experiments import registered

    found = registered(opened(context), name)
    experiment = found.experiment
    if as_json:
        steps = [vars(step) for step in found.steps]
        looks = [vars(look) for look in found.looks]
        print_json(_facts(experiment) | {"definition": experiment.definition, "steps": steps, "looks": looks})
        return
    console.print(f"[bold]{escape(experiment.title)}[/] ({escape(name)}), {escape(experiment.owner)}")
    console.print(escape(str(experiment.definition["hypothesis"])))
    console.print(f"{experiment.start} to {experiment.end}: {experiment.status}\n")
    lines = table("When", "Who", "Step", "Why")
    for step in found.steps:
        after = f"{step.after}: {step.decision}" if step.decision else step.after
        lines.add_row(moment(step.at), escape(step.who), escape(after), escape(step.why))
    console.print(lines)
    if found.looks:
        console.print()
        print_look(found.looks[-1], times=len(found.looks))


def start(context: typer.Context, name: Name, why: Why, who: Who = None, as_json: AsJson = False) -> None:
    """Start a draft before its first day; on that day it starts by itself."""
    from analytics_lib.pipeline.experiments import start as start_experiment

    start_experiment(opened(context), name, why=why, who=who)
    _say(name, "running", as_json=as_json)


def analyze(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Name of the experiment.", metavar="NAME")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every experiment that runs, one after the other.")] = False,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Look at an experiment's results as they are now: the decision first, then what speaks against it."""
    from analytics_lib.pipeline.experiments import due, look

    workspace = opened(context)
    if every == (name is not None):
        raise ExperimentError("name one experiment, or give --all", hint="`analytics experiment analyze NAME`")
    if name is not None:
        seen = look(workspace, name, who=who)
        if as_json:
            print_json(facts_of(name, seen))
        else:
            print_look(seen)
        return
    looks, failures = [], []
    for each in due(workspace):
        try:
            looks.append((each, look(workspace, each, who=who)))
        except AnalyticsError as error:
            failures.append((each, error))
    print_all(looks, failures, as_json=as_json)
    raise typer.Exit(max((error.exit_code for _, error in failures), default=0))


def stop(context: typer.Context, name: Name, why: Why, who: Who = None, as_json: AsJson = False) -> None:
    """Stop a running experiment."""
    from analytics_lib.pipeline.experiments import stop as stop_experiment

    stop_experiment(opened(context), name, why=why, who=who)
    _say(name, "stopped", as_json=as_json)


def decide(
    context: typer.Context,
    name: Name,
    choice: Annotated[str, typer.Argument(help="ship or roll-back.", metavar="ship|roll-back")],
    why: Why,
    variant: Annotated[str | None, typer.Option("--variant", help="Which variant, where there are several.")] = None,
    who: Who = None,
    as_json: AsJson = False,
) -> None:
    """Decide a stopped experiment."""
    from analytics_lib.pipeline.experiments import decide as decide_experiment

    stored = decide_experiment(opened(context), name, choice, why=why, variant=variant, who=who)
    _say(name, f"decided: {stored.decision}", as_json=as_json)


def _say(name: str, status: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"experiment": name, "status": status})
    else:
        console.print(f"{escape(name)} is {escape(status)}.")


def _facts(experiment: Any) -> dict[str, Any]:
    names = ("title", "owner", "tags", "start", "end", "status", "decision", "registered_at")
    return {"experiment": experiment.name} | {name: getattr(experiment, name) for name in names}


def _variants(given: list[str]) -> dict[str, Any]:
    """Return the variants, and control, which stands first."""
    shares: dict[str, Any] = {}
    for each in given:
        variant, _, share = each.rpartition("=")
        if not variant:
            raise ExperimentError(f"--variant is '{each}'", hint="NAME=SHARE is right: control=50")
        shares[variant] = read_yaml(share, f"--variant {each}")
    return {"variants": shares, "control": next(iter(shares))} if shares else {}


def _metrics(given: list[str]) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    for each in given:
        read = read_yaml(each, "--metric")
        if not isinstance(read, dict):
            raise ExperimentError(f"--metric is '{each}'", hint="'orders: {kind: mean, role: success}' is right")
        metrics |= read
    return {"metrics": metrics} if metrics else {}


def _others(given: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        key, separator, value = each.partition("=")
        if not separator:
            raise ExperimentError(f"--set is '{each}'", hint="KEY=VALUE is right: title='One step'")
        found[key] = read_yaml(value, f"--set {key}")
    return found
