"""``--explain``: each reason is told in advance, the build then does just that, and afterwards says the same."""

from __future__ import annotations

import json
import os
import sys

import pytest
from support.shop import FINDING, QUERY

from analytics_lib.pipeline import identity
from analytics_lib.pipeline import plan as plan_module


def explained(shop, *arguments, code=0, command=("run", "orders")):
    """Return what would become of each page, and why."""
    ran = shop.call(*command, "--explain", "--json", *arguments)
    assert ran.code == code, ran.out + ran.err
    return {page["page"]: page for page in json.loads(ran.out)["pages"]}


def page(shop, *arguments, name="index"):
    told = explained(shop, *arguments)[name]
    return told["verdict"], told["reasons"]


def everything(shop):
    """All files of the workspace with content and time of change, and its folders."""
    return {
        str(path.relative_to(shop.root)): (path.stat().st_mtime_ns, path.read_bytes()) if path.is_file() else None
        for path in sorted(shop.root.rglob("*"))
    }


def rendered_for(shop, *reasons, arguments=()):
    """The page would be rendered for these reasons; it is, and says so afterwards."""
    assert page(shop, *arguments) == ("render", list(reasons))
    ran = shop.call("run", "orders", "--json", *arguments)
    assert ran.code == 0, ran.out + ran.err
    (result,) = json.loads(ran.out)["pages"]
    assert (result["status"], result["reasons"]) == ("published", list(reasons))
    again = [each for each in arguments if each != "--force"]
    told = explained(shop, *again)["index"]
    assert (told["verdict"], told["reasons"], told["shown"]["reasons"]) == (
        "keep", ["nothing has changed"], list(reasons),
    )  # fmt: skip
    unchanged = json.loads(shop.call("run", "orders", "--json", *again).out)["pages"][0]
    assert (unchanged["status"], unchanged["reasons"]) == ("unchanged", list(reasons))


def test_nothing_is_changed_by_it(shop):
    shop.cell(FINDING, "al.finding('other')")
    before = everything(shop)
    for command in (("run", "orders"), ("build",)):
        for more in ((), ("--force",), ("--json",)):
            assert shop.call(*command, "--explain", *more).code == 0
    assert everything(shop) == before


def test_the_first_time(tmp_path):
    from support.shop import make_shop

    shop = make_shop(tmp_path / "new")
    before = everything(shop)
    assert page(shop) == ("render", ["first time"])
    assert everything(shop) == before
    assert not shop.state.exists()


def test_a_cell(shop):
    shop.cell(FINDING, "al.finding('other')\nal.output('orders', orders)")
    rendered_for(shop, "notebook changed: cell 5")


def test_a_parameter(shop):
    rendered_for(
        shop, "parameter as_of: 2026-06-30 → 2026-06-02", arguments=("-p", "as_of=2026-06-02")
    )  # fmt: skip


def test_the_report_file(shop):
    shop.report("owner: shop@example.com", "owner: other@example.com\ntags: [shop]")
    rendered_for(shop, "report file changed: owner, tags")


def test_a_suite(shop):
    row_count = ("expect_table_row_count_to_be_between", {"min_value": 1})
    shop.suite(row_count)
    shop.report("parameters:", "checks: [{suite: orders, output: orders}]\nparameters:")
    rendered_for(shop, "report file changed: checks")
    shop.suite(row_count, ("expect_column_to_exist", {"column": "amount"}))
    rendered_for(shop, "suite orders changed")


def test_the_data(shop):
    shop.sql("insert into orders values (9, '2026-06-05', 'north', 90)")
    os.utime(shop.database, (0, 0))
    rendered_for(shop, "connection warehouse: file changed at 1970-01-01 00:00 UTC")


def test_a_file(shop):
    shop.write("data/rates.csv", "rate\n2\n")
    shop.cell(QUERY, "import pandas as pd\norders = pd.read_csv('../data/rates.csv')\norders['amount'] = 1")
    rendered_for(shop, "notebook changed: cell 4")
    os.utime(shop.write("data/rates.csv", "rate\n3\n"), (0, 0))
    rendered_for(shop, "file data/rates.csv changed at 1970-01-01 00:00 UTC")
    (shop.root / "data/rates.csv").unlink()
    assert page(shop) == ("render", ["file data/rates.csv gone"])


def test_a_package(shop, monkeypatch):
    def installed(version):
        packages = {**identity.packages(), "pandas": version}
        monkeypatch.setattr(plan_module, "packages", lambda: packages)
        monkeypatch.setattr(plan_module, "environment_digest", lambda: f"with pandas {version}")

    installed("3.0.1")
    shop.built()
    installed("3.0.2")
    rendered_for(shop, "environment changed: pandas 3.0.1 → 3.0.2")


def test_the_library(shop, monkeypatch):
    monkeypatch.setattr(plan_module, "library_digest", lambda: "other files")
    version = identity.packages()["analytics-lib"]
    rendered_for(shop, f"library changed: files of analytics-lib {version}")


def test_a_version_of_which_nothing_is_known(shop):
    """As those of older versions of the library."""
    for path in (shop.state / "bases").iterdir():
        path.unlink()
    assert page(shop) == ("keep", ["nothing has changed"])
    shop.cell(FINDING, "al.finding('other')")
    told = "notebook, report file, suites, library or environment changed; the version before does not say which"
    rendered_for(shop, told)


def test_a_page_that_somebody_removed(shop):
    for path in (shop.state / "versions").rglob("page.html"):
        path.unlink()
    rendered_for(shop, "stored page was removed")


def test_force(shop):
    rendered_for(shop, "--force", arguments=("--force",))


def test_always_render(shop):
    shop.report("owner:", "always_render: true\nowner:")
    assert page(shop) == ("render", ["always_render"])
    shop.built()
    assert page(shop) == ("render", ["always_render"])


def test_several_at_once(shop):
    shop.cell(FINDING, "al.finding('other')")
    shop.report("owner: shop@example.com", "owner: other@example.com")
    shop.sql("insert into orders values (9, '2026-06-05', 'north', 90)")
    verdict, reasons = page(shop, "-p", "as_of=2026-06-02")
    assert verdict == "render"
    assert [reason.split(":")[0] for reason in reasons] == [
        "notebook changed", "report file changed", "parameter as_of", "connection warehouse",
    ]  # fmt: skip


def test_what_a_failed_run_was_for(shop):
    shop.cell(FINDING, "1 / 0")
    ran = shop.call("run", "orders", "--json")
    assert ran.code == 4
    assert json.loads(ran.out)["pages"][0]["reasons"] == ["notebook changed: cell 5"]
    assert page(shop) == ("render", ["notebook changed: cell 5"])


def test_a_version_that_is_brought_back(shop):
    shop.cell(FINDING, "al.finding('other')")
    assert shop.built() == {"index": "published"}
    shop.cell(
        FINDING, """al.output("orders", orders)\nal.finding(f"{len(orders)} orders for {orders['amount'].sum():.0f}")"""
    )
    assert page(shop) == ("bring back", ["version 1 was made from the same"])
    assert shop.built() == {"index": "restored"}


def test_a_version_that_was_rolled_back(shop):
    shop.cell(FINDING, "al.finding('other')")
    shop.built()
    assert shop.call("rollback", "orders").code == 0
    assert page(shop) == ("keep", ["version 2 was rolled back, and nothing has changed since"])


def test_bad_input_is_bad_input(shop):
    shop.write("reports/broken.yml", "title: x\nnotebook: notebooks/none.ipynb\n")
    told = explained(shop, command=("build",), code=2)
    assert told[""]["verdict"] == "invalid"
    assert "there is no notebook notebooks/none.ipynb" in told[""]["error"]
    assert told["index"]["verdict"] == "keep"
    assert shop.call("run", "nowhere", "--explain").code == 2
    assert shop.call("run", "orders", "--explain", "-p", "regoin=north").code == 2


class TestPrinted:
    def said(self, shop, *arguments):
        ran = shop.call(*(arguments or ("run", "orders")), "--explain")
        assert ran.code == 0
        return " ".join(ran.out.split())

    def test_kept(self, shop):
        said = self.said(shop)
        assert "orders – kept nothing has changed. Version 1 was rendered " in said
        assert said.endswith(", because: first time Nothing would be rendered: the page is up to date.")

    def test_rendered(self, shop):
        shop.cell(FINDING, "al.finding('other')")
        assert self.said(shop).endswith("orders – rendered notebook changed: cell 5 The page would be rendered.")

    def test_of_many(self, shop):
        shop.report("owner:", "for_each:\n  region: [north, south]\nowner:")
        said = self.said(shop, "build")
        assert "orders north rendered first time orders south rendered first time" in said
        assert said.endswith("2 of 2 pages would be rendered.")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_a_build_at_work_is_not_waited_for(shop):
    """Explaining takes no lock."""
    from analytics_lib.pipeline.locking import ReportLock

    lock = ReportLock(shop.state, "orders")
    assert lock.take()
    try:
        assert page(shop) == ("keep", ["nothing has changed"])
    finally:
        lock.release()
