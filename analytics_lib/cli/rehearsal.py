"""What the resident process does once, so that no command has to: read templates, make exporters, hash the library."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import analytics_lib.example
from analytics_lib.model.pages import ListedPage, ListedReport, PageFacts
from analytics_lib.pipeline.identity import environment_digest, library_digest
from analytics_lib.publishing.listing import render_index, render_report_index
from analytics_lib.rendering.assets import Assets
from analytics_lib.rendering.html import render_html
from analytics_lib.validation import check_frame, load_suite

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from analytics_lib.model.checks import CheckResult

_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_NAMES = ("page.css", "page.js", "listing.js", "vega.js")
_STARTER = Path(analytics_lib.example.__file__).parent / "starter"


def rehearse() -> None:
    """Render a page and the lists, check a frame: what these read and compile stays in memory, and forks share it.

    The hashes stay true, for the process ends when an installed package or this library changes.
    """
    if "tqdm" in sys.modules:  # Great Expectations' first check would start a thread that watches progress bars
        sys.modules["tqdm"].tqdm.monitor_interval = 0
    library_digest()
    environment_digest()
    assets = Assets(MappingProxyType({name: name for name in _NAMES}), MappingProxyType(dict.fromkeys(_NAMES, b"")))
    facts = PageFacts(
        report="rehearsal", title="Rehearsal", finding="", description="", owner="", audience="", tags=(),
        parameters=(), data_through=None, sources=(), checks=(_checked(),), version=1, key="0" * 12,
        rendered_at=_MOMENT,
    )  # fmt: skip
    render_html(_notebook(), facts, assets=assets)
    page = ListedPage("Rehearsal", "rehearsal/index.html", "", "passed", None, _MOMENT, None)
    report = ListedReport("rehearsal", "Rehearsal", "", "", "", (), "UTC", (page,))
    render_index([report], site_title="Reports", asset_names=assets.names)
    render_report_index(report, site_title="Reports", asset_names=assets.names)


def _checked() -> CheckResult:
    import pandas as pd

    suite = load_suite(_STARTER / "expectations" / "sales.json")
    return check_frame(pd.DataFrame({"revenue": [1.0]}), suite, subject="output: rehearsal")


def _notebook() -> NotebookNode:
    import nbformat

    data = {"text/html": "<table><tr><td>1</td></tr></table>", "text/plain": "1"}
    table = {"output_type": "execute_result", "data": data, "metadata": {}, "execution_count": 1}
    text = {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "# A\n\n*b*"}
    code = {"cell_type": "code", "id": "b", "metadata": {}, "source": "1", "execution_count": 1, "outputs": [table]}
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [text, code]}
    notebook: NotebookNode = nbformat.from_dict(whole)
    return notebook
