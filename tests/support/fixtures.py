"""Fixtures around the small published workspace."""

from __future__ import annotations

import pytest

from support.shop import copy_shop, make_shop


@pytest.fixture(scope="session")
def published_shop(tmp_path_factory):
    """A workspace whose report is published; do not change it, take `shop`."""
    shop = make_shop(tmp_path_factory.mktemp("published") / "shop")
    assert shop.built() == {"index": "published"}
    return shop


@pytest.fixture
def shop(published_shop, tmp_path):
    """A workspace whose report is published, for this test alone."""
    return copy_shop(published_shop, tmp_path / "shop")
