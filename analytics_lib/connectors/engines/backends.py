"""Engines by the name that a URL starts with."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from analytics_lib import plugins
from analytics_lib.connectors.files.source import PREFIX, File
from analytics_lib.errors import ConnectionFailed, nearest
from analytics_lib.model.files import name_of

if TYPE_CHECKING:
    from sqlalchemy.engine import URL

    from analytics_lib.connectors.engines.backend import Backend
    from analytics_lib.model.connections import ConnectionSpec


def url_of(spec: ConnectionSpec) -> URL:
    """Return a connection's url, read.

    Raises
    ------
    ConnectionFailed
        It is none.
    """
    from sqlalchemy.engine import URL, make_url
    from sqlalchemy.exc import ArgumentError

    if spec.url.startswith(PREFIX):
        return URL.create("file", database=name_of(spec.url.removeprefix(PREFIX)))
    try:
        return make_url(spec.url)
    except ArgumentError:
        raise ConnectionFailed(
            f"the url of connection '{spec.name}' cannot be read",
            where=spec.where,
            hint="write it as duckdb:///data/warehouse.duckdb or postgresql://user@host/database",
        ) from None


def backend_of(spec: ConnectionSpec, url: URL) -> Backend:
    """Return the engine that a url is for.

    Raises
    ------
    ConnectionFailed
        There is none of that name.
    """
    kind = url.get_backend_name()
    if kind == "file":
        return File(spec)
    if kind not in plugins.names(plugins.CONNECTORS):
        raise ConnectionFailed(
            f"connection '{spec.name}' has a url of the unknown kind '{kind}'",
            where=spec.where,
            hint=nearest(kind, [*plugins.names(plugins.CONNECTORS), "file"]),
        )
    backend: Backend = _made(kind)
    return backend


@lru_cache
def _made(kind: str) -> Any:
    return plugins.load(plugins.CONNECTORS, kind)()
