"""Commands that bring data in: load, sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from analytics_lib.cli.building import NoDaemon
from analytics_lib.cli.looks import moment, table
from analytics_lib.cli.output import console, print_error, print_json
from analytics_lib.cli.progress import Shown
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import AnalyticsError, SourceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.pipeline.loading import SourceState
    from analytics_lib.registry import Load
    from analytics_lib.workspace import Workspace

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

_HELD_BACK = 3
_WIDE = 90
"""Columns of a terminal from which on the mark of each load is shown; that of the last one stands above them."""
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
    _no_daemon: NoDaemon = False,  # `entry` has seen to it
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


def sources(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="Name of a source: its last loads.", metavar="NAME")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Loads of a source that are shown.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the sources: rows, how fresh they are, what waits in their quarantines. Of one: its last loads."""
    if name is not None:
        _show_source(opened(context), name, limit, as_json=as_json)
        return
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


def _show_source(workspace: Workspace, name: str, limit: int, *, as_json: bool) -> None:
    """Print how a source stands, and what became of its last loads; why, below them."""
    from analytics_lib.pipeline.loading import source_history

    state, loads = source_history(workspace, name, limit)
    if as_json:
        print_json(state.to_json() | {"loads": [load.to_json() for load in loads]})
        return
    owner = f", {state.owner}" if state.owner else ""
    console.print(f"[bold]{escape(state.title)}[/] ({escape(state.name)}){escape(owner)}", soft_wrap=True)
    console.print(f"{escape(_standing(state))}: [{_STYLES[state.status]}]{state.status}[/]", soft_wrap=True)
    if state.reason and (not loads or state.reason != loads[0].reason):
        console.print(escape(state.reason), soft_wrap=True)
    if not loads:
        return
    console.print()
    has_marks = console.width >= _WIDE and any(load.mark is not None for load in loads)
    lines = table("When", "Took", "Outcome", "Rows", "Updated", "Quarantined", *(["Up to"] if has_marks else []))
    for load in loads:
        is_done, kind = load.status == "loaded", "" if load.kind == "load" else f" ({load.kind})"
        counts = (load.rows if is_done else None, load.updated if is_done else None, load.quarantined)
        cells = [moment(load.started_at), _duration(load.seconds), f"[{_STYLES[load.status]}]{load.status}[/]{kind}"]
        cells += [_count(None if load.status == "failed" else count) for count in counts]
        if has_marks:
            cells.append(escape(str(load.mark)) if is_done and load.mark is not None else "–")
        lines.add_row(*cells)
    console.print(lines)
    _print_reasons(loads)


def _standing(state: SourceState) -> str:
    """Return where a source lands, and what is there."""
    done = state.loaded
    if done is None:
        return state.target or state.name
    upto = "" if done.mark is None else f" up to {done.mark}"
    held = f", {done.waiting:,} in the quarantine" if done.waiting else ""
    return f"{state.target or done.target}, {_count(done.total)} rows{upto}{held}"


def _print_reasons(loads: Sequence[Load]) -> None:
    """Print why loads failed or were held back, what their suites warned of, and how columns had changed."""
    told = [(load, said) for load in loads for said in (load.reason, *load.drift) if said]
    if told:
        console.print()
    for load, said in told:
        is_told = said == load.reason
        word = ("warning" if load.status == "loaded" else load.status) if is_told else "changed"
        style = _STYLES[load.status] if is_told and load.status != "loaded" else "yellow"
        console.print(f"{moment(load.started_at)}  [{style}]{word}[/] {escape(said)}", soft_wrap=True)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{seconds:.1f} s"


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
