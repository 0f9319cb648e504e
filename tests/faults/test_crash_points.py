"""A build that dies at each point where it changes something: before each file, each rename and each transaction."""

from __future__ import annotations

import pytest
from support.crashing import Crasher
from support.regions import editions, make_regions, write_edition
from support.shop import copy_shop
from support.whole import require_tidy, require_whole

REGIONS = ("east", "west")


@pytest.mark.slow
def test_every_point_of_a_build(tmp_path):
    with Crasher() as crasher:
        start = make_regions(tmp_path / "start", regions=REGIONS)
        assert crasher.build(start)["code"] == 0
        write_edition(start, 2)
        uninterrupted = crasher.build(copy_shop(start, tmp_path / "uninterrupted"))
        assert uninterrupted["ran"] == list(REGIONS)
        points = uninterrupted["changes"]
        # Among the points are the ones that matter: transactions, and the files of the version and of the site.
        assert points.count("commit") >= 3
        assert any("rename /.analytics/versions" in each for each in points)
        assert any("rename /site/orders/.part-" in each for each in points)
        for number, change in enumerate(points, start=1):
            shop = copy_shop(start, tmp_path / f"crash-{number}")
            assert crasher.build(shop, crash=number) is None, change
            require_whole(shop)
            assert set(editions(shop, REGIONS).values()) <= {1, 2}
            recorded = [page for (page,) in shop.rows("select page from versions where number = 2")]
            again = crasher.build(shop)
            assert (again["code"], again["ran"]) == (0, [each for each in REGIONS if each not in recorded]), change
            assert editions(shop, REGIONS) == dict.fromkeys(REGIONS, 2), change
            require_whole(shop)
            require_tidy(shop)
        assert crasher.build(shop)["ran"] == []


def test_what_is_decided_in_the_state_is_shown_without_rendering(tmp_path):
    """Between the transaction that publishes and the site's files nothing can be lost."""
    with Crasher() as crasher:
        start = make_regions(tmp_path / "start", regions=REGIONS)
        assert crasher.build(start)["code"] == 0
        write_edition(start, 2)
        points = crasher.build(copy_shop(start, tmp_path / "uninterrupted"))["changes"]
        first = next(number for number, each in enumerate(points, start=1) if each.startswith("os.rename /site/"))
        for number in (first, first + 1):
            shop = copy_shop(start, tmp_path / f"crash-{number}")
            assert crasher.build(shop, crash=number) is None
            assert set(shop.current().values()) == {2}
            assert 1 in editions(shop, REGIONS).values()
            require_whole(shop)
            again = crasher.build(shop)
            assert again["ran"] == []
            assert editions(shop, REGIONS) == dict.fromkeys(REGIONS, 2)
