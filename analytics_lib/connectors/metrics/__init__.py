"""The metric model as SQL: one statement for each question, in the dialect of the database that is asked."""

from __future__ import annotations

from analytics_lib.connectors.metrics.metrics import Metrics, facts_of

__all__ = ["Metrics", "facts_of"]
