"""Commands that stay: serve and lab."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.markup import escape

from analytics_lib.cli.output import console
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import InputError, WorkspaceError


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("serve")(serve)
    app.command("lab", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(lab)


def serve(
    context: typer.Context,
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
) -> None:
    """Serve the published site on this machine, with the security headers that reports need."""
    from analytics_lib.server import serve as serve_site

    workspace = opened(context)
    if not (workspace.site / "index.html").is_file():
        raise WorkspaceError("nothing is published yet", where=str(workspace.site), hint="run `analytics build`")

    def ready(address: str) -> None:
        console.print(f"{escape(str(workspace.settings['site.title']))}: {address}  [dim](Ctrl-C stops)[/]")

    serve_site(workspace.site, port=port, ready=ready)


def lab(context: typer.Context) -> None:
    """Open JupyterLab in the workspace; further options are JupyterLab's own."""
    workspace = opened(context)
    try:
        import jupyterlab  # noqa: F401
    except ImportError:
        raise InputError("JupyterLab is not installed", hint="pip install jupyterlab") from None
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={workspace.root}", *context.args]
    os.chdir(workspace.root)
    os.execv(sys.executable, command)  # noqa: S606 - this process becomes JupyterLab
