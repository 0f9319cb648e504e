"""What may never be seen: secrets are taken out of every text that leaves this room."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

HIDDEN: Final = "***"


class Secrets:
    """Values that are taken out of texts, in each form that they are sent in.

    Parameters
    ----------
    values
        The secrets.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._forms: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Hide one more: a token that was given out, an account with its password."""
        if value:
            self._forms |= {value, quote(value), quote(value, safe=""), quote_plus(value), _base64(value)}

    def hide(self, text: str) -> str:
        """Return a text without the secrets.

        Examples
        --------
        >>> Secrets(["a/b"]).hide("GET /?key=a%2Fb")
        'GET /?key=***'
        """
        for form in sorted(self._forms, key=len, reverse=True):
            text = text.replace(form, HIDDEN)
        return text

    def address(self, url: str) -> str:
        """Return an address for people: without parameters, account and secrets."""
        parts = urlsplit(url)
        return self.hide(f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}")


def _base64(value: str) -> str:
    return b64encode(value.encode()).decode()
