"""Starting and stopping the server of apps."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from analytics_lib.server.listening import address_of, is_loopback, listen, run_until_stopped

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.workspace import Workspace


def serve_apps(
    workspace: Workspace,
    *,
    host: str = "127.0.0.1",
    port: int = 8866,
    ready: Callable[[str], None] | None = None,
    report: Callable[[AnalyticsError], None] | None = None,
) -> None:
    """Serve a workspace's apps until Ctrl-C or SIGTERM.

    Parameters
    ----------
    workspace
        The workspace; its apps are looked up anew for every page.
    host, port
        Where to listen; port 0 takes any free one. There is no login: whoever reaches the port opens every app.
    ready
        Called once with the server's address.
    report
        Called for every notebook that stopped, with what stopped it.

    Raises
    ------
    InputError
        The port is taken, or the host cannot be listened on.
    """
    for name in ("tornado.general", "tornado.application"):
        logging.getLogger(name).setLevel(logging.ERROR)  # a page that asks for an ended kernel is no news
    run_until_stopped(lambda stop: serve_apps_until(stop, workspace, host=host, port=port, ready=ready, report=report))


async def serve_apps_until(
    stop: asyncio.Event,
    workspace: Workspace,
    *,
    host: str = "127.0.0.1",
    port: int = 8866,
    ready: Callable[[str], None] | None = None,
    report: Callable[[AnalyticsError], None] | None = None,
    options: dict[str, Any] | None = None,
) -> None:
    """Serve a workspace's apps until `stop` is set.

    Parameters and errors are those of `serve_apps`; `options` override traits of the kernels, e.g. how long they wait
    for a page.
    """
    listening = listen(host, port)  # before Voila is loaded, which takes a second: a port that is taken is told at once

    from tornado.httpserver import HTTPServer

    from analytics_lib.server.apps.program import AppsProgram

    program = AppsProgram(workspace, local_only=is_loopback(host), report=report or (lambda _: None))
    program.config.AppKernels.update(options or {})
    server = HTTPServer(program.application())
    server.add_socket(listening)
    program.kernel_manager.prepare()
    try:
        if ready is not None:
            ready(address_of(host, listening))
        await stop.wait()
    finally:
        server.stop()
        await server.close_all_connections()
        await program.close()
