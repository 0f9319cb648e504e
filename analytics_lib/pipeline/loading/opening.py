"""The warehouse of a source, waited for while others hold its file."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.landing.warehouse import Warehouse
from analytics_lib.errors import ConnectionFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.pipeline.results import Progress
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.sources import SourceFile

_AGAIN_S: Final = 0.2


@contextmanager
def opened_warehouse(workspace: Workspace, file: SourceFile, progress: Progress) -> Iterator[Warehouse]:
    """Open the warehouse that a source lands in, and hold it; wait for others that hold its file.

    Parameters
    ----------
    workspace, file
        The source.
    progress
        Told that it waits.

    Raises
    ------
    ConnectionFailed
        It cannot be opened, or others have held it for ``loads.wait`` seconds.
    """
    into = file.source.into
    spec = workspace.connection(into.connection, where=file.where("into", "connection"))
    seconds = int(workspace.settings["loads.wait"])
    until, told = time.monotonic() + seconds, False
    with ExitStack() as stack:
        warehouse = stack.enter_context(Warehouse(spec))
        while True:
            try:
                stack.enter_context(warehouse.held())
                break
            except ConnectionFailed as error:
                if "lock" not in error.message.lower():
                    raise
                if time.monotonic() >= until:
                    error.hint = f"others have used it for {seconds} s; close it there, or raise loads.wait"
                    raise
                if not told:
                    progress.say(f"{file.name}: waiting for {into.connection}, which others use")
                    told = True
                time.sleep(_AGAIN_S)
        yield warehouse
