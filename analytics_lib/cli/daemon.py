"""Commands about resident processes: daemon status, daemon stop."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.table import Table

from analytics_lib.cli import entry
from analytics_lib.cli.output import console, print_json
from analytics_lib.errors import WorkspaceError
from analytics_lib.forking.listing import Running, running, stop
from analytics_lib.forking.places import SUPPORTED, NoPlace
from analytics_lib.kernels.recipe import JOB as KERNEL_JOB

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Now = Annotated[bool, typer.Option("--now", help="End what is under way as well.")]

_ROLES = {KERNEL_JOB: "kernels", entry.JOB: "commands"}


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    daemon = typer.Typer(
        name="daemon",
        help="See and stop the processes that keep libraries imported between commands.",
        no_args_is_help=True,
    )
    daemon.command("status")(status)
    daemon.command("stop")(stop_all)
    app.add_typer(daemon)


def status(as_json: AsJson = False) -> None:
    """Show the resident processes of this user."""
    found = _found()
    if as_json:
        print_json({"processes": [_facts(each) for each in found]})
        return
    if not found:
        console.print("No resident process is running; the next command starts one.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for name in ("Process", "For", "At work", "Memory", "Up", "Ends after", "Note"):
        table.add_column(name, justify="right" if name in {"Process", "At work", "Memory"} else "left")
    for each in found:
        table.add_row(
            str(each.pid), _ROLES.get(each.job, each.job), str(each.children), f"{each.memory_bytes / 1e6:.0f} MB",
            _spell(time.time() - each.started), _end(each), _note(each) or "–",
        )  # fmt: skip
    console.print(table)


def stop_all(now: Now = False, as_json: AsJson = False) -> None:
    """Stop the resident processes of this user; work under way is finished first, unless told otherwise."""
    found = _found()
    left = stop(found, now=now)
    if as_json:
        print_json({"stopped": len(found) - len(left), "finishing": [_facts(each) for each in left]})
    elif not found:
        console.print("No resident process is running.")
    else:
        console.print(f"Stopped {len(found) - len(left)} of {len(found)}.")
        for each in left:
            console.print(f"  process {each.pid} ends with its work under way ({each.children}); --now ends it at once")


def _found() -> list[Running]:
    if not SUPPORTED:
        return []
    try:
        return running()
    except NoPlace as error:
        raise WorkspaceError(str(error), hint="name a folder of your own in ANALYTICS_RUNTIME_FOLDER") from None


def _facts(each: Running) -> dict[str, object]:
    return {
        "pid": each.pid,
        "for": _ROLES.get(each.job, each.job),
        "children": each.children,
        "memory_bytes": each.memory_bytes,
        "started": each.started,
        "idle_seconds": each.idle_seconds,
        "retired": each.retired,
        "note": _note(each),
    }


def _end(each: Running) -> str:
    return "its work" if each.retired else f"{_spell(each.idle_seconds)} idle"


def _note(each: Running) -> str:
    notes = [f"forks nothing: {each.threaded}"] if each.threaded else []
    return "; ".join([*notes, *(f"{name} is not imported: {why}" for name, why in each.missing.items())])


def _spell(seconds: float) -> str:
    """Return a span of time for a reader: ``3 min``."""
    if seconds < 90:  # noqa: PLR2004 - a minute and a half
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004
