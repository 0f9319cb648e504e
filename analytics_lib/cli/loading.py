"""Commands that bring data in: load, sources."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from analytics_lib.cli.looks import moment, table
from analytics_lib.cli.output import console, print_error, print_json
from analytics_lib.cli.progress import Shown
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import AnalyticsError, SourceError

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

_HELD_BACK = 3
_GRAVEST = (2, 4, 3, 1)
_STYLES = {
    "loaded": "green", "held back": "yellow", "failed": "red", "invalid": "red", "interrupted": "yellow",
    "never loaded": "dim", "being loaded": "cyan",
}  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("load")(load)
    app.command("sources")(sources)


def load(
    context: typer.Context,
    source: Annotated[str | None, typer.Argument(help="Name of the source; all of them by default.")] = None,
    full: Annotated[
        bool, typer.Option("--full", help="Load all of it anew: replace the table, and its columns' types.")
    ] = False,
    replay: Annotated[bool, typer.Option("--replay", help="Load the rows of the quarantine once more.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load sources into the warehouse: fetch, stage, check, switch."""
    from analytics_lib.pipeline.loading import LoadRequest, load_source_rows
    from analytics_lib.workspace.sources import source_names

    if full and replay:
        raise SourceError("--full and --replay were given", hint="a full load fetches the quarantined rows as well")
    workspace = opened(context)
    names = [source] if source is not None else source_names(workspace.root)
    if not names:
        raise SourceError("the workspace has no source", where="sources/", hint="write one: sources/NAME.yml")
    results: list[dict[str, Any]] = []
    codes = set()
    with Shown(quiet=as_json) as progress:
        for name in names:
            try:
                done = load_source_rows(workspace, name, LoadRequest(full=full, replay=replay), progress)
            except AnalyticsError as error:
                print_error(error)
                codes.add(error.exit_code)
                results.append({"source": name, "status": "failed", "reason": str(error)})
                continue
            codes |= {_HELD_BACK} if done.status == "held back" else set()
            results.append(done.to_json())
    if as_json:
        print_json(results)
    else:
        for each in results:
            _print_load(each)
    raise typer.Exit(next((code for code in _GRAVEST if code in codes), 0))


def sources(context: typer.Context, as_json: AsJson = False) -> None:
    """List the sources: rows, how fresh they are, what waits in their quarantines."""
    from analytics_lib.pipeline.loading import source_states

    states = source_states(opened(context))
    if as_json:
        print_json([state.to_json() for state in states])
        return
    if not states:
        console.print("The workspace has no source yet: write one as sources/NAME.yml.")
        return
    lines = table("Source", "Table", "Rows", "Up to", "Loaded", "Quarantined", "Status")
    for state in states:
        done = state.loaded
        cells = (
            state.name, state.target or "–", _count(done.total if done else None),
            str(done.mark) if done and done.mark is not None else "–", moment(done.started_at) if done else "–",
            _count(done.waiting if done else None),
        )  # fmt: skip
        style = _STYLES[state.status]
        lines.add_row(*(escape(cell) for cell in cells), f"[{style}]{state.status}[/]")
    console.print(lines)
    for state in states:
        if state.reason:
            console.print(f"{escape(state.name)}: {escape(state.reason)}", soft_wrap=True, style="dim")


def _print_load(load: dict[str, Any]) -> None:
    status, name = load["status"], load["source"]
    if status == "loaded":
        total = "" if load["total"] is None else f" {load['total']:,} rows in {load['target']} now."
        console.print(
            f"[green]loaded[/]  {escape(name)}: {load['rows']:,} rows, {load['quarantined']:,} quarantined."
            f"{escape(total)}", soft_wrap=True,
        )  # fmt: skip
        if load["reason"]:
            console.print(f"        [yellow]warning[/] {escape(load['reason'])}", soft_wrap=True)
        for sentence in load["drift"]:
            console.print(f"        [yellow]changed[/] {escape(sentence)}", soft_wrap=True)
    elif status == "held back":
        console.print(f"[yellow]held back[/]  {escape(name)}: {escape(load['reason'])}", soft_wrap=True)


def _count(number: int | None) -> str:
    return "–" if number is None else f"{number:,}"
