"""Report files: ``reports/NAME.yml`` read, checked and put into sentences with file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml
from pydantic import ValidationError

from analytics_lib.errors import ReportError, nearest
from analytics_lib.model.report import Report
from analytics_lib.workspace.complaints import model_complaint, yaml_complaint

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_ENDINGS: Final = (".yml", ".yaml")
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
        for length in range(len(keys), 0, -1):
            if keys[:length] in self.lines:
                return f"{self.shown}:{self.lines[keys[:length]]}"
        return self.shown


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
    name = Path(name).stem if name.endswith(_ENDINGS) else name
    if name not in paths:
        hint = nearest(name, paths) if paths else NO_REPORT_HINT
        raise ReportError(f"there is no report '{name}'", where="reports/", hint=hint)
    return _load(paths[name], f"reports/{paths[name].name}", name)


def _paths(root: Path) -> dict[str, Path]:
    folder = root / "reports"
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix not in _ENDINGS or path.name.startswith("."):
            continue
        if not _NAME.fullmatch(path.stem):
            raise ReportError(
                f"'{path.stem}' cannot be a report's name",
                where=f"reports/{path.name}",
                hint="use letters, digits, - and _: the name stands in addresses",
            )
        twin = next((other for other in found if other.lower() == path.stem.lower()), None)
        if twin is not None:
            raise ReportError(
                f"report '{path.stem}' is defined twice: {found[twin].name} and {path.name}",
                where=f"reports/{path.name}",
                hint="rename or remove one of them",
            )
        found[path.stem] = path
    return found


def _load(path: Path, shown: str, name: str) -> ReportFile:
    try:
        node = yaml.compose(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)
        lines = dict(_node_lines(node)) if node else {}
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=_UniqueKeys)  # noqa: S506 - a SafeLoader
    except UnicodeDecodeError:
        raise ReportError("the file is not UTF-8 text", where=shown, hint="save it as UTF-8") from None
    except OSError as error:
        raise ReportError(f"the file cannot be read: {error.strerror}", where=shown) from None
    except yaml.YAMLError as error:
        raise yaml_complaint(error, shown) from None
    if not isinstance(content, dict):
        raise ReportError("the file holds no report", where=shown, hint="write `title: …` and `notebook: …`")
    try:
        report = Report.model_validate(content)
    except ValidationError as error:
        raise model_complaint(error, content, shown, lines) from None
    return ReportFile(name, path, report, lines, shown)


class _UniqueKeys(yaml.SafeLoader):
    """A SafeLoader that refuses a key given twice; YAML's last-one-wins hides mistakes."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                raise yaml.MarkedYAMLError(problem=f"key '{key.value}' stands twice", problem_mark=key.start_mark)
            seen.add(str(key.value))
        return super().construct_mapping(node, deep=deep)


def _node_lines(node: yaml.Node, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], int]]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield (*path, str(key.value)), key.start_mark.line + 1
            yield from _node_lines(value, (*path, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield (*path, number), value.start_mark.line + 1
            yield from _node_lines(value, (*path, number))
