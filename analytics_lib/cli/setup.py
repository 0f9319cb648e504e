"""Commands that set up: init, demo, schema, doctor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from analytics_lib.cli.output import STYLES, console, print_json
from analytics_lib.cli.progress import Shown
from analytics_lib.cli.summary import print_build
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import InputError, WorkspaceError

if TYPE_CHECKING:
    import asyncio

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("init")(init)
    app.command("demo")(demo)
    app.command("schema")(schema)
    app.command("doctor")(doctor)


def init(
    folder: Annotated[Path, typer.Argument(help="The new workspace's folder.", metavar="DIR")] = Path(),
) -> None:
    """Make a workspace with a first report that runs."""
    from analytics_lib.example.workspace import copy_starter
    from analytics_lib.model.report import json_schema

    written = copy_starter(folder)
    schema_path = folder / "reports" / "report.schema.json"
    schema_path.write_text(json.dumps(json_schema(), indent=1) + "\n", encoding="utf-8")
    console.print(f"Made {escape(str(folder))}: {written + 1} files. Try it:", soft_wrap=True)
    if folder != Path():
        console.print(f"  cd {escape(str(folder))}")
    console.print("  analytics run first_report\n  analytics serve")


def demo(
    folder: Annotated[Path, typer.Argument(help="Folder of the example.", metavar="DIR")] = Path("analytics-demo"),
    data_only: Annotated[
        bool,
        typer.Option("--data-only", help="Build and load the warehouse, register the experiments; render nothing."),
    ] = False,
    serve: Annotated[
        bool, typer.Option("--serve", help="Only serve the example's social network, for `analytics load campaigns`.")
    ] = False,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Its port; 0 takes a free one.")] = 8718,
    jobs: Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks run at the same time.")] = None,
    as_json: AsJson = False,
) -> None:
    """Build the example warehouse from public data and load its sources; publish every example report."""
    if serve:
        _serve_network(port)
        return
    from analytics_lib.example.loads import load_sources
    from analytics_lib.example.register import register_trials
    from analytics_lib.example.warehouse import build_warehouse, is_current
    from analytics_lib.example.workspace import WAREHOUSE, copy_example
    from analytics_lib.pipeline import BuildRequest, build
    from analytics_lib.workspace import load_workspace

    with Shown(quiet=as_json) as progress:
        written = copy_example(folder)
        if written:
            progress.say(f"wrote {written} files to {folder}")
        if not is_current(folder / WAREHOUSE):
            rows = build_warehouse(folder / WAREHOUSE, progress=progress.say)
            progress.say(f"built {WAREHOUSE}: {sum(rows.values()):,} rows in {len(rows)} tables")
        workspace = load_workspace(folder.absolute())
        load_sources(workspace, progress)
        register_trials(workspace, progress.say)
        if data_only:
            return
        result = build(workspace, BuildRequest(jobs=jobs), progress)
    if as_json:
        print_json(result.to_json())
    else:
        print_build(result)
    raise typer.Exit(result.exit_code)


def _serve_network(port: int) -> None:
    """Serve the example's social network until Ctrl-C or SIGTERM, and say how it is loaded from."""
    from analytics_lib.example.network import ADDRESS_VARIABLE, TOKEN, TOKEN_VARIABLE, serving
    from analytics_lib.server.listening import listen, run_until_stopped

    with serving(listen("127.0.0.1", port)) as address:
        console.print("The example's social network answers  [dim](Ctrl-C stops)[/]. In another terminal:")
        console.print(
            f"  {ADDRESS_VARIABLE}={address} {TOKEN_VARIABLE}={TOKEN} analytics load campaigns", soft_wrap=True
        )
        run_until_stopped(_until_set)


async def _until_set(stop: asyncio.Event) -> None:
    await stop.wait()


def schema(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write.", metavar="FILE")] = None,
    experiment: Annotated[bool, typer.Option("--experiment", help="That of experiment files.")] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="That of metric files.")] = False,
    source: Annotated[bool, typer.Option("--source", help="That of source files.")] = False,
) -> None:
    """Write the JSON Schema of report files, for editors that complete and check them."""
    from analytics_lib.model import experiment as experiments
    from analytics_lib.model import report as reports
    from analytics_lib.model import source as sources
    from analytics_lib.model.metrics import files as metric_files

    asked = {"--experiment": experiment, "--metrics": metrics, "--source": source}
    given = [name for name, wanted in asked.items() if wanted]
    if len(given) > 1:
        raise InputError(f"{' and '.join(given)} were given", hint="ask for one schema at a time")
    made = {
        "--experiment": experiments.json_schema, "--metrics": metric_files.json_schema, "--source": sources.json_schema,
    }.get("".join(given), reports.json_schema)  # fmt: skip
    text = json.dumps(made(), indent=2)
    if output is None:
        typer.echo(text)
        return
    try:
        output.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise WorkspaceError(f"the file cannot be written: {error.strerror}", where=str(output)) from None
    console.print(f"Wrote {escape(str(output))}.", soft_wrap=True)


def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Say what is installed, which connections answer, and whether the site can be written."""
    from analytics_lib.cli.diagnosis import examine

    try:
        workspace, problem = opened(context), None
    except WorkspaceError as error:
        workspace, problem = None, error
    findings = examine(workspace, problem)
    if as_json:
        print_json([finding.__dict__ for finding in findings])
    else:
        width = max(len(finding.subject) for finding in findings)
        for finding in findings:
            mark = (
                f"[{STYLES['published']}]ok[/]" if finding.ok else "[yellow]--[/]" if finding.optional else "[red]no[/]"
            )
            console.print(f"{mark}  {escape(finding.subject):<{width}}  {escape(finding.detail)}", soft_wrap=True)
    raise typer.Exit(0 if all(finding.ok or finding.optional for finding in findings) else 2)
