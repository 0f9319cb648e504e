"""The pages that readers of apps see, as HTML: the list, an app in parts as it runs, and what went wrong."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.model.wording import show_data_through, show_time
from analytics_lib.rendering.html import TEMPLATES as PUBLISHED
from analytics_lib.server.apps.cells import AppBody, without_source
from analytics_lib.server.apps.form import fields
from analytics_lib.server.apps.frontend import ASSETS, STATIC, page_config, to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import Environment

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.server.apps.catalogue import App
    from analytics_lib.server.apps.frontend import Frontend
    from analytics_lib.server.apps.opening import Opening

TEMPLATES: Final = Path(__file__).parent / "templates"


def render_list(apps: Sequence[App], problems: Sequence[AnalyticsError], *, title: str, frontend: Frontend) -> str:
    """Return the page that lists the apps, and what keeps others from being opened."""
    return _render("list.html.j2", frontend, apps=apps, problems=[_Sentence(each) for each in problems], title=title)


def render_refusal(
    title: str,
    error: AnalyticsError,
    frontend: Frontend,
    *,
    app: App | None = None,
    given: Mapping[str, object] | None = None,
) -> str:
    """Return the page that says why an app was not opened.

    Parameters
    ----------
    title
        The page's title.
    error
        Why.
    frontend
        The files of apps.
    app, given
        Where the address is to blame: the app and the values that the address gave, offered to be mended.
    """
    form = fields(app.parameters, given or {}, {}) if app else []
    return _render("refusal.html.j2", frontend, title=title, error=_Sentence(error), form=form, app=app)


def render_head(opening: Opening, kernel_id: str, frontend: Frontend, *, cells: int, widgets: bool) -> str:
    """Return an app's page up to where its cells begin.

    Parameters
    ----------
    opening
        The app and what it is run with.
    kernel_id
        Its kernel.
    frontend
        The files of apps.
    cells
        How many cells there are to run.
    widgets
        Whether to load the scripts of widgets at once: the notebook will most likely show some.
    """
    return _render(
        "app.html.j2",
        frontend,
        opening=opening,
        app=opening.app,
        title=opening.title,
        form=fields(opening.app.parameters, opening.values, opening.choices),
        computed=datetime.now(UTC),
        kernel_id=kernel_id,
        cells=cells,
        config=to_json(page_config(kernel_id, frontend)),
        widgets=widgets,
    )


def new_body(widgets: Mapping[str, Mapping[str, Any]]) -> AppBody:
    """Return what turns an app's cells into markup; `widgets` holds the state of those that are shown."""

    def outputs(body: AppBody, shown: Sequence[Any]) -> str:
        return _cell(body, {"cell_type": "code", "source": "", "metadata": {}, "outputs": shown})

    return AppBody(widgets, outputs)


def render_cell(body: AppBody, cell: Mapping[str, Any], number: int) -> str:
    """Return what a finished cell shows, and the mark that tells the page's script that it is whole."""
    markup = _cell(body, without_source(cell))
    styles = body.new_styles()
    return f"{f'<style>{styles}</style>' if styles else ''}{markup}{render_mark(number)}"


def _cell(body: AppBody, cell: Mapping[str, Any]) -> str:
    template = _environment().get_template("cells.html.j2")
    return template.render(nb={"cells": [cell]}, resources={"page": {"body": body}})


def render_mark(number: int) -> str:
    """Return the mark that stands behind a finished cell; the next one is under way."""
    return f'<i class="arrived" data-number="{number}" hidden></i>\n'


def widget_scripts() -> str:
    """Return the element that loads Voila's script, for a page that did not expect widgets."""
    return f'<script async src="{STATIC}/voila.js"></script>\n'


def render_foot(error: AnalyticsError | None = None) -> str:
    """Return the end of an app's page; with what stopped it, where it did not run to its end."""
    return _environment().get_template("foot.html.j2").render(error=_Sentence(error) if error else None)


class _Sentence:
    """An error as templates write it."""

    def __init__(self, error: AnalyticsError) -> None:
        self.message = f"{error.message[:1].upper()}{error.message[1:]}"
        self.hint = f"{error.hint[:1].upper()}{error.hint[1:]}" if error.hint else ""
        self.where = error.where or ""


def _render(template: str, frontend: Frontend, **values: Any) -> str:
    assets = {name: f"{ASSETS}{file}" for name, file in frontend.names.items()}
    return _environment().get_template(template).render(assets=assets, static=STATIC, **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader([TEMPLATES, PUBLISHED]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "inert": Markup,  # what was sanitised, or escaped for its place
        "moment": show_time,
        "through": show_data_through,
        "closed": lambda text: text if text.endswith((".", "?", "!", "…")) else f"{text}.",
    }
    return environment
