"""Rows in: named connections to SQL engines. All SQL is written here."""

from __future__ import annotations

from analytics_lib.connectors.backends import file_fingerprint
from analytics_lib.connectors.connection import Connection, open_connection
from analytics_lib.connectors.statements import placeholders

__all__ = ["Connection", "file_fingerprint", "open_connection", "placeholders"]
