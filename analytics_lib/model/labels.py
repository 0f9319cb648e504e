"""Labels of groups as plain Python has them, whatever database or frame they come from."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_DAY_LENGTH: Final = 10


def plain_label(value: object) -> Any:
    """Return a label as plain Python has it: whole numbers as int, times and texts of a day as date, missing as None.

    Examples
    --------
    >>> plain_label("2026-01-05"), plain_label(Decimal(3)), plain_label(float("nan")), plain_label("A")
    (datetime.date(2026, 1, 5), 3, None, 'A')
    """
    if hasattr(value, "item"):
        value = value.item()
    if value is None or value != value:  # noqa: PLR0124 - NaN and NaT are unequal to themselves
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, (float, Decimal)):
        return int(value) if value == int(value) else float(value)
    if isinstance(value, str) and len(value) == _DAY_LENGTH and value[4] == value[7] == "-":
        try:
            return date.fromisoformat(value)
        except ValueError:
            return value
    return value


def ordered(rows: Sequence[tuple[Any, ...]]) -> list[int]:
    """Return the order of rows of labels; what does not compare is ordered as text, missing labels come last.

    Examples
    --------
    >>> ordered([("B", 2), (None, 1), ("A", 10), ("A", 9)])
    [3, 2, 0, 1]
    """
    return sorted(range(len(rows)), key=lambda at: tuple(_sortable(value) for value in rows[at]))


def _sortable(value: Any) -> tuple[int, float, str]:
    if value is None:
        return 3, 0.0, ""
    if isinstance(value, (bool, int, float)):
        return 0, float(value), ""
    return (1, float(value.toordinal()), "") if isinstance(value, date) else (2, 0.0, str(value))
