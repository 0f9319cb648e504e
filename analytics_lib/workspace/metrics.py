"""Metric files: ``metrics/*.yml`` read, checked and put into sentences with file and line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from analytics_lib.errors import MetricError
from analytics_lib.model.metrics import Catalogue, MetricModel
from analytics_lib.workspace.complaints import model_complaint
from analytics_lib.workspace.documents import documents, line_of, read_document

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FOLDER: Final = "metrics"

_Stamp = tuple[tuple[str, int, int, int], ...]
_known: dict[Path, tuple[_Stamp, Catalogue]] = {}
"""Folder → what its files said, and the stamps that they had then."""


@dataclass(frozen=True)
class MetricFile:
    """A model with the place that each of its keys stands at.

    Parameters
    ----------
    name
        The model's name: the file's, without its ending.
    model
        Its content.
    lines
        Path of keys, e.g. ``("metrics", "revenue", "measure")`` → line number.
    shown
        The file's path as errors name it, from the workspace's folder.
    """

    name: str
    model: MetricModel
    lines: Mapping[tuple[str | int, ...], int]
    shown: str

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key, or of the nearest one above it."""
        return line_of(self.shown, self.lines, keys)


def load_metrics(root: Path) -> Catalogue:
    """Return the metric model of the workspace at `root`; files that have not changed are not read again.

    Raises
    ------
    MetricError
        A file is invalid, or files do not fit together.
    """
    paths = documents(root, FOLDER, "model", MetricError)
    stamp = tuple(_stamp(path) for path in paths.values())
    known = _known.get(root)
    if known is not None and known[0] == stamp:
        return known[1]
    catalogue = Catalogue(_load(path, f"{FOLDER}/{path.name}", name) for name, path in paths.items())
    _known[root] = stamp, catalogue
    return catalogue


def _stamp(path: Path) -> tuple[str, int, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size, stat.st_ino


def _load(path: Path, shown: str, name: str) -> MetricFile:
    content, lines = read_document(path, shown, "model", MetricError)
    try:
        model = MetricModel.model_validate(content)
    except ValidationError as error:
        raise model_complaint(error, content, shown, lines, MetricModel) from None
    return MetricFile(name, model, lines, shown)
