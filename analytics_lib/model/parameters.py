"""Parameters of a notebook: their types, ranges and values."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final, Literal, get_args

from analytics_lib.errors import ParameterError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

ParameterType = Literal["string", "int", "float", "bool", "date", "datetime", "choice", "list"]
PARAMETER_TYPES: Final[tuple[ParameterType, ...]] = get_args(ParameterType)

AS_OF: Final = "as_of"
"""The logical date: part of every page's content, never of its address."""

Value = str | int | float | bool | list[Any] | None
"""What reaches a notebook: plain Python values; dates and times as ISO 8601 text."""

_WITH_ORDER: Final = ("int", "float", "date", "datetime")
_WORDS: Final[Mapping[ParameterType, str]] = {
    "string": "text", "int": "a whole number", "float": "a number", "bool": "true or false",
    "date": "a date such as 2026-01-31", "datetime": "a time such as 2026-01-31T06:00", "choice": "a choice",
    "list": "a list",
}  # fmt: skip
_TRUE = {"true", "yes", "on", "1"}
_FALSE = {"false", "no", "off", "0"}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter.

    Parameters
    ----------
    name
        The variable's name in the notebook.
    type
        One of `PARAMETER_TYPES`.
    default
        Its default; meaningless when `required`.
    required
        Whether a value must be given.
    nullable
        Whether None is a legal value.
    choices
        Legal values of a ``choice``, or of each item of a ``list``; None for any.
    minimum, maximum
        Inclusive bounds of numbers, dates and times, and of the items of a list.
    item_type
        Type of a list's items.
    label
        Name for readers.
    help
        What it is for.
    where
        Where it is declared: ``notebooks/x.ipynb cell 2, line 3``.
    """

    name: str
    type: ParameterType
    default: Value = None
    required: bool = False
    nullable: bool = False
    choices: tuple[Value, ...] | None = None
    minimum: Any = None
    maximum: Any = None
    item_type: ParameterType = "string"
    label: str = ""
    help: str = ""
    where: str | None = field(default=None, compare=False)

    @property
    def shown_name(self) -> str:
        """The name for readers."""
        return self.label or self.name.replace("_", " ").capitalize()

    def coerce(self, raw: object, *, where: str | None = None) -> Value:
        """Return `raw` as this parameter's type, checked against its choices and bounds.

        Parameters
        ----------
        raw
            A value from YAML, a query or Python, or text from the command line.
        where
            Where the value came from, for the error.

        Raises
        ------
        ParameterError
            It is not of the type, or out of range.
        """
        if raw is None or (self.nullable and isinstance(raw, str) and raw.lower() in {"none", "null"}):
            if self.nullable:
                return None
            raise ParameterError(
                f"parameter '{self.name}' has no value", where=where or self.where, hint=f"give it {self.expected}"
            )
        if self.type == "list":
            return [self._one(item, self.item_type, where) for item in self._items(raw, where)]
        return self._one(raw, self.type, where)

    def check_bounds(self, *, where: str | None = None) -> None:
        """Refuse bounds that no value could be compared with.

        Raises
        ------
        ParameterError
            The type has no order, or a bound is not of the type, or the bounds leave no value.
        """
        kind = self.item_type if self.type == "list" else self.type
        bounds = {"min": self.minimum, "max": self.maximum}
        for name, bound in bounds.items():
            if bound is None:
                continue
            if kind not in _WITH_ORDER:
                raise ParameterError(
                    f"parameter '{self.name}' is of type {kind}, which has no {name}",
                    where=where or self.where,
                    hint=f"bounds are for {', '.join(_WITH_ORDER)}",
                )
            try:
                _CONVERT[kind](bound)
            except (ValueError, TypeError, OverflowError):
                raise ParameterError(
                    f"the {name} of parameter '{self.name}' is {bound!r}",
                    where=where or self.where,
                    hint=f"give it {_WORDS[kind]}",
                ) from None
        if None not in bounds.values() and _ordered(kind, self.minimum) > _ordered(kind, self.maximum):
            raise ParameterError(
                f"parameter '{self.name}' has a min of {self.minimum} above its max of {self.maximum}",
                where=where or self.where,
            )

    @property
    def expected(self) -> str:
        """What a legal value looks like, for a sentence."""
        kind = self.item_type if self.type == "list" else self.type
        word = _WORDS[kind]
        if self.choices is not None:
            shown = ", ".join(str(choice) for choice in self.choices[:12])
            word = f"one of {shown}" + (", …" if len(self.choices) > 12 else "")  # noqa: PLR2004
        elif self.minimum is not None and self.maximum is not None:
            word += f" from {self.minimum} to {self.maximum}"
        elif self.minimum is not None:
            word += f", {self.minimum} or more"
        elif self.maximum is not None:
            word += f", {self.maximum} or less"
        return f"a list, each item {word}" if self.type == "list" else word

    def _items(self, raw: object, where: str | None) -> list[Any]:
        if isinstance(raw, (list, tuple)):
            return list(raw)
        if isinstance(raw, str):
            text = raw.strip()
            if text.startswith("["):
                try:
                    return list(json.loads(text))
                except ValueError:
                    raise self._refuse(raw, where) from None
            return [item.strip() for item in text.split(",") if item.strip()]
        raise self._refuse(raw, where)

    def _one(self, raw: object, kind: ParameterType, where: str | None) -> Value:
        try:
            value: Value = _CONVERT[kind](raw)
        except (ValueError, TypeError, OverflowError):
            raise self._refuse(raw, where) from None
        if self.choices is not None and value not in self.choices:
            value = self._as_choice(value, where)
        low, high = self.minimum, self.maximum
        if (low is not None and _ordered(kind, value) < _ordered(kind, low)) or (
            high is not None and _ordered(kind, value) > _ordered(kind, high)
        ):
            raise self._refuse(raw, where, "is out of range")
        return value

    def _as_choice(self, value: Value, where: str | None) -> Value:
        """Accept ``"3"`` for the choice 3: the command line knows text alone."""
        for choice in self.choices or ():
            if str(choice) == str(value):
                return choice
        raise ParameterError(
            f"parameter '{self.name}' cannot be {value!r}",
            where=where or self.where,
            hint=nearest(str(value), (str(choice) for choice in self.choices or ())),
        )

    def _refuse(self, raw: object, where: str | None, what: str | None = None) -> ParameterError:
        shown = f"'{raw}'" if isinstance(raw, str) else str(raw)
        wrong = what or f"is not {'a list' if self.type == 'list' else self.expected}"
        hint = f"give it {self.expected}" if what or self.type == "list" else None
        if isinstance(raw, bool) and self.type == "string":
            hint = "put it in quotes"
        return ParameterError(f"parameter '{self.name}': {shown} {wrong}", where=where or self.where, hint=hint)


def _to_string(raw: object) -> str:
    if isinstance(raw, (bool, dict, list, tuple, set)):  # YAML reads an unquoted `no`, Norway, as false
        raise TypeError
    return raw.isoformat() if isinstance(raw, (date, datetime)) else str(raw)


def _to_int(raw: object) -> int:
    if isinstance(raw, bool):
        raise TypeError
    value = int(raw)  # type: ignore[call-overload]
    if not isinstance(raw, str) and value != raw:
        raise ValueError
    return int(value)


def _to_float(raw: object) -> float:
    if isinstance(raw, bool):
        raise TypeError
    value = float(raw)  # type: ignore[arg-type]
    if not math.isfinite(value):
        raise ValueError
    return value


def _to_bool(raw: object) -> bool:
    if isinstance(raw, bool):
        return raw
    text = str(raw).strip().lower()
    if text not in _TRUE | _FALSE:
        raise ValueError
    return text in _TRUE


def _to_date(raw: object) -> str:
    if isinstance(raw, datetime):
        raw = raw.date()
    return raw.isoformat() if isinstance(raw, date) else date.fromisoformat(str(raw).strip()).isoformat()


def _to_datetime(raw: object) -> str:
    if isinstance(raw, datetime):
        return raw.isoformat()
    return datetime.fromisoformat(str(raw).strip()).isoformat()


def _to_choice(raw: object) -> Value:
    return raw if isinstance(raw, (str, int, float, bool)) else _to_string(raw)


_CONVERT: Final[Mapping[str, Any]] = {
    "string": _to_string,
    "int": _to_int,
    "float": _to_float,
    "bool": _to_bool,
    "date": _to_date,
    "datetime": _to_datetime,
    "choice": _to_choice,
}


def _ordered(kind: ParameterType, value: object) -> Any:
    """Bring a value or a bound to a form that compares; a time without a zone counts as UTC."""
    plain = _CONVERT[kind](value)
    if kind != "datetime":
        return plain
    moment = datetime.fromisoformat(plain)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def resolve(
    parameters: Mapping[str, Parameter], given: Mapping[str, object], *, where: str | None = None
) -> dict[str, Value]:
    """Return a checked value for every parameter: what was given, else the default.

    Raises
    ------
    ParameterError
        An unknown name, a wrong type, a value out of range, or a missing value.
    """
    for name in given:
        if name not in parameters:
            raise ParameterError(f"unknown parameter '{name}'", where=where, hint=nearest(name, parameters))
    values: dict[str, Value] = {}
    for name, parameter in parameters.items():
        if name in given:
            values[name] = parameter.coerce(given[name], where=where)
        elif parameter.required:
            raise ParameterError(
                f"parameter '{name}' needs a value",
                where=parameter.where or where,
                hint=f"give {parameter.expected} with `-p {name}=…`, in the report file, or as default",
            )
        else:
            values[name] = parameter.default
    return values
