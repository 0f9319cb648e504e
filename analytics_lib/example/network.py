"""The example's social network: what campaigns cost, by a service on loopback that pages, throttles and wants a token.

It is made up, as its campaigns are, and stands for the services that a company asks: the example loads over HTTP.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, urlsplit

from analytics_lib.example.campaigns import list_days

if TYPE_CHECKING:
    import socket
    from collections.abc import Iterator, Mapping

TOKEN: Final = "example"  # noqa: S105 - opens nothing but made-up numbers on this machine
ADDRESS_VARIABLE: Final = "ADS_ADDRESS"
TOKEN_VARIABLE: Final = "ADS_TOKEN"  # noqa: S105 - the variable's name
PATH: Final = "/v1/insights"
PER_SECOND: Final = 20
"""Requests that are answered in a second; more are asked to wait."""
_PAGE, _LARGEST = 100, 500
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")
_POLL_S: Final = 0.05


class Refusal(Exception):
    """A request that is refused, with its status and the reason."""

    def __init__(self, status: HTTPStatus, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Network(ThreadingHTTPServer):
    """The service.

    Parameters
    ----------
    listening
        A socket that listens already; without one it takes any free port of loopback.
    """

    daemon_threads = True

    def __init__(self, listening: socket.socket | None = None) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=listening is None)
        if listening is not None:
            self.socket.close()
            self.socket = listening
            self.server_address = listening.getsockname()
        self.rows = list_days()
        self._lock = threading.Lock()
        self._second, self._asked = 0, 0

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def remaining(self) -> int:
        """Count a request, and return how many more are answered in this second; below zero it was one too many."""
        with self._lock:
            second = int(time.monotonic())
            self._second, self._asked = second, 1 if second != self._second else self._asked + 1
            return PER_SECOND - self._asked

    def page(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Return a page of rows, and the cursor to the next.

        Parameters
        ----------
        params
            ``since``, a day; ``limit``, rows a page; ``after``, a cursor.

        Raises
        ------
        Refusal
            A parameter is unknown, or its value is.
        """
        unknown = sorted(set(params) - {"since", "limit", "after"})
        if unknown:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"unknown parameter {unknown[0]}")
        since, limit = params.get("since", ""), params.get("limit", str(_PAGE))
        if since and not _DAY.fullmatch(since):
            raise Refusal(HTTPStatus.BAD_REQUEST, "since is no day")
        if not limit.isdecimal() or not 1 <= int(limit) <= _LARGEST:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"limit is not between 1 and {_LARGEST}")
        rows, begin = [row for row in self.rows if row["date_start"] >= since], _offset(params.get("after"))
        end = begin + int(limit)
        paging = {"cursors": {"after": _cursor(end)}} if end < len(rows) else {}
        return {"data": rows[begin:end], "paging": paging}

    def handle_error(self, *_: object) -> None:
        """Say nothing of clients that went away."""


@contextmanager
def serving(listening: socket.socket | None = None) -> Iterator[str]:
    """Serve in the background; yields the address.

    Parameters
    ----------
    listening
        As for `Network`.

    Raises
    ------
    InputError
        The order lines that campaigns are made up around are not installed.
    """
    network = Network(listening)
    thread = threading.Thread(target=network.serve_forever, args=(_POLL_S,), name="example-network", daemon=True)
    thread.start()
    try:
        yield network.address
    finally:
        network.shutdown()
        network.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Network

    def do_GET(self) -> None:
        """Answer one request."""
        remaining = self.server.remaining()
        headers = {"X-RateLimit-Limit": str(PER_SECOND), "X-RateLimit-Remaining": str(max(0, remaining))}
        parts = urlsplit(self.path)
        try:
            self._admit(parts.path, remaining)
            status, content = HTTPStatus.OK, self.server.page(dict(parse_qsl(parts.query)))
        except Refusal as refusal:
            status, content = refusal.status, {"error": {"message": refusal.reason}}
        if status is HTTPStatus.TOO_MANY_REQUESTS:
            headers["Retry-After"] = "1"
        self._answer(status, content, headers)

    def _admit(self, path: str, remaining: int) -> None:
        if path != PATH:
            raise Refusal(HTTPStatus.NOT_FOUND, f"there is nothing but {PATH}")
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise Refusal(HTTPStatus.UNAUTHORIZED, "unknown token")
        if remaining < 0:
            raise Refusal(HTTPStatus.TOO_MANY_REQUESTS, f"more than {PER_SECOND} requests in a second")

    def _answer(self, status: HTTPStatus, content: dict[str, Any], headers: Mapping[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep the terminal for what the command says."""


def _cursor(offset: int) -> str:
    return base64.urlsafe_b64encode(f"row:{offset}".encode()).decode()


def _offset(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        found = re.fullmatch(r"row:(\d+)", base64.urlsafe_b64decode(cursor.encode()).decode())
    except ValueError:
        found = None
    if found is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, "after is no cursor of this service")
    return int(found[1])
