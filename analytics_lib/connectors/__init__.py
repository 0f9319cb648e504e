"""Rows in: named connections to SQL engines. All SQL is written here."""

from __future__ import annotations

from analytics_lib.connectors.backend import Reads
from analytics_lib.connectors.connection import Connection, open_connection
from analytics_lib.connectors.files import Stamps, file_fingerprint
from analytics_lib.connectors.sharing import CAN_SHARE, SharedAnswers
from analytics_lib.connectors.statements import first_word, placeholders

__all__ = [
    "CAN_SHARE",
    "Connection",
    "Reads",
    "SharedAnswers",
    "Stamps",
    "file_fingerprint",
    "first_word",
    "open_connection",
    "placeholders",
]
