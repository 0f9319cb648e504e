"""The small published workspace that these tests change, and notebooks of apps."""

from __future__ import annotations

import pytest
from support.fixtures import published_shop, shop

__all__ = ["published_shop", "shop"]


@pytest.fixture
def app(bench):
    """Write the notebook of an app."""

    def app(name, *cells, parameters=""):
        return bench.notebook(f"apps/{name}", *cells, parameters=parameters)

    return app
