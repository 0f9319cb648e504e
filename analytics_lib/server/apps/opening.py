"""From an address to what a notebook is run with: the same checks and sentences as ``analytics run -p``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import AnalyticsError, ParameterError
from analytics_lib.model.parameters import resolve
from analytics_lib.pipeline.freshness import data_through
from analytics_lib.pipeline.pages import plan_pages
from analytics_lib.pipeline.plan import ReportPlan
from analytics_lib.pipeline.sources import Sources

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from analytics_lib.model.parameters import Parameter, Value
    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.server.apps.catalogue import App
    from analytics_lib.workspace import Workspace
    from analytics_lib.workspace.reports import ReportFile

_ON_THE_COMMAND_LINE: Final = re.compile(r"with `-p (\w+)=…`, in the report file, or as default")


@dataclass(frozen=True)
class Opening:
    """An app about to be run.

    Parameters
    ----------
    app
        The app.
    title
        The page's title, its parameters filled in.
    values
        A checked value for each parameter.
    choices
        Parameter → its legal values as text → their names for readers, where the report file lists them for pages.
    through
        Up to when the data reaches; None where the report does not say.
    """

    app: App
    title: str
    values: Mapping[str, Value]
    choices: Mapping[str, Mapping[str, str]]
    through: datetime | None = None


def read_query(
    arguments: Mapping[str, Sequence[bytes]], parameters: Mapping[str, Parameter], where: str
) -> dict[str, object]:
    """Return what the query string of an address gives.

    Parameters
    ----------
    arguments
        Name → its values, percent-decoded.
    parameters
        The app's parameters: of a list several values are taken. An empty field of the form is no value, unless it is
        one of text.
    where
        What errors name.

    Raises
    ------
    ParameterError
        A value is given twice, or is no UTF-8 text.
    """
    given: dict[str, object] = {}
    for name, values in arguments.items():
        parameter = parameters.get(name)
        try:
            texts = [value.decode() for value in values]
        except UnicodeDecodeError:
            raise ParameterError(f"the value of '{name}' is not UTF-8 text", where=where) from None
        if parameter is not None and parameter.type != "string":
            texts = [text for text in texts if text.strip()]
        if len(texts) > 1 and (parameter is None or parameter.type != "list"):
            raise ParameterError(f"parameter '{name}' is given {len(texts)} times", where=where, hint="give it once")
        if texts:
            given[name] = texts if len(texts) > 1 else texts[0]
    return given


def open_app(workspace: Workspace, app: App, given: Mapping[str, object]) -> Opening:
    """Return what `app` is run with.

    Raises
    ------
    AnalyticsError
        An unknown parameter, a value that is not legal, or a report file's query that the database refuses.
    """
    try:
        if app.report is None:
            return Opening(app, app.title, resolve(app.parameters, given, where=app.where), {})
        return _open_report(workspace, app, app.report, given)
    except AnalyticsError as error:
        error.hint = _ON_THE_COMMAND_LINE.sub(r"in the address: `?\1=…`", error.hint) if error.hint else None
        raise


def _open_report(workspace: Workspace, app: App, file: ReportFile, given: Mapping[str, object]) -> Opening:
    sources = Sources(workspace)
    try:
        each = list(file.report.for_each)
        common = {name: value for name, value in given.items() if name not in each}
        pages = plan_pages(file, app.parameters, common, sources)
        wanted = {name: _wanted(app, name, given) for name in each}
        page = next((page for page in pages if all(page.parameters[name] == wanted[name] for name in each)), None)
        if page is None:  # the value is none of the list: the plan says so, and what would be near
            page = plan_pages(file, app.parameters, {**common, **wanted}, sources)[0]
        plan = ReportPlan(file, app.notebook, app.parameters, {}, "", frozenset(), frozenset())
        through = data_through(plan, page, sources)
    finally:
        sources.close()
    return Opening(app, page.title, page.parameters, {name: _choices(pages, name) for name in each}, through)


def _wanted(app: App, name: str, given: Mapping[str, object]) -> Value:
    """Return the value of a parameter that the report file spreads over pages: an app shows one of them."""
    only = {name: app.parameters[name]}
    return resolve(only, {name: given[name]} if name in given else {}, where=app.where)[name]


def _choices(pages: Sequence[PagePlan], name: str) -> dict[str, str]:
    return {str(page.parameters[name]): each.value for page in pages for each in page.shown if each.name == name}
