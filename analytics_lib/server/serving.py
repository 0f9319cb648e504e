"""Starting and stopping the server of the published site."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analytics_lib.errors import InputError
from analytics_lib.server.listening import address_of, is_loopback, listen, run_until_stopped

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from pathlib import Path


def serve(
    site: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    ready: Callable[[str], None] | None = None,
    allow_remote: bool = False,
) -> None:
    """Serve the site until Ctrl-C or SIGTERM.

    Parameters
    ----------
    site
        The published folder.
    host, port
        Where to listen; port 0 takes any free one.
    ready
        Called once with the site's address.
    allow_remote
        Listen on more than this machine. There is no login: whoever reaches the port reads every report.

    Raises
    ------
    InputError
        There is no site, the port is taken, or the host is not this machine and `allow_remote` is not set.
    """
    run_until_stopped(
        lambda stop: serve_until(stop, site, host=host, port=port, ready=ready, allow_remote=allow_remote)
    )


async def serve_until(
    stop: asyncio.Event,
    site: Path,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    ready: Callable[[str], None] | None = None,
    allow_remote: bool = False,
) -> None:
    """Serve the site until `stop` is set; parameters and errors as in `serve`."""
    from tornado.httpserver import HTTPServer

    from analytics_lib.server.site import application

    if not site.is_dir():
        raise InputError("there is no site to serve", where=str(site), hint="make one with `analytics build`")
    if not (allow_remote or is_loopback(host)):
        raise InputError(
            f"host {host!r} is not this machine alone, and the site has no login",
            hint="use 127.0.0.1, or allow remote readers explicitly",
        )
    listening = listen(host, port)
    server = HTTPServer(application(site, local_only=not allow_remote))
    server.add_socket(listening)
    try:
        if ready is not None:
            ready(address_of(host, listening))
        await stop.wait()
    finally:
        server.stop()
        await server.close_all_connections()
