"""Values in statements: bound, never pasted; and shown as literals only for people to read."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import BindParameter, ColumnElement, Dialect

    from analytics_lib.model.metrics.conditions import Scalar

    Column = ColumnElement[Any]


class Untyped(sa.types.UserDefinedType[str]):
    """Text that a database reads as it does a literal: as a day, where it is compared with days."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Return what it would be stored as."""
        return "TEXT"

    def literal_processor(self, dialect: Dialect) -> Callable[[Any], str]:
        """Return how it is shown: in quotes; in Spark, whose settings decide what a backslash means, as bytes."""
        if dialect.name == "spark":
            return _spark_text
        shown: Callable[[Any], str] = sa.String().literal_processor(dialect)  # type: ignore[no-untyped-call]
        return shown


_TYPES: Final[tuple[tuple[type, Callable[[], sa.types.TypeEngine[Any]]], ...]] = (
    (bool, sa.Boolean), (int, sa.BigInteger), (float, sa.Double), (Decimal, sa.Numeric),
)  # fmt: skip
"""In this order: true and false are numbers to Python."""


def _spark_text(text: str) -> str:
    if "'" in text or "\\" in text:
        return f"decode(unhex('{text.encode().hex()}'), 'UTF-8')"
    return f"'{text}'"


def bound(value: Scalar) -> BindParameter[Any]:
    """Return a value that is sent apart from the statement."""
    if isinstance(value, datetime):
        return sa.bindparam(None, value.isoformat(" "), type_=Untyped())
    if isinstance(value, date):
        return sa.bindparam(None, value.isoformat(), type_=Untyped())
    return sa.bindparam(
        None, value, type_=next((made() for kind, made in _TYPES if isinstance(value, kind)), Untyped())
    )


def written(number: float) -> Column:
    """Return a number that stands in the statement as it is: equal expressions must look equal to be grouped by."""
    literal: Column = sa.literal_column(repr(number))
    return literal
