"""Voila with our pages: its kernels, its script and its channels, none of its other doors."""

from __future__ import annotations

import logging
import shutil
import tempfile
from typing import TYPE_CHECKING, Any, Final

from jupyter_server.auth.identity import IdentityProvider, User
from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from tornado.web import Application
from traitlets import Type
from traitlets.config import Config
from voila.app import Voila
from voila.configuration import VoilaConfiguration

from analytics_lib.server.apps.channels import KERNEL_ID, LifeHandler, routes
from analytics_lib.server.apps.frontend import load_frontend
from analytics_lib.server.apps.handlers import AppHandler, ListHandler, NothingHandler, Serving
from analytics_lib.server.apps.kernels import AppKernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.workspace import Workspace


_PING: Final = 30_000  # milliseconds


class Anyone(IdentityProvider):
    """Lets everybody in who reaches the port, without a name."""

    def get_user(self, handler: object) -> User:  # noqa: ARG002 - the base class gives it
        """Return the same user for all."""
        return User("reader")


class AppsProgram(Voila):  # type: ignore[misc] # voila ships no types
    """Voila for one workspace.

    Its settings are ours: a file of the machine, ``voila.json`` or ``voila.py``, is not read. It answers the addresses
    of `init_handlers` alone; it serves no file of the workspace, and lists none.

    Parameters
    ----------
    workspace
        The workspace.
    local_only
        Refuse requests that name another host: a foreign page could otherwise point its own name here.
    report
        Told of every notebook that stopped.
    """

    identity_provider_class = Type(Anyone, klass=IdentityProvider)

    def __init__(self, workspace: Workspace, *, local_only: bool, report: Callable[[AnalyticsError], None]) -> None:
        super().__init__(config=_config(workspace))
        self.workspace = workspace
        self.local_only = local_only
        self.report = report
        self.log.setLevel(logging.ERROR)
        self.event_logger = ServerKernelManager().event_logger  # one for all kernels: each would make its own
        self.token = ""
        self.root_dir = str(workspace.root)
        self.voila_configuration = VoilaConfiguration(parent=self)
        self.template_paths: list[str] = []
        self.connection_dir = tempfile.mkdtemp(prefix="apps-")

    def application(self) -> Application:
        """Return the web application."""
        settings = self.init_settings()
        settings |= {"allow_remote_access": not self.local_only, "log_function": _log_nothing}
        settings |= {"ws_ping_interval": _PING, "ws_ping_timeout": _PING}
        application = Application(**settings)
        application.add_handlers(".*$", self.init_handlers())
        return application

    def init_handlers(self) -> list[tuple[Any, ...]]:
        """Return the addresses that are answered, and by what."""
        frontend = load_frontend(self.workspace.state / "cache")
        title = f"{self.workspace.settings['site.title']}: apps"
        serving = {"serving": Serving(self.workspace, frontend, title, self.report)}
        return [
            (r"/", ListHandler, serving),
            (rf"/app/kernel/{KERNEL_ID}", LifeHandler, serving),
            (r"/app/([A-Za-z0-9][\w-]*)/?", AppHandler, serving),
            *routes(frontend),
            (r".*", NothingHandler, serving),
        ]

    async def close(self) -> None:
        """End all kernels and leave nothing behind."""
        await self.kernel_manager.end_all()
        shutil.rmtree(self.connection_dir, ignore_errors=True)


def _config(workspace: Workspace) -> Config:
    minutes = int(workspace.settings["apps.idle_minutes"])
    return Config(
        {
            "VoilaConfiguration": {"multi_kernel_manager_class": AppKernels},
            "AppKernels": {
                "root": str(workspace.root),
                "seats": int(workspace.settings["apps.kernels"]),
                "cull_idle_timeout": minutes * 60,
                "cull_interval": 20,
                "cull_connected": True,
                "buffer_offline_messages": False,
                "kernel_info_timeout": float(workspace.settings["rendering.start_timeout"]),
            },
            # A kernel that died is not started again: it would know nothing of the page.
            "KernelRestarter": {"restart_limit": 0},
            "ZMQChannelsWebsocketConnection": {"limit_rate": False},
        }
    )


def _log_nothing(_: object) -> None:
    """Keep requests out of the terminal; notebooks that stop are told there."""
