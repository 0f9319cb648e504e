"""Experiment files: ``experiments/NAME.yml`` read, checked and put into sentences with file and line."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from analytics_lib.errors import ExperimentError, nearest
from analytics_lib.model.experiment import ROLES, Experiment
from analytics_lib.workspace.complaints import model_complaints
from analytics_lib.workspace.documents import ENDINGS, documents, line_of, read_document, require_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.model.modelled import ModelledMetrics

FOLDER: Final = "experiments"


@dataclass(frozen=True)
class ExperimentFile:
    """An experiment with the place that each of its keys stands at.

    Parameters
    ----------
    name
        The experiment's name: the file's, without its ending.
    experiment
        Its content.
    lines
        Path of keys, e.g. ``("metrics", "orders", "kind")`` → line number; empty where there is no file.
    shown
        The file's path as errors name it.
    modelled
        What is read by the metric model; None before it is resolved, and where no metric is of the metric model.
    """

    name: str
    experiment: Experiment
    lines: Mapping[tuple[str | int, ...], int] = field(default_factory=dict)
    shown: str = ""
    modelled: ModelledMetrics | None = None

    def where(self, *keys: str | int) -> str:
        """Return ``file:line`` of a key, or of the nearest one above it; the experiment's name without a file."""
        return line_of(self.shown, self.lines, keys) if self.shown else f"experiment '{self.name}'"


def experiment_names(root: Path) -> list[str]:
    """Return the names of all experiment files of the workspace at `root`.

    Raises
    ------
    ExperimentError
        Two files give the same name, or a name cannot stand in an address.
    """
    return sorted(documents(root, FOLDER, "experiment", ExperimentError))


def load_experiment(root: Path, name: str) -> ExperimentFile:
    """Return the experiment of a file.

    Parameters
    ----------
    root
        The workspace's folder.
    name
        The name of a file of the folder ``experiments``, or the path of any other YAML file.

    Raises
    ------
    ExperimentError
        There is none, or its file is invalid.
    """
    path = Path(name)
    if name.endswith(ENDINGS) and path.is_file():
        require_name(path.stem, "experiment", ExperimentError, where=name)
        return _load(path, _shown(path, root))
    paths = documents(root, FOLDER, "experiment", ExperimentError)
    stem = path.stem if name.endswith(ENDINGS) else name
    if stem not in paths:
        hint = nearest(stem, paths) if paths else "write one: experiments/NAME.yml"
        raise ExperimentError(f"there is no experiment file '{stem}'", where=f"{FOLDER}/", hint=hint)
    return _load(paths[stem], f"{FOLDER}/{paths[stem].name}")


def make_experiment(name: str, content: Mapping[str, Any], *, where: str = "") -> ExperimentFile:
    """Return the experiment that plain values describe, as the keys of a file would.

    Parameters
    ----------
    name
        Its name.
    content
        Keys as in an experiment file.
    where
        Where they were given, for errors; the experiment's name by default.

    Raises
    ------
    ExperimentError
        Keys are unknown, missing, or their values wrong: all told together.

    Examples
    --------
    >>> make_experiment("checkout", {"owner": "growth@example.com", "hypotesis": "Fewer steps, more orders."})
    Traceback (most recent call last):
    ...
    analytics_lib.errors.ExperimentError: experiment 'checkout': unknown key 'hypotesis'; did you mean 'hypothesis'?
    """
    require_name(name, "experiment", ExperimentError, where=where or None)
    return ExperimentFile(name, _validated(content, where or f"experiment '{name}'", {}), {}, where)


def _load(path: Path, shown: str) -> ExperimentFile:
    content, lines = read_document(path, shown, "experiment", ExperimentError)
    listed = {("metrics", str(name)): lines[key, at] for key in ROLES for at, name in enumerate(content.get(key) or ())
              if (key, at) in lines}  # fmt: skip
    return ExperimentFile(path.stem, _validated(content, shown, listed | lines), listed | lines, shown)


def _validated(content: Mapping[str, Any], shown: str, lines: Mapping[tuple[str | int, ...], int]) -> Experiment:
    try:
        return Experiment.model_validate(content)
    except ValidationError as error:
        raise model_complaints(error, content, shown, lines, Experiment) from None


def _shown(path: Path, root: Path) -> str:
    full = path.absolute()
    return str(full.relative_to(root)) if full.is_relative_to(root) else str(path)
