"""The state database: runs, versions, which version of each page is current; experiments; loads."""

from __future__ import annotations

from analytics_lib.registry.database import is_missing
from analytics_lib.registry.experiments import ExperimentRegistry, open_experiments
from analytics_lib.registry.loads import FAILED, HELD_BACK, LOADED, Load, LoadRegistry, open_loads
from analytics_lib.registry.records import Look, NewExperiment, Step, StoredExperiment
from analytics_lib.registry.registry import (
    NewVersion,
    PageState,
    Registry,
    StoredVersion,
    empty_registry,
    open_registry,
)

__all__ = [
    "FAILED",
    "HELD_BACK",
    "LOADED",
    "ExperimentRegistry",
    "Load",
    "LoadRegistry",
    "Look",
    "NewExperiment",
    "NewVersion",
    "PageState",
    "Registry",
    "Step",
    "StoredExperiment",
    "StoredVersion",
    "empty_registry",
    "is_missing",
    "open_experiments",
    "open_loads",
    "open_registry",
]
