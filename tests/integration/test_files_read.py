"""Files that a notebook reads are noticed however it reads them; those that it writes are not its sources."""

from __future__ import annotations

import os

import pytest

DUCKDB = "import duckdb"
SUM = "{}\nprint('Sum:', int(total))"


@pytest.fixture
def sales(bench):
    """A report on files, with the cells that a test gives it."""
    bench.write("data/north.csv", "amount\n1\n2\n")
    bench.report("sales")
    bench.cells = lambda *cells: bench.notebook("sales", *cells, parameters="region: str = 'north'")
    return bench


@pytest.mark.parametrize(
    "cells",
    [
        (DUCKDB, "total = duckdb.sql(\"select sum(amount) from '../data/north.csv'\").fetchall()[0][0]"),
        (DUCKDB, "total = duckdb.read_csv('../data/north.csv').sum('amount').fetchall()[0][0]"),
        (DUCKDB, "total = duckdb.sql(f\"select sum(amount) from '../data/{region}.csv'\").fetchall()[0][0]"),
        ("from pyarrow import csv", "total = sum(csv.read_csv('../data/north.csv')['amount'].to_pylist())"),
        ("import pandas as pd", "total = pd.read_csv(f'../data/{region}.csv')['amount'].sum()"),
        ("import reading", "total = reading.total()"),
    ],
    ids=["duckdb query", "duckdb function", "duckdb f-string", "pyarrow", "pandas", "duckdb in a module"],
)
def test_a_file_that_changes_is_noticed(sales, cells):
    sales.write(
        "notebooks/reading.py",
        "import duckdb\nQUERY = \"select sum(amount) from '../data/north.csv'\"\n"
        "def total():\n    return duckdb.sql(QUERY).fetchall()[0][0]\n",
    )
    sales.cells(cells[0], SUM.format(cells[1]))
    assert sales.statuses() == {"sales/index": "published"}
    assert sales.statuses() == {"sales/index": "unchanged"}
    sales.write("data/north.csv", "amount\n70\n")
    assert sales.statuses() == {"sales/index": "published"}
    assert "Sum: 70" in sales.page("sales/index.html")


def test_a_file_that_the_notebook_writes_is_none_of_its_sources(sales):
    sales.cells(DUCKDB, "duckdb.sql('select 1 as x').write_csv('../data/out.csv')")
    assert sales.statuses() == {"sales/index": "published"}
    assert sales.statuses() == {"sales/index": "unchanged"}
    sales.write("data/out.csv", "other")
    assert sales.statuses() == {"sales/index": "unchanged"}


def test_a_file_that_gives_way_to_an_older_one_while_the_notebook_runs(sales):
    """Its date says nothing then; the page shows what was there before."""
    older = sales.write("data/older", "amount\n5\n")
    os.utime(older, (0, 0))
    sales.cells(
        "import os, pandas as pd",
        "total = pd.read_csv('../data/north.csv')['amount'].sum()",
        "if os.path.exists('../data/older'): os.replace('../data/older', '../data/north.csv')",
        "print('Sum:', total)",
    )
    assert sales.statuses() == {"sales/index": "published"}
    assert "Sum: 3" in sales.page("sales/index.html")
    (page,) = sales.build().pages
    assert (page.status, page.reasons) == (
        "published", ("its data cannot be traced: north.csv changed while the notebook ran",),
    )  # fmt: skip
    assert "Sum: 5" in sales.page("sales/index.html")
    assert sales.statuses() == {"sales/index": "unchanged"}
