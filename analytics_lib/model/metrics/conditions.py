"""Conditions on dimensions, as people write them: ``{channel: [web, app], day: {from: 2026-01-01}}``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

Scalar = str | int | float | bool | Decimal | date | datetime | None

_LISTS: Final = (list, set, frozenset)
_COLUMNS: Final = frozenset({"Series", "ndarray", "Index"})
_ENDS: Final = frozenset({"from", "to"})
_PAIR: Final = 2


@dataclass(frozen=True)
class Condition:
    """What a dimension's value must be.

    Parameters
    ----------
    values
        One of these; None stands for a missing value. Of no use to a range.
    low, high
        Both ends belong to the range; None leaves one open.
    is_range
        Whether the ends count, and not the values.
    negated
        None of these; a missing value is then one of the rest.
    source, name
        ``"env"`` or ``"caller"`` where the value is only known when it is asked for, and what it is called there.
    """

    values: tuple[Scalar, ...] = ()
    low: Scalar = None
    high: Scalar = None
    is_range: bool = False
    negated: bool = False
    source: str = ""
    name: str = ""

    def filled(self, value: object) -> Condition:
        """Return the condition with the value that was not known before.

        Raises
        ------
        ValueError
            The value is of no use in a condition.
        """
        return replace(self, source="", name="", values=condition_of(value).values)


Conditions = tuple[tuple[str, Condition], ...]


def conditions_of(given: Mapping[str, Any]) -> Conditions:
    """Return conditions by dimension.

    Raises
    ------
    ValueError
        A value cannot stand in a condition.

    Examples
    --------
    >>> conditions_of({"channel": ["web", None]})
    (('channel', Condition(values=('web', None), low=None, high=None, is_range=False, negated=False, source='', name='')),)
    """  # noqa: E501 - an example shows what is printed
    found = []
    for name, value in given.items():
        try:
            found.append((str(name), condition_of(value)))
        except ValueError as error:
            raise ValueError(f"the condition on '{name}' {error}") from None
    return tuple(found)


def condition_of(value: object) -> Condition:
    """Return the condition that a value stands for.

    Parameters
    ----------
    value
        A value, a list of some, a tuple ``(low, high)``; ``{"from": …, "to": …}``, ``{"not": …}``, ``{"env": …}`` or
        ``{"caller": …}``.

    Raises
    ------
    ValueError
        It is none of these; the sentence lacks its subject.
    """
    if isinstance(value, Mapping):
        return _of_keys(value)
    if isinstance(value, tuple):
        if len(value) != _PAIR:
            raise ValueError(f"is a tuple of {len(value)}; (low, high) is a range, a list holds values")
        return _range(scalar(value[0]), scalar(value[1]))
    if isinstance(value, _LISTS) or type(value).__name__ in _COLUMNS:
        items: Any = value
        if isinstance(value, (set, frozenset)):
            items = sorted(value, key=repr)
        values = tuple(scalar(each) for each in items)
        if not values:
            raise ValueError("is an empty list; give at least one value")
        return Condition(values)
    return Condition((scalar(value),))


def _of_keys(value: Mapping[Any, Any]) -> Condition:
    keys = set(value)
    if keys and keys <= _ENDS:
        return _range(scalar(value.get("from")), scalar(value.get("to")))
    if keys == {"not"} and not isinstance(value["not"], (Mapping, tuple)):
        return replace(condition_of(value["not"]), negated=True)
    for source in ("env", "caller"):
        if keys == {source} and isinstance(value[source], str) and value[source]:
            return Condition(source=source, name=value[source])
    raise ValueError(f"is {dict(value)}; give it a value, a list, {{from: …, to: …}} or {{not: …}}")


def _range(low: Scalar, high: Scalar) -> Condition:
    if low is None and high is None:
        raise ValueError("is a range without ends; give it one")
    if _is_later(low, high):
        raise ValueError(f"is a range that ends before it begins, from {low} to {high}; both ends belong to it")
    return Condition(low=low, high=high, is_range=True)


def _is_later(low: Scalar, high: Scalar) -> bool:
    """Tell whether a number or a day is above another; text is put in order by the database's collation."""
    numbers = (int, float, Decimal)
    if isinstance(low, numbers) and isinstance(high, numbers):
        return low > high
    try:
        first, last = (date.fromisoformat(str(each)) for each in (low, high))
    except ValueError:
        return False
    return first > last


def scalar(value: Any) -> Scalar:
    """Return a value as a database driver understands it.

    Raises
    ------
    ValueError
        It is neither text, a number, a day, a time nor missing.
    """
    if type(value).__name__ in {"NAType", "NaTType"}:
        return None
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime()
    elif hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, Decimal, date)):
        return value
    if isinstance(value, float):
        if value != value or value in {float("inf"), float("-inf")}:  # noqa: PLR0124 - NaN is unequal to itself
            raise ValueError(f"holds {value}; give it a finite number")
        return value
    raise ValueError(f"holds a value of type {type(value).__name__}; give it text, a number or a day")
