"""An app's parameters as fields of a form: what a reader changes instead of the address."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.model.parameters import Parameter, ParameterType, Value

_INPUTS: Final[Mapping[ParameterType, str]] = {"int": "number", "float": "number", "date": "date"}
_NONE: Final = ("none", "None")


@dataclass(frozen=True)
class Field:
    """One field.

    Parameters
    ----------
    name, label, help
        The parameter's.
    kind
        ``select``, or the type of an ``input``.
    value
        What it holds at first.
    options
        Values of a ``select`` with their names for readers.
    limits
        Further attributes of an ``input``: ``min``, ``max``, ``step``.
    required
        Whether it may not be left empty.
    """

    name: str
    label: str
    help: str
    kind: str
    value: str
    options: tuple[tuple[str, str], ...] = ()
    limits: tuple[tuple[str, str], ...] = ()
    required: bool = False


def fields(
    parameters: Mapping[str, Parameter], values: Mapping[str, object], choices: Mapping[str, Mapping[str, str]]
) -> list[Field]:
    """Return a field for each parameter.

    Parameters
    ----------
    parameters
        The app's parameters.
    values
        What the fields hold: checked values, or the text that a reader gave; else the parameter's default.
    choices
        Parameter → legal values → their names, where they are not the parameter's own.
    """
    return [_field(each, values.get(name, each.default), choices.get(name)) for name, each in parameters.items()]


def _field(parameter: Parameter, value: object, choices: Mapping[str, str] | None) -> Field:
    options = tuple(choices.items()) if choices is not None else _options(parameter)
    kind = "select" if options else _INPUTS.get(parameter.type, "text")
    text = _text(value)
    if kind == "select" and text not in dict(options):
        options = ((text, text), *options)  # a value that was refused is shown beside the sentence that says so
    if kind == "date" and not _is_date(text):
        kind = "text"
    return Field(
        name=parameter.name,
        label=parameter.shown_name,
        help=parameter.help,
        kind=kind,
        value=text,
        options=options,
        limits=tuple(_limits(parameter)) if kind in {"date", "number"} else (),
        required=not parameter.nullable and parameter.type not in {"string", "list"},
    )


def _options(parameter: Parameter) -> tuple[tuple[str, str], ...]:
    none = (_NONE,) if parameter.nullable else ()
    if parameter.type == "bool":
        return (*none, ("true", "Yes"), ("false", "No"))
    if parameter.choices is None or parameter.type == "list":
        return ()
    return (*none, *((_text(each), str(each)) for each in parameter.choices))


def _limits(parameter: Parameter) -> Iterator[tuple[str, str]]:
    if parameter.type == "float":
        yield "step", "any"
    if parameter.minimum is not None:
        yield "min", _text(parameter.minimum)
    if parameter.maximum is not None:
        yield "max", _text(parameter.maximum)


def _text(value: Value | Any) -> str:
    """Return a value as the address holds it: what `Parameter.coerce` reads back."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        texts = [_text(each) for each in value]
        return (
            json.dumps(list(value)) if any("," in each or each != each.strip() for each in texts) else ", ".join(texts)
        )
    return str(value)


def _is_date(text: str) -> bool:
    try:
        return not text or bool(date.fromisoformat(text))
    except ValueError:
        return False
