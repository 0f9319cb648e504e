"""Workers, schedulers and builds that end in mid-run: every page is published once or stays up, no kernel remains."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from support.cluster import Cluster
from support.regions import CELLS, REGIONS, editions, make_regions, write_edition
from support.shop import BANNER, SINCE, finish
from support.whole import kernels, require_tidy, require_whole, wait_until

from analytics_lib.errors import RenderError
from analytics_lib.pipeline.executors import dask
from analytics_lib.rendering.runner import RunRequest

pytestmark = pytest.mark.slow

GATED = """\
import os, time
from pathlib import Path

here = Path("../under-way") / os.environ.get("WORKER", "this machine")
here.mkdir(parents=True, exist_ok=True)
(here / region).touch()
while not Path("../gate").exists():
    time.sleep(0.05)
""" + CELLS[1]


@pytest.fixture
def shop(tmp_path):
    shop = make_regions(tmp_path / "shop")
    shop.built()
    shop.cell(3, GATED)
    write_edition(shop, 2)
    return shop


@pytest.fixture
def cluster(services, tmp_path):
    services.dask()
    with Cluster(tmp_path / "cluster") as cluster:
        yield cluster


def under_way(shop):
    """Return worker → the pages whose notebooks it has begun."""
    return {worker.name: {path.name for path in worker.iterdir()} for worker in (shop.root / "under-way").glob("*")}


def begin(shop, cluster, *workers):
    """Start a build on the cluster and wait until each worker is at a page."""
    for name in workers:
        cluster.add(name)
    process = shop.start("build", "--json", "--executor", cluster.address)
    wait_until(lambda: set(under_way(shop)) == set(workers) and len(kernels(shop)) >= len(workers))
    return process


def open_gate(shop):
    (shop.root / "gate").touch()


def test_a_worker_that_is_killed_loses_nothing(shop, cluster):
    process = begin(shop, cluster, "one", "two")
    (lost,) = under_way(shop)["one"]
    cluster.workers["one"].kill()
    open_gate(shop)
    ran = finish(process)
    assert ran.code == 0, ran.out + ran.err
    assert ran.pages == dict.fromkeys(REGIONS, "published")
    assert lost in under_way(shop)["two"]
    assert editions(shop) == dict.fromkeys(REGIONS, 2)
    assert shop.rows("select page, count(*) from versions where number = 2 group by page order by page") == [
        (region, 1) for region in REGIONS
    ]
    wait_until(lambda: not kernels(shop))
    require_whole(shop)
    assert set(shop.built().values()) == {"unchanged"}
    require_tidy(shop)  # what the killed worker left in the machine's temporary folder is swept away as well


def test_a_killed_worker_leaves_no_kernel_at_work(shop, cluster):
    process = begin(shop, cluster, "one", "two")
    before = kernels(shop)
    cluster.workers["one"].kill()
    wait_until(lambda: before - kernels(shop))  # the gate is shut: nothing but its worker's end can end a kernel
    open_gate(shop)
    assert finish(process).code == 0


def test_workers_that_keep_dying_are_told(shop, cluster):
    """One death is enough here, as the scheduler is told to allow none."""
    cluster.__exit__()
    with Cluster(cluster.folder / "strict", {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}) as strict:
        process = begin(shop, strict, "one")
        (lost,) = under_way(shop)["one"]
        strict.workers["one"].kill()
        strict.add("two")
        open_gate(shop)
        ran = finish(process)
    assert ran.code == 4
    assert ran.pages == {**dict.fromkeys(REGIONS, "published"), lost: "failed"}
    reason = stale(shop)[f"{lost}.html"]
    assert "the worker died while running the notebook" in reason
    assert editions(shop) == {**dict.fromkeys(REGIONS, 2), lost: 1}
    require_whole(shop)


def test_a_cluster_that_has_lost_all_its_workers(shop, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(dask, "WORKERS_SECONDS", 1)
    monkeypatch.setattr(dask, "LOOK_SECONDS", 0.1)
    cluster.add("one")
    notebook = shop.root / "notebooks/orders.ipynb"
    (tmp_path / "run").mkdir()
    request = RunRequest(notebook, notebook.name, {"region": "north"}, shop.root, tmp_path / "run", 60, 60)
    with closing(dask.DaskExecutor(cluster.place, shop.root)) as executor, ThreadPoolExecutor(1) as pool:
        run = pool.submit(executor.run, request)
        wait_until(lambda: under_way(shop))
        cluster.workers["one"].kill()
        with pytest.raises(RenderError, match=f"the cluster at {cluster.place} has had no worker for 1 s"):
            run.result(timeout=60)


def stale(shop):
    """Return page → the reason that its banner gives."""
    found = {}
    for name, content in shop.files().items():
        for banner in BANNER.findall(content.decode()) if name.startswith("orders/") else ():
            found[name.removeprefix("orders/")] = SINCE.search(banner)[2]
    return found


def test_a_scheduler_that_is_killed(shop, cluster):
    process = begin(shop, cluster, "one", "two")
    cluster.scheduler.kill()
    ran = finish(process)
    assert ran.code == 4, ran.out + ran.err
    assert ran.pages == dict.fromkeys(REGIONS, "failed")
    reasons = stale(shop)
    assert set(reasons) == {f"{region}.html" for region in REGIONS}
    assert all(f"the Dask scheduler at {cluster.place} went away" in reason for reason in reasons.values())
    assert editions(shop) == dict.fromkeys(REGIONS, 1)
    require_whole(shop)
    wait_until(lambda: not kernels(shop))  # the gate is shut still
    open_gate(shop)
    assert set(shop.built().values()) == {"published"}
    require_tidy(shop)


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_build_that_ends_takes_its_tasks_along(shop, cluster, ending, code):
    before = shop.published()
    process = begin(shop, cluster, "one", "two")
    os.killpg(process.pid, ending)
    ran = finish(process)
    assert ran.code == code, ran.out + ran.err
    wait_until(lambda: not kernels(shop))  # the gate is shut: they were ended
    assert shop.published() == before
    require_whole(shop)
    begun = under_way(shop)
    assert all(worker.poll() is None for worker in cluster.workers.values())
    open_gate(shop)
    assert set(shop.built("--executor", cluster.address).values()) == {"published"}
    assert sum(len(pages) for pages in begun.values()) == 2  # what had not begun was never begun
    require_tidy(shop)
