"""Loads the example's sources as a user would: campaigns over HTTP, the customer list from a spreadsheet."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import ChecksFailed, WorkspaceError
from analytics_lib.example.campaigns import LOADS, list_customers
from analytics_lib.example.network import ADDRESS_VARIABLE, TOKEN, TOKEN_VARIABLE, serving
from analytics_lib.example.warehouse import is_loaded, note_loads
from analytics_lib.example.workspace import CUSTOMERS, WAREHOUSE
from analytics_lib.pipeline.loading import LoadRequest, load_source_rows, source_states
from analytics_lib.registry import HELD_BACK

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from analytics_lib.pipeline.results import Progress
    from analytics_lib.workspace import Workspace

_HEADINGS: Final = ("Customer no.", "Signed up", "Campaign", "Segment")
_COLUMNS: Final = ("customer_id", "signed_up", "campaign_id", "segment")


def load_sources(workspace: Workspace, progress: Progress) -> None:
    """Load the example's sources, unless that has been done and would bring the same again.

    The social network answers on loopback for as long as this takes.

    Parameters
    ----------
    workspace
        The example, with its warehouse.
    progress
        Told of each step.

    Raises
    ------
    AnalyticsError
        A source cannot be loaded, or somebody has changed its suite and it does not hold.
    """
    known = {state.name for state in source_states(workspace) if state.loaded is not None}
    if is_loaded(workspace.root / WAREHOUSE) and known >= set(LOADS):
        return
    write_customers(workspace.root / CUSTOMERS)
    rows = {}
    with _answering():
        for name in LOADS:
            load = load_source_rows(workspace, name, LoadRequest(full=True), progress)
            if load.status == HELD_BACK:
                raise ChecksFailed(f"the load was held back: {load.reason}", where=f"source '{name}'",
                                   hint=f"mend its suite: expectations/, then `analytics load {name}`")  # fmt: skip
            rows[name] = load.total or 0
            progress.say(f"loaded {name}: {load.rows:,} rows into {load.target}, {load.quarantined} quarantined")
    note_loads(workspace.root / WAREHOUSE, rows)


def write_customers(path: Path) -> None:
    """Write the customer list as the CRM exports it: a spreadsheet, complete or absent.

    Parameters
    ----------
    path
        The file; what is there is replaced.

    Raises
    ------
    WorkspaceError
        It cannot be written.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet("Customers")
    sheet.append(_HEADINGS)
    for row in list_customers():
        sheet.append([row[column] for column in _COLUMNS])
    aside = path.with_name(f".{path.name}.part")
    try:
        book.save(aside)
        aside.replace(path)
    except OSError as error:
        raise WorkspaceError(
            f"the example's customer list cannot be written: {error.strerror or error}", where=str(path),
            hint="choose a folder that you may write to",
        ) from error  # fmt: skip


@contextmanager
def _answering() -> Iterator[None]:
    """Let the social network answer, and set what its source file takes from the environment."""
    before = {name: os.environ.get(name) for name in (ADDRESS_VARIABLE, TOKEN_VARIABLE)}
    with serving() as address:
        os.environ |= {ADDRESS_VARIABLE: address, TOKEN_VARIABLE: TOKEN}
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value
