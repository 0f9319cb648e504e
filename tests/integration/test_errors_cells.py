"""A notebook that does not run to its end: exit 4, the last good page stays up under a banner, the cell is named."""

from __future__ import annotations

import json

import pytest
from support.shop import CONNECT, FAILED_RUN, QUERY, SHOW

pytestmark = pytest.mark.slow

CELL = "notebooks/orders.ipynb cell"


def test_a_cell_that_raises(shop):
    shop.cell(QUERY, 'orders = []\n\nraise ValueError("no orders <today>")')
    assert shop.stopped() == f"{CELL} 4, line 3: the cell raised ValueError: no orders <today>."
    kept = json.loads((shop.state / "failed/orders/index.ipynb").read_text(encoding="utf-8"))
    outputs = [output for cell in kept["cells"] for output in cell.get("outputs", ())]
    assert any(output["output_type"] == "error" and output["ename"] == "ValueError" for output in outputs)


def test_a_mended_notebook_takes_the_banner_down(shop):
    source = json.loads((shop.root / "notebooks/orders.ipynb").read_text(encoding="utf-8"))
    before = shop.files()
    shop.cell(SHOW, "1 / 0")
    assert shop.stopped() == f"{CELL} 6, line 1: the cell raised ZeroDivisionError: division by zero."
    shop.cell(SHOW, source["cells"][SHOW - 1]["source"])
    assert shop.built() == {"index": "restored"}
    assert shop.files() == before


def test_the_banner_says_since_when_and_not_how_often(shop):
    shop.cell(SHOW, "1 / 0")
    shop.stopped()
    files = shop.files()
    assert shop.call("build").code == 4
    again = shop.files()
    assert again.pop(FAILED_RUN).startswith(b"<!doctype html>")  # the last failed run is shown, the banner stays
    files.pop(FAILED_RUN)
    assert again == files


def test_a_cell_that_is_not_python(shop):
    shop.cell(SHOW, "orders\norders.head(")
    assert shop.stopped() == f"{CELL} 6, line 2: the cell is not Python: incomplete input."


def test_a_query_that_the_database_refuses(shop):
    shop.cell(QUERY, 'orders = db.sql("select regoin from orders")')
    assert shop.stopped() == (
        f"{CELL} 4, line 1: the cell raised QueryError: connection 'warehouse': the database refuses the query: "
        'Binder Error: Referenced column "regoin" not found in FROM clause. Candidate bindings: "region", "amount".'
    )


def test_a_connection_whose_name_is_computed(shop):
    shop.cell(CONNECT, 'import analytics_lib as al\n\nname = "ware" + "hous"\ndb = al.connect(name)')
    assert shop.stopped() == (
        f"{CELL} 3, line 4: the cell raised ConnectionFailed: unknown connection 'warehous'; did you mean 'warehouse'?"
    )


@pytest.mark.parametrize(
    ("leaving", "said"),
    [
        ("import sys\n\nsys.exit()", "sys.exit()"),
        ("import sys\n\nsys.exit(0)", "sys.exit(0)"),
        ("import sys\n\nsys.exit(1)", "sys.exit(1)"),
        ("exit()", "exit()"),
    ],
)
def test_a_cell_that_leaves(shop, leaving, said):
    shop.cell(QUERY, leaving)
    assert shop.stopped() == (f"{CELL} 4: the cell called {said}. Let the notebook run to its end, or raise an error.")


@pytest.mark.parametrize(
    ("dying", "sentence"),
    [
        ("import os\n\nos._exit(0)", "the kernel ended with status 0. The cell ended its process."),
        (
            "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)",
            "the kernel was ended by SIGKILL. Somebody killed it, it crashed, or the machine ran out of memory.",
        ),
    ],
)
def test_a_kernel_that_dies(shop, dying, sentence):
    shop.cell(QUERY, dying)
    assert shop.stopped() == f"{CELL} 4: {sentence}"


def test_a_kernel_beyond_its_memory(shop):
    shop.report("owner:", "memory_limit: 600 MB\nowner:")
    shop.cell(QUERY, "held = [bytearray(b'x') * 20_000_000 for _ in range(100)]")
    assert shop.stopped() == (
        f"{CELL} 4: the kernel held more than 600 MB. Read less at a time, or raise `memory_limit` in the report file."
    )


def test_a_cell_beyond_its_time_limit(shop):
    shop.report("owner:", "execution_timeout: 1\nowner:")
    shop.cell(QUERY, "import time\n\ntime.sleep(600)")
    assert shop.stopped() == (
        f"{CELL} 4: the cell ran longer than 1 s. Make it faster, or raise `execution_timeout` in the report file."
    )


def test_a_frame_that_is_not_handed_over(shop):
    shop.suite(("expect_table_row_count_to_be_between", {"min_value": 1}))
    shop.report("owner:", "checks:\n  - {suite: orders, output: order}\nowner:")
    before = shop.published()
    ran = shop.call("build")
    assert (ran.code, ran.error) == (
        2, "reports/orders.yml:4: the notebook hands over no output 'order'. Did you mean 'orders'?",
    )  # fmt: skip
    assert shop.published() == before
