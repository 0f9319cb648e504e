"""A service on the web, on loopback: it pages, throttles, fails, hands out tokens and changes its schema.

``python -m support.rest FILE`` serves the rows of a JSON file for others, and prints its address.
"""

from __future__ import annotations

import base64
import json
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit


@dataclass
class Request:
    method: str
    path: str
    params: dict
    headers: dict
    body: str


@dataclass
class Answer:
    """What a fault answers in place of rows; `cut` breaks the answer off after so many bytes."""

    status: int = 200
    body: str = ""
    headers: dict = field(default_factory=dict)
    cut: int | None = None


@dataclass
class Api:
    """The service; `tables` maps paths to rows, `faults` are answered first, one a request."""

    address: str = ""
    tables: dict = field(default_factory=dict)
    faults: list = field(default_factory=list)
    requests: list = field(default_factory=list)
    size: int = 3
    style: str = "cursor"
    allowed: str | None = None
    key: tuple | None = None
    before: object = None
    tokens: int = 0

    def answer(self, request):
        self.requests.append(request)
        if self.before is not None:
            self.before(request)
        if request.path == "/token" and not self.faults:
            return self.token(request)
        if self.faults:
            fault = self.faults.pop(0)
            if fault is not None:
                return fault(request) if callable(fault) else fault
        if self.allowed is not None and request.headers.get("Authorization") != self.allowed:
            return Answer(401, json.dumps({"error": f"unknown {request.headers.get('Authorization')}"}))
        if (
            self.key is not None
            and (request.params.get(self.key[0]) or request.headers.get(self.key[0])) != self.key[1]
        ):
            return Answer(403)
        if request.path not in self.tables:
            return Answer(404)
        return self.page(request, self.tables[request.path])

    def page(self, request, rows):
        since = request.params.get("updated_since")
        if since is not None:
            rows = [row for row in rows if str(row["updated_at"]) >= since]
        if self.style == "all":
            return Answer(body=json.dumps(rows))
        return getattr(self, f"by_{self.style}")(request, rows)

    def by_cursor(self, request, rows):
        begin = int(request.params.get("after", "c0")[1:])
        content = {"data": {"items": rows[begin : begin + self.size]}, "paging": {}}
        if begin + self.size < len(rows):
            content["paging"] = {"next": {"after": f"c{begin + self.size}"}}
        return Answer(body=json.dumps(content))

    def by_number(self, request, rows):
        begin = (int(request.params["page"]) - 1) * self.size
        return Answer(
            body=json.dumps({"data": rows[begin : begin + self.size], "meta": {"pages": -(-len(rows) // self.size)}})
        )

    def by_offset(self, request, rows):
        begin = int(request.params["offset"])
        return Answer(body=json.dumps({"data": rows[begin : begin + self.size], "total": len(rows)}))

    def by_link(self, request, rows):
        begin = int(request.params.get("from", "0"))
        headers = {}
        if begin + self.size < len(rows):
            params = urlencode({**request.params, "from": begin + self.size})
            headers["Link"] = f'<{self.address}{request.path}?{params}>; rel="next", </>; rel="first"'
        return Answer(body=json.dumps(rows[begin : begin + self.size]), headers=headers)

    def token(self, request):
        form = dict(parse_qsl(request.body))
        sent = request.headers.get("Authorization", "").removeprefix("Basic ")
        _, _, secret = base64.b64decode(sent).decode().partition(":")
        secret = form.get("client_secret", secret)
        if form.get("grant_type") != "client_credentials" or secret != "clientsecret":
            return Answer(401, json.dumps({"error": "invalid_client"}))
        self.tokens += 1
        self.allowed = f"Bearer token-{self.tokens}"
        return Answer(body=json.dumps({"access_token": f"token-{self.tokens}", "expires_in": 3600}))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        parts = urlsplit(self.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        request = Request(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
        answer = self.server.api.answer(request)
        content = answer.body.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: answer.cut])
        if answer.cut is not None:
            self.close_connection = True

    do_POST = do_GET  # noqa: N815 - the names that http.server looks for

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Say nothing of clients that went away."""


def serve(api):
    """Serve on a free port of loopback; return the server, to be closed by the caller."""
    server = Server(("127.0.0.1", 0), Handler)
    server.api = api
    api.address = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


if __name__ == "__main__":
    served = Api(tables=json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")), size=25)
    serve(served)
    sys.stdout.write(served.address + "\n")
    sys.stdout.flush()
    sys.stdin.read()
