"""An executed notebook becomes a page: one nbconvert pass with the library's own template.

The page is complete HTML that opens from a folder, over HTTP under a sandbox, or, self-contained, from anywhere. It
asks for no address outside the site. Everything that is not the template's own text is escaped (Jinja's autoescape) or
sanitised (`analytics_lib.rendering.sanitizing`); a content security policy stands behind both.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analytics_lib.model.checks import MAX_FAILING_ROWS, CheckResult, badge
from analytics_lib.model.wording import show_data_through, show_time, summarise_checks
from analytics_lib.rendering.contents import Contents
from analytics_lib.rendering.outputs import Body

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from jinja2 import Template
    from nbconvert.exporters import TemplateExporter
    from nbformat import NotebookNode

    from analytics_lib.model.checks import Badge
    from analytics_lib.model.pages import PageFacts
    from analytics_lib.rendering.assets import Assets

TEMPLATES = Path(__file__).parent / "templates" / "page"
RESERVED = frozenset({"main", "checks", "contents", "vega", "vg-tooltip-element"})
"""Anchors that pages use for themselves."""

_SCRIPT_END = re.compile(r"</(?=script)|<(?=!--)", re.IGNORECASE)


def render_html(
    notebook: NotebookNode,
    facts: PageFacts,
    *,
    assets: Assets,
    root: str = "../",
    self_contained: bool = False,
) -> str:
    """Return an executed notebook as a complete page.

    Parameters
    ----------
    notebook
        The executed notebook; it is not changed. Cells tagged ``remove-cell``, ``remove-input`` or ``remove-output``
        are left out as the tag says.
    facts
        The evidence for the page's header.
    assets
        The site's shared files.
    root
        Way from the page's folder to the site's: ``../`` for ``site/REPORT/page.html``.
    self_contained
        Put the shared files into the page, so that it can be sent as one file.

    Returns
    -------
    str
        HTML with the comment ``<!-- analytics:banner -->`` once, right after ``<body>`` opens.
    """
    page = _Page(facts, Body(Contents(RESERVED)), assets, root, self_contained)
    text, _ = _exporter().from_notebook_node(notebook, resources={"page": page})
    return str(text)


def page_template(name: str) -> Template:
    """Return one of the pages' templates, with their filters, their escaping and their policy."""
    template: Template = _exporter().environment.get_template(name)
    return template


@dataclass(frozen=True)
class _Page:
    """What the template sees besides the notebook."""

    facts: PageFacts
    body: Body
    assets: Assets
    root: str
    self_contained: bool

    def __deepcopy__(self, memo: object) -> _Page:
        """Stay one: nbconvert copies its resources for every preprocessor."""
        return self

    @property
    def badge(self) -> Badge:
        return badge(self.facts.checks)

    def time(self, moment: datetime) -> str:
        return show_time(moment, self.facts.time_zone)

    def data_through(self, moment: datetime) -> str:
        return show_data_through(moment, self.facts.time_zone)


def content_policy(scripts: Sequence[str], styles: Sequence[str]) -> str:
    """Return the page's content security policy: the site's own files and what the page itself carries, by its hash.

    Parameters
    ----------
    scripts, styles
        Texts of the page's inline ``script`` and ``style`` elements.
    """
    script_sources = " ".join(["'self'", *map(_hash, scripts)])
    style_sources = " ".join(["'self'", *map(_hash, styles)])
    return (
        f"default-src 'none'; script-src {script_sources}; style-src {style_sources}; img-src data:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def inline_script(text: str) -> str:
    r"""Return a script that may stand inside a ``script`` element.

    Examples
    --------
    >>> inline_script("const end = '</script>';")
    "const end = '<\\/script>';"
    """
    return _SCRIPT_END.sub(lambda match: "<\\/" if match[0] == "</" else "\\x3C", text)


def columns_of(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Return the columns of failing rows in their order; a row may lack some."""
    return list(dict.fromkeys(column for row in rows for column in row))


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _in_order(check: CheckResult) -> list[Any]:
    """Return a check's results, what did not hold first."""
    return [*check.failures, *(result for result in check.results if result.passed)]


@cache
def _exporter() -> TemplateExporter:
    """Return the exporter of this process: its templates are compiled once."""
    from markupsafe import Markup
    from nbconvert.exporters import TemplateExporter
    from traitlets.config import Config

    class PageExporter(TemplateExporter):
        """nbconvert with the library's templates, filters and, unlike its own environment, autoescape."""

        output_mimetype = "text/html"

        @property
        def default_config(self) -> Config:
            """Understand the field's tags for leaving cells out."""
            tags = {
                "TagRemovePreprocessor": {
                    "enabled": True,
                    "remove_cell_tags": {"remove-cell", "remove_cell"},
                    "remove_input_tags": {"remove-input", "remove_input"},
                    "remove_all_outputs_tags": {"remove-output", "remove_output"},
                },
                "RegexRemovePreprocessor": {"enabled": True},
            }
            return Config(tags)

        def default_filters(self) -> list[tuple[str, Any]]:
            """Offer only filters whose results are inert: nbconvert's own hand markup through."""
            return [
                ("in_order", _in_order),
                ("columns_of", columns_of),
                ("summarise_checks", summarise_checks),
                ("inert", lambda text: Markup(text)),  # noqa: PLW0108, S704 - of a class nbconvert would make an instance
                ("inline_script", lambda text: Markup(inline_script(text))),  # noqa: S704 - the package's own scripts
            ]

        def _create_environment(self) -> Any:
            environment = super()._create_environment()
            environment.autoescape = True
            environment.trim_blocks = environment.lstrip_blocks = True
            environment.globals |= {"content_policy": content_policy, "max_rows": MAX_FAILING_ROWS}
            return environment

    return PageExporter(
        template_paths=[str(TEMPLATES)],
        template_file="index.html.j2",
        optimistic_validation=True,
        file_extension=".html",
    )
