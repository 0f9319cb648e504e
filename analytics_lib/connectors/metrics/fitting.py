"""Whether a condition's values are of the kind that a column holds: not every database says so when they are not."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.metrics.clocks import DAY, INSTANT, TIME
from analytics_lib.connectors.moments.kinds import NUMBER, OTHER
from analytics_lib.errors import MetricError

if TYPE_CHECKING:
    from analytics_lib.model.metrics.conditions import Condition, Scalar
    from analytics_lib.model.metrics.joins import Field

TYPED: Final = frozenset({"duckdb", "postgresql", "mariadb", "mysql"})
"""The dialects of which `kind_of` knows all codes."""
_TIMES: Final = frozenset({DAY, TIME, INSTANT})


def require_fit(field: Field, kind: str, condition: Condition) -> None:
    """Refuse values that a column cannot hold. MariaDB takes every text that is no number for 0, and true for 1.

    Parameters
    ----------
    field
        The dimension.
    kind
        What its column holds; `UNKNOWN` where the database does not tell, as SQLite.
    condition
        What it must be.

    Raises
    ------
    MetricError
        A value is of another kind.
    """
    for value in (*condition.values, condition.low, condition.high):
        if value is None:
            continue
        holds, wanted = _misfit(field.dimension.type, kind, value)
        if holds:
            shown = str(value) if isinstance(value, (date, Decimal)) else repr(value)
            raise MetricError(
                f"the condition on '{field.path}' has the value {shown}, and '{field.path}' holds {holds}",
                hint=f"give it {wanted}",
            )


def _misfit(type_: str, kind: str, value: Scalar) -> tuple[str, str]:
    """Return what a column holds and what would be right; nothing where the value fits."""
    if type_ == "boolean":
        return ("", "") if isinstance(value, bool) else ("true and false", "one of these, without quotes")
    if type_ == "time" or kind in _TIMES:
        return ("", "") if _is_time(value) else ("times", "a day: 2026-01-31")
    if kind == NUMBER and not _is_number(value):
        return "numbers", "a number"
    if kind == OTHER and isinstance(value, (int, float, Decimal)):
        return "text", "text, in quotes"
    return "", ""


def _is_time(value: Scalar) -> bool:
    if not isinstance(value, str):
        return isinstance(value, date)
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_number(value: Scalar) -> bool:
    if not isinstance(value, str):
        return not isinstance(value, date)
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False
