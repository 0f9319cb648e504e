"""The example's social network over HTTP, and the library's own client in front of it."""

from __future__ import annotations

import socket
from itertools import count

import httpx
import pytest

from analytics_lib.connectors.rest import Client, RestPages
from analytics_lib.example import network
from analytics_lib.example.campaigns import list_days
from analytics_lib.example.network import PATH, PER_SECOND, TOKEN, serving
from analytics_lib.model.source_parts import Rest

HEADERS = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def clock(monkeypatch):
    """A second for each request, so that none is one too many."""
    seconds = count()
    monkeypatch.setattr(network.time, "monotonic", lambda: float(next(seconds)))


@pytest.fixture
def address():
    with serving() as address:
        yield address


def get(address, path=PATH, headers=HEADERS, **params):
    return httpx.get(f"{address}{path}", params=params, headers=headers)


def pages_of(address, size):
    found, params = [], {"limit": size}
    while True:
        content = get(address, **params).json()
        found.append(content["data"])
        if "cursors" not in content["paging"]:
            return found
        params["after"] = content["paging"]["cursors"]["after"]


def test_pages_hold_each_row_once_and_end(clock, address):
    pages = pages_of(address, 100)
    assert [len(page) for page in pages] == [100, 100, 100, 10]
    assert [row for page in pages for row in page] == list_days()
    assert [len(page) for page in pages_of(address, 310)] == [310]


def test_since_asks_for_what_is_not_older(clock, address):
    rows = get(address, since="1997-03-24").json()["data"]
    assert rows == [row for row in list_days() if row["date_start"] >= "1997-03-24"]
    assert {row["date_start"] for row in rows} == {"1997-03-24", "1997-03-25"}


@pytest.mark.parametrize(("path", "headers", "params", "status", "said"), [
    ("/v1/ads", HEADERS, {}, 404, "there is nothing but /v1/insights"),
    (PATH, {}, {}, 401, "unknown token"),
    (PATH, {"Authorization": "Bearer other"}, {}, 401, "unknown token"),
    (PATH, HEADERS, {"untl": "1997-01-01"}, 400, "unknown parameter untl"),
    (PATH, HEADERS, {"since": "yesterday"}, 400, "since is no day"),
    (PATH, HEADERS, {"limit": "0"}, 400, "limit is not between 1 and 500"),
    (PATH, HEADERS, {"after": "cm93OnR3bw=="}, 400, "after is no cursor of this service"),
    (PATH, HEADERS, {"after": "é"}, 400, "after is no cursor of this service"),
])  # fmt: skip
def test_what_is_refused(clock, address, path, headers, params, status, said):
    answer = get(address, path, headers, **params)
    assert (answer.status_code, answer.json()) == (status, {"error": {"message": said}})


def test_the_rate_is_told_and_kept(monkeypatch, address):
    monkeypatch.setattr(network.time, "monotonic", lambda: 7.0)
    left = [get(address).headers["X-RateLimit-Remaining"] for _ in range(PER_SECOND)]
    assert left == [str(number) for number in reversed(range(PER_SECOND))]
    answer = get(address)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    monkeypatch.setattr(network.time, "monotonic", lambda: 8.0)
    assert get(address).status_code == 200


def test_the_librarys_client_waits_as_it_is_asked_to(monkeypatch, address):
    """Pages of two rows are more requests than a second allows; no row is lost or doubled by the waiting."""
    now = [0.0]
    monkeypatch.setattr(network.time, "monotonic", lambda: now[0])
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        now[0] += seconds

    rest = Rest.model_validate({
        "base": address, "path": PATH, "headers": HEADERS, "params": {"limit": 2}, "records": "data",
        "page": {"cursor": {"param": "after", "next": "paging.cursors.after"}},
    })  # fmt: skip
    with Client(rest, sleep=sleep, clock=lambda: now[0]) as client:
        rows = [row for page in RestPages(rest, client).pages() for row in page.rows]
    assert rows == list_days()
    assert waits == [1.0] * (155 // PER_SECOND)


def test_it_takes_a_socket_that_listens_and_lets_it_go():
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    with serving(listening) as address:
        assert address == f"http://127.0.0.1:{port}"
        assert get(address).status_code == 200
    with pytest.raises(httpx.ConnectError):
        get(address)
