"""Which workspace a command works on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.workspace import Workspace, find_workspace, load_workspace

if TYPE_CHECKING:
    import typer


def opened(context: typer.Context) -> Workspace:
    """Return the workspace that ``--workspace`` names, else the one that the working directory lies in.

    Raises
    ------
    WorkspaceError
        There is none, or its file is invalid.
    """
    folder = context.find_root().obj
    return load_workspace(folder.absolute()) if folder is not None else find_workspace()
