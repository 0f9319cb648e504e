"""A build, end to end: what is rendered, what is left alone, and what the site then shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest
from support.bench import Bench, make_bench

from analytics_lib.errors import InputError
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.executors import executor
from analytics_lib.pipeline.history import report_versions, roll_back

READ = "import csv\nrows = list(csv.DictReader(open('../data/sales.csv')))"
SHOW = "print('Sum:', sum(int(row['amount']) for row in rows if row['region'] == region))"


@pytest.fixture
def kernels(monkeypatch):
    """Count the kernels that a build starts."""
    started = []
    run = executor.run_notebook
    monkeypatch.setattr(executor, "run_notebook", lambda request: started.append(request.parameters) or run(request))
    return started


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A report of one page on a CSV file; it needs nothing that is slow to import. Do not change it, take `sales`."""
    bench = make_bench(tmp_path_factory.mktemp("published") / "workspace")
    bench.write("data/sales.csv", "region,amount\nnorth,1\nnorth,2\nsouth,4\n")
    bench.notebook("sales", READ, SHOW, parameters="region: str = 'north'\nas_of: str = '2026-06-30'")
    bench.report("sales", title="Sales of the {region}")
    assert bench.statuses() == {"sales/index": "published"}
    return bench


@pytest.fixture
def sales(published, tmp_path):
    """The published report, for this test alone; nothing in a workspace depends on where it lies."""
    return Bench(Path(shutil.copytree(published.root, tmp_path / "sales")))


def shown_versions(bench, report="sales"):
    return {version.number: version.current for version in report_versions(bench.load(), report)}


def test_the_page_and_its_lists(sales):
    page = sales.page("sales/index.html")
    assert "Sum: 3" in page
    assert "<title>Sales of the north" in page
    assert "sales/index.html" in sales.page("index.html")
    assert list((sales.root / ".analytics/runs").iterdir()) == []


def test_nothing_changed_nothing_runs(sales, kernels):
    before = {path: path.stat().st_mtime_ns for path in (sales.root / "site").rglob("*")}
    result = sales.build()
    assert [page.status for page in result.pages] == ["unchanged"]
    assert (result.exit_code, result.rendered, result.written) == (0, 0, 0)
    assert kernels == []
    assert {path: path.stat().st_mtime_ns for path in (sales.root / "site").rglob("*")} == before


def test_outputs_saved_by_an_analyst_change_nothing(sales, kernels):
    path = sales.root / "notebooks/sales.ipynb"
    content = json.loads(path.read_text())
    content["cells"][2]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "Sum: 3\n"}]
    path.write_text(json.dumps(content))
    assert sales.statuses() == {"sales/index": "unchanged"}
    assert kernels == []


def test_changed_data_is_rendered(sales):
    sales.write("data/sales.csv", "region,amount\nnorth,50\n")
    assert sales.statuses() == {"sales/index": "published"}
    assert "Sum: 50" in sales.page("sales/index.html")
    assert shown_versions(sales) == {2: 1, 1: 0}


def test_data_as_it_was_brings_the_page_back_without_a_kernel(sales, kernels):
    first = sales.page("sales/index.html")
    was = (sales.root / "data/sales.csv").read_text()
    sales.write("data/sales.csv", "region,amount\nnorth,50\n")
    sales.build()
    sales.write("data/sales.csv", was)
    assert sales.statuses() == {"sales/index": "restored"}
    assert sales.page("sales/index.html") == first
    assert len(kernels) == 1


def test_a_changed_notebook_is_rendered(sales):
    sales.notebook("sales", READ, SHOW, "# More", parameters="region: str = 'south'\nas_of: str = '2026-06-30'")
    assert sales.statuses() == {"sales/index": "published"}
    assert "Sum: 4" in sales.page("sales/index.html")


def test_a_changed_report_file_is_rendered(sales):
    sales.report("sales", title="Other title")
    assert sales.statuses() == {"sales/index": "published"}
    assert "<title>Other title" in sales.page("sales/index.html")


def test_force(sales, kernels):
    assert sales.statuses(force=True) == {"sales/index": "published"}
    assert shown_versions(sales) == {2: 1, 1: 0}
    keys = {page.key for version in report_versions(sales.load(), "sales") for page in version.pages}
    assert len(keys) == 1
    assert len(kernels) == 1


def test_always_render(sales, kernels):
    sales.report("sales", always_render=True)
    for _ in range(2):
        assert sales.statuses() == {"sales/index": "published"}
    assert len(kernels) == 2


def test_a_module_beside_the_notebook(bench):
    bench.write("notebooks/rates.py", "RATE = 3\n")
    bench.notebook("sales", "import rates\nprint('Rate:', rates.RATE)")
    bench.report("sales")
    assert bench.statuses() == {"sales/index": "published"}
    assert bench.statuses() == {"sales/index": "unchanged"}
    bench.write("notebooks/rates.py", "RATE = 45\n")
    assert bench.statuses() == {"sales/index": "published"}
    assert "Rate: 45" in bench.page("sales/index.html")


def test_a_file_that_a_query_reads_by_itself(bench):
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    duckdb.connect(str(bench.root / "shop.duckdb")).close()
    bench.write("data/a.csv", "amount\n1\n")
    query = "al.connect('shop').sql(\"select sum(amount) as s from '../data/*.csv'\")['s'][0]"
    bench.notebook("sales", f"import analytics_lib as al\nprint('Sum:', int({query}))")
    bench.report("sales")
    assert bench.statuses() == {"sales/index": "published"}
    assert bench.statuses() == {"sales/index": "unchanged"}
    bench.write("data/a.csv", "amount\n10\n")
    assert bench.statuses() == {"sales/index": "published"}
    bench.write("data/b.csv", "amount\n5\n")
    assert bench.statuses() == {"sales/index": "published"}
    assert "Sum: 15" in bench.page("sales/index.html")


def test_a_changed_database(bench):
    bench.write("analytics.toml", '[connections.shop]\nurl = "duckdb:///shop.duckdb"\n')
    with duckdb.connect(str(bench.root / "shop.duckdb")) as database:
        database.execute("create table orders as select 7 as amount, date '2026-01-31' as day")
    bench.notebook(
        "sales", "import analytics_lib as al\nprint(al.connect('shop').sql('select sum(amount) s from orders')['s'][0])"
    )
    bench.report("sales", freshness={"connection": "shop", "query": "select max(day) from orders"})
    assert bench.statuses() == {"sales/index": "published"}
    assert "31 Jan 2026" in bench.page("sales/index.html")
    assert bench.statuses() == {"sales/index": "unchanged"}
    with duckdb.connect(str(bench.root / "shop.duckdb")) as database:
        database.execute("insert into orders values (4, '2026-02-28')")
    assert bench.statuses() == {"sales/index": "published"}
    assert "28 Feb 2026" in bench.page("sales/index.html")


class TestParameters:
    def test_an_override_is_a_page_of_its_own(self, sales, kernels):
        assert sales.statuses("sales", parameters={"region": "south"}) == {"sales/region-south": "published"}
        assert "Sum: 4" in sales.page("sales/region-south.html")
        assert "Sum: 3" in sales.page("sales/index.html")
        assert "region-south.html" in sales.page("index.html")
        assert kernels == [{"region": "south", "as_of": "2026-06-30"}]

    def test_the_logical_date_is_content_and_no_address(self, sales, kernels):
        assert sales.statuses("sales", parameters={"as_of": "2026-01-31"}) == {"sales/index": "published"}
        assert "2026-01-31" in sales.page("sales/index.html")
        assert sales.statuses("sales", parameters={"as_of": "2026-01-31"}) == {"sales/index": "unchanged"}
        assert sales.statuses() == {"sales/index": "restored"}
        assert len(kernels) == 1


class TestRollBack:
    @pytest.fixture
    def two(self, sales):
        """A report of which a second version is shown."""
        sales.write("data/sales.csv", "region,amount\nnorth,50\n")
        sales.build()
        return sales

    def back(self, bench, to=None):
        return roll_back(bench.load(), "sales", to, Silent())

    def test_the_older_version_is_shown_and_stays(self, two, kernels):
        assert self.back(two) == (1, 1)
        assert "Sum: 3" in two.page("sales/index.html")
        assert two.statuses() == {"sales/index": "unchanged"}
        assert "Sum: 3" in two.page("sales/index.html")
        assert shown_versions(two) == {2: 0, 1: 1}
        assert kernels == []

    def test_and_forward_again(self, two):
        self.back(two)
        assert self.back(two, to=2) == (2, 1)
        assert "Sum: 50" in two.page("sales/index.html")
        assert two.statuses() == {"sales/index": "unchanged"}
        assert "Sum: 50" in two.page("sales/index.html")

    def test_force_ends_it(self, two):
        self.back(two)
        assert two.statuses(force=True) == {"sales/index": "published"}
        assert "Sum: 50" in two.page("sales/index.html")
        assert shown_versions(two) == {3: 1, 2: 0, 1: 0}

    def test_so_do_new_data(self, two):
        self.back(two)
        two.write("data/sales.csv", "region,amount\nnorth,60\n")
        assert two.statuses() == {"sales/index": "published"}
        assert "Sum: 60" in two.page("sales/index.html")

    def test_no_further_back(self, two):
        self.back(two)
        with pytest.raises(InputError, match="there is no older version"):
            self.back(two)
        with pytest.raises(InputError, match="there is no version 7"):
            self.back(two, to=7)
        assert "Sum: 3" in two.page("sales/index.html")


def test_old_versions_are_removed_and_the_current_one_kept(sales, monkeypatch):
    monkeypatch.setenv("ANALYTICS_VERSIONS_KEEP", "2")
    sales.build(force=True)
    sales.build(force=True)
    assert shown_versions(sales) == {3: 1, 2: 0}
    assert len(list((sales.root / ".analytics/versions/sales/index").iterdir())) == 2


def test_one_reports_trouble_does_not_stop_the_other(sales):
    first = sales.page("sales/index.html")
    sales.write("data/sales.csv", "region,amount\nnorth,many\n")
    sales.notebook("costs", "print('Costs: 9')")
    sales.report("costs")
    sales.report("broken", notebook="notebooks/none.ipynb")
    result = sales.build()
    assert {page.report: page.status for page in result.pages} == {
        "broken": "invalid", "costs": "published", "sales": "failed",
    }  # fmt: skip
    assert result.exit_code == 2
    assert "Costs: 9" in sales.page("costs/index.html")
    stale = sales.page("sales/index.html")
    assert "Sum: 3" in stale
    assert 'class="banner"' in stale
    assert "ValueError" in stale
    assert (sales.root / ".analytics/failed/sales/index.ipynb").exists()
    # All is well again: the banner goes, and nothing is rendered for that.
    sales.write("data/sales.csv", "region,amount\nnorth,1\nnorth,2\nsouth,4\n")
    assert sales.statuses("sales") == {"sales/index": "restored"}
    assert sales.page("sales/index.html") == first
