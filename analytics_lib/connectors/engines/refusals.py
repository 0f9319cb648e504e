"""What drivers refuse, as sentences that name the connection and hide the password."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from analytics_lib.connectors.engines.failures import is_lost
from analytics_lib.errors import AnalyticsError, ConnectionFailed, QueryError, ReadOnlyError

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from analytics_lib.model.connections import ConnectionSpec

_UNREACHABLE: Final = {"IOException", "OperationalError", "ConnectionException", "ConnectionTimeout", "InterfaceError"}

_PREFACE: Final = re.compile(r"DB-Lib error message \d+, severity \d+:\n?")


def refusal(error: Exception, spec: ConnectionSpec, url: URL) -> AnalyticsError:
    """Return what a driver raised as one of our errors.

    Parameters
    ----------
    error
        SQLAlchemy's wrapper of the driver's own error.
    spec, url
        The connection, and its url as SQLAlchemy reads it.
    """
    original = getattr(error, "orig", error)
    message = _said(original, url)
    where = f"connection '{spec.name}'"
    lowered = message.lower()
    is_opening = getattr(error, "statement", None) is None
    written = ("read-only", "readonly", "read only transaction")
    is_locked = "cannot open" in lowered or "could not set lock" in lowered  # DuckDB then speaks of read-only as well
    if not is_locked and any(part in lowered for part in written):
        return ReadOnlyError(
            f"the connection is read-only: {first_line(message)}",
            where=where,
            hint=f"set `read_only = false` under [connections.{spec.name}] in analytics.toml",
        )
    if is_lost(error):
        return ConnectionFailed(
            f"the database of connection '{spec.name}' went away: {first_line(message)}",
            where=spec.where,
            hint="ask again once it is up",
        )
    opening = type(original).__name__ in _UNREACHABLE and (is_opening or "connection" in lowered)
    if opening or "file is not a database" in lowered:
        return ConnectionFailed(
            f"the database of connection '{spec.name}' cannot be opened: {first_line(message)}",
            where=spec.where,
            hint=_opening_hint(lowered),
        )
    return QueryError(f"the database refuses the query: {_sentence(message)}", where=where)


def unopened(error: Exception, url: URL) -> ConnectionFailed:
    """Return what a driver raised on opening, whatever that is."""
    message = first_line(_said(error, url))
    return ConnectionFailed(f"the database cannot be opened: {message}", hint=_opening_hint(message.lower()))


def _said(error: object, url: URL) -> str:
    """Return what a driver says, without the password; PyMySQL gives a number and a text, pymssql a pair of them."""
    arguments: tuple[object, ...] = getattr(error, "args", ())
    if len(arguments) == 1 and isinstance(arguments[0], tuple):
        arguments = arguments[0]
    numbered = len(arguments) == 2 and isinstance(arguments[0], int)  # noqa: PLR2004 - a number and a text
    told = arguments[1] if numbered else error
    message = _PREFACE.sub("", told.decode(errors="replace") if isinstance(told, bytes) else str(told)).strip()
    return message.replace(str(url.password), "***") if url.password else message


def _opening_hint(message: str) -> str:
    if "lock" in message:
        return "another process writes to it; let that finish, or close it there"
    if any(part in message for part in ("does not exist", "no such file", "unable to open", "not a ")):
        return "check its url"
    if any(part in message for part in ("ssl", "tls", "certificate")):
        return "are the certificates and the ssl options in its url those of the server?"
    if any(part in message for part in ("password", "access denied", "authentication", "credentials")):
        return "the account or its password is wrong, or has expired: renew it where the url takes it from"
    return "is the server up, and are the address and the account in its url right?"


def first_line(message: str) -> str:
    """Return the first line of what a driver says, without a full stop."""
    return message.splitlines()[0].strip().rstrip(".!") if message else "no reason was given"


def _sentence(message: str) -> str:
    """Join what a database says over several lines; its drawing of the place is left out."""
    kept = []
    for line in message.splitlines():
        if line.startswith("LINE ") or set(line.strip()) <= {"^", "~"}:
            continue
        kept.append(line.strip().rstrip(".!"))
    return ". ".join(part for part in kept if part) or "no reason was given"
