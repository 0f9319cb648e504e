"""Services on the web that answer with JSON, page by page."""

from __future__ import annotations

from analytics_lib.connectors.rest.client import Client
from analytics_lib.connectors.rest.pages import Page, RestPages

__all__ = ["Client", "Page", "RestPages"]
