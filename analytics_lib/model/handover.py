"""What a running notebook hands to the runner: the protocol between a kernel and the process that started it.

The runner sets two environment variables; the kernel appends lines of JSON to a file and lays frames beside it. Without
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
    files: set[Path] = field(default_factory=set)
    recorded: bool = False
    untraceable: str = ""
