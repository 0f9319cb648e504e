from __future__ import annotations

import asyncio
import http.client
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from analytics_lib.errors import InputError
from analytics_lib.server.serving import serve_until
from analytics_lib.server.site import find, page_policy

PAGE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="{}">\n</head>'
)


@pytest.fixture
def site(tmp_path):
    site = tmp_path / "site"
    (site / "_assets").mkdir(parents=True)
    (site / "report").mkdir()
    (site / "empty").mkdir()
    (site / ".hidden").mkdir()
    (site / "index.html").write_text("<p>Index ü</p>", encoding="utf-8")
    (site / "report" / "index.html").write_text("report", encoding="utf-8")
    (site / "report" / "a b.html").write_text("spaced", encoding="utf-8")
    (site / "report" / "data.bin").write_bytes(b"\0\1")
    (site / ".hidden" / "secret.html").write_text("secret", encoding="utf-8")
    (site / "report" / ".part-1-index.html").write_text("unfinished", encoding="utf-8")
    (site / "_assets" / "page-0123456789abcdef.js").write_text("1", encoding="utf-8")
    (tmp_path / "outside.html").write_text("outside", encoding="utf-8")
    (site / "link.html").symlink_to(tmp_path / "outside.html")
    return site


@pytest.fixture
def ask(site, served):
    """Send one request exactly as written; a client library would tidy the path."""
    parts = urlsplit(served(site))

    def ask(path, method="GET", **headers):
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=names)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    return ask


def test_folders_answer_with_their_index(ask):
    status, headers, body = ask("/")
    assert (status, body) == (200, "<p>Index ü</p>".encode())
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert ask("/report/")[2] == b"report"
    status, headers, _ = ask("/report")
    assert (status, headers["Location"]) == (302, "/report/")


def test_types_are_named(ask):
    assert ask("/_assets/page-0123456789abcdef.js")[1]["Content-Type"] == "text/javascript; charset=utf-8"
    assert ask("/report/data.bin")[1]["Content-Type"] == "application/octet-stream"
    assert ask("/report/a%20b.html")[2] == b"spaced"


@pytest.mark.parametrize(
    "path",
    [
        "/nothing.html",
        "/empty/",
        "/empty",
        "/../outside.html",
        "/%2e%2e/outside.html",
        "/report/..%2f..%2foutside.html",
        "/report/%2e%2e%5c%2e%2e%5coutside.html",
        "//etc/passwd",
        "/link.html",
        "/.hidden/secret.html",
        "/report/.part-1-index.html",
        "/report/index.html/",
        "/a%00b",
        "/" + "a" * 5000,
        "/%ff%fe",
    ],
)
def test_what_is_not_the_sites_is_not_found(ask, path):
    status, headers, body = ask(path)
    assert status in {400, 404}
    assert b"outside" not in body
    assert b"secret" not in body
    assert "sandbox" in headers["Content-Security-Policy"]


def test_missing_page_leads_back(ask):
    status, headers, body = ask("/report/<script>")
    assert status == 404
    assert b"There is no page at this address" in body
    assert b'href="/"' in body
    assert b"<script" not in body
    assert headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("path", ["/", "/nothing", "/_assets/page-0123456789abcdef.js"])
def test_every_answer_has_the_security_headers(ask, path):
    headers = ask(path)[1]
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads;")
    assert "allow-same-origin" not in policy
    assert "default-src 'none'; script-src 'self'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Server"] is None


def test_hashed_files_are_kept_and_pages_asked_for_again(ask):
    assert ask("/_assets/page-0123456789abcdef.js")[1]["Cache-Control"] == "public, max-age=31536000, immutable"
    assert ask("/")[1]["Cache-Control"] == "no-cache"


def test_unchanged_page_is_not_sent_again_and_a_new_version_is(ask, site):
    etag = ask("/")[1]["ETag"]
    status, _, body = ask("/", If_None_Match=etag)
    assert (status, body) == (304, b"")
    stat = (site / "index.html").stat()
    (site / "index.html").write_text("<p>Other ü</p>", encoding="utf-8")
    os.utime(site / "index.html", ns=(stat.st_atime_ns, stat.st_mtime_ns))
    status, _, body = ask("/", If_None_Match=etag)
    assert (status, body) == (200, "<p>Other ü</p>".encode())


def test_head_sends_no_body(ask):
    status, headers, body = ask("/", method="HEAD")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == "15"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_site_can_only_be_read(ask, method):
    status, headers, _ = ask("/", method=method)
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize(
    ("host", "status"), [("example.org", 403), ("localhost:1", 200), ("127.0.0.1", 200), ("[::1]:80", 200)]
)
def test_only_names_of_this_machine_are_answered(ask, host, status):
    assert ask("/", Host=host)[0] == status


def test_page_brings_its_own_hashes_and_nothing_weaker():
    own = "default-src 'none'; script-src 'self' 'sha256-abc='"
    assert page_policy(PAGE.format(own).encode()) == own
    assert page_policy(PAGE.format("script-src *").encode()) == page_policy(b"<p>plain</p>")
    assert page_policy(b" " * 5000 + PAGE.format(own).encode()) == page_policy(b"")


def test_find_returns_folders_only_without_slash(site):
    assert find(site, "report") == site / "report"
    assert find(site, "report/") == site / "report" / "index.html"
    assert find(site, "") == site / "index.html"


def refused(*arguments, **options):
    """Serve from a thread of its own: in this one a browser's event loop may still be open."""

    async def run():
        await serve_until(asyncio.Event(), *arguments, **options)

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result(timeout=60)


def test_taken_port_is_said_with_a_way_out(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"port {port} is already taken") as caught:
            refused(site, port=port)
    assert "0 for any free one" in caught.value.hint


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", ""])
def test_other_hosts_must_be_allowed(site, host):
    with pytest.raises(InputError, match="not this machine alone"):
        refused(site, host=host, port=0)


def test_missing_site_and_impossible_port_are_sentences(site, tmp_path):
    with pytest.raises(InputError, match="no site to serve"):
        refused(tmp_path / "none", port=0)
    with pytest.raises(InputError, match="port 70000 does not exist"):
        refused(site, port=70_000)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_end_it_cleanly(site, number):
    script = (
        "import sys, pathlib; from analytics_lib.server import serve;"
        "serve(pathlib.Path(sys.argv[1]), port=0, ready=lambda url: print(url, flush=True))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(site)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout.readline().startswith(b"http://127.0.0.1:")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, b"")
