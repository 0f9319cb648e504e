"""The state database: runs, versions, which version of each page is current."""

from __future__ import annotations

from analytics_lib.registry.registry import NewVersion, PageState, Registry, StoredVersion, open_registry

__all__ = ["NewVersion", "PageState", "Registry", "StoredVersion", "open_registry"]
