"""Values as JSON holds them, which knows neither NaN nor infinite numbers, and back."""

from __future__ import annotations

import math
from dataclasses import asdict, is_dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_INFINITE: Final = {"Infinity": math.inf, "-Infinity": -math.inf}


def plain(value: Any) -> Any:
    """Return a value as JSON has it; NaN becomes None, an infinity its name, a day its ISO form.

    Examples
    --------
    >>> plain({"lower": float("-inf"), "day": date(2026, 3, 1), 1: (float("nan"), 2)})
    {'lower': '-Infinity', 'day': '2026-03-01', '1': [None, 2]}
    """
    if is_dataclass(value) and not isinstance(value, type):
        value = asdict(value)
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else ("-" if value < 0 else "") + "Infinity"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def numbers(values: Iterable[Any]) -> list[float]:
    """Return a stored column of numbers as it was.

    Examples
    --------
    >>> numbers([1.5, None, "-Infinity"])
    [1.5, nan, -inf]
    """
    return [math.nan if each is None else float(_INFINITE.get(each, each)) for each in values]
