"""Report files: ``reports/NAME.yml`` read, checked and put into sentences with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from analytics_lib.errors import ReportError, nearest
from analytics_lib.model.report import Report
from analytics_lib.workspace.complaints import model_complaint
from analytics_lib.workspace.documents import ENDINGS, documents, line_of, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping

NO_REPORT_HINT: Final = "write one: reports/NAME.yml; `analytics init DIR` shows how"


@dataclass(frozen=True)
class ReportFile:
    """A report with the place that each of its keys stands at.

    Parameters
    ----------
    name
        The report's name: the file's, without its ending.
    path
        The file.
    report
        Its content.
    lines
        Path of keys, e.g. ``("checks", 0, "suite")`` → line number.
    shown
        The file's path as errors name it, from the workspace's folder.
    """

    name: str
    path: Path
    report: Report
    lines: Mapping[tuple[str | int, ...], int]
    shown: str

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key, or of the nearest one above it."""
        return line_of(self.shown, self.lines, keys)


def report_names(root: Path) -> list[str]:
    """Return the names of all report files of the workspace at `root`.

    Raises
    ------
    ReportError
        Two files give the same name, or a name cannot stand in an address.
    """
    return sorted(_paths(root))


def load_report(root: Path, name: str) -> ReportFile:
    """Return the report called `name`.

    Raises
    ------
    ReportError
        There is none, or its file is invalid.
    """
    paths = _paths(root)
    name = Path(name).stem if name.endswith(ENDINGS) else name
    if name not in paths:
        hint = nearest(name, paths) if paths else NO_REPORT_HINT
        raise ReportError(f"there is no report '{name}'", where="reports/", hint=hint)
    return _load(paths[name], f"reports/{paths[name].name}", name)


def _paths(root: Path) -> dict[str, Path]:
    return documents(root, "reports", "report", ReportError)


def _load(path: Path, shown: str, name: str) -> ReportFile:
    content, lines = read_document(path, shown, "report", ReportError)
    try:
        report = Report.model_validate(content)
    except ValidationError as error:
        raise model_complaint(error, content, shown, lines) from None
    return ReportFile(name, path, report, lines, shown)
