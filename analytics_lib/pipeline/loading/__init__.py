"""Sources into the warehouse: fetched to the disk, staged, checked, switched; the only room that knows this order."""

from __future__ import annotations

from analytics_lib.pipeline.loading.history import SourceState, source_history, source_states
from analytics_lib.pipeline.loading.loading import LoadRequest, load_source_rows

__all__ = ["LoadRequest", "SourceState", "load_source_rows", "source_history", "source_states"]
