"""The guide to loading sources, followed against a local service; the reference names every key."""

from __future__ import annotations

import json
import shlex
from datetime import date
from pathlib import Path

import duckdb
import pytest
from support.guides import blocks
from support.rest import Answer
from support.rest_fixtures import api

from analytics_lib.model import source_parts
from analytics_lib.model.source import DataSource

__all__ = ["api"]

DOCS = Path(__file__).parents[2] / "docs"
PARTS = [
    DataSource, source_parts.Rest, source_parts.Auth, source_parts.Key, source_parts.Basic,
    source_parts.ClientCredentials, source_parts.Paging, source_parts.ByNumber, source_parts.ByOffset,
    source_parts.ByCursor, source_parts.ByLink, source_parts.Landing, source_parts.Incremental,
]  # fmt: skip

CONTACTS = [
    {"id": str(number), "updatedAt": f"2026-03-0{number}T08:00:00Z", "properties": {
        "email": None if number == 3 else f"c{number}@example.com", "lifecyclestage": "lead"}}
    for number in range(1, 6)
]  # fmt: skip
CAMPAIGNS = [{"campaign": f"c{number}", "day": "2026-03-01", "spend": number + 0.25} for number in range(4)]
INVOICES = [{"id": f"in_{number}", "amount": 100 * number, "lines": [{"sku": "a"}]} for number in range(5)]


def crm(api, request):
    if request.headers["Authorization"] != "Bearer crm-token":
        return Answer(401)
    rows = [row for row in CONTACTS if row["updatedAt"] >= request.params.get("updated_since", "")]
    begin = int(request.params.get("after", 0))
    paging = {"next": {"after": str(begin + 2)}} if begin + 2 < len(rows) else {}
    return Answer(body=json.dumps({"results": rows[begin : begin + 2], "paging": paging}))


def billing(api, request):
    if request.headers["Authorization"] != "Basic cmVwb3J0czpiaWxsaW5nLWtleQ==":
        return Answer(401)
    begin, limit = int(request.params["starting_at"]), int(request.params["limit"])
    return Answer(body=json.dumps({"data": INVOICES[begin : begin + limit], "total_count": len(INVOICES)}))


@pytest.fixture
def services(api, monkeypatch):
    def answer(request):
        if request.path.startswith("/crm"):
            api.faults.append(crm(api, request))
        elif request.path.startswith("/billing"):
            api.faults.append(billing(api, request))

    api.before, api.style, api.tables = answer, "link", {"/ads/campaigns": CAMPAIGNS}
    secrets = {"CRM_TOKEN": "crm-token", "ADS_SECRET": "clientsecret", "BILLING_KEY": "billing-key"}
    for name, value in {"CRM_ADDRESS": api.address, **secrets}.items():
        monkeypatch.setenv(name, value)
    return secrets


def test_the_guide_does_what_it_says(tmp_path, monkeypatch, services, analytics):
    monkeypatch.chdir(tmp_path)
    printed = ""
    for block in blocks(DOCS / "how-to/load-sources.md"):
        if block.language == "bash":
            for command in block.text.splitlines():
                done = analytics(*shlex.split(command)[1:])
                assert done.code == 0, done.err
                printed = done.out
        elif block.language == "text":
            assert block.text in printed
        else:
            path = tmp_path / block.file
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb"), read_only=True) as warehouse:

        def rows(query):
            return warehouse.execute(query).fetchall()

        assert rows("select count(*), min(stage) from crm.contacts") == [(4, "lead")]
        assert rows("select id, _reason from crm.contacts__quarantine") == [("3", "email must not be null")]
        assert rows("select typeof(spend), sum(spend) over () from ads.campaigns limit 1")[0][0] == "DECIMAL(38,10)"
        assert rows("select count(*), min(lines) from billing.invoices") == [(5, '[{"sku": "a"}]')]
        assert rows("select code from regions order by code") == [("01",), ("02",)]
        budget = rows("select region, since, budget from finance.budget order by region")
        assert budget == [("01", date(2026, 1, 1), 1250000.0), ("02", date(2026, 1, 1), 980500.5)]
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    for secret in services.values():
        assert [path for path in kept if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("model", PARTS, ids=lambda model: model.__name__)
def test_every_key_of_the_source_file_is_documented(model):
    page = (DOCS / "reference/source-file.md").read_text(encoding="utf-8")
    for key in model.model_fields:
        assert f"`{key}`" in page, key
