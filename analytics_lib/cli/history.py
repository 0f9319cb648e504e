"""Commands that look back: versions, rollback, list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from analytics_lib.cli.output import console, print_json
from analytics_lib.cli.progress import Shown
from analytics_lib.cli.workspaces import opened

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Report = Annotated[str, typer.Argument(help="Name of the report.")]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    app.command("versions")(versions)
    app.command("rollback")(rollback)
    app.command("list")(list_reports)


def versions(context: typer.Context, report: Report, as_json: AsJson = False) -> None:
    """List the stored versions of a report, newest first."""
    from analytics_lib.pipeline.history import report_versions

    found = report_versions(opened(context), report)
    if as_json:
        print_json([version.to_json() for version in found])
        return
    if not found:
        console.print(f"'{escape(report)}' has not been published yet: `analytics run {escape(report)}`")
        return
    table = _table("Version", "Rendered", "Pages", "Shown", "Checks", "Key")
    for version in found:
        badges = {page.badge for page in version.pages}
        badge = next((word for word in ("warning", "passed", "unchecked") if word in badges), "–")
        pages = len(version.pages)
        shown = "current" if version.current == pages else f"{version.current} of {pages}" if version.current else "–"
        key = version.pages[0].key[:12] if pages == 1 else "–"
        table.add_row(str(version.number), _moment(version.pages[0].rendered_at), str(pages), shown, badge, key)
    console.print(table)


def rollback(
    context: typer.Context,
    report: Report,
    to: Annotated[int | None, typer.Option("--to", help="Version to show; the one before by default.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show an older version of a report again.

    It stays until what the report is made from changes, or `analytics run REPORT --force` renders it anew.
    """
    from analytics_lib.pipeline.history import roll_back

    with Shown(quiet=as_json) as progress:
        number, pages = roll_back(opened(context), report, to, progress)
    if as_json:
        print_json({"report": report, "version": number, "pages": pages})
        return
    noun = "page" if pages == 1 else "pages"
    console.print(f"{escape(report)} shows version {number} again: {pages} {noun} changed.")


def list_reports(context: typer.Context, as_json: AsJson = False) -> None:
    """List the workspace's reports and what the site shows of each."""
    from analytics_lib.pipeline.history import summaries

    found = summaries(opened(context))
    if as_json:
        print_json([summary.to_json() for summary in found])
        return
    if not found:
        console.print("The workspace has no report yet: `analytics init` writes a first one.")
        return
    table = _table("Report", "Title", "Pages", "Rendered", "State")
    for summary in found:
        published = [state.version for state in summary.pages if state.version]
        stale = [state.stale for state in summary.pages if state.stale]
        state = "[green]current[/]" if published else "[dim]not published[/]"
        if stale:
            state = f"[yellow]stale since {_moment(min(each.since for each in stale))}[/]"
        if summary.problem:
            state = f"[red]{escape(summary.problem)}[/]"
        rendered = _moment(max(version.rendered_at for version in published)) if published else "–"
        cells = (summary.name, summary.title, str(len(published)), rendered)
        table.add_row(*(escape(cell) for cell in cells), state)
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        numeric = column in {"Version", "Pages"}
        foldable = column in {"Title", "Owner", "State"}
        table.add_column(column, justify="right" if numeric else "left", overflow="fold", no_wrap=not foldable)
    return table


def _moment(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M")
