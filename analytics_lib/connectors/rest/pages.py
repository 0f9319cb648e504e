"""Pages of a service, one after the other, and where to go on after each."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from analytics_lib.connectors.rest.paths import MISSING, find, kind_of
from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import httpx

    from analytics_lib.connectors.rest.client import Client
    from analytics_lib.model.source_parts import Paging, Rest

Position = dict[str, Any]
"""Where a page is found, as plain JSON without secrets."""

_SAME: Final = "the service has sent the same page before, and would go on without an end"


@dataclass(frozen=True)
class Page:
    """A page of rows, and where the next one is found; None after the last."""

    rows: list[dict[str, Any]]
    next: Position | None


class RestPages:
    """The pages of a service.

    Parameters
    ----------
    rest
        The service, its variables filled in.
    client
        Sends the requests.
    params
        Parameters of every request, besides those of the file: the mark of an incremental load.
    """

    def __init__(self, rest: Rest, client: Client, params: Mapping[str, Any] | None = None) -> None:
        self._rest, self._client = rest, client
        self._params = {**rest.params, **(params or {})}
        self._url = rest.base.rstrip("/") + (f"/{rest.path.lstrip('/')}" if rest.path else "")
        self._where = client.secrets.address(self._url)
        self._key = rest.auth.query.name if rest.auth is not None and rest.auth.query is not None else None

    def pages(self, begin: Position | None = None, before: Iterable[Position] = ()) -> Iterator[Page]:
        """Yield one page after the other.

        Parameters
        ----------
        begin
            Where to begin; the first page by default.
        before
            Where pages were found that need not be fetched again: one that comes back is noticed.

        Raises
        ------
        ConnectionFailed, SourceError
            A page does not come, or is not as the file says.
        """
        position = begin if begin is not None else self._first()
        seen = {_digest(each) for each in before} | {_digest(position)}
        count, last = len(seen), ""
        limit = self._rest.page.limit if self._rest.page is not None else 1
        while True:
            answer, content = self._fetch(position)
            rows = self._rows(content)
            digest = _digest(rows)
            if rows and digest == last:
                raise SourceError(_SAME, where=self._where, hint="check the parameters under rest.page")
            last = digest
            following = self._next(position, answer, content, rows)
            yield Page(rows, following)
            if following is None:
                return
            if _digest(following) in seen:
                raise SourceError(_SAME, where=self._where, hint="check rest.page: does its cursor move on?")
            count += 1
            if count > limit:
                raise SourceError(
                    f"the service has more than {limit:,} pages", where=self._where,
                    hint="raise rest.page.limit if that is right, or load it by `incremental`",
                )  # fmt: skip
            seen.add(_digest(following))
            position = following

    def _first(self) -> Position:
        paging = self._rest.page
        if paging is not None and paging.number is not None:
            return {"number": paging.number.start}
        if paging is not None and paging.offset is not None:
            return {"offset": 0}
        return {}

    def _fetch(self, position: Position) -> tuple[httpx.Response, Any]:
        url = position.get("url") or self._url
        params = {} if "url" in position else {**self._params, **self._paging_params(position)}
        answer = self._client.get(url, params)
        return answer, self._client.json(answer, url)

    def _paging_params(self, position: Position) -> dict[str, Any]:
        paging = self._rest.page
        if paging is None:
            return {}
        if paging.number is not None:
            size = {paging.number.size_param: paging.number.size} if paging.number.size_param else {}
            return {paging.number.param: position["number"], **size}
        if paging.offset is not None:
            return {paging.offset.param: position["offset"], paging.offset.limit_param: paging.offset.limit}
        if paging.cursor is not None and "cursor" in position:
            return {paging.cursor.param: position["cursor"]}
        return {}

    def _rows(self, content: Any) -> list[dict[str, Any]]:
        path = self._rest.records
        rows = content if path is None else find(content, path)
        if rows is MISSING:
            hint = f"it holds {_listed(content)}" if isinstance(content, dict) else f"it is {kind_of(content)}"
            raise SourceError(f"the answer has no '{path}', which rest.records names", where=self._where, hint=hint)
        if not isinstance(rows, list):
            holds = f"; it holds {_listed(rows)}" if isinstance(rows, dict) else ""
            what = f"'{path}' of the answer" if path is not None else "the answer"
            raise SourceError(
                f"{what} is {kind_of(rows)}, not a list of rows", where=self._where,
                hint=f"name the list of rows as rest.records{holds}",
            )  # fmt: skip
        wrong = next((number for number, row in enumerate(rows, 1) if not isinstance(row, dict)), None)
        if wrong is not None:
            raise SourceError(
                f"row {wrong} of a page is {kind_of(rows[wrong - 1])}, not an object", where=self._where,
                hint="name the list of objects as rest.records",
            )  # fmt: skip
        return rows

    def _next(self, position: Position, answer: httpx.Response, content: Any, rows: list[Any]) -> Position | None:
        paging = self._rest.page
        if paging is None:
            return None
        if paging.number is not None:
            pages = self._count(content, paging.number.pages)
            following = position["number"] + 1
            ends = not rows or (pages is not None and following >= paging.number.start + pages)
            return None if ends else {"number": following}
        if paging.offset is not None:
            total = self._count(content, paging.offset.total)
            following = position["offset"] + len(rows)  # not the limit: a service may give fewer a page
            return None if not rows or (total is not None and following >= total) else {"offset": following}
        if paging.cursor is not None:
            cursor = find(content, paging.cursor.next)
            return None if cursor in (MISSING, None, "", False) else {"cursor": cursor}
        return self._linked(paging, answer, content)

    def _count(self, content: Any, path: str | None) -> int | None:
        if path is None:
            return None
        found = find(content, path)
        if isinstance(found, bool) or not isinstance(found, int):
            said = "missing" if found is MISSING else kind_of(found)
            raise SourceError(f"'{path}' of the answer is {said}, not a whole number", where=self._where,
                              hint="check rest.page")  # fmt: skip
        return found

    def _linked(self, paging: Paging, answer: httpx.Response, content: Any) -> Position | None:
        path = paging.link.next if paging.link is not None else None
        found = find(content, path) if path is not None else answer.links.get("next", {}).get("url")
        if found in (MISSING, None, ""):
            return None
        url = urljoin(str(answer.url), str(found))
        here, there = urlsplit(self._url), urlsplit(url)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise SourceError(
                f"the next page is at another place, {self._client.secrets.address(url)}", where=self._where,
                hint="the credential is not sent there; write that place as rest.base",
            )  # fmt: skip
        return {"url": self._without_key(url)}

    def _without_key(self, url: str) -> str:
        """Return an address without the key in it: the client adds it, and a stored page must not hold it."""
        parts = urlsplit(url)
        if self._key is None or not parts.query:
            return url
        kept = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] != self._key]
        return urlunsplit(parts._replace(query=urlencode(kept)))


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _listed(content: dict[str, Any]) -> str:
    names = [f"'{name}'" for name in list(content)[:8]]
    return ", ".join(names) or "nothing"
