"""The command ``analytics`` and its parts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from analytics_lib import __version__
from analytics_lib.cli import apps, building, daemon, experiments, history, loading, metrics, serving, setup
from analytics_lib.cli.output import print_error
from analytics_lib.errors import AnalyticsError, InputError, problems_of

app = typer.Typer(
    name="analytics",
    help="Turn notebooks into checked, published reports.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (setup, building, history, loading, experiments, metrics, serving, apps, daemon):
    part.register(app)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"analytics-lib {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    workspace: Annotated[
        Path | None,
        typer.Option(
            "--workspace", "-w", help="The workspace's folder; by default the one that you are in.", metavar="DIR"
        ),
    ] = None,
    _version_asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and leave.")
    ] = False,
) -> None:
    context.obj = workspace


def main(arguments: list[str] | None = None) -> None:
    """Run the command; errors are sentences on standard error, each with its exit code.

    Parameters
    ----------
    arguments
        What would stand behind ``analytics`` on the command line; the process's own by default.
    """
    try:
        app(arguments)
    except AnalyticsError as error:
        for each in problems_of(error) if isinstance(error, InputError) else (error,):
            print_error(each)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
