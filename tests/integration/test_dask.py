"""A fan-out over a Dask cluster: a real scheduler, two worker processes, and everything that must not go wrong."""

from __future__ import annotations

import json
import shutil

import pytest
from support.cluster import Cluster
from support.regions import CELLS, REGIONS, editions, make_regions, write_edition
from support.whole import require_tidy, require_whole

from analytics_lib.pipeline.executors import dask

pytestmark = pytest.mark.slow

PAIR = """\
import os, time
from pathlib import Path

here = Path("../pairs") / region
here.mkdir(parents=True)
while len(list(here.parent.iterdir())) % 2:
    time.sleep(0.05)"""
"""Waits for another page under way: with one notebook at a time in each worker, both workers must be at it."""

FINDING = """\
al.finding(f"edition {rows[0]['edition']} for the {region}: {os.environ.get('WORKER')}, {os.environ.get('SECRET')}")"""


@pytest.fixture(scope="module")
def cluster(services, tmp_path_factory):
    services.dask()
    with Cluster(tmp_path_factory.mktemp("cluster") / "cluster", {"SECRET": "the worker’s"}) as cluster:
        yield cluster.add("one").add("two")


@pytest.fixture
def shop(tmp_path):
    return make_regions(tmp_path / "shop")


def cells(shop, *sources):
    """Replace the cells after the parameters."""
    path = shop.root / "notebooks/orders.ipynb"
    content = json.loads(path.read_text(encoding="utf-8"))
    blank = {"cell_type": "code", "execution_count": None, "outputs": [], "metadata": {}}
    content["cells"][2:] = [{**blank, "id": f"n-{n}", "source": source} for n, source in enumerate(sources)]
    path.write_text(json.dumps(content), encoding="utf-8")


def test_a_fan_out_over_both_workers(shop, cluster, monkeypatch):
    monkeypatch.setenv("SECRET", "the build’s")
    cells(shop, PAIR, CELLS[1], FINDING)
    assert shop.built("--executor", cluster.address) == dict.fromkeys(REGIONS, "published")
    pages = [shop.page(f"orders/{region}.html") for region in REGIONS]
    assert {name for name in cluster.workers for page in pages if f": {name}, " in page} == {"one", "two"}
    assert all("the worker’s" in page and "the build’s" not in page for page in pages)
    require_whole(shop)
    require_tidy(shop)
    # What the workers' notebooks read is known here: nothing is rendered, and then all of it, without a cluster.
    assert set(shop.built().values()) == {"unchanged"}
    shutil.rmtree(shop.root / "pairs")
    cells(shop, *CELLS[1:])
    write_edition(shop, 2)
    assert set(shop.built().values()) == {"published"}


def test_a_cluster_is_not_needed_where_nothing_has_changed(shop):
    shop.built()
    assert set(shop.built("--executor", "dask://127.0.0.1:1").values()) == {"unchanged"}


@pytest.mark.parametrize(("fit", "code"), [(True, 0), (False, 3)])
def test_frames_come_back_to_be_checked(shop, cluster, fit, code):
    cells(shop, *CELLS[1:], 'import pandas as pd\nal.output("rows", pd.DataFrame(rows))')
    shop.suite(("expect_column_values_to_be_in_set", {"column": "edition", "value_set": ["1" if fit else "2"]}))
    shop.report("for_each", "checks: [{suite: orders, output: rows}]\nfor_each")
    ran = shop.call("build", "--executor", cluster.address)
    assert ran.code == code, ran.out + ran.err


FAILURES = {
    "raised": "1 / 0",
    "left": "import sys; sys.exit(3)",
    "died": "import os; os._exit(1)",
    "late": "import time; time.sleep(600)",
    "no output": "pass",
}


@pytest.mark.parametrize("cell", FAILURES.values(), ids=FAILURES)
def test_what_stops_a_notebook_is_the_sentence_that_one_machine_would_say(shop, cluster, cell):
    shop.built()
    before = shop.files()
    shop.suite(("expect_table_row_count_to_be_between", {"min_value": 1}))
    shop.report("for_each", "execution_timeout: 1\nchecks: [{suite: orders, output: rows}]\nfor_each")
    cells(shop, CELLS[1], "kept = 'as far as it ran'", cell)
    here = shop.call("build")
    kept = {path.name: path.read_bytes() for path in (shop.state / "failed").rglob("*.ipynb")}
    shutil.rmtree(shop.state / "failed", ignore_errors=True)
    banners = shop.files()
    there = shop.call("build", "--executor", cluster.address)
    assert (there.code, there.errors) == (here.code, here.errors)
    assert shop.files().keys() == banners.keys()
    assert changed(before, shop.files()) == changed(before, banners)
    kept_there = {path.name: path.read_text(encoding="utf-8") for path in (shop.state / "failed").rglob("*.ipynb")}
    assert kept_there.keys() == kept.keys()
    assert all("as far as it ran" in text for text in kept_there.values())


def changed(before, after):
    return {name for name, page in after.items() if page != before.get(name)}


@pytest.fixture
def own(services, tmp_path):
    """A cluster for one test alone; it has no worker yet."""
    services.dask()
    with Cluster(tmp_path / "cluster") as cluster:
        yield cluster


def refused(shop, cluster):
    """Build on the cluster; it must be refused and nothing published. Return the sentence."""
    before = shop.published()
    ran = shop.call("build", "--force", "--executor", cluster.address)
    assert ran.code == 2, ran.out + ran.err
    assert shop.published() == before
    return ran.error


def test_a_workspace_that_lies_elsewhere_on_the_workers(shop, own, tmp_path):
    copy = shutil.copytree(shop.root, tmp_path / "elsewhere")
    own.add("one", ANALYTICS_WORKSPACE=str(copy))
    assert set(shop.built("--executor", own.address).values()) == {"published"}
    recorded = shop.rows("select sources from versions")
    assert recorded
    assert all("data/orders.csv" in sources and "elsewhere" not in sources for (sources,) in recorded)
    assert set(shop.built().values()) == {"unchanged"}

    (copy / "data/orders.csv").write_text("region,edition\n" + "".join(f"{region},9\n" for region in REGIONS))
    sentence = refused(shop, own)
    assert "data/orders.csv is not the file that lies here" in sentence
    assert "worker tcp://127.0.0.1:" in sentence
    assert set(editions(shop).values()) == {1}

    shutil.copy(shop.root / "data/orders.csv", copy / "data")
    (copy / "notebooks/orders.ipynb").write_text("{}")
    assert "notebooks/orders.ipynb is not the notebook that lies here" in refused(shop, own)

    shutil.rmtree(copy)
    sentence = refused(shop, own)
    assert f"the workspace is not there: no analytics.toml in {copy}" in sentence
    assert "ANALYTICS_WORKSPACE" in sentence


def test_a_worker_of_several_threads_runs_as_many_notebooks_at_a_time(shop, own):
    cells(shop, PAIR, *CELLS[1:])
    own.add("one", threads=2)
    assert set(shop.built("--executor", own.address).values()) == {"published"}


def test_a_database_that_differs_there(tmp_path, own):
    shop = make_regions(tmp_path / "shop")
    cells(shop, *CELLS[1:], 'al.connect("warehouse").sql("select count(*) from orders")')
    copy = shutil.copytree(shop.root, tmp_path / "elsewhere")
    own.add("one", ANALYTICS_WORKSPACE=str(copy))
    assert set(shop.built("--executor", own.address).values()) == {"published"}
    assert len(list(own.folder.rglob("shared-*/*.arrow"))) == 1  # the worker's kernels asked once
    assert set(shop.built().values()) == {"unchanged"}
    shop.sql("insert into orders values (9, '2026-06-05', 'north', 1)")
    assert "data/shop.duckdb is not the file that lies here" in refused(shop, own)


def test_other_packages_there(shop, own, tmp_path):
    for name in ("extra_one-2.0", "extra_two-1.0"):
        (tmp_path / "site" / f"{name}.dist-info").mkdir(parents=True)
        stem, number = name.split("-")
        (tmp_path / f"site/{name}.dist-info/METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {stem}\nVersion: {number}\n", encoding="utf-8"
        )
    shop.built()
    own.add("one", PYTHONPATH=str(tmp_path / "site"))
    sentence = refused(shop, own)
    assert "other packages are installed there: extra-one 2.0 there, missing here; extra-two 1.0 there" in sentence
    assert "one image, or install from one constraints.txt" in sentence


def test_a_worker_that_joins_later_with_other_packages(shop, own, tmp_path):
    """It was not there when the build looked at the workers; it refuses by itself."""
    (tmp_path / "site/extra-3.0.dist-info").mkdir(parents=True)
    (tmp_path / "site/extra-3.0.dist-info/METADATA").write_text("Name: extra\nVersion: 3.0\n", encoding="utf-8")
    shop.built()
    own.add("one")
    executor = dask.DaskExecutor(own.place, shop.root)
    try:
        assert executor.jobs == 1
        own.add("two", PYTHONPATH=str(tmp_path / "site"))
        own.workers["one"].kill()
        with pytest.raises(dask.ExecutorError, match=r"extra 3\.0 there, missing here"):
            executor.run(request(shop, tmp_path / "run"))
    finally:
        executor.close()


def request(shop, folder):
    from analytics_lib.rendering.runner import RunRequest

    folder.mkdir()
    notebook = shop.root / "notebooks/orders.ipynb"
    return RunRequest(notebook, "notebooks/orders.ipynb", {"region": "north"}, shop.root, folder, 60, 60)


def test_a_cluster_without_workers(shop, own, monkeypatch):
    monkeypatch.setattr(dask, "WORKERS_SECONDS", 1)
    shop.built()
    assert f"the cluster at {own.place} has no worker. Start one" in refused(shop, own)


@pytest.mark.parametrize(
    "address", ["dask://", "dask://host", "tcp://host:8786", "ray://host:1", "dask://a b:1", "local"]
)
def test_an_address_that_is_none(shop, address):
    shop.built()
    before = shop.published()
    ran = shop.call("build", "--executor", address)
    assert ran.code == 2
    assert f"'{address}' is no executor. Write dask://HOST:PORT" in ran.error
    assert shop.published() == before


def test_nobody_there(shop, monkeypatch):
    monkeypatch.setattr(dask, "CONNECT_SECONDS", 1)
    shop.built()
    before = shop.published()
    ran = shop.call("run", "orders", "--force", "--executor", "dask://127.0.0.1:1")
    assert ran.code == 2, ran.out + ran.err
    assert "no Dask scheduler answers at 127.0.0.1:1. Start one with `dask scheduler`" in ran.error
    assert shop.published() == before


def test_the_package_is_not_installed(shop, monkeypatch):
    monkeypatch.setattr(dask, "find_spec", lambda _: None)
    ran = shop.call("build", "--executor", "dask://127.0.0.1:8786")
    assert (ran.code, ran.error) == (
        2, "--executor: Dask needs the package distributed. Pip install 'analytics-lib[dask]'.",
    )  # fmt: skip
