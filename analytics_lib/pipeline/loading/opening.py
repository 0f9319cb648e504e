"""The warehouse of a source, and the right to load into its table: waited for while others have them."""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.landing.warehouse import Warehouse
from analytics_lib.errors import ConnectionFailed, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analytics_lib.connectors.landing.claims import Claim
    from analytics_lib.pipeline.results import Progress
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.sources import SourceFile

_AGAIN_S: Final = 0.2


class _Patience:
    """Waits a little, again and again, until the time is over; says once for whom."""

    def __init__(self, workspace: Workspace, file: SourceFile, progress: Progress) -> None:
        self.seconds = int(workspace.settings["loads.wait"])
        self._until = time.monotonic() + self.seconds
        self._name = file.name
        self._progress = progress
        self._told = False

    def lasts(self, said: str) -> bool:
        """Wait a little, and return True; False when the time is over."""
        if time.monotonic() >= self._until:
            return False
        if not self._told:
            self._progress.say(f"{self._name}: waiting for {said}")
            self._told = True
        time.sleep(_AGAIN_S)
        return True


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
    patience = _Patience(workspace, file, progress)
    with ExitStack() as stack:
        warehouse = stack.enter_context(_warehouse(workspace, file))
        while True:
            try:
                stack.enter_context(warehouse.held())
                break
            except ConnectionFailed as error:
                if "lock" not in error.message.lower():
                    raise
                if not patience.lasts(f"{file.source.into.connection}, which others use"):
                    error.hint = f"others have used it for {patience.seconds} s; close it there, or raise loads.wait"
                    raise
        yield warehouse


@contextmanager
def opened_claim(workspace: Workspace, file: SourceFile) -> Iterator[Claim]:
    """Open the session that is to hold the right to load into the source's table; nothing is taken yet.

    Raises
    ------
    ConnectionFailed
        It cannot be opened.
    """
    with _warehouse(workspace, file) as warehouse:
        claim = warehouse.claim(file.source.into.table, file.name)
        try:
            yield claim
        finally:
            claim.close()


def wait_for(claim: Claim, workspace: Workspace, file: SourceFile, progress: Progress) -> None:
    """Take the right to load into the source's table; wait for whoever has it.

    Raises
    ------
    SourceError
        Somebody else has had it for ``loads.wait`` seconds.
    """
    patience, table = _Patience(workspace, file, progress), file.source.into.table
    while not claim.take():
        holder = claim.holder() or "somebody else"
        if not patience.lasts(f"{holder}, which loads into {table}"):
            raise SourceError(
                f"{table} is being loaded by {holder}", where=f"source '{file.name}'",
                hint="wait until it is done, or raise loads.wait",
            )  # fmt: skip


def _warehouse(workspace: Workspace, file: SourceFile) -> Warehouse:
    return Warehouse(workspace.connection(file.source.into.connection, where=file.where("into", "connection")))
