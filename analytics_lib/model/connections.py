"""A named connection as the workspace declares it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class ConnectionSpec:
    """What is needed to open a connection.

    Parameters
    ----------
    name
        Its name in ``analytics.toml``.
    url
        SQLAlchemy URL, environment variables filled in and file paths absolute. Holds the password: never log it.
    read_only
        Whether writes are refused.
    where
        Where it is declared: ``analytics.toml:7``.
    time_limit
        Seconds that a query may take; None for no limit.
    row_limit
        Rows that an answer may have; None for no limit.
    options
        How a file is read: the other keys of the connection.
    """

    name: str
    url: str
    read_only: bool = True
    where: str | None = None
    time_limit: int | None = None
    row_limit: int | None = None
    options: Mapping[str, str | int | bool] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"ConnectionSpec(name={self.name!r}, read_only={self.read_only})"
