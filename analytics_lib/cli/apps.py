"""The command that serves apps."""

from __future__ import annotations

import os
import sys
import webbrowser
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from analytics_lib.cli.output import console, print_error
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import WorkspaceError

if TYPE_CHECKING:
    from analytics_lib.server.apps.catalogue import App


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command("apps")(apps)


def apps(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8866,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen on; whoever reaches it opens every app.")
    ] = "127.0.0.1",
    browser: Annotated[
        bool, typer.Option("--browser/--no-browser", help="Open the list of apps in a browser, where there is one.")
    ] = True,
) -> None:
    """Serve the workspace's apps: reports with `app: true`, and notebooks in `notebooks/apps`."""
    from analytics_lib.server.apps import list_apps, serve_apps
    from analytics_lib.server.listening import is_loopback

    workspace = opened(context)
    found, problems = list_apps(workspace.root)
    for problem in problems:
        print_error(problem)
    if not found and not problems:
        raise WorkspaceError(
            "there are no apps yet",
            where=str(workspace.root),
            hint="write `app: true` into a report file, or put a notebook into notebooks/apps",
        )
    if not is_loopback(host):
        console.print("[yellow]There is no login:[/] whoever reaches this address opens every app and sees its data.")

    def ready(address: str) -> None:
        title = escape(str(workspace.settings["site.title"]))
        console.print(f"{title}, {_counted(found)}: {address}  [dim](Ctrl-C stops)[/]")
        for each in found:
            console.print(f"  {escape(each.title)}  [dim]{address}app/{each.name}[/]", soft_wrap=True)
        if browser and _has_browser():
            webbrowser.open(address)

    serve_apps(workspace, host=host, port=port, ready=ready, report=print_error)


def _counted(found: list[App]) -> str:
    return "1 app" if len(found) == 1 else f"{len(found)} apps"


def _has_terminal() -> bool:
    return sys.stdout.isatty()


def _has_browser() -> bool:
    """Return whether somebody sits at this terminal who could see a browser's window."""
    if not _has_terminal():
        return False
    return sys.platform in {"darwin", "win32"} or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
