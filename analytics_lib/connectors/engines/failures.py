"""What goes wrong between a driver and its database, where SQLAlchemy does not say so."""

from __future__ import annotations

from typing import Final

LOST_STATES: Final = ("57P01", "57P02", "57P03", "08")
"""PostgreSQL's classes of errors after which a session is gone: shutdown, crash, start, connection."""


class Lost(Exception):
    """The connection was lost while the answer was being read."""


class Failed(Exception):
    """The database refuses to go on; the message is its own."""


def is_lost(error: Exception) -> bool:
    """Return whether an error says that the connection is gone: our own, or SQLAlchemy's."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    gone = bool(getattr(error, "connection_invalidated", False)) or state.startswith(LOST_STATES)
    return isinstance(error, Lost) or gone
