"""Which apps a workspace has: reports with ``app: true``, and notebooks in ``notebooks/apps``."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import AnalyticsError, InputError
from analytics_lib.pipeline.plan import ReportPlan
from analytics_lib.rendering.markdown import to_html
from analytics_lib.rendering.sanitizing import sanitise
from analytics_lib.workspace.notebooks import NotebookFile, load_notebook, refine
from analytics_lib.workspace.reports import ReportFile, load_report, report_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from analytics_lib.model.parameters import Parameter

FOLDER: Final = "notebooks/apps"
_ENDING: Final = ".ipynb"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_TITLE: Final = re.compile(r"\s*<h1\b[^>]*>(.*?)</h1>", re.DOTALL)
_PARAGRAPH: Final = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_TAG: Final = re.compile(r"<[^>]*>")


@dataclass(frozen=True)
class App:
    """A notebook that can be opened as an app.

    Parameters
    ----------
    name
        Its name in addresses: the report's, or the notebook file's without its ending.
    title, description, owner
        What the list of apps says of it.
    notebook
        The notebook as it is written.
    parameters
        What it can be opened with, refined by the report file where there is one.
    report
        The report file; None for a notebook in ``notebooks/apps``.
    """

    name: str
    title: str
    description: str
    owner: str
    notebook: NotebookFile
    parameters: Mapping[str, Parameter]
    report: ReportFile | None = None

    @property
    def where(self) -> str:
        """What errors name when a value from the address is wrong."""
        return f"report '{self.name}'" if self.report else f"app '{self.name}'"

    @property
    def timeout(self) -> int | None:
        """Seconds a cell may take; None where nothing says so."""
        return self.report.report.execution_timeout if self.report else None

    @property
    def memory_bytes(self) -> int | None:
        """What the kernel may hold; None where nothing says so."""
        return self.report.report.memory_bytes if self.report else None

    @property
    def time_zone(self) -> str:
        """IANA name of the zone in which the page shows times."""
        return self.report.report.time_zone if self.report else "UTC"


def list_apps(root: Path) -> tuple[list[App], list[AnalyticsError]]:
    """Return the apps of the workspace at `root` by title, and what keeps others from being opened."""
    apps: list[App] = []
    problems: list[AnalyticsError] = []
    try:
        reports = report_names(root)
    except AnalyticsError as error:
        reports, problems = [], [error]
    for name in sorted({*reports, *_notebook_names(root)}):
        try:
            app = find_app(root, name)
        except AnalyticsError as error:
            problems.append(error)
        else:
            apps += [app] if app else []
    return sorted(apps, key=lambda app: app.title.casefold()), problems


def find_app(root: Path, name: str) -> App | None:
    """Return the app called `name`, None where there is none.

    Raises
    ------
    InputError
        Something written must change before it can be opened: the report file, the notebook, or its name.
    """
    notebook = name in _notebook_names(root)
    report = load_report(root, name) if name in report_names(root) else None
    if report is not None and report.report.app:
        if notebook:
            raise InputError(
                f"two apps are called '{name}'",
                where=f"reports/{report.path.name} and {FOLDER}/{name}{_ENDING}",
                hint="rename one of them: the name stands in addresses",
            )
        return _from_report(root, report)
    return _from_notebook(root, name) if notebook else None


def _notebook_names(root: Path) -> list[str]:
    folder = root / FOLDER
    found = (path for path in folder.iterdir() if path.suffix == _ENDING) if folder.is_dir() else ()
    return sorted(path.stem for path in found if not path.name.startswith("."))


def _from_report(root: Path, file: ReportFile) -> App:
    report = file.report
    notebook = load_notebook(root, report.notebook, where=file.where("notebook"))
    parameters = dict(notebook.parameters)
    for name, refinement in report.parameters.items():
        parameters[name] = refine(parameters, name, refinement, file.where("parameters", name))
    title = ReportPlan(file, notebook, parameters, {}, "", frozenset(), frozenset()).title
    return App(file.name, title, report.description, report.owner, notebook, parameters, file)


def _from_notebook(root: Path, name: str) -> App:
    shown = f"{FOLDER}/{name}{_ENDING}"
    if not _NAME.fullmatch(name):
        raise InputError(
            f"'{name}' cannot be an app's name",
            where=shown,
            hint="use letters, digits, - and _",
        )
    notebook = load_notebook(root, shown, where=FOLDER, needs_parameters=False)
    title, description = _opening_words(notebook.path)
    return App(name, title or _readable(name), description, "", notebook, notebook.parameters)


def _opening_words(path: Path) -> tuple[str, str]:
    """Return the title that a notebook opens with, and the first paragraph below it, as plain text."""
    cell: dict[str, Any] = next(iter(json.loads(path.read_text(encoding="utf-8"))["cells"]), {})
    if cell.get("cell_type") != "markdown":
        return "", ""
    markup = sanitise(to_html("".join(cell["source"]))).markup
    title = _TITLE.match(markup)
    if title is None:
        return "", ""
    paragraph = _PARAGRAPH.search(markup, title.end())
    return _plain(title[1]), _plain(paragraph[1]) if paragraph else ""


def _plain(markup: str) -> str:
    return " ".join(html.unescape(_TAG.sub("", markup)).split())


def _readable(name: str) -> str:
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]
