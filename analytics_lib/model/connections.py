"""A named connection as the workspace declares it."""

from __future__ import annotations

from dataclasses import dataclass


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
    """

    name: str
    url: str
    read_only: bool = True
    where: str | None = None

    def __repr__(self) -> str:
        return f"ConnectionSpec(name={self.name!r}, read_only={self.read_only})"
