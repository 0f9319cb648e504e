"""Rows in: named connections to SQL engines. All SQL is written here."""

from __future__ import annotations

from analytics_lib.connectors.connection import Connection, open_connection
from analytics_lib.connectors.engines.backend import Backend, Reads
from analytics_lib.connectors.engines.warehouses import Warehouse
from analytics_lib.connectors.files.fingerprints import Stamps, file_fingerprint
from analytics_lib.connectors.reading.sharing import CAN_SHARE, SharedAnswers
from analytics_lib.connectors.statements.binding import first_word, placeholders

__all__ = [
    "CAN_SHARE",
    "Backend",
    "Connection",
    "Reads",
    "SharedAnswers",
    "Stamps",
    "Warehouse",
    "file_fingerprint",
    "first_word",
    "open_connection",
    "placeholders",
]
