"""What YAML and pydantic complain of, in sentences with file, line and what would be right."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

from analytics_lib.errors import (
    ExperimentError,
    InputError,
    MetricError,
    ReportError,
    SourceError,
    nearest,
    together,
)
from analytics_lib.model.experiment import Experiment
from analytics_lib.model.experiment_parts import (
    ExperimentMetric,
    Exposures,
    Facts,
    Measure,
    Misfit,
    Misfits,
    MonitoringPlan,
)
from analytics_lib.model.metrics import MetricModel
from analytics_lib.model.report import OutputCheck, Query, Refinement, Registered, Report, TableCheck
from analytics_lib.model.source import DataSource

if TYPE_CHECKING:
    from collections.abc import Mapping

    import yaml
    from pydantic import ValidationError

Keys = tuple[str | int, ...]

_ARMS: Final = frozenset({"bool", "int", "float", "str", "date", "datetime", "Query"})
_WANTED: Final[Mapping[str, str]] = {
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "string_type": "text, in quotes where it could be read as something else",
    "string_too_short": "some text",
    "list_type": "a list: [one, another]",
    "too_short": "one value at least, or a query",
    "dict_type": "keys with values, each on a line of its own",
    "model_type": "keys with values: {{key: value}}",
    "model_attributes_type": "keys with values: {{key: value}}",
    "greater_than_equal": "{ge:g} or more",
    "greater_than": "a number above {gt:g}",
    "less_than": "a number below {lt:g}",
    "float_type": "a number",
    "float_parsing": "a number",
    "date_type": "a day: 2026-03-01",
    "date_parsing": "a day: 2026-03-01",
    "date_from_datetime_parsing": "a day: 2026-03-01",
    "date_from_datetime_inexact": "a day: 2026-03-01",
    "literal_error": "{expected}",
}
_LONGEST: Final = 60
_BELOW: Final[Mapping[Any, type[BaseModel]]] = {
    "metrics": ExperimentMetric, "plan": MonitoringPlan, "exposures": Exposures, "facts": Facts,
}  # fmt: skip

_KINDS: Final[Mapping[type[BaseModel], type[InputError]]] = {
    Report: ReportError, Experiment: ExperimentError, MetricModel: MetricError, DataSource: SourceError,
}  # fmt: skip


def yaml_complaint(error: yaml.YAMLError, shown: str, kind: type[InputError] = ReportError) -> InputError:
    """Return what a YAML parser complained of as a sentence.

    Parameters
    ----------
    error
        The parser's error.
    shown
        The file as errors name it.
    kind
        The error's class.
    """
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or str(error).splitlines()[0])
    hint = None
    if "'\\t'" in problem:
        hint = "indent with spaces"
    elif "mapping values are not allowed" in problem:
        hint = "put text that holds a colon in quotes"
    elif "but got '{'" in problem or "but got '<scalar>'" in problem:
        hint = 'within brackets put ${NAME} in quotes: "${NAME}"'
    where = f"{shown}:{mark.line + 1}" if mark else shown
    return kind(f"the file is not valid YAML: {problem}", where=where, hint=hint)


def model_complaint(
    error: ValidationError, content: Any, shown: str, lines: Mapping[Keys, int], root: type[BaseModel] = Report
) -> InputError:
    """Return the most telling of pydantic's complaints as a sentence: an unknown key explains a missing one.

    Parameters
    ----------
    error
        Pydantic's error.
    content
        The file's content.
    shown
        The file as errors name it.
    lines
        Path of keys → line number.
    root
        The model that the content is of.
    """
    details = [each for each in error.errors() if _applies(each["loc"], content)] or error.errors()
    detail = min(details, key=lambda each: each["type"] != "extra_forbidden")
    return _complaint(detail, shown, lines, root)


def model_complaints(
    error: ValidationError, content: Any, shown: str, lines: Mapping[Keys, int], root: type[BaseModel] = Report
) -> InputError:
    """Return all of pydantic's complaints together, in the order of the file; see `model_complaint`.

    A key that is missing is not told where an unknown one looks like it.
    """
    details: list[Any] = [each for each in error.errors() if _applies(each["loc"], content)] or error.errors()
    strange = [(each["loc"][:-1], str(each["loc"][-1])) for each in details if each["type"] == "extra_forbidden"]
    found: list[InputError] = []
    for detail in details:
        *above, last = detail["loc"] or ("",)
        like = [name for place, name in strange if place == tuple(above) and get_close_matches(name, [str(last)])]
        if detail["type"] == "missing" and like:
            continue
        raised = detail.get("ctx", {}).get("error")
        misfits = raised.misfits if isinstance(raised, Misfits) else (raised,)
        single = (detail | {"ctx": detail.get("ctx", {}) | {"error": each}} for each in misfits)
        found += [_complaint(each, shown, lines, root) for each in single]
    inorder = sorted(found, key=lambda each: _line(each.where))
    return together(inorder) or model_complaint(error, content, shown, lines, root)


def _line(where: str | None) -> int:
    line = (where or "").rpartition(":")[2]
    return int(line) if line.isdecimal() else 0


def _complaint(detail: Any, shown: str, lines: Mapping[Keys, int], root: type[BaseModel]) -> InputError:
    kind = _KINDS.get(root, ExperimentError)
    keys = _keys(detail["loc"])
    raised = detail.get("ctx", {}).get("error")
    if isinstance(raised, Misfit):
        keys = (*keys, raised.key)
    place = next((keys[:length] for length in range(len(keys), 0, -1) if keys[:length] in lines), ())
    where = f"{shown}:{lines[place]}" if place else shown
    parent = f" in {_joined(keys[:-1])}" if len(keys) > 1 else ""
    if detail["type"] == "extra_forbidden":
        known = _model_of(detail["loc"], root).model_fields
        hint = nearest(str(keys[-1]), known)
        if detail["input"] is None and not str(keys[-1]).isidentifier():  # {formula: max(a, b)} is two keys to YAML
            hint = "within { } put text that holds a comma in quotes"
        return kind(f"unknown key '{keys[-1]}'{parent}", where=where, hint=hint)
    if detail["type"] == "missing":
        purpose = _model_of(detail["loc"], root).model_fields[str(keys[-1])].description or ""
        hint = f"it is {purpose[:1].lower()}{purpose[1:]}".rstrip(".")
        return kind(f"key '{keys[-1]}' is missing{parent}", where=where, hint=hint)
    if detail["type"] == "value_error":
        message, _, hint = str(raised).partition("; ")
        return kind(message, where=where, hint=hint or None)
    return kind(f"{_joined(keys)} is {_shown(detail['input'])}", where=where, hint=f"give it {_wanted(detail)}")


def _wanted(detail: Any) -> str:
    keys = _keys(detail["loc"])
    if len(keys) == 2 and keys[0] == "for_each" and detail["type"] != "too_short":  # noqa: PLR2004 - for_each.NAME
        return "a list of values, a query: {connection: …, query: …}, or {experiments: all}"
    if len(detail["loc"]) > len(keys) and detail["loc"][-1] in _ARMS:
        return "text, a number, true or false, a date, or a list of these"
    known = _WANTED.get(detail["type"])
    return known.format(**detail.get("ctx", {})) if known else str(detail["msg"]).removeprefix("Input should be ")


def _keys(loc: Keys) -> Keys:
    """Return the keys of the file; pydantic puts the names of a union's arms between and behind them."""
    keys = list(loc)
    if keys[0:1] in (["checks"], ["for_each"]) and len(keys) > 2:  # noqa: PLR2004 - the arm follows the entry
        del keys[2]
    return tuple(keys[:2]) + tuple(takewhile(lambda part: part not in _ARMS and "[" not in str(part), keys[2:]))


def _applies(loc: Keys, content: Any) -> bool:
    """Tell whether a complaint is about the arm of a union that the file's author meant."""
    if loc[:1] != ("for_each",) or len(loc) <= 2:  # noqa: PLR2004 - for_each.NAME.ARM
        return True
    meant = content["for_each"][loc[1]]
    arm = "list" if not isinstance(meant, dict) else "Registered" if "experiments" in meant else "Query"
    return arm == (loc[2] if loc[2] in {"Query", "Registered"} else "list")


def _model_of(loc: Keys, root: type[BaseModel]) -> type[BaseModel]:
    if root in {MetricModel, DataSource}:
        return _along(loc[:-1], root)
    if root is Experiment:
        if loc[0] == "facts" and "columns" in loc[:-1]:
            return Measure
        return _BELOW.get(loc[0], root) if len(loc) > 1 else root
    if loc[0] == "checks" and len(loc) > 2:  # noqa: PLR2004 - checks.0.ARM
        return OutputCheck if loc[2] == "output" else TableCheck
    if loc[0] == "for_each" and "Registered" in loc[2:]:
        return Registered
    below: Mapping[Any, type[BaseModel]] = {"parameters": Refinement, "for_each": Query, "freshness": Query}
    return below.get(loc[0], root) if len(loc) > 1 else root


def _along(keys: Keys, model: type[BaseModel]) -> type[BaseModel]:
    """Return the part of a file that stands under `keys`, by the types of the model's own fields."""
    for key in keys:
        field = model.model_fields.get(str(key))
        model = (_model_within(field.annotation) if field else None) or model
    return model


def _model_within(annotation: Any) -> type[BaseModel] | None:
    """Return the first model of a type such as ``dict[str, Measure]`` or ``Page | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_within(part))), None)


def _joined(keys: Keys) -> str:
    """Return a path of keys as one writes it: ``checks[0].suite``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in keys).lstrip(".")


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
