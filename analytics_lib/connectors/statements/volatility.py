"""Statements whose answer may change while the data that they read stay as they are.

Two questions, each answered on its safe side. What is `changing` is known to ask the clock, chance, or the server: a
page made from it is never taken for unchanged. What is `steady` is known to do nothing of the kind: one answer serves
several kernels. Between the two lie functions that the library does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.statements.functions import (
    CHANGING,
    CHANGING_WORDS,
    CLOCK_TEXTS,
    KEYWORDS,
    LEAST_ARGUMENTS,
    SAME,
    SWITCHING,
    TYPES,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_TOKEN: Final = re.compile(
    r"""(?P<skipped>--[^\n]*|/\*.*?\*/|\s+)"""
    r"""|(?P<string>(?<![\w$])[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|(?<![\w$])\$(?P<tag>[^\W\d]\w*|)\$.*?\$(?P=tag)\$)"""
    r"""|(?P<quoted>"(?:[^"]|"")*")|(?P<word>[^\W\d][\w$]*)|(?P<cast>::)|(?P<other>.)""",
    re.DOTALL,
)
_CLOCK_TEXT: Final = re.compile(rf"\b(?:{'|'.join(sorted(CLOCK_TEXTS))})\b", re.I)
_TIME_TYPES: Final = frozenset({"date", "time", "timestamp", "timestamptz", "timetz", "datetime"})
_NAMING: Final = frozenset({"with", "recursive", "as", "view", "exists"})
"""Words before a name and its columns: ``with a (x) as``, ``… as a (x)``, ``create view a (x)``."""
_SELECTING: Final = frozenset({"select", "with", "values", "from", "table"})
_STATE: Final = re.compile(r"pg_(?!typeof$|size_pretty$|get_expr$)|inet_server_|txid_|duckdb_|pragma_")


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str

    @property
    def bare(self) -> str:
        """What the token says without quotes, names in lower case."""
        return self.content if self.kind == "string" else self.content.lower()

    @property
    def content(self) -> str:
        """What the token says without quotes."""
        if self.kind == "quoted":
            return self.text[1:-1].replace('""', '"')
        if self.kind != "string":
            return self.text
        if self.text.startswith("$"):
            return self.text[self.text.index("$", 1) + 1 : self.text.rindex("$", 0, -1)]
        return self.text[self.text.index("'") + 1 : -1].replace("''", "'")


_NOTHING: Final = _Token("other", "")


def changing(query: str, values: Mapping[str, object] | None = None) -> str:
    """Return what in a statement is known to change by itself, as a person would name it; empty where nothing is.

    Examples
    --------
    >>> changing("select * from orders where day = current_date -- now()")
    'current_date'
    >>> changing("select 'random()' as said")
    ''
    """
    tokens = _tokens(query)
    for before, token, after in _windows(tokens):
        name = token.bare
        if token.kind in {"word", "quoted"} and after.text == "(" and (name in CHANGING or _STATE.match(name)):
            return f"{name}()"
        if token.kind == "word" and name in CHANGING_WORDS and before.bare not in {".", "as"} and after.text != ".":
            return name
        if token.kind == "word" and name == "using" and after.bare == "sample":
            return "a sample"
        if token.kind == "string" and name.strip().lower() in CLOCK_TEXTS:
            in_a_call = before.text in {"(", ","} and any(each.bare in LEAST_ARGUMENTS for each in tokens)
            if in_a_call or after.kind == "cast" or before.bare in _TIME_TYPES:
                return f"'{name}'"
    asked = _asks_by_default(tokens)
    if asked:
        return asked
    given = [value for value in _texts(values) if value.strip().lower() in CLOCK_TEXTS]
    return f"'{given[0]}'" if given else ""


def selects(query: str) -> bool:
    """Return whether a statement is a plain query: `explain` tells of times, `show` of the session."""
    return next((token.bare for token in _tokens(query) if token.text != "("), "") in _SELECTING


def steady(query: str, values: Mapping[str, object], *, known: Collection[str] = ()) -> bool:
    """Return whether nothing in a statement may answer differently while its data stay as they are.

    Parameters
    ----------
    query, values
        The statement, and what is bound in it.
    known
        Functions, besides the engines' own, whose statements are looked at as well.
    """
    tokens = _tokens(query)
    texts = [*(token.bare for token in tokens if token.kind == "string"), *_texts(values)]
    return (
        not changing(query, values)
        and {name.removeprefix(".") for name in unknown_calls(query)} <= {*known}
        and not any(_CLOCK_TEXT.search(text) for text in texts)
    )


def unknown_calls(query: str) -> frozenset[str]:
    """Return the functions that a statement calls and the library does not know."""
    return _calls(query) - SAME - CHANGING - LEAST_ARGUMENTS.keys()


def switches(query: str) -> bool:
    """Return whether a statement is known to leave its session other than it found it."""
    return bool(_calls(query) & SWITCHING)


def quoted(query: str) -> list[str]:
    """Return what stands in quotes in a statement, comments left out: texts, names, and the files of some engines.

    Examples
    --------
    >>> quoted("select 'it''s' /* don't read 'this.csv' */ from 'data/sales.csv'")
    ["it's", 'data/sales.csv']
    """
    return [token.content for token in _tokens(query) if token.kind in {"string", "quoted"}]


@lru_cache(maxsize=256)
def names(query: str) -> frozenset[str]:
    """Return all names in a statement, in lower case: tables, columns, functions."""
    return frozenset(token.bare for token in _tokens(query) if token.kind in {"word", "quoted"})


@lru_cache(maxsize=256)
def _calls(query: str) -> frozenset[str]:
    """Return what stands before a bracket and may be a function."""
    found = set()
    for before, token, after in _windows(_tokens(query)):
        if after.text != "(":
            continue
        if token.text in {"]", "`"}:
            found.add(token.text)  # a name in the brackets of another dialect
        elif _may_call(token) and before.bare not in _NAMING:
            found.add(f".{token.bare}" if before.text == "." else token.bare)  # of a schema: none of the engine's own
    return frozenset(found)


@lru_cache(maxsize=256)
def _tokens(query: str) -> tuple[_Token, ...]:
    found = (
        _Token(str(match.lastgroup if match.lastgroup != "tag" else "string"), match[0])
        for match in _TOKEN.finditer(query)
    )
    return tuple(token for token in found if token.kind != "skipped")


def _windows(tokens: tuple[_Token, ...]) -> Iterator[tuple[_Token, _Token, _Token]]:
    """Yield each token with the one before and the one after it."""
    yield from zip((_NOTHING, *tokens), tokens, (*tokens[1:], _NOTHING), strict=False)


def _asks_by_default(tokens: tuple[_Token, ...]) -> str:
    """Return the call of a function that asks for what it is not given: ``date()``, ``age(born)``; empty for none."""
    for place, (_, token, after) in enumerate(_windows(tokens)):
        called = after.text == "(" and token.kind != "string"
        if called and _arguments(tokens[place + 2 :]) < LEAST_ARGUMENTS.get(token.bare, 0):
            return f"{token.bare}()"
    return ""


def _may_call(token: _Token) -> bool:
    return token.kind == "quoted" or (token.kind == "word" and token.bare not in KEYWORDS | TYPES)


def _arguments(tokens: tuple[_Token, ...]) -> int:
    """Return how many arguments stand before the closing bracket."""
    depth, count, empty = 0, 1, True
    for token in tokens:
        if token.text == ")" and depth == 0:
            break
        depth += (token.text in {"(", "["}) - (token.text in {")", "]"})
        count += token.text == "," and depth == 0
        empty = False
    return 0 if empty else count


def _texts(values: Mapping[str, object] | None) -> Iterable[str]:
    for value in (values or {}).values():
        for each in value if isinstance(value, (list, tuple, set, frozenset)) else (value,):
            if isinstance(each, str):
                yield each
