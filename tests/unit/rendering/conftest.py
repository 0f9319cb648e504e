from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analytics_lib.model.pages import PageFacts, ShownParameter, Source


@pytest.fixture
def facts():
    """A page's evidence, every free text of it hostile."""
    return PageFacts(
        report="network",
        title="Network <script>title()</script>",
        finding='One in four "leaves" late <img src=x onerror=finding()>',
        description="All departures",
        owner="Ops & <b>Research</b>",
        audience="internal",
        tags=("ops", "<i>tag</i>"),
        parameters=(ShownParameter("origin", "Airport", "<script>parameter()</script>"),),
        data_through=datetime(2013, 12, 31),  # noqa: DTZ001 - a wall-clock reading
        sources=(Source("warehouse", datetime(2026, 11, 20, 11, 0, tzinfo=UTC)),),
        checks=(),
        version=12,
        key="a1b2c3d4e5f6",
        rendered_at=datetime(2026, 11, 21, 4, 0, tzinfo=UTC),
        time_zone="America/New_York",
    )
