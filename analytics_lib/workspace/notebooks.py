"""Notebooks as they are written: their parameters cell and the connections they name."""

from __future__ import annotations

import ast
import hashlib
import io
import json
import re
import tokenize
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import NotebookError, ParameterError, nearest
from analytics_lib.model.parameters import PARAMETER_TYPES, Parameter, ParameterType, Value
from analytics_lib.workspace.calls import asked_metrics, named_connections

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from analytics_lib.model.report import Refinement

_HINT: Final = "tag one code cell `parameters` and give each parameter a line: `name: type = default  # help`"
_TYPES: Final[Mapping[str, ParameterType]] = {
    "str": "string", "string": "string", "int": "int", "float": "float", "bool": "bool",
    "date": "date", "datetime": "datetime", "list": "list", "Literal": "choice",
}  # fmt: skip


@dataclass(frozen=True)
class NotebookFile:
    """A notebook as it is written.

    Parameters
    ----------
    path
        The file.
    shown
        Its path as errors name it.
    parameters
        What its parameters cell declares, in order.
    connections
        Names given to ``connect("…")`` as plain text → where.
    cells
        Hash of everything that decides what each cell does: kind, source, tags and attachments; outputs left out.
    asks_metrics
        Where ``metrics()`` is called; empty where it is not.
    """

    path: Path
    shown: str
    parameters: Mapping[str, Parameter]
    connections: Mapping[str, str]
    cells: tuple[str, ...]
    asks_metrics: str = ""


def load_notebook(root: Path, shown: str, *, where: str, needs_parameters: bool = True) -> NotebookFile:
    """Read the notebook at `shown` (from the workspace's folder `root`).

    Parameters
    ----------
    root, shown
        The workspace's folder, and the path from there.
    where
        What named the notebook, for the error: ``reports/x.yml:3``.
    needs_parameters
        Refuse a notebook without a parameters cell; else it has no parameters.

    Raises
    ------
    NotebookError
        It is missing, is no notebook, or lacks the parameters cell that it needs.
    """
    path = root / shown
    if not path.is_file():
        near = [str(each.relative_to(root)) for each in sorted((root / "notebooks").rglob("*.ipynb"))]
        raise NotebookError(f"there is no notebook {shown}", where=where, hint=nearest(shown, near))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        cells = [
            (each["cell_type"], _source(each), each.get("metadata", {}).get("tags") or []) for each in content["cells"]
        ]
        pictures = [each.get("attachments") for each in content["cells"]]
        decisive = [json.dumps(each).encode() for each in zip(cells, pictures, strict=True)]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise NotebookError(
            "the file is not a notebook", where=shown, hint="save it from JupyterLab in format 4"
        ) from None
    except OSError as error:
        raise NotebookError(f"the file cannot be read: {error.strerror}", where=shown) from None
    hashes = tuple(hashlib.sha256(each).hexdigest() for each in decisive)
    tagged = [number for number, (kind, _, tags) in enumerate(cells, 1) if kind == "code" and "parameters" in tags]
    if not tagged and not needs_parameters:
        return NotebookFile(path, shown, {}, dict(named_connections(cells, shown)), hashes, asked_metrics(cells, shown))
    if not tagged:
        raise NotebookError("the notebook has no parameters cell", where=shown, hint=_HINT)
    number = tagged[0]
    parameters = declared_parameters(cells[number - 1][1], f"{shown} cell {number}")
    connections = dict(named_connections(cells, shown))
    return NotebookFile(path, shown, parameters, connections, hashes, asked_metrics(cells, shown))


def declared_parameters(source: str, where: str) -> dict[str, Parameter]:
    """Return what the source of a parameters cell declares.

    Parameters
    ----------
    source
        Lines ``name: type = default  # help`` or ``name = default  # type: type help``, as Papermill knows them; the
        type may be missing, and so may the default.
    where
        The cell, for errors.

    Raises
    ------
    NotebookError
        The cell is not Python.
    ParameterError
        A type or a default that cannot be read.
    """
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise NotebookError(
            f"the parameters cell is not Python: {error.msg}", where=f"{where}, line {error.lineno}"
        ) from None
    comments = _comments(source)
    found: dict[str, Parameter] = {}
    for statement in tree.body:
        line = f"{where}, line {statement.lineno}"
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            name, annotation, value = statement.target.id, statement.annotation, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name, annotation, value = statement.targets[0].id, None, statement.value
        else:
            continue
        comment = comments.get(statement.end_lineno or statement.lineno, "")
        hinted, help_text = _type_comment(comment) if annotation is None else (None, comment)
        found[name] = _declared(name, annotation or hinted, value, help_text, line)
    return found


def refine(declared: Mapping[str, Parameter], name: str, refinement: Refinement, where: str) -> Parameter:
    """Return the parameter `name` with what the report file adds.

    Raises
    ------
    ParameterError
        The notebook does not declare it, or its default is not legal under the refined type and range.
    """
    if name not in declared:
        raise ParameterError(f"the notebook declares no parameter '{name}'", where=where, hint=nearest(name, declared))
    base = declared[name]
    kind = refinement.type or ("choice" if refinement.choices and base.type != "list" else base.type)
    refined = replace(
        base,
        type=kind,
        label=refinement.label or base.label,
        help=refinement.help or base.help,
        required=refinement.required or (base.required and refinement.default is None),
        choices=_plain(refinement.choices) if refinement.choices else base.choices,
        minimum=refinement.min,
        maximum=refinement.max,
        where=where if refinement.required else base.where,
    )
    refined.check_bounds(where=where)
    default: object = refinement.default if refinement.default is not None else base.default
    if refined.required or (default is None and refined.nullable):
        return refined
    return replace(refined, default=refined.coerce(default, where=where))


def _plain(choices: Sequence[object]) -> tuple[Value, ...]:
    """Return choices as they reach a notebook: YAML reads 2026-01-31 as a date."""
    return tuple(each.isoformat() if isinstance(each, date) else each for each in choices)  # type: ignore[misc]


def _declared(name: str, annotation: ast.expr | None, value: ast.expr | None, help_text: str, where: str) -> Parameter:
    try:
        default = ast.literal_eval(value) if value is not None else None
    except (ValueError, TypeError):
        raise ParameterError(
            f"the default of parameter '{name}' is not a plain value",
            where=where,
            hint='write text, a number, true or false, or a list; a date as "2026-01-31"',
        ) from None
    kind, item, choices, nullable = _type_of(annotation, default, name, where)
    parameter = Parameter(
        name=name,
        type=kind,
        required=value is None,
        nullable=nullable or (value is not None and default is None),
        choices=choices,
        item_type=item,
        help=help_text,
        where=where,
    )
    return parameter if value is None else replace(parameter, default=parameter.coerce(default, where=where))


def _type_of(
    annotation: ast.expr | None, default: object, name: str, where: str
) -> tuple[ParameterType, ParameterType, tuple[Value, ...] | None, bool]:
    """Return type, type of items, choices, and whether None is legal."""
    if annotation is None:
        return _type_of_value(default), _type_of_items(default), None, False
    text = annotation.value if isinstance(annotation, ast.Constant) else ast.unparse(annotation)
    text = str(text).replace("typing.", "").replace("datetime.", "")
    nullable = bool(re.search(r"\bNone\b|\bOptional\b", text))
    text = re.sub(r"\s*\|\s*None\b|\bNone\s*\|\s*", "", text).strip()
    text = re.sub(r"^(?:Optional|Union)\[(.*?)(?:,\s*None)?\]$", r"\1", text)
    match = re.fullmatch(r"(\w+)(?:\[(.*)\])?", text, re.DOTALL)
    word = match[1] if match else text
    kind = _TYPES.get(word) or _TYPES.get(word.lower())
    if match is None or kind is None:
        raise ParameterError(
            f"parameter '{name}' is of the unknown type '{text}'", where=where, hint=nearest(word, _TYPES)
        )
    if kind == "choice":
        return kind, "string", _choices(name, match[2], where), nullable
    item = _TYPES.get((match[2] or "").strip(), "string") if match[2] else _type_of_items(default)
    return kind, item, None, nullable


def _choices(name: str, text: str | None, where: str) -> tuple[Value, ...]:
    try:
        return tuple(ast.literal_eval(f"({text},)"))
    except (ValueError, SyntaxError):
        raise ParameterError(
            f"the choices of parameter '{name}' are not plain values", where=where, hint='write Literal["a", "b"]'
        ) from None


def _type_of_value(value: object) -> ParameterType:
    names: Mapping[type, ParameterType] = {bool: "bool", int: "int", float: "float", list: "list", tuple: "list"}
    return names.get(type(value), "string")


def _type_of_items(value: object) -> ParameterType:
    return _type_of_value(value[0]) if isinstance(value, (list, tuple)) and value else "string"


def _comments(source: str) -> dict[int, str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {each.start[0]: each.string.lstrip("# ").strip() for each in tokens if each.type == tokenize.COMMENT}


def _type_comment(comment: str) -> tuple[ast.expr | None, str]:
    """Split ``type: int how many`` into the type and the help; what names no known type is help alone."""
    match = re.match(r"type:\s*(\S+)\s*(.*)", comment)
    word = re.split(r"\W", match[1])[0] if match else ""
    if match is None or not ({word, word.lower()} & {*_TYPES, "Optional", "Union"}):
        return None, comment
    try:
        return ast.parse(match[1], mode="eval").body, match[2]
    except SyntaxError:
        return None, comment


def _source(cell: Mapping[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


assert set(_TYPES.values()) <= set(PARAMETER_TYPES)  # noqa: S101 - the two tables belong together
