"""Notebooks become checked, published reports.

A notebook needs little of this library::

    import analytics_lib as al

    db = al.connect("warehouse")
    flights = db.sql("select * from ops.flights where carrier = :carrier", carrier=carrier)
    al.finding("Three in four flights arrive on time.")
    al.output("flights", flights)

Names are loaded on first use, so that importing the package stays cheap.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analytics_lib import charts
    from analytics_lib.errors import AnalyticsError
    from analytics_lib.session import connect, experiment, finding, heading, metrics, note, output

__version__ = "0.1.0"

__all__ = [
    "AnalyticsError", "__version__", "charts", "connect", "experiment", "finding", "heading", "metrics", "note",
    "output",
]  # fmt: skip

_HOME = {
    "AnalyticsError": "analytics_lib.errors",
    "connect": "analytics_lib.session",
    "experiment": "analytics_lib.session",
    "finding": "analytics_lib.session",
    "heading": "analytics_lib.session",
    "metrics": "analytics_lib.session",
    "note": "analytics_lib.session",
    "output": "analytics_lib.session",
}


def __getattr__(name: str) -> Any:
    if name == "charts":
        return import_module("analytics_lib.charts")
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'analytics_lib' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
