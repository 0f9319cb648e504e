"""Files that somebody removed by hand: the next build brings back what it can without rendering, and the rest anew."""

from __future__ import annotations

import shutil

import pytest
from support.shop import SHOW
from support.whole import require_tidy, require_whole

pytestmark = pytest.mark.slow


def version_folder(shop):
    [(folder,)] = shop.rows("select v.folder from pages p join versions v on v.id = p.version")
    return shop.state / folder


def test_the_site(shop):
    before = shop.files()
    shutil.rmtree(shop.site)
    assert shop.built() == {"index": "unchanged"}
    assert shop.files() == before


@pytest.mark.parametrize("name", ["index.html", "orders/index.html"])
@pytest.mark.parametrize("damage", ["removed", "cut off", "changed"])
def test_a_page_of_the_site(shop, name, damage):
    before = shop.files()
    path = shop.site / name
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(before[name][:500] + (b"" if damage == "cut off" else b"0" * (len(before[name]) - 500)))
    assert shop.built() == {"index": "unchanged"}
    assert shop.files() == before


def test_a_shared_file_of_the_site(shop):
    before = shop.files()
    for path in (shop.site / "_assets").iterdir():
        path.unlink()
    assert shop.built() == {"index": "unchanged"}
    assert shop.files() == before


def test_the_state_database(shop):
    for path in shop.state.glob("state.db*"):
        path.unlink()
    assert shop.built() == {"index": "published"}
    require_whole(shop)
    require_tidy(shop)
    assert shop.built() == {"index": "unchanged"}


def test_the_whole_state(shop):
    shutil.rmtree(shop.state)
    assert shop.built() == {"index": "published"}
    require_whole(shop)
    assert shop.built() == {"index": "unchanged"}


def test_a_version(shop):
    shutil.rmtree(version_folder(shop))
    assert shop.built() == {"index": "published"}
    assert shop.current() == {("orders", "index"): 2}
    require_whole(shop)
    assert shop.built() == {"index": "unchanged"}


def test_a_version_that_cannot_be_rendered_again_stays_up(shop):
    before = shop.files()
    shutil.rmtree(version_folder(shop))
    shop.cell(SHOW, "1 / 0")
    assert shop.call("build").code == 4
    assert shop.files()["orders/index.html"] == before["orders/index.html"]
    assert b"orders/index.html" in shop.files()["index.html"]


def test_a_version_and_its_page(shop):
    shutil.rmtree(version_folder(shop))
    shutil.rmtree(shop.site)
    shop.cell(SHOW, "1 / 0")
    assert shop.call("build").code == 4
    assert b"orders/index.html" not in shop.files()["index.html"]
    require_whole(shop)


def test_a_version_to_roll_back_to(shop):
    first = version_folder(shop)
    shop.cell(SHOW, "orders.head(1)")
    assert shop.built() == {"index": "published"}
    shutil.rmtree(first)
    before = shop.published()
    ran = shop.call("rollback", "orders", "--to", "1")
    assert (ran.code, ran.error) == (2, "report 'orders': there is no version 1. Known is '2'.")
    ran = shop.call("rollback", "orders")
    assert (ran.code, ran.error) == (
        2, "report 'orders': there is no older version. `analytics versions` lists what is stored.",
    )  # fmt: skip
    assert shop.call("versions", "orders").code == 0
    assert shop.published() == before
