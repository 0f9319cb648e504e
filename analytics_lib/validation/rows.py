"""Rows that are ready for JSON: no NaN, no date objects, nothing of numpy."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

from analytics_lib.model.checks import MAX_FAILING_ROWS

Json: TypeAlias = bool | int | float | str | list[Any] | dict[str, Any] | None


def first_rows(rows: Iterable[Mapping[Any, Any]]) -> tuple[dict[str, Any], ...]:
    """Return at most `MAX_FAILING_ROWS` rows as column → JSON-ready value."""
    return tuple({str(name): plain(value) for name, value in row.items()} for row in islice(rows, MAX_FAILING_ROWS))


def plain(value: object) -> Json:
    """Return a value of JSON for a value of a database or a frame; what is missing there is None.

    Examples
    --------
    >>> from datetime import date
    >>> plain(date(2013, 1, 1)), plain(float("nan")), plain(Decimal("2.50")), plain({"a": (1, None)})
    ('2013-01-01', None, 2.5, {'a': [1, None]})
    """
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:  # a scalar of numpy
        return plain(value.item())
    if value is None or isinstance(value, bool | int | str):
        return value
    if _is_missing(value):
        return None
    if isinstance(value, Decimal):
        value = int(value) if value.is_finite() and value == value.to_integral_value() else float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, int) else _composed(value)


def _composed(value: object) -> Json:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(each) for each in value]
    return plain(value.tolist()) if hasattr(value, "tolist") else str(value)


def _is_missing(value: object) -> bool:
    """Whether it is NaN, NaT or NA: each is unequal to itself, or refuses to say."""
    try:
        return bool(value != value)  # noqa: PLR0124 - the definition of not a number
    except (TypeError, ValueError):  # NA has no truth value; neither has an array, which is not missing
        return not hasattr(value, "__len__")
