"""``kill -9`` of a build at random moments: the site always serves whole versions, and the next build completes."""

from __future__ import annotations

import random
import time

import pytest
from support.regions import REGIONS, editions, make_regions, write_edition
from support.whole import kernels, require_tidy, require_whole, wait_until

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("checks", "kills"), [(False, 16), (True, 4)], ids=["plain", "checked"])
def test_a_build_that_is_killed_at_random_moments(tmp_path, checks, kills):
    shop = make_regions(tmp_path / "shop", checks=checks)
    assert shop.built() == dict.fromkeys(REGIONS, "published")
    dice = random.Random(2026)
    begun = time.monotonic()
    write_edition(shop, 2)
    assert shop.run("build").code == 0
    length = time.monotonic() - begun
    for edition in range(3, 3 + kills):
        before = editions(shop)
        write_edition(shop, edition)
        process = shop.start("build")
        time.sleep(dice.uniform(0.1, length))
        process.kill()
        process.communicate()
        require_whole(shop)
        assert all(shown in {before[region], edition} for region, shown in editions(shop).items())
        wait_until(lambda: not kernels(shop))
        if dice.random() < 0.2 or edition == 2 + kills:
            assert set(shop.built()) == set(REGIONS)
            assert editions(shop) == dict.fromkeys(REGIONS, edition)
            require_whole(shop)
            require_tidy(shop)
            assert set(shop.built().values()) == {"unchanged"}
