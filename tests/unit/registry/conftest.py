from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics_lib.registry import NewVersion, open_registry


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/state/state.db"


@pytest.fixture
def registry(url):
    registry = open_registry(url)
    yield registry
    registry.close()


@pytest.fixture
def add(registry):
    """Record a version of a page of the report ``sales``."""

    def add(page="north", number=None, key=None, **more):
        number = number or registry.next_number("sales")
        values = {
            "report": "sales", "page": page, "number": number, "key": key or f"key-{page}-{number}", "base_key": "base",
            "parameters": {"region": page}, "sources": {"files": {}}, "facts": {"title": "Sales"},
            "badge": "passed", "folder": f"versions/sales/{page}/{number}",
            "rendered_at": datetime(2026, 1, 31, 6, tzinfo=UTC), "seconds": 1.5,
        }  # fmt: skip
        return registry.add_version(NewVersion(**{**values, **more}))

    return add
