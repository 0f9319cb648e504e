"""Statements as text, in the words of one dialect; Spark's among them, which no SQLAlchemy driver is needed for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import GenericTypeCompiler, IdentifierPreparer

from analytics_lib.errors import MetricError, nearest

if TYPE_CHECKING:
    from sqlalchemy import Dialect, Select


class _SparkTypes(GenericTypeCompiler):
    def visit_DOUBLE_PRECISION(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002, N802 - SQLAlchemy's name
        return "DOUBLE"

    def visit_double(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        return "DOUBLE"

    def visit_datetime(self, type_: Any, **kw: Any) -> str:  # noqa: ARG002
        return "TIMESTAMP"


class _SparkNames(IdentifierPreparer):
    def __init__(self, dialect: Dialect, **given: Any) -> None:
        super().__init__(dialect, **{**given, "initial_quote": "`"})


class SparkDialect(DefaultDialect):
    """Spark SQL as text: identifiers in backticks, and its names of types."""

    name = "spark"
    supports_native_boolean = True
    supports_statement_cache = True
    div_is_floordiv = False  # else divisors are cast to NUMERIC, which is decimal(10, 0) there
    type_compiler_cls = _SparkTypes
    preparer: type[IdentifierPreparer] = _SparkNames


_KNOWN: Final = {"spark": SparkDialect}


def dialect_named(name: str) -> Dialect:
    """Return a dialect that statements are only written for.

    Raises
    ------
    MetricError
        There is none of that name.
    """
    if name not in _KNOWN:
        raise MetricError(f"there is no dialect '{name}' to write for", hint=nearest(name, _KNOWN))
    return _KNOWN[name]()


def text_of(statement: Select[Any], dialect: Dialect) -> str:
    """Return a statement with its values written out, for people to read."""
    text = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
    return text.replace("%%", "%") if dialect.paramstyle in {"format", "pyformat"} else text
