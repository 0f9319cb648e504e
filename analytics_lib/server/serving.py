"""Starting and stopping the server of the published site."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
from typing import TYPE_CHECKING

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_MAX_PORT = 65_535


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

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve_until(stop, site, host=host, port=port, ready=ready, allow_remote=allow_remote)

    asyncio.run(until_stopped())


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
    if not (allow_remote or _is_loopback(host)):
        raise InputError(
            f"host {host!r} is not this machine alone, and the site has no login",
            hint="use 127.0.0.1, or allow remote readers explicitly",
        )
    listening = _listen(host, port)
    server = HTTPServer(application(site, local_only=not allow_remote))
    server.add_socket(listening)
    try:
        if ready is not None:
            ready(_address(host, listening))
        await stop.wait()
    finally:
        server.stop()
        await server.close_all_connections()


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _listen(host: str, port: int) -> socket.socket:
    if not 0 <= port <= _MAX_PORT:
        raise InputError(f"port {port} does not exist", hint=f"ports run from 1 to {_MAX_PORT}; 0 takes any free one")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host.strip("[]"), port), family=family)
    except socket.gaierror:
        raise InputError(f"host {host!r} is unknown", hint="use 127.0.0.1") from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InputError(
                f"port {port} is already taken", where=host, hint="choose another port, or 0 for any free one"
            ) from None
        if error.errno == errno.EACCES:
            raise InputError(
                f"port {port} may only be used by the system", where=host, hint="choose one above 1023"
            ) from None
        raise InputError(
            f"host {host!r} cannot be listened on: {error.strerror}", hint="use 127.0.0.1, this machine's own address"
        ) from None
    listening.setblocking(False)
    return listening


def _address(host: str, bound: socket.socket) -> str:
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{bound.getsockname()[1]}/"
