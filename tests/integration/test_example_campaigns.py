"""The example's three sources: loaded over HTTP and from a spreadsheet, joined, and answered as pandas answers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from hashlib import sha256
from statistics import NormalDist

import duckdb
import numpy as np
import pandas as pd
import pytest
from support.campaigns import crm, orders, table
from support.example import copied_example
from support.executed import executed

from analytics_lib.charts import figures
from analytics_lib.errors import ChecksFailed, WorkspaceError
from analytics_lib.example.campaigns import CAMPAIGNS
from analytics_lib.example.loads import load_sources, write_customers
from analytics_lib.example.network import ADDRESS_VARIABLE, TOKEN, TOKEN_VARIABLE
from analytics_lib.example.warehouse import build_warehouse
from analytics_lib.example.workspace import CUSTOMERS, WAREHOUSE
from analytics_lib.pipeline import Silent
from analytics_lib.workspace import load_workspace

pytestmark = pytest.mark.slow

NOTEBOOK = "notebooks/returning_customers.ipynb"


@pytest.fixture(scope="module")
def example(root, tmp_path_factory):
    folder = copied_example(root, tmp_path_factory.mktemp("example"))
    load_sources(load_workspace(folder), Silent())
    return folder


@pytest.fixture
def page(example, root, tmp_path):
    return lambda **parameters: executed(root / NOTEBOOK, example, tmp_path, parameters)


def mark_of(folder):
    return sha256((folder / WAREHOUSE).read_bytes()).hexdigest()


def rows_of(folder, query):
    with duckdb.connect(str(folder / WAREHOUSE), read_only=True) as warehouse:
        return warehouse.execute(query).fetchall()


def test_what_is_loaded(example):
    assert rows_of(example, "select count(*), count(distinct campaign_id) from ads.campaign_days") == [(310, 7)]
    assert rows_of(example, "select count(*), typeof(any_value(signed_up)) from crm.customers group by all") == [
        (len(crm()), "DATE")
    ]
    assert rows_of(example, "select _reason from crm.customers__quarantine order by 1") == [
        ("campaign_id must match the pattern ^SN-[0-9]{3}$",),
        ("signed_up is '31.02.1997', no date",),
        ("the key customer_id is missing",),
    ]
    noted = "select table_name, loaded_rows, definition from meta.sources where definition like 'analytics load%'"
    assert sorted(rows_of(example, noted)) == [
        ("ads.campaign_days", 310, "analytics load campaigns"), ("crm.customers", len(crm()), "analytics load crm"),
    ]  # fmt: skip
    assert ADDRESS_VARIABLE not in os.environ


def test_it_is_loaded_once_and_again_into_a_new_warehouse(example):
    before = mark_of(example)
    load_sources(load_workspace(example), Silent())
    assert mark_of(example) == before
    build_warehouse(example / WAREHOUSE)
    load_sources(load_workspace(example), Silent())
    assert rows_of(example, "select count(*) from crm.customers__quarantine") == [(3,)]
    assert rows_of(example, "select count(*) from crm.customers") == [(len(crm()),)]


def test_a_suite_that_somebody_has_changed_is_told(example, tmp_path):
    suite = example / "expectations/campaign_days.json"
    text = suite.read_text(encoding="utf-8")
    build_warehouse(example / WAREHOUSE)
    suite.write_text(text.replace('"min_value": 1\n', '"min_value": 1000\n'), encoding="utf-8")
    with pytest.raises(ChecksFailed, match=r"source 'campaigns': the load was held back: .*1,?000"):
        load_sources(load_workspace(example), Silent())
    suite.write_text(text, encoding="utf-8")
    load_sources(load_workspace(example), Silent())
    with pytest.raises(WorkspaceError, match="customer list cannot be written"):
        write_customers(tmp_path / "absent" / CUSTOMERS.name)


def test_a_user_loads_it_again(example, analytics, monkeypatch):
    def load():
        return analytics("--workspace", example, "load", "campaigns")

    assert f"environment variable {ADDRESS_VARIABLE} is not set" in load().err
    command = [sys.executable, "-u", "-m", "analytics_lib.cli.app", "demo", "--serve", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        server.stdout.readline()
        given = dict(re.findall(r"(ADS_\w+)=(\S+)", server.stdout.readline()))
        assert given == {ADDRESS_VARIABLE: given[ADDRESS_VARIABLE], TOKEN_VARIABLE: TOKEN}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        done = load()
        assert (done.code, done.out) == (
            0, "loaded  campaigns: 3 rows, 0 quarantined. 310 rows in landing: ads.campaign_days now.\n",
        )  # fmt: skip
        server.send_signal(signal.SIGINT)
    assert server.returncode == 0
    done = load()
    assert done.code == 2
    assert "the service cannot be reached (3 attempts)" in done.err
    monkeypatch.setenv(TOKEN_VARIABLE, "")
    assert f"environment variable {TOKEN_VARIABLE} is empty" in load().err


@pytest.mark.parametrize(("within", "as_of", "late"), [
    (90, "1998-06-30", "up to April 1, 1998. Nobody came later."),
    (60, "1997-04-15", "up to February 14, 1997. 11,442 customers came later and are left out."),
])  # fmt: skip
def test_the_pages_numbers(page, within, as_of, late):
    found = page(within=within, as_of=as_of)
    expected = table(within, as_of)
    summary = found["outputs"]["summary"].set_index("campaign")
    assert set(summary.index) == set(expected.name.dropna())
    for code, row in expected.drop("").iterrows():
        own = summary.loc[row["name"]]
        assert (own.customers, own.returning) == (row.customers, row.returning), code
        assert own.return_rate == pytest.approx(row.returning / row.customers)
        assert own.revenue_per_customer == pytest.approx(row.paid / row.customers)
        assert own.ad_spend == pytest.approx(row.spend)
        assert own.cost_per_customer == pytest.approx(row.spend / row.customers)
        assert own.cost_per_returning == pytest.approx(row.spend / row.returning)
        direct = expected.loc[""]
        assert own.difference == pytest.approx(own.return_rate - direct.returning / direct.customers)
    assert late in found["text"]
    first = orders().groupby("customer_id").day.min()
    later = (first > pd.Timestamp(as_of) - pd.Timedelta(days=within)) & (first <= as_of)
    assert ("Nobody" if not later.any() else f"{later.sum():,} customers") in late


def test_the_planted_truth_is_found(page):
    found = page()
    expected = table(90, "1998-06-30").assign(rate=lambda rows: rows.returning / rows.customers)
    jazz, direct = expected.loc["SN-102"], expected.loc[""]
    each = (jazz.rate * (1 - jazz.rate) / jazz.customers, direct.rate * (1 - direct.rate) / direct.customers)
    half = NormalDist().inv_cdf(1 - 0.025 / 28) * sum(each) ** 0.5
    said = re.fullmatch(
        r"Jazz classics: (.*) of its (.*) customers came back within 90 days, (.*) percentage points more than of "
        r"customers without a campaign \(between (.*) and (.*)\); each one who came back cost (.*), the least of "
        r"campaigns with 100 customers or more\.",
        found["finding"],
    ).groups()  # fmt: skip
    assert said[0] == figures.percent(jazz.rate)
    assert said[1] == figures.count(jazz.customers)
    assert said[2] == figures.decimal(100 * (jazz.rate - direct.rate))
    assert np.array(said[3:5], float) == pytest.approx(
        [100 * (jazz.rate - direct.rate - half), 100 * (jazz.rate - direct.rate + half)], abs=0.1
    )
    assert said[5] == figures.money(jazz.spend / jazz.returning, 2)

    large = expected[expected.customers >= 100].drop("")
    assert (large.spend / large.customers).idxmin() == "SN-101"
    assert (large.spend / large.returning).idxmin() == "SN-102"
    assert "## Free shipping is the cheapest a customer, Jazz classics a customer who comes back" in found["text"]
    assert expected.rate.idxmax() == "SN-107", "the best share of all is one of few customers"
    assert "## Jazz classics is clearly ahead of 5 of 6 other campaigns" in found["text"]
    assert "Opera box sets has 54%, of 35 customers" in found["text"]
    assert "so it is not ranked" in found["text"]
    assert "3 rows of it were refused" in found["text"]
    assert "3 customers with orders are not in the list" in found["text"]
    assert "Nobody drew lots" in found["text"]


def test_a_placement_without_a_better_campaign_says_so(page):
    found = page(placement="stories")
    assert set(found["outputs"]["summary"].campaign) == {each.name for each in CAMPAIGNS if each.placement == "stories"}
    assert found["finding"].startswith("No campaign's customers came back more often within 90 days")
    assert "## No campaign is clearly ahead of customers without one" in found["text"]


def test_nobody_watched_for_long_enough_is_a_sentence(page):
    with pytest.raises(Exception, match="no campaign's customers have been watched for 365 days on 1997-03-31"):
        page(as_of="1997-03-31", within=365)
