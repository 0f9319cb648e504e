"""A build whose notebooks fail, and the one that makes it good, die at each point where they change something."""

from __future__ import annotations

import pytest
from support.crashing import Crasher
from support.regions import editions, make_regions, write_edition
from support.shop import copy_shop
from support.whole import require_tidy, require_whole

pytestmark = pytest.mark.slow

REGIONS = ("east", "west")
ENDINGS = {f"{region}{ending}" for region in REGIONS for ending in (".html", ".ipynb", ".log")}


@pytest.fixture(scope="module")
def crasher():
    with Crasher() as crasher:
        yield crasher


@pytest.fixture
def broken(crasher, tmp_path):
    """A published workspace whose data breaks every page; it has not been built since."""
    shop = make_regions(tmp_path / "start", regions=REGIONS)
    assert crasher.build(shop)["code"] == 0
    write_edition(shop, "broken")
    return shop


def require_failed(shop):
    """Every page is up as it was, under a banner that leads to its failed run; all three files of that are kept."""
    assert editions(shop, REGIONS) == dict.fromkeys(REGIONS, 1)
    for region in REGIONS:
        assert f'href="{region}~failed.html"' in shop.page(f"orders/{region}.html")
        assert "the cell raised ValueError: broken" in shop.page(f"orders/{region}~failed.html").replace("The", "the")
    assert {path.name for path in (shop.state / "failed/orders").iterdir()} == ENDINGS
    require_whole(shop)
    require_tidy(shop)


def require_good(shop):
    """Every page is new; of the failed runs nothing is left."""
    assert editions(shop, REGIONS) == dict.fromkeys(REGIONS, 2)
    assert not list(shop.site.rglob("*~failed.html"))
    assert not list((shop.state / "failed").glob("*"))
    require_whole(shop)
    require_tidy(shop)


def require_readable(shop):
    """Whatever is there of failed runs is whole."""
    require_whole(shop)
    kept = [path for path in (shop.state / "failed").rglob("*.html") if not path.name.startswith(".part-")]
    for path in kept:
        assert path.read_text(encoding="utf-8").rstrip().endswith("</html>"), path


def test_every_point_of_a_build_that_fails(crasher, broken, tmp_path):
    uninterrupted = copy_shop(broken, tmp_path / "uninterrupted")
    said = crasher.build(uninterrupted)
    assert said["code"] == 4
    require_failed(uninterrupted)
    points = said["changes"]
    assert any("rename /.analytics/failed/orders/.part-" in each for each in points)
    assert any("rename /site/orders/.part-" in each and "~failed" in each for each in points)
    for number, change in enumerate(points, start=1):
        shop = copy_shop(broken, tmp_path / f"crash-{number}")
        assert crasher.build(shop, crash=number) is None, change
        require_readable(shop)
        assert editions(shop, REGIONS) == dict.fromkeys(REGIONS, 1)
        assert crasher.build(shop)["code"] == 4, change
        require_failed(shop)


def test_every_point_of_a_build_that_makes_it_good(crasher, broken, tmp_path):
    assert crasher.build(broken)["code"] == 4
    require_failed(broken)
    write_edition(broken, 2)
    uninterrupted = copy_shop(broken, tmp_path / "uninterrupted")
    said = crasher.build(uninterrupted)
    assert said["code"] == 0
    require_good(uninterrupted)
    points = said["changes"]
    assert any(each.startswith("os.remove /site/orders/") for each in points)
    assert any(each.startswith("os.remove /.analytics/failed/orders/") for each in points)
    for number, change in enumerate(points, start=1):
        shop = copy_shop(broken, tmp_path / f"crash-{number}")
        assert crasher.build(shop, crash=number) is None, change
        require_readable(shop)
        assert set(editions(shop, REGIONS).values()) <= {1, 2}
        assert crasher.build(shop)["code"] == 0, change
        require_good(shop)
