"""The small published workspace that these tests change."""

from __future__ import annotations

from support.fixtures import published_shop, shop

__all__ = ["published_shop", "shop"]
