"""What ``analytics init`` writes, by the command line alone: the first five minutes of a new user."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from analytics_lib.pipeline.executors import executor


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The starter, published once. Do not change it, take `starter`."""
    from analytics_lib.cli.app import main

    folder = tmp_path_factory.mktemp("first") / "starter"
    for arguments in (["init", str(folder)], ["-w", str(folder), "build", "--json"]):
        try:
            main(arguments)
        except SystemExit as left:
            assert not left.code
    return folder


@pytest.fixture
def starter(first, tmp_path, monkeypatch):
    """The published starter, for this test alone."""
    monkeypatch.chdir(shutil.copytree(first, tmp_path / "starter"))
    return Path.cwd()


@pytest.fixture
def no_kernel(monkeypatch):
    """Fail the test that starts a kernel."""
    monkeypatch.setattr(executor, "run_notebook", lambda request: pytest.fail("a kernel was started"))


def pages(said):
    return {page["href"]: page["status"] for page in json.loads(said.out)["pages"]}


def test_it_is_published(starter):
    for region in ("north", "south"):
        html = (starter / f"site/first_report/{region}.html").read_text(encoding="utf-8")
        assert f"<title>Sales in the {region}" in html
        assert f"The {region} sold for " in html
        assert "checks passed" in html
        listing = (starter / "site/index.html").read_text(encoding="utf-8")
    assert "Sales in the" in listing
    assert "you@example.com" in listing


def test_no_page_needs_an_address_outside_the_site(starter):
    outside = re.compile(
        r"""(?:src|href|action|data|poster)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""
    )
    found = {path.name: outside.findall(path.read_text(encoding="utf-8")) for path in starter.glob("site/**/*.html")}
    assert {name: matches for name, matches in found.items() if matches} == {}


def test_every_address_on_the_site_leads_somewhere(starter):
    missing = [
        f"{page.name}: {address}"
        for page in starter.glob("site/**/*.html")
        for address in re.findall(r"""\s(?:src|href)=["']([^"'#]+)""", page.read_text(encoding="utf-8"))
        if not address.startswith(("data:", "mailto:")) and not (page.parent / address.split("?")[0]).exists()
    ]
    assert missing == []


def test_again_without_a_change(starter, analytics, no_kernel):
    said = analytics("build")
    assert said.code == 0
    assert "Nothing has changed: all 2 pages are up to date" in said.out
    assert pages(analytics("build", "--json")) == {
        "first_report/north.html": "unchanged", "first_report/south.html": "unchanged",
    }  # fmt: skip


def test_looking_back(starter, analytics, no_kernel):
    (version,) = json.loads(analytics("versions", "first_report", "--json").out)
    assert (version["version"], version["current"], len(version["pages"])) == (1, 2, 2)
    assert {page["checks"] for page in version["pages"]} == {"passed"}
    assert "current" in analytics("versions", "first_report").out
    (report,) = json.loads(analytics("list", "--json").out)
    assert [page["version"] for page in report["pages"]] == [1, 1]
    said = analytics("rollback", "first_report")
    assert said.code == 2
    assert "there is no older version" in said.err.lower()


def test_changed_data_for_one_region(starter, analytics):
    """One page rendered by hand; then back, and the other page stays what it was."""
    data = starter / "data/sales.csv"
    before = {path.name: path.read_bytes() for path in starter.glob("site/first_report/*th.html")}
    data.write_text(data.read_text().replace("2026-01-05,north,tea,1929.53", "2026-01-05,north,tea,999999.00"))
    assert pages(analytics("run", "first_report", "-p", "region=north", "--json")) == {
        "first_report/north.html": "published"
    }
    assert (starter / "site/first_report/north.html").read_bytes() != before["north.html"]
    assert (starter / "site/first_report/south.html").read_bytes() == before["south.html"]
    said = analytics("rollback", "first_report", "--json")
    assert json.loads(said.out) == {"report": "first_report", "version": 1, "pages": 1}
    assert (starter / "site/first_report/north.html").read_bytes() == before["north.html"]
    assert "shows version 2 again" in analytics("rollback", "first_report", "--to", "2").out


def test_a_self_contained_page_stands_alone(starter, analytics, tmp_path):
    analytics("run", "first_report", "-p", "region=south", "--self-contained")
    html = (starter / "site/first_report/south.html").read_text(encoding="utf-8")
    assert "_assets/" not in html
    assert "vega" in html
    assert len(html) > 500_000


def spoil(starter, amount):
    """Change the first revenue of the data, which is the north's."""
    data = starter / "data/sales.csv"
    data.write_text(re.sub(r",[\d.]+\n", f",{amount}\n", data.read_text(), count=1))


def test_data_that_raises_a_warning_is_published_with_a_badge(starter, analytics):
    spoil(starter, "-5")
    assert pages(analytics("run", "first_report", "-p", "region=north", "--json")) == {
        "first_report/north.html": "published"
    }
    (report,) = json.loads(analytics("list", "--json").out)
    assert [page["checks"] for page in report["pages"]] == ["warning", "passed"]


def test_data_that_fails_a_check_is_held_back(starter, analytics):
    spoil(starter, "")
    said = analytics("run", "first_report", "-p", "region=north")
    assert said.code == 3
    assert "held back" in said.out
    page = (starter / "site/first_report/north.html").read_text(encoding="utf-8")
    assert 'class="banner"' in page
    assert "The north sold for " in page
    (report,) = json.loads(analytics("list", "--json").out)
    assert [bool(each["stale_since"]) for each in report["pages"]] == [True, False]
