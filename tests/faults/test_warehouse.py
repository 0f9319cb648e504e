"""A warehouse that is corrupted: exit 3, every page stays up under a banner; repaired, the banners go at once."""

from __future__ import annotations

import html
import shutil

import pytest
from support.shop import BANNER, SINCE, copy_shop, make_shop
from support.whole import require_tidy, require_whole

pytestmark = pytest.mark.slow

REPORT = """\
title: "Orders of the {region}"
notebook: notebooks/orders.ipynb
for_each:
  region: {connection: warehouse, query: select region from regions order by region}
freshness: {connection: warehouse, query: select max(day) from orders}
checks:
  - {suite: orders, connection: warehouse, table: orders}
  - {suite: regions, connection: warehouse, table: regions}
"""
PAGES = ("north", "south")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    shop = make_shop(tmp_path_factory.mktemp("warehouse") / "shop", report=REPORT)
    shop.sql("create table regions as select distinct region from orders")
    rows = ("expect_table_row_count_to_be_between", {"min_value": 1})
    shop.suite(
        rows,
        ("expect_column_values_to_not_be_null", {"column": "amount"}),
        ("expect_column_values_to_be_unique", {"column": "id"}),
    )
    known = ("expect_column_values_to_be_in_set", {"column": "region", "value_set": list(PAGES)})
    shop.suite(rows, ("expect_column_values_to_not_be_null", {"column": "region"}), known, name="regions")
    assert shop.built() == dict.fromkeys(PAGES, "published")
    return shop


@pytest.fixture
def shop(published, tmp_path):
    return copy_shop(published, tmp_path / "shop")


def versions(shop):
    return shop.rows("select report, page, number from versions order by id")


@pytest.mark.parametrize(
    ("corruption", "reason"),
    [
        ("update orders set amount = null where id < 3", "amount must not be null: 2 of 8 values"),
        ("insert into orders select * from orders", "id must be unique: 16 of 16 values"),
        ("delete from orders", "row count must be at least 1"),
        ("delete from regions", "row count must be at least 1"),
        ("update regions set region = null", "region must not be null: 2 of 2 values"),
        ("update regions set region = 'x' || region", "region must be in {north, south}: 2 of 2 values"),
    ],
)
def test_a_corrupted_table(shop, corruption, reason):
    before, stored = shop.files(), versions(shop)
    kept = shutil.copy2(shop.database, shop.root / "kept.duckdb")
    shop.sql(corruption)
    ran = shop.call("build")
    assert ran.code == 3, ran.out + ran.err
    assert reason in ran.error
    assert versions(shop) == stored
    for page in PAGES:
        text = shop.page(f"orders/{page}.html")
        (banner,) = BANNER.findall(text)
        since, said = SINCE.search(html.unescape(banner)).groups()
        assert since.endswith("UTC")
        assert reason in said
        assert BANNER.sub("<!-- analytics:banner -->", text).encode() == before[f"orders/{page}.html"]
    require_whole(shop)

    stale = shop.files()
    assert shop.call("build").code == 3
    assert shop.files() == stale

    shutil.copy2(kept, shop.database)
    assert shop.built() == dict.fromkeys(PAGES, "restored")
    assert versions(shop) == stored
    assert shop.files() == before
    require_tidy(shop)


def test_repaired_data_that_is_new(shop):
    shop.sql("update orders set amount = null where id = 1")
    assert shop.call("build").code == 3
    shop.sql("update orders set amount = 11 where id = 1")
    assert shop.built() == dict.fromkeys(PAGES, "published")
    assert not BANNER.search(shop.page("orders/north.html"))


def test_one_page_by_hand_holds_back_that_page_alone(shop):
    shop.sql("update orders set amount = null where id = 1")
    ran = shop.call("run", "orders", "-p", "region=north")
    assert ran.code == 3
    assert BANNER.search(shop.page("orders/north.html"))
    assert not BANNER.search(shop.page("orders/south.html"))
