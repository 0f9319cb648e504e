"""What a running notebook hands to the runner: the protocol between a kernel and the process that started it.

The runner sets environment variables; the kernel appends lines of JSON to a file and lays frames beside it. Without
the variables, as in JupyterLab, nothing is written.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

RUN_FOLDER: Final = "ANALYTICS_RUN_FOLDER"
"""Environment variable: the folder of this run."""

WORKSPACE: Final = "ANALYTICS_WORKSPACE"
"""Environment variable: the folder that holds ``analytics.toml``."""

SHARED_FOLDER: Final = "ANALYTICS_SHARED_FOLDER"
"""Environment variable: where the kernels of one fan-out share what the database has answered; not always set."""

REPORT: Final = "ANALYTICS_REPORT"
"""Environment variable: the name of the report that is rendered."""

ADDRESS: Final = "application/vnd.analytics-lib.address+json"
"""Type of an output that says what an app's address is to hold: ``{"query": "metrics=revenue"}``. It shows nothing."""

DOWNLOAD: Final = "application/vnd.analytics-lib.download+json"
"""Type of an output that an app's page offers as a file: ``{"name": …, "label": …, "text": …}``."""

JOURNAL: Final = "handover.jsonl"
"""The file of handed-over lines, within the run's folder."""


@dataclass
class Handover:
    """Everything that a notebook handed over.

    Parameters
    ----------
    finding
        The page's answer in a sentence.
    outputs
        Name → file of an Arrow table, in the order handed over.
    connections
        Names of the connections that were opened.
    tables
        Connection → the tables that were read through it, as its server tells; None where that is not known.
    experiments
        Registered experiment that was read → its mark as it was read.
    files
        Files that were read.
    recorded
        Whether the recorder ran at all: without it, what was read is not known.
    untraceable
        Why the data that was read cannot be fingerprinted; empty when it can.
    """

    finding: str = ""
    outputs: dict[str, Path] = field(default_factory=dict)
    connections: set[str] = field(default_factory=set)
    tables: dict[str, set[str] | None] = field(default_factory=dict)
    experiments: dict[str, str] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)
    recorded: bool = False
    untraceable: str = ""

    def add_tables(self, connection: str, tables: list[str] | None) -> None:
        """Add what one query read; once it is not known of one, it is not known of all."""
        before = self.tables.get(connection, set())
        self.tables[connection] = None if before is None or tables is None else before | {*tables}
