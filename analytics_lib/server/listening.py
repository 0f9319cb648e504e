"""Where a server of ours listens, this machine alone unless somebody says otherwise; and until when."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import signal
import socket
from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_MAX_PORT: Final = 65_535


def is_loopback(host: str) -> bool:
    """Return whether only this machine reaches a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens on `host` and `port`; port 0 takes any free one.

    Raises
    ------
    InputError
        The port is taken or none, or the host cannot be listened on.
    """
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


def address_of(host: str, bound: socket.socket) -> str:
    """Return the address that a browser on this machine opens."""
    name = f"[{host.strip('[]')}]" if ":" in host else host
    return f"http://{name}:{bound.getsockname()[1]}/"


def run_until_stopped(serve: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run a server that ends once the event it is given is set, which Ctrl-C and SIGTERM do."""

    async def until_stopped() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        await serve(stop)

    asyncio.run(until_stopped())
