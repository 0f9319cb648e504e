"""How a service lets us in: what is added to each request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from analytics_lib.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from analytics_lib.connectors.rest.secrets import Secrets
    from analytics_lib.model.source_parts import Auth, ClientCredentials

_EARLY_S: Final = 30.0  # a token is renewed so long before it ends
_UNKNOWN_S: Final = 300.0  # a service may leave out how long a token lasts


class Entry(Protocol):
    """Lets a request in."""

    def apply(self, headers: dict[str, str], params: dict[str, Any]) -> None:
        """Add what the service asks for to a request's headers or parameters."""

    def renew(self) -> bool:
        """Return whether a request that was refused may be sent again, with something new."""


class Fixed:
    """A token, a key, or an account with its password: the same for each request."""

    def __init__(self, auth: Auth | None, secrets: Secrets) -> None:
        self._headers: dict[str, str] = {}
        self._params: dict[str, str] = {}
        if auth is None:
            return
        if auth.bearer is not None:
            self._headers["Authorization"] = f"Bearer {auth.bearer}"
        elif auth.header is not None:
            self._headers[auth.header.name] = auth.header.value
        elif auth.query is not None:
            self._params[auth.query.name] = auth.query.value
        elif auth.basic is not None:
            self._headers["Authorization"] = basic(auth.basic.user, auth.basic.password, secrets)

    def apply(self, headers: dict[str, str], params: dict[str, Any]) -> None:
        """Add it."""
        headers.update(self._headers)
        params.update(self._params)

    def renew(self) -> bool:
        """Return False: there is nothing new to send."""
        return False


class Token:
    """A token by OAuth 2.0 client credentials (RFC 6749, section 4.4), fetched when it is needed.

    Parameters
    ----------
    credentials
        Who asks, and where.
    post
        Sends a form and returns the answer.
    secrets
        Is told of each token.
    clock
        Seconds that only go forward.
    """

    def __init__(
        self,
        credentials: ClientCredentials,
        post: Callable[..., httpx.Response],
        secrets: Secrets,
        clock: Callable[[], float],
    ) -> None:
        self._credentials = credentials
        self._post = post
        self._secrets = secrets
        self._clock = clock
        self._token = ""
        self._until = 0.0

    def apply(self, headers: dict[str, str], params: dict[str, Any]) -> None:  # noqa: ARG002
        """Add the token, a new one where the last is about to end."""
        if not self._token or self._clock() >= self._until:
            self._fetch()
        headers["Authorization"] = f"Bearer {self._token}"

    def renew(self) -> bool:
        """Forget the token: a service may end one before its time."""
        self._token = ""
        return True

    def _fetch(self) -> None:
        given = self._credentials
        form = {"grant_type": "client_credentials"}
        headers = {"Accept": "application/json"}
        if given.scope is not None:
            form["scope"] = given.scope
        if given.send == "basic":
            headers["Authorization"] = basic(given.client_id, given.client_secret, self._secrets)
        else:
            form |= {"client_id": given.client_id, "client_secret": given.client_secret}
        answer = self._post(given.token_url, form, headers)
        where = self._secrets.address(given.token_url)
        try:
            content = answer.json()
            token, lasts = content["access_token"], float(content.get("expires_in") or _UNKNOWN_S)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceError("the answer holds no access_token", where=where, hint="check rest.auth.oauth2") from None
        self._token = str(token)
        self._secrets.add(self._token)
        self._until = self._clock() + max(lasts - _EARLY_S, lasts / 2)


def basic(user: str, password: str, secrets: Secrets) -> str:
    """Return the header of an account and its password (RFC 7617), and let it be hidden."""
    from base64 import b64encode

    value = b64encode(f"{user}:{password}".encode()).decode()
    secrets.add(value)
    return f"Basic {value}"
