"""Where the command ``analytics`` starts: hand the work to the resident process, or do it here.

Importing what renders reports takes seconds. A resident process has imported it and forks a child for each command; the
child gets this process's terminal, folder and environment and does the work. This module imports next to nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.forking.client import Child
    from analytics_lib.forking.places import Recipe

RESIDENT_COMMANDS: Final = frozenset({"run", "build", "check", "load"})
"""Commands worth a resident process: those that render or check."""

NO_DAEMON: Final = "--no-daemon"
_WITH_VALUE: Final = ("-w", "--workspace")
_LOOK_SECONDS: Final = 0.1
_PATIENCE: Final = 2
_INTERRUPTED: Final = 130

JOB: Final = "analytics_lib.cli.resident:run"
PRELOAD: Final = (
    "typer",
    "typer._click.decorators",
    "rich.console",
    "rich.live",
    "rich.progress_bar",
    "rich.spinner",
    "rich.table",
    "rich._emoji_codes",
    "multiprocessing.synchronize",
    "pydantic.type_adapter",
    "encodings.ascii",
    "jinja2.ext",
    "IPython.display",
    "nh3",
    "yaml",
    "pandas",
    "pyarrow.feather",
    "papermill",
    "papermill.iorw",
    "nbclient",
    "jupyter_client.asynchronous",
    "jupyter_client.provisioning",
    "nbconvert.exporters",
    "sqlalchemy.dialects.sqlite",
    "duckdb",
    "duckdb_sqlalchemy",
    "alembic.runtime.migration",
    "analytics_lib.pipeline.build",
    "analytics_lib.pipeline.preview",
    "analytics_lib.rendering.html",
    "analytics_lib.rendering.engine",
    "analytics_lib.rendering.assets",
    "analytics_lib.kernels.provisioner",
    "analytics_lib.validation.frames",
    "analytics_lib.validation.tables",
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; the process's own arguments by default, and then the process ends with it."""
    if arguments is not None:
        _run(list(arguments))
        return
    from analytics_lib.forking.leaving import leave, status_of

    leave(status_of(lambda: _run(sys.argv[1:])))


def _run(given: list[str]) -> None:
    try:
        _start(given)
    except KeyboardInterrupt:
        sys.stderr.write("Stopped before anything had begun.\n")
        sys.exit(_INTERRUPTED)


def _start(given: list[str]) -> None:
    if NO_DAEMON in given:
        _switch_off()
    elif command(given) in RESIDENT_COMMANDS and "--help" not in given and "-h" not in given:
        status = _by_resident(given)
        if status is not None:
            sys.exit(status)
    from analytics_lib.cli.app import main as run

    run(given)


def command(arguments: Sequence[str]) -> str:
    """Return the command among arguments: the first that is no option nor an option's value.

    Examples
    --------
    >>> command(["-w", "reporting", "run", "revenue"])
    'run'
    """
    skip = False
    for each in arguments:
        if skip:
            skip = False
        elif each in _WITH_VALUE:
            skip = True
        elif not each.startswith("-"):
            return each
    return ""


def recipe() -> Recipe:
    """Return the recipe of the resident process."""
    from analytics_lib.forking.places import Recipe

    return Recipe(JOB, PRELOAD)


def _switch_off() -> None:
    """Use no resident process at all, for kernels neither."""
    import os

    from analytics_lib.forking.places import SWITCH_VARIABLE

    os.environ[SWITCH_VARIABLE] = "off"


def _by_resident(arguments: list[str]) -> int | None:
    """Let a child of the resident process do the work; None where there can be none."""
    import os

    from analytics_lib.forking.places import SUPPORTED

    if not SUPPORTED:
        return None
    from analytics_lib.forking.client import CannotFork, start_child, warm
    from analytics_lib.kernels.recipe import kernel_recipe

    try:
        warm(kernel_recipe(), os.environ)
        folder = os.getcwd()  # noqa: PTH109 - this module is light
        child = start_child(recipe(), arguments, environment=os.environ, folder=folder, streams=(0, 1, 2))
    except (CannotFork, OSError):
        return None  # slower, and all the same
    return _follow(child)


def _follow(child: Child) -> int:
    """Wait for the child; Ctrl-C and a request to end go on to it, and it says what there is to say.

    Whoever asks a third time does not want to wait: then the child is ended from outside.
    """
    import signal

    asked: list[int] = []
    told = 0
    for each in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(each) is not signal.SIG_IGN:
            signal.signal(each, lambda number, _: asked.append(number))
    status: int | None
    while (status := child.wait(_LOOK_SECONDS)) is None:
        for number in asked[told:_PATIENCE]:
            child.send_signal(number)
            told += 1
        if len(asked) > _PATIENCE:
            child.close()
            status = -asked[-1]
            break
    if status < 0:
        _show_cursor()
        if not asked:
            sys.stderr.write(f"Error the process at work was ended by {signal.Signals(-status).name}.\n")
        return 128 - status
    return status


def _show_cursor() -> None:
    """Show what a process hid that had no time to tidy up its terminal."""
    if sys.stderr.isatty():
        sys.stderr.write("\x1b[?25h")
