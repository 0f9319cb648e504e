"""Looking around in the metric model by hand: the widget behind `metrics.explore()` and the playground's page."""

from __future__ import annotations

from analytics_lib.exploring.metrics import ExplorableMetrics
from analytics_lib.exploring.view import View, make_view, read_query, to_query

__all__ = ["ExplorableMetrics", "View", "make_view", "read_query", "to_query"]
