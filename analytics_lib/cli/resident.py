"""What a child of the resident process does: run one command."""

from __future__ import annotations

import sys


def prepare() -> None:
    """Do in the parent, once, what every child would do."""
    from analytics_lib.cli.rehearsal import rehearse

    rehearse()


def run(arguments: list[str]) -> int:
    """Run ``analytics`` with arguments, in the caller's folder, environment and terminal.

    Returns
    -------
    int
        The exit status.
    """
    sys.argv = ["analytics", *arguments]
    try:
        from analytics_lib.cli.app import main  # here, for it looks at the terminal as it is imported

        main(arguments)
    except KeyboardInterrupt:  # before anything had begun
        return 130
    return 0
