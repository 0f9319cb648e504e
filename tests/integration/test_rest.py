"""A service that pages, throttles and fails: what is asked, what comes, and what is said when it does not."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from support.certificates import certificate
from support.rest import Answer, serve
from support.rest_fixtures import api

from analytics_lib.connectors.rest import Client, RestPages
from analytics_lib.errors import ConnectionFailed, SourceError
from analytics_lib.model.source_parts import Rest

__all__ = ["api"]

CURSOR = {"cursor": {"param": "after", "next": "paging.next.after"}}
KEYS = {
    "cursor": {"page": CURSOR, "records": "data.items"},
    "number": {"page": {"number": {"param": "page"}}, "records": "data"},
    "counted": {"page": {"number": {"pages": "meta.pages"}}, "records": "data"},
    "offset": {"page": {"offset": {}}, "records": "data"},
    "total": {"page": {"offset": {"total": "total"}}, "records": "data"},
    "link": {"page": {"link": {}}},
    "all": {},
}
REQUESTS = {"cursor": 3, "number": 4, "counted": 3, "offset": 4, "total": 3, "link": 3, "all": 1}


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self):
        self.now, self.slept = 0.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


def rest(api, **keys):
    given = {"base": api.address, "path": "/contacts", "page": CURSOR, "records": "data.items", "timeout": 5, **keys}
    return Rest.model_validate({key: value for key, value in given.items() if value is not None})


def fetch(rest, *secrets, clock=None, begin=None, before=(), said=None):
    clock = clock or Clock()
    with Client(rest, secrets, sleep=clock.sleep, clock=clock, say=(said if said is not None else []).append) as client:
        return list(RestPages(rest, client).pages(begin, before))


def ids(pages):
    return [row["id"] for page in pages for row in page.rows]


def refusal(api, *secrets, kind=SourceError, **keys):
    with pytest.raises(kind) as caught:
        fetch(rest(api, **keys), *secrets)
    text = str(caught.value)
    assert not any(secret in text for secret in secrets)
    return text


@pytest.mark.parametrize("style", KEYS)
def test_every_way_of_paging(api, style):
    api.style = {"counted": "number", "total": "offset"}.get(style, style)
    pages = fetch(rest(api, **{"page": None, "records": None, **KEYS[style]}))
    assert ids(pages) == [1, 2, 3, 4, 5, 6, 7]
    assert len(api.requests) == REQUESTS[style]
    assert pages[-1].next is None


@pytest.mark.parametrize("style", ["cursor", "number", "offset", "link"])
def test_it_goes_on_from_any_page(api, style):
    api.style = style
    asked = rest(api, **{"page": None, "records": None, **KEYS[style]})
    for page in fetch(asked)[:2]:
        begin = json.loads(json.dumps(page.next))
        assert ids(fetch(asked, begin=begin)) == list(range(page.rows[-1]["id"] + 1, 8))


@pytest.mark.parametrize(("auth", "secret", "name", "sent"), [
    ({"bearer": "${A}s3cret"}, "${A}s3cret", "Authorization", "Bearer ${A}s3cret"),
    ({"header": {"name": "X-Key", "value": "${A}s3cret"}}, "${A}s3cret", "X-Key", "${A}s3cret"),
    ({"basic": {"user": "ada", "password": "${A}"}}, "${A}", "Authorization", "Basic YWRhOiR7QX0="),
])  # fmt: skip
def test_what_lets_us_in_by_a_header(api, auth, secret, name, sent):
    assert ids(fetch(rest(api, auth=auth), secret)) == [1, 2, 3, 4, 5, 6, 7]
    assert {request.headers[name] for request in api.requests} == {sent}


def test_a_key_in_the_address_is_in_no_position_and_no_error(api):
    api.style, api.key = "link", ("api_key", "${A}s3 cret")
    asked = rest(api, auth={"query": {"name": "api_key", "value": "${A}s3 cret"}}, page={"link": {}}, records=None)
    pages = fetch(asked, "${A}s3 cret")
    assert ids(pages) == [1, 2, 3, 4, 5, 6, 7]
    assert "cret" not in json.dumps([page.next for page in pages])
    api.key = ("api_key", "another")
    assert "cret" not in refusal(api, "${A}s3 cret", auth={"query": {"name": "api_key", "value": "${A}s3 cret"}})


@pytest.mark.parametrize("send", ["body", "basic"])
def test_oauth2_client_credentials(api, send):
    secret = {"token_url": f"{api.address}/token", "client_id": "us", "client_secret": "${S}", "send": send}
    auth = Rest.model_validate({"base": api.address, "auth": {"oauth2": secret}}).auth
    oauth2 = auth.oauth2.model_copy(update={"client_secret": "clientsecret"})
    asked = rest(api).model_copy(update={"auth": auth.model_copy(update={"oauth2": oauth2})})
    assert ids(fetch(asked, "clientsecret")) == [1, 2, 3, 4, 5, 6, 7]
    assert (api.tokens, len(api.requests)) == (1, 4)

    def expire(request):
        api.allowed = "Bearer token-2"
        return Answer(401)

    api.tokens, api.faults = 1, [None, None, expire]
    api.allowed = "Bearer token-1"
    clock = Clock()
    with Client(asked, ["clientsecret"], sleep=clock.sleep, clock=clock) as client:
        client._entry._token, client._entry._until = "token-1", 9999
        assert ids(RestPages(asked, client).pages()) == [1, 2, 3, 4, 5, 6, 7]
    assert api.tokens == 2
    wrong = asked.model_copy(
        update={"auth": auth.model_copy(update={"oauth2": oauth2.model_copy(update={"client_secret": "nope!"})})}
    )
    with pytest.raises(SourceError, match="the service gives out no token: status 401; check client_id") as caught:
        fetch(wrong, "nope!")
    assert "nope!" not in str(caught.value)


def test_a_token_is_renewed_before_it_ends(api):
    auth = {"oauth2": {"token_url": f"{api.address}/token", "client_id": "us", "client_secret": "${S}"}}
    clock, asked = Clock(), rest(api, auth=auth)
    tokens = [Answer(body=json.dumps({"access_token": name, "expires_in": 100})) for name in ("early", "late")]
    page = Answer(body='{"data": {"items": []}}')
    api.faults = [tokens[0], page, page, tokens[1], page]
    with Client(asked, [], sleep=clock.sleep, clock=clock) as client:
        sent = []
        for moment in (0.0, 69.0, 71.0):
            clock.now = moment
            sent.append(client.get(f"{api.address}/contacts", {}).request.headers["Authorization"])
    assert sent == ["Bearer early", "Bearer early", "Bearer late"]


def test_what_fails_for_a_moment_is_asked_again(api):
    clock = Clock()
    api.faults = [Answer(503), Answer(500), Answer(502), None, Answer(200, '{"data": {"items": []}}', cut=9)]
    assert ids(fetch(rest(api), clock=clock)) == [1, 2, 3, 4, 5, 6, 7]
    assert len(api.requests) == 3 + 4
    assert len(clock.slept) == 4
    assert all(0 <= waited <= 0.5 * 2**attempt for attempt, waited in enumerate(clock.slept[:3]))


@pytest.mark.parametrize("said", ["7", "date"])
def test_it_waits_as_long_as_the_service_asks(api, said):
    clock, told = Clock(), []
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=7), usegmt=True)
    api.faults = [Answer(429, headers={"Retry-After": moment if said == "date" else said})]
    fetch(rest(api), clock=clock, said=told)
    assert 5.0 < sum(clock.slept) <= 7.0
    assert "waiting" in told[0]


def test_it_does_not_wait_for_ever(api):
    api.faults = [Answer(429, headers={"Retry-After": "3600"})]
    said = refusal(api, kind=ConnectionFailed)
    assert "the service is asked too often, and asks to wait 3,600 s: status 429; lower rest.rate" in said
    assert len(api.requests) == 1


def test_requests_keep_their_rate(api):
    clock = Clock()
    fetch(rest(api, rate="2/s"), clock=clock)
    assert clock.slept == [0.5, 0.5]


@pytest.mark.parametrize(("answer", "kind", "said"), [
    (Answer(401), SourceError, "the service does not know the credential, or it has expired: status 401; renew it"),
    (Answer(403), SourceError, "the credential may not read this: status 403"),
    (Answer(404), SourceError, "there is nothing at this address: status 404; check rest.base and rest.path"),
    (Answer(418), SourceError, "the service refuses the request: status 418"),
    (Answer(302, headers={"Location": "https://x.example/a?key=1"}), SourceError, "moved to https://x.example/a: "),
    (Answer(200, "<html>", {"Content-Type": "text/html"}), SourceError, "the answer is text/html, not JSON"),
    (Answer(200, '{"data": {"items": [{"id"'), SourceError, "half a page of JSON, or none at all (25 bytes)"),
    (Answer(200, ""), SourceError, "the answer is empty (0 bytes)"),
    (Answer(200, '{"rows": []}'), SourceError, "no 'data.items', which rest.records names; it holds 'rows'"),
    (Answer(200, "[]"), SourceError, "the answer has no 'data.items', which rest.records names; it is a list"),
    (Answer(200, '{"data": {"items": {"a": 1}}}'), SourceError, "of the answer is an object, not a list of rows"),
    (Answer(200, '{"data": {"items": [{}, 5]}}'), SourceError, "row 2 of a page is a number, not an object"),
])  # fmt: skip
def test_an_answer_that_brings_no_rows(api, answer, kind, said):
    api.faults = [answer]
    text = refusal(api, kind=kind)
    assert text.startswith(f"{api.address}/contacts: ")
    assert said in text


def test_a_service_that_stays_down(api):
    api.faults = [Answer(503)] * 3
    assert "the service fails: status 503; run it again later; it goes on" in refusal(
        api, kind=ConnectionFailed, retries=2
    )
    assert len(api.requests) == 3


def test_nobody_is_there(api):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        api.address = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert "the service cannot be reached (2 attempts)" in refusal(api, kind=ConnectionFailed, retries=1)


def test_a_service_that_does_not_answer(api):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        api.address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        said = refusal(api, kind=ConnectionFailed, retries=0, timeout=0.1)
    assert "the service has not answered within 0.1 s; run it again later" in said


def test_an_answer_that_is_broken_off(api):
    api.faults = [Answer(200, json.dumps({"data": {"items": []}}), cut=5)]
    assert "the service broke off its answer" in refusal(api, kind=ConnectionFailed, retries=0)


def test_a_service_without_tls(api):
    api.address = api.address.replace("http:", "https:")
    assert "the connection is not safe: " in refusal(api, kind=ConnectionFailed, retries=0)


def test_a_certificate_that_nobody_vouches_for(api, tmp_path):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    server = serve(api)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    api.address = api.address.replace("http:", "https:")
    said = refusal(api, kind=ConnectionFailed)
    server.shutdown()
    server.server_close()
    assert "the connection is not safe: [SSL: CERTIFICATE_VERIFY_FAILED]" in said
    assert "for a certificate of your own set SSL_CERT_FILE" in said


@pytest.mark.parametrize(
    ("style", "said"), [("cursor", "does its cursor move on?"), ("number", "check the parameters")]
)
def test_pages_without_an_end(api, style, said):
    page = {"data": {"items": [{"id": 1}]}, "paging": {"next": {"after": "c1"}}}
    api.before = lambda _: api.faults.append(
        Answer(body=json.dumps(page if style == "cursor" else {"data": [{"id": 1}]}))
    )
    text = refusal(api, **KEYS[style])
    assert "the service has sent the same page before" in text or said in text
    assert len(api.requests) <= 3


def test_a_cursor_that_comes_back_after_a_new_start(api):
    with pytest.raises(SourceError, match="the same page before"):
        fetch(rest(api), begin={"cursor": "c3"}, before=[{}, {"cursor": "c6"}])


def test_more_pages_than_there_may_be(api):
    assert "the service has more than 2 pages; raise rest.page.limit" in refusal(api, page={**CURSOR, "limit": 2})


def test_a_next_page_at_another_place_gets_no_credential(api):
    api.faults = [Answer(body="[]", headers={"Link": '<https://evil.example.com/x?y=1>; rel="next"'})]
    text = refusal(api, page={"link": {}}, records=None, auth={"bearer": "${A}"})
    assert "the next page is at another place, https://evil.example.com/x; the credential is not sent there" in text
    assert len(api.requests) == 1
