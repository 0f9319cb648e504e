"""Statements that people write: one SELECT, values bound by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import QueryError, ReadOnlyError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import TextClause

# What may not be mistaken for SQL of interest: strings (E'…' knows backslashes), quoted names, comments, dollar quotes.
_OPAQUE: Final = (
    r"""(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/"""
    r"""|(?<![\w$])\$(?P<tag>[A-Za-z_]\w*|)\$.*?\$(?P=tag)\$"""
)
_TOKEN: Final = re.compile(rf"(?P<opaque>{_OPAQUE})|(?P<cast>::)|:(?P<name>[A-Za-z_]\w*)|(?P<colon>:)", re.DOTALL)
_NOISE: Final = re.compile(_OPAQUE, re.DOTALL)
_READING: Final = frozenset({"select", "with", "values", "from", "table", "explain", "show", "describe", "summarize"})


def require_single_select(query: str, connection: str) -> None:
    """Refuse anything but one reading statement.

    The engine is opened read-only as well; this guard is there for the sentence, and for engines whose read-only mode
    still lets a statement switch it off.

    Raises
    ------
    QueryError
        The text is empty, holds two statements, or a comment within a comment: engines disagree on where that ends.
    ReadOnlyError
        It does not start as a reading statement does.
    """
    if any(match[0].startswith("/*") and "/*" in match[0][2:] for match in _NOISE.finditer(query)):
        raise QueryError(
            "the query holds a comment within a comment", where=f"connection '{connection}'", hint="write -- comments"
        )
    bare = _bare(query)
    if not bare:
        raise QueryError("the query is empty", where=f"connection '{connection}'", hint="write one SELECT")
    if ";" in bare:
        raise QueryError(
            "the query holds more than one statement", where=f"connection '{connection}'", hint="write one SELECT"
        )
    word = first_word(query)
    if word not in _READING:
        raise ReadOnlyError(
            f"the connection is read-only and the statement starts with {word.upper()}",
            where=f"connection '{connection}'",
            hint="write one SELECT, or set `read_only = false` for the connection and use .execute()",
        )


def first_word(query: str) -> str:
    """Return the word that a query starts with, in lower case; comments are none.

    Examples
    --------
    >>> first_word("/* all */ (SELECT 1)")
    'select'
    """
    bare = _bare(query)
    first = re.match(r"[(\s]*(\w+)", bare)
    return first[1].lower() if first else bare.split()[0] if bare else ""


def _bare(query: str) -> str:
    """Return a query without comments and without what its strings say."""
    return _NOISE.sub(lambda match: " " if match[0][0] in "-/" else "''", query).strip().rstrip("; \n\t")


def inner(query: str) -> str:
    r"""Return a query as it may stand in brackets: without the semicolon that ends it, and on lines of its own.

    Examples
    --------
    >>> inner("select ';' as x; -- done")
    "\nselect ';' as x  -- done\n"
    """
    bare = _NOISE.sub(lambda match: " " * len(match[0]) if match[0][0] in "-/" else "'" * len(match[0]), query)
    return "\n" + "".join(" " if bare[at] == ";" else letter for at, letter in enumerate(query)) + "\n"


def bind(query: str, values: Mapping[str, object], connection: str) -> TextClause:
    """Return `query` as a SQLAlchemy clause whose ``:name`` placeholders are bound to `values`.

    Lists and tuples expand, so ``carrier in :carriers`` works. Text is bound without a type, so that the database
    compares an ISO date with a date column as it does with a literal.

    Raises
    ------
    QueryError
        A placeholder without a value, a value without a placeholder, or a value of a type that cannot be bound.
    """
    from sqlalchemy import bindparam, text
    from sqlalchemy.types import NullType

    names: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        if match["name"]:
            names.append(match["name"])
            return f":{match['name']} "
        return match[0].replace(":", "\\:")

    clause = text(_TOKEN.sub(placeholder, query))
    where = f"connection '{connection}'"
    for name in names:
        if name not in values:
            raise QueryError(f"the query names :{name}, but no value was given", where=where, hint=f"pass {name}=…")
    for name in values:
        if name not in names:
            raise QueryError(f"a value was given for '{name}', which the query does not name", where=where,
                             hint=nearest(name, names) if names else f"write :{name} where it belongs")  # fmt: skip
    bound = []
    for name, plain in plain_values(values, connection).items():
        untyped = all(isinstance(each, str) for each in (plain if isinstance(plain, list) else [plain]))
        kind = NullType() if untyped else None
        bound.append(bindparam(name, plain, expanding=isinstance(plain, list), type_=kind))
    return clause.bindparams(*bound)


def plain_values(values: Mapping[str, object], connection: str) -> dict[str, Any]:
    """Return values as a database driver understands them: plain Python scalars, or lists of them.

    Raises
    ------
    QueryError
        A value of another type, or an empty list.
    """
    return {name: _plain(value, name, f"connection '{connection}'") for name, value in values.items()}


def _plain(value: object, name: str, where: str) -> Any:
    """Return what a database driver understands: plain Python scalars, or a list of them."""
    from datetime import date, datetime, time, timedelta
    from decimal import Decimal
    from uuid import UUID

    if isinstance(value, (list, tuple, set, frozenset)) or type(value).__name__ in {"Series", "ndarray", "Index"}:
        items = [_plain(item, name, where) for item in value]  # type: ignore[attr-defined]
        if not items:
            raise QueryError(f"the list given for :{name} is empty", where=where, hint="give at least one value")
        return items
    if hasattr(value, "to_pydatetime"):
        return None if value != value else value.to_pydatetime()  # noqa: PLR0124 - NaT is unequal to itself
    if type(value).__name__ == "NAType":
        return None
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(
        value, (str, bytes, bool, int, float, Decimal, date, datetime, time, timedelta, UUID)
    ):
        return value
    raise QueryError(
        f"the value given for :{name} is of type {type(value).__name__}",
        where=where,
        hint="give text, a number or a date",
    )


def placeholders(query: str) -> list[str]:
    """Return the names of the ``:name`` placeholders in `query`, strings and comments left out.

    Examples
    --------
    >>> placeholders("select ':no', x::int from t where d <= :as_of -- :neither")
    ['as_of']
    """
    return list(dict.fromkeys(match["name"] for match in _TOKEN.finditer(query) if match["name"]))
