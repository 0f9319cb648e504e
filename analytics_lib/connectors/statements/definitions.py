"""What stands behind the names in a statement: views, macros and functions that people made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.connectors.statements.volatility import names, selects, steady, switches, unknown_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping


class Definitions:
    """The statements behind names, asked for once each.

    Parameters
    ----------
    ask
        Returns what stands behind views of certain names, and behind functions of certain names; None for what no
        statement could tell.
    """

    def __init__(self, ask: Callable[[Collection[str], Collection[str]], Mapping[str, str | None]]) -> None:
        self._ask = ask
        self._names: set[str] = set()
        self._calls: set[str] = set()
        self._found: dict[str, str | None] = {}

    def behind(self, query: str) -> dict[str, str | None]:
        """Return the statements behind `query`, and behind those, by name."""
        behind: dict[str, str | None] = {}
        texts = [query]
        while texts:
            self._look_up(texts)
            used = {name for text in texts for name in names(text) if name in self._found and name not in behind}
            behind |= {name: self._found[name] for name in used}
            texts = [text for name in used if (text := self._found[name])]
        return behind

    def _look_up(self, texts: Collection[str]) -> None:
        wanted = {name for text in texts for name in names(text)} - self._names
        called = {name.lstrip(".") for text in texts for name in unknown_calls(text)} - self._calls
        if wanted or called:
            self._found |= self._ask(sorted(wanted), sorted(called))
            self._names |= wanted
            self._calls |= called


def is_repeatable(query: str, values: Mapping[str, object], behind: Mapping[str, str | None]) -> bool:
    """Return whether a query, with all that stands behind it, is known to answer the same while its data stay."""
    own = behind.keys()
    return (
        selects(query)
        and steady(query, values, known=own)
        and all(text is not None and steady(text, {}, known=own) for text in behind.values())
    )


def may_switch(query: str, behind: Mapping[str, str | None], *, has_programs: bool) -> bool:
    """Return whether a query may leave its session other than it found it.

    Parameters
    ----------
    query, behind
        The query, and what stands behind its names.
    has_programs
        Whether a function that is not known may do anything.
    """
    texts = [query, *behind.values()]
    return any(text is None or switches(text) or (has_programs and unknown_calls(text)) for text in texts)
