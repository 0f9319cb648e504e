"""What services refuse, as sentences that name the address and hold no secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import httpx

from analytics_lib.errors import AnalyticsError, ConnectionFailed, SourceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analytics_lib.connectors.rest.secrets import Secrets

_SAID: Final[Mapping[int, tuple[str, str]]] = {
    400: ("the service does not understand the request", "check rest.params, and the parameters of rest.page"),
    401: ("the service does not know the credential, or it has expired", "renew it, and set its variable anew"),
    403: ("the credential may not read this", "ask the service's owner for the right to read it"),
    404: ("there is nothing at this address", "check rest.base and rest.path"),
    410: ("there is nothing at this address any more", "check rest.base and rest.path"),
    429: ("the service is asked too often", "lower rest.rate, or run it again later; it goes on where it stopped"),
}
_TOKEN_REFUSED: Final = (400, 401, 403)
_DOWN: Final = 500
_MOVED: Final = range(300, 400)


def refused(answer: httpx.Response, where: str, secrets: Secrets, *, token: bool = False) -> AnalyticsError:
    """Return an answer that brings nothing as one of our errors.

    Parameters
    ----------
    answer
        What the service said.
    where
        The address, for people.
    secrets
        What may not be seen.
    token
        Whether a token was asked for.
    """
    status = answer.status_code
    if status >= _DOWN:
        return ConnectionFailed(
            f"the service fails: status {status}", where=where, hint="run it again later; it goes on where it stopped"
        )
    if status in _MOVED:
        to = secrets.address(str(answer.headers.get("Location", ""))) if "Location" in answer.headers else "elsewhere"
        return SourceError(
            f"the address has moved to {to}: status {status}", where=where, hint="write that as rest.base"
        )
    if token and status in _TOKEN_REFUSED:
        return SourceError(
            f"the service gives out no token: status {status}", where=where,
            hint="check client_id, client_secret and scope under rest.auth.oauth2",
        )  # fmt: skip
    said, hint = _SAID.get(status, ("the service refuses the request", "check rest.path and rest.params"))
    asked = answer.headers.get("Retry-After", "")
    said += f", and asks to wait {_seconds(asked)}" if asked and status == httpx.codes.TOO_MANY_REQUESTS else ""
    kind = ConnectionFailed if status == httpx.codes.TOO_MANY_REQUESTS else SourceError
    return kind(f"{said}: status {status}", where=where, hint=hint)


def failed(error: Exception, where: str, secrets: Secrets, timeout: float, attempts: int) -> ConnectionFailed:
    """Return what went wrong on the way to a service and back as one of our errors."""
    times = f" ({attempts} attempts)" if attempts > 1 else ""
    reason = secrets.hide(str(error)).strip().rstrip(".") or type(error).__name__
    again = "run it again later; it goes on where it stopped"
    if isinstance(error, httpx.TimeoutException):
        return ConnectionFailed(
            f"the service has not answered within {timeout:g} s{times}",
            where=where,
            hint=f"{again}, or raise rest.timeout",
        )
    if "SSL" in reason or "CERTIFICATE" in reason:
        return ConnectionFailed(
            f"the connection is not safe: {reason}", where=where,
            hint="check the address; for a certificate of your own set SSL_CERT_FILE",
        )  # fmt: skip
    if isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
        return ConnectionFailed(f"the service broke off its answer{times}: {reason}", where=where, hint=again)
    if isinstance(error, httpx.InvalidURL | httpx.UnsupportedProtocol | UnicodeError):
        return ConnectionFailed(f"the address cannot be asked: {reason}", where=where, hint="check rest.base")
    if isinstance(error, httpx.DecodingError):
        return ConnectionFailed(f"the answer cannot be unpacked: {reason}", where=where, hint=again)
    return ConnectionFailed(
        f"the service cannot be reached{times}: {reason}", where=where, hint="is the address right, and is it up?"
    )


def unusable(answer: httpx.Response, where: str) -> SourceError:
    """Return an answer that is no JSON as one of our errors; its content is not shown, it may hold anything."""
    said = answer.headers.get("Content-Type", "").partition(";")[0].strip()
    if said and "json" not in said:
        return SourceError(
            f"the answer is {said}, not JSON",
            where=where,
            hint="check rest.base and rest.path: is it a page for people?",
        )
    size = len(answer.content)
    what = "empty" if not size else "half a page of JSON, or none at all"
    return SourceError(
        f"the answer is {what} ({size:,} bytes)", where=where, hint="run it again; it goes on where it stopped"
    )


def _seconds(said: str) -> str:
    return f"{int(said):,} s" if said.isdecimal() else f"until {said}"
