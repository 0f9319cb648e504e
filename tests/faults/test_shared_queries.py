"""``kill -9`` of the kernel that asks for all: the next one asks, and nobody waits for the dead."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from support.asking import answer, heard, start
from support.whole import wait_until

QUERY = "select count(*) as n from orders"
HOUR_S = 3600


@pytest.fixture
def url(tmp_path):
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as database:
        database.execute("create table orders as select * from range(7)")
    return f"duckdb:///{tmp_path / 'shop.duckdb'}"


def test_the_next_takes_over_from_a_holder_that_is_killed_in_mid_query(tmp_path, url):
    holder = start(tmp_path, url, QUERY, fragment="count(*)", hold=HOUR_S)
    wait_until((tmp_path / "began").exists)
    waiting = [start(tmp_path, url, QUERY) for _ in range(2)]
    wait_until(lambda: all(blocked(each.pid) for each in waiting))
    assert len(heard(tmp_path, "count(*)")) == 1
    assert all(each.poll() is None for each in waiting)
    holder.kill()
    holder.communicate()
    assert [answer(each)[0]["rows"] for each in waiting] == [[[7]]] * 2
    assert len(heard(tmp_path, "count(*)")) == 2
    assert {path.suffix for path in (tmp_path / "shared").iterdir()} == {".arrow", ".lock"}


def blocked(process):
    """Return whether a process waits for a file's lock."""
    locks = Path("/proc/locks").read_text(encoding="utf-8").splitlines()
    return any("->" in line and f" {process} " in line for line in locks)
