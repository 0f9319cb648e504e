"""Commands that build: run, build, check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from analytics_lib.cli.output import console, print_error, print_json
from analytics_lib.cli.progress import Shown
from analytics_lib.cli.summary import print_build
from analytics_lib.cli.workspaces import opened
from analytics_lib.errors import ParameterError

if TYPE_CHECKING:
    from analytics_lib.pipeline import BuildRequest

Jobs = Annotated[int | None, typer.Option("--jobs", "-j", min=1, help="Notebooks run at the same time.")]
Force = Annotated[bool, typer.Option("--force", help="Render also what is unchanged.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
SelfContained = Annotated[
    bool | None,
    typer.Option(
        "--self-contained/--shared-assets", help="Inline styles, scripts and the chart library in every page."
    ),
]
Where = Annotated[
    str,
    typer.Option(
        "--executor", help="Where notebooks run: a Dask cluster; else this machine.", metavar="dask://HOST:PORT"
    ),
]
Explain = Annotated[
    bool, typer.Option("--explain", help="Say of each page whether it would be rendered, and why; change nothing.")
]
NoDaemon = Annotated[bool, typer.Option("--no-daemon", help="Work in this process, with no resident ones beside.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("run")(run)
    app.command("build")(build_all)
    app.command("check")(check)


def run(  # noqa: PLR0913, PLR0917 - an argument for each option
    context: typer.Context,
    report: Annotated[str, typer.Argument(help="Name of the report: reports/NAME.yml.")],
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", help="A parameter's value; may be repeated.", metavar="NAME=VALUE"),
    ] = None,
    parameters_file: Annotated[
        Path | None, typer.Option("--parameters-file", "-f", help="YAML file of parameters.", metavar="FILE")
    ] = None,
    force: Force = False,
    jobs: Jobs = None,
    self_contained: SelfContained = None,
    executor: Where = "",
    explain: Explain = False,
    as_json: AsJson = False,
    _no_daemon: NoDaemon = False,  # `entry` has seen to it
) -> None:
    """Render, check and publish one report.

    Exit codes: 0 done, 2 bad input, 3 held back by checks, 4 rendering or publishing failed.
    """
    given = {**_from_file(parameters_file), **_from_options(parameter or [])}
    options = {"force": force, "jobs": jobs, "self_contained": self_contained, "executor": executor}
    _build(context, (report,), given, options, explain=explain, as_json=as_json)


def build_all(
    context: typer.Context,
    force: Force = False,
    jobs: Jobs = None,
    self_contained: SelfContained = None,
    executor: Where = "",
    explain: Explain = False,
    as_json: AsJson = False,
    _no_daemon: NoDaemon = False,  # `entry` has seen to it
) -> None:
    """Bring all reports up to date and publish them.

    Exit codes: 0 done, 2 bad input, 3 held back by checks, 4 rendering or publishing failed.
    """
    options = {"force": force, "jobs": jobs, "self_contained": self_contained, "executor": executor}
    _build(context, (), {}, options, explain=explain, as_json=as_json)


def check(
    context: typer.Context,
    report: Annotated[str | None, typer.Argument(help="Name of the report; all by default.")] = None,
    as_json: AsJson = False,
    _no_daemon: NoDaemon = False,  # `entry` has seen to it
) -> None:
    """Run the checks on source tables; render nothing, publish nothing."""
    from analytics_lib.cli.checks import print_checks
    from analytics_lib.pipeline.preview import check_sources

    with Shown(quiet=as_json) as progress:
        results, problems = check_sources(opened(context), report, progress)
    if as_json:
        print_json({
            "checks": {name: [each.to_json() for each in checks] for name, checks in results.items()},
            "errors": [str(problem) for problem in problems],
        })  # fmt: skip
    else:
        print_checks(console, results)
        for problem in problems:
            print_error(problem)
    held = any(each.holds_back for checks in results.values() for each in checks)
    raise typer.Exit(problems[0].exit_code if problems else 3 if held else 0)


def _build(
    context: typer.Context,
    reports: tuple[str, ...],
    given: dict[str, Any],
    options: dict[str, Any],
    *,
    explain: bool,
    as_json: bool,
) -> None:
    from analytics_lib.pipeline import BuildRequest, build

    request = BuildRequest(reports, given, **options)
    if explain:
        _explain(context, request, as_json=as_json)
    with Shown(quiet=as_json) as progress:
        result = build(opened(context), request, progress)
    if as_json:
        print_json(result.to_json())
    else:
        print_build(result)
    raise typer.Exit(result.exit_code)


def _explain(context: typer.Context, request: BuildRequest, *, as_json: bool) -> NoReturn:
    from analytics_lib.cli.explaining import print_explained
    from analytics_lib.pipeline.explain import explain

    explained = explain(opened(context), request)
    if as_json:
        print_json(explained.to_json())
    else:
        print_explained(explained)
    raise typer.Exit(explained.exit_code)


def _from_options(options: list[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for option in options:
        name, equals, value = option.partition("=")
        if not equals or not name.strip():
            raise ParameterError(f"'-p {option}' has no value", hint="write -p name=value")
        given[name.strip()] = value
    return given


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    import yaml

    from analytics_lib.workspace.complaints import yaml_complaint
    from analytics_lib.workspace.documents import read_yaml

    try:
        content = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ParameterError(f"the file cannot be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise ParameterError("the file is not UTF-8 text", where=str(path), hint="save it as UTF-8") from None
    except yaml.YAMLError as error:
        raise yaml_complaint(error, str(path), ParameterError) from None
    if not isinstance(content, dict):
        raise ParameterError("the file holds no parameters", where=str(path), hint="write `name: value`")
    return content
