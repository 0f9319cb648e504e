"""Requests to a service: paced, repeated where that may help, and refused in sentences that hold no secret."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Final, Self

import httpx

from analytics_lib.connectors.rest.auth import Entry, Fixed, Token
from analytics_lib.connectors.rest.refusals import failed, refused, unusable
from analytics_lib.connectors.rest.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from analytics_lib.model.source_parts import Rest

_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_FIRST_WAIT_S: Final = 0.5
_LONGEST_WAIT_S: Final = 60.0
_UNAUTHORIZED: Final = 401


class Client:
    """Sends requests to one service.

    Parameters
    ----------
    rest
        The service, its variables filled in.
    secrets
        Values that no error and no stored page may hold.
    sleep, clock
        For tests: waits so many seconds, and seconds that only go forward.
    say
        Told in a sentence when it waits for long.
    """

    def __init__(
        self,
        rest: Rest,
        secrets: Collection[str] = (),
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.secrets = Secrets(secrets)
        self._rest = rest
        self._sleep, self._clock, self._say = sleep, clock, say
        self._dice = random.Random()  # noqa: S311 - spreads repeated requests, hides nothing
        self._next_at = 0.0
        # A redirect to another host would take keys in headers along: it is refused, not followed.
        self._http = httpx.Client(timeout=rest.timeout, follow_redirects=False, headers={"Accept": "application/json"})
        oauth = rest.auth.oauth2 if rest.auth is not None else None
        self._entry: Entry = (
            Fixed(rest.auth, self.secrets) if oauth is None else Token(oauth, self._post, self.secrets, clock)
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, url: str, params: Mapping[str, Any]) -> httpx.Response:
        """Return the service's answer to a GET.

        Parameters
        ----------
        url
            The address; parameters that stand in it are kept.
        params
            Further parameters of the address.

        Raises
        ------
        ConnectionFailed
            The service cannot be reached, is down, or asks to wait for longer than `Rest.patience`.
        SourceError
            It refuses the request.
        """

        def send() -> httpx.Response:
            headers, more = dict(self._rest.headers), dict(params)
            self._entry.apply(headers, more)
            return self._http.get(httpx.URL(url).copy_merge_params(more), headers=headers)

        answer = self._repeated(send, url)
        if answer.status_code == _UNAUTHORIZED and self._entry.renew():
            answer = self._repeated(send, url)
        if answer.is_success:
            return answer
        raise refused(answer, self.secrets.address(url), self.secrets)

    def json(self, answer: httpx.Response, url: str) -> Any:
        """Return what an answer holds.

        Raises
        ------
        SourceError
            It is no JSON, or half of it.
        """
        try:
            return answer.json()
        except ValueError:
            raise unusable(answer, self.secrets.address(url)) from None

    def _post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> httpx.Response:
        answer = self._repeated(lambda: self._http.post(url, data=dict(form), headers=dict(headers)), url)
        if answer.is_success:
            return answer
        raise refused(answer, self.secrets.address(url), self.secrets, token=True)

    def _repeated(self, send: Callable[[], httpx.Response], url: str) -> httpx.Response:
        """Send until it succeeds, is refused for good, or has failed often enough."""
        where = self.secrets.address(url)
        for attempt in range(self._rest.retries + 1):
            self._pace()
            last = attempt == self._rest.retries
            try:
                answer = send()
            except httpx.TransportError as error:
                if last or not _may_pass(error):
                    raise failed(error, where, self.secrets, self._rest.timeout, attempt + 1) from None
                self._wait(self._backoff(attempt))
                continue
            except (httpx.InvalidURL, httpx.DecodingError, UnicodeError) as error:
                raise failed(error, where, self.secrets, self._rest.timeout, attempt + 1) from None
            asked = _retry_after(answer)
            if answer.status_code not in _AGAIN or last or (asked or 0.0) > self._rest.patience:
                return answer
            self._wait(self._backoff(attempt) if asked is None else asked)
        raise AssertionError("unreachable")  # the last attempt returns or raises

    def _backoff(self, attempt: int) -> float:
        """Return a random wait below a limit that doubles: those that failed together do not come back together.

        "Full jitter": https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
        """
        return self._dice.uniform(0.0, min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2**attempt))

    def _wait(self, seconds: float) -> None:
        if seconds > 1.0:
            self._say(f"waiting {seconds:.0f} s, as {self.secrets.address(self._rest.base)} asks")
        self._sleep(seconds)

    def _pace(self) -> None:
        """Keep the rate: wait until the next request is due."""
        now = self._clock()
        if now < self._next_at:
            self._sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + self._rest.pause


def _may_pass(error: httpx.TransportError) -> bool:
    """Return whether the same request may succeed later: a wrong certificate stays wrong."""
    return "CERTIFICATE_VERIFY_FAILED" not in str(error) and not isinstance(error, httpx.UnsupportedProtocol)


def _retry_after(answer: httpx.Response) -> float | None:
    """Return how many seconds an answer asks to wait: a number, or a date (RFC 9110, section 10.2.3)."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal():
        return float(said)
    try:
        until = parsedate_to_datetime(said)
    except ValueError:
        return None
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.now(UTC)).total_seconds())
