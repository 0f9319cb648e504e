"""The metric model: files of entities, dimensions, measures and metrics, and what is asked of them together."""

from __future__ import annotations

from analytics_lib.model.metrics.catalogue import Catalogue
from analytics_lib.model.metrics.conditions import Condition, conditions_of
from analytics_lib.model.metrics.files import Dimension, Entity, Example, Measure, Metric, MetricModel
from analytics_lib.model.metrics.requests import MetricRequest, make_request

__all__ = [
    "Catalogue",
    "Condition",
    "Dimension",
    "Entity",
    "Example",
    "Measure",
    "Metric",
    "MetricModel",
    "MetricRequest",
    "conditions_of",
    "make_request",
]
