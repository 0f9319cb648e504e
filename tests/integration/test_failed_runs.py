"""What becomes of a run that failed: it is kept, it can be read, the page leads to it, and it goes in time."""

from __future__ import annotations

import errno
import html
import json
import os
import re
from pathlib import Path

import pytest
from support.shop import FAILED_RUN, QUERY, SHOW, make_shop
from support.whole import kernels, require_tidy, require_whole, wait_until

from analytics_lib.rendering.remains import KEPT_BYTES

pytestmark = pytest.mark.slow

GOOD = "orders/index.html"
BROKEN = 'print("as far as here")\nraise ValueError("no orders")'


def kept(shop, page="index"):
    """Name → content of what is kept of a page's failed run."""
    return {path.name: path.read_bytes() for path in (shop.state / "failed/orders").glob(f"{page}.*")}


def text_of(page):
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page).split()))


def mended(shop, cell, source):
    """Break a cell; return how to mend it."""
    content = json.loads((shop.root / "notebooks/orders.ipynb").read_text(encoding="utf-8"))
    before = content["cells"][cell - 1]["source"]
    shop.cell(cell, source)
    return lambda: shop.cell(cell, before)


def test_the_page_leads_to_the_run_and_the_run_says_why(shop):
    shop.cell(QUERY, BROKEN)
    shop.stopped()
    page = shop.page(FAILED_RUN)
    assert kept(shop)["index.html"].decode() == page
    text = text_of(page)
    assert "Orders of the north" in text
    assert "The cell raised ValueError: no orders. notebooks/orders.ipynb cell 4, line 2 · Go to the cell" in text
    assert "Region north Top 3" in text
    failed = page.split('<section class="failed-cell"')[1].split("</section>")[0]
    assert "Cell 4 failed" in failed
    assert "as far as here" in failed
    assert "Cells 5 and 6 did not run" in text
    assert '<a class="back" href="index.html">' in page
    notebook = json.loads(kept(shop)["index.ipynb"])
    assert any("as far as here" in str(cell.get("outputs")) for cell in notebook["cells"])
    require_whole(shop)
    require_tidy(shop)


def test_the_lists_lead_to_it(shop):
    shop.cell(QUERY, BROKEN)
    shop.stopped()
    assert f'<a href="{FAILED_RUN}">See the run that failed</a>' in shop.page("index.html")


def test_json_names_it(shop):
    shop.cell(QUERY, BROKEN)
    [page] = json.loads(shop.call("build", "--json").out)["pages"]
    assert page["failed_run"] == str(shop.site / FAILED_RUN)


@pytest.mark.parametrize("forced", [False, True], ids=["restored", "published"])
def test_it_goes_when_the_page_is_published_again(shop, forced):
    before = shop.files()
    mend = mended(shop, QUERY, BROKEN)
    shop.stopped()
    mend()
    assert shop.built(*["--force"] * forced) == {"index": "published" if forced else "restored"}
    assert set(shop.files()) == set(before)
    assert not list((shop.state / "failed").glob("*"))
    require_whole(shop)


def test_it_goes_with_a_rollback(shop):
    assert shop.built("--force") == {"index": "published"}
    shop.cell(QUERY, BROKEN)
    shop.stopped()
    assert shop.call("rollback", "orders").code == 0
    assert FAILED_RUN not in shop.files()
    assert "See the run that failed" not in shop.page(GOOD) + shop.page("index.html")
    assert not list((shop.state / "failed").glob("*"))
    assert shop.call("build").code == 4
    assert "See the run that failed" in shop.page(GOOD)


def test_it_goes_when_checks_hold_the_page_back(shop):
    shop.cell(QUERY, BROKEN)
    shop.stopped()
    shop.suite(("expect_table_row_count_to_be_between", {"min_value": 100}))
    shop.report("owner:", "checks:\n  - {suite: orders, connection: warehouse, table: orders}\nowner:")
    assert shop.call("build").code == 3
    assert FAILED_RUN not in shop.files()
    assert "See the run that failed" not in shop.page(GOOD)
    assert kept(shop) == {}


def test_the_newest_failed_run_takes_the_place_of_the_last(shop):
    shop.cell(QUERY, "import os\nos.write(2, b'from below\\n')\nimport time\ntime.sleep(1)\nraise ValueError('first')")
    shop.stopped()
    assert kept(shop)["index.log"] == b"from below\n"
    shop.cell(QUERY, "raise ValueError('second')")
    assert shop.call("build").code == 4
    assert "second" in shop.page(FAILED_RUN)
    assert "first" not in shop.page(FAILED_RUN)
    assert set(kept(shop)) == {"index.html", "index.ipynb"}


def test_a_report_that_was_never_published(tmp_path):
    shop = make_shop(tmp_path / "shop")
    shop.cell(QUERY, BROKEN)
    ran = shop.call("build")
    assert ran.code == 4
    assert "Failed run: .analytics/failed/orders/index.html\n" in ran.err
    assert not list(shop.site.rglob("orders/*"))
    page = kept(shop)["index.html"].decode()
    assert "no orders" in page
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page), "it opens where it lies: nothing is asked for"
    require_whole(shop)
    shop.cell(QUERY, "import pandas as pd\norders = pd.DataFrame({'amount': [1.0]})")
    assert shop.built() == {"index": "published"}
    assert not list((shop.state / "failed").glob("*"))


def test_a_crash_says_in_the_log_where(shop):
    shop.cell(QUERY, "import ctypes\n\nctypes.string_at(0)")
    assert "SIGSEGV" in shop.stopped()
    log = kept(shop)["index.log"].decode()
    assert "Fatal Python error: Segmentation fault" in log
    assert re.search(r"line 3 in <module>", log)
    assert "Segmentation fault" in shop.page(FAILED_RUN).split('<details class="log" id="log">')[1]


def test_a_long_log_is_bounded_and_says_so(shop):
    shop.cell(
        QUERY, 'import os, time\nfor _ in range(3000):\n    os.write(2, b"x" * 99 + b"\\n")\ntime.sleep(1)\n1 / 0'
    )
    shop.stopped()
    log = kept(shop)["index.log"]
    said, _, rest = log.partition(b"\n")
    assert re.fullmatch(rb"\[[\d,]+ bytes before this are left out\]", said)
    assert len(rest) <= KEPT_BYTES
    assert said.decode() in shop.page(FAILED_RUN)


def test_secrets_of_the_environment_stay_there(shop, monkeypatch):
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse-battery")
    shop.cell(QUERY, "import os, ctypes\nassert os.environ['SHOP_PASSWORD']\nctypes.string_at(0)")
    shop.stopped()
    for content in (*kept(shop).values(), *shop.files().values()):
        assert b"correct-horse-battery" not in content


@pytest.mark.parametrize(
    "dying",
    [
        "import os\nos._exit(3)",
        "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)",
        "import subprocess\nsubprocess.Popen(['sleep', '600'])\nimport os\nos._exit(1)",
    ],
    ids=["exit", "kill", "fork"],
)
def test_a_kernel_that_ends_leaves_what_was_shown_before(shop, dying):
    shop.cell(SHOW, f'print("so far")\nimport time\ntime.sleep(1)\n{dying}')
    shop.stopped()
    page = shop.page(FAILED_RUN)
    failed = page.split('<section class="failed-cell"')[1].split("</section>")[0]
    assert "Cell 6 failed" in failed
    assert "so far" in failed
    assert "did not run" not in page
    wait_until(lambda: not kernels(shop))


def test_a_cell_that_hangs_is_shown_with_what_it_printed(shop):
    shop.report("owner:", "execution_timeout: 2\nowner:")
    shop.cell(QUERY, 'print("so far", flush=True)\nimport time\ntime.sleep(600)')
    shop.stopped()
    failed = shop.page(FAILED_RUN).split('<section class="failed-cell"')[1].split("</section>")[0]
    assert "so far" in failed
    assert "The cell ran longer than 2 s." in failed


def test_one_page_of_several_fails(tmp_path):
    shop = make_shop(tmp_path / "shop")
    shop.report("owner:", "for_each: {region: [north, south]}\nowner:")
    assert shop.built() == {"north": "published", "south": "published"}
    shop.cell(QUERY, 'if region == "south":\n    raise ValueError("no south")\norders = db.sql("select * from orders")')
    assert shop.call("build").code == 4
    assert (shop.site / "orders/south~failed.html").exists()
    assert not (shop.site / "orders/north~failed.html").exists()
    own = shop.page("orders/index.html")
    assert own.count('<a href="../orders/south~failed.html">See the run that failed</a>') == 1
    require_whole(shop)
    require_tidy(shop)


@pytest.fixture
def full_disk(monkeypatch):
    """Make the disk full for files whose path holds a certain part, until it is called with nothing."""
    sync, full = os.fsync, [""]

    def fsync(descriptor):
        if full[0] and full[0] in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return lambda part="": full.__setitem__(0, part)


def test_a_disk_that_is_full_hides_no_error(shop, full_disk):
    shop.cell(QUERY, BROKEN)
    shop.stopped()
    shop.cell(QUERY, "raise ValueError('another')")
    full_disk("/failed/")
    ran = shop.call("build")
    assert ran.code == 4
    assert "the cell raised ValueError: another." in ran.err
    assert "Run not kept: the disk is full: the run that failed could not be written.\n" in ran.err
    assert "Failed run:" not in ran.err
    assert "ValueError: another" in shop.page(GOOD)
    assert "See the run that failed" not in shop.page(GOOD), "the last failed run is not this one"
    assert FAILED_RUN not in shop.files()
    require_whole(shop)
    require_tidy(shop)
    full_disk()
    assert shop.call("build").code == 4
    assert "another" in shop.page(FAILED_RUN)


def test_a_page_that_cannot_be_made_of_a_failed_run_hides_no_error(shop, monkeypatch):
    from analytics_lib.rendering import failures

    def broken(*_, **__):
        raise KeyError("data")

    monkeypatch.setattr(failures, "render_failure", broken)
    shop.cell(QUERY, BROKEN)
    ran = shop.call("build")
    assert ran.code == 4
    assert "the cell raised ValueError: no orders." in ran.err
    assert "Run not kept: its page could not be made: KeyError: 'data'.\n" in ran.err
    assert "ValueError: no orders" in shop.page(GOOD)


def test_a_run_that_left_nothing_is_told_without_a_link(shop, monkeypatch):
    """As when the machine of a cluster that ran it is lost."""
    from analytics_lib.errors import RenderError
    from analytics_lib.pipeline.executors import executor

    shop.cell(QUERY, BROKEN)
    shop.stopped()

    def lost(request):
        raise RenderError("the worker died", where=request.shown)

    monkeypatch.setattr(executor, "run_notebook", lost)
    ran = shop.call("build")
    assert ran.code == 4
    assert "the worker died.\n      Run not kept: nothing is left of it.\n" in ran.err
    assert "the worker died.</p>" in shop.page(GOOD)
    assert kept(shop) == {}
    assert FAILED_RUN not in shop.files()


def test_a_fault_after_the_notebook_ran_does_not_lead_to_an_older_run(shop, monkeypatch):
    from analytics_lib.rendering import html as pages

    mend = mended(shop, QUERY, BROKEN)
    shop.stopped()
    mend()

    def broken(*_, **__):
        raise KeyError("data")

    monkeypatch.setattr(pages, "render_html", broken)
    ran = shop.call("build", "--force")
    assert ran.code == 4
    assert "KeyError" in shop.page(GOOD)
    assert "See the run that failed" not in shop.page(GOOD)
    assert FAILED_RUN not in shop.files()
    assert kept(shop) == {}
