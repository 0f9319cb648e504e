"""What widgets talk to: the kernel's channels, its end, and the installed scripts; nothing else of the machine."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jupyter_server.base.handlers import APIHandler
from jupyter_server.services.kernels.handlers import KernelHandler
from tornado.web import HTTPError, RequestHandler, authenticated
from voila.tornado.kernel_websocket_handler import VoilaKernelWebsocketHandler

from analytics_lib.server.apps.frontend import EXTENSIONS, OURS, STATIC, extension_folders, static_folder
from analytics_lib.server.apps.handlers import HEADERS, PageHandler

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analytics_lib.server.apps.frontend import Frontend
    from analytics_lib.server.apps.kernels import AppKernels

KERNEL_ID: Final = r"(\w+-\w+-\w+-\w+-\w+)"
NO_CONTENT: Final = "default-src 'none'; frame-ancestors 'none'"
_HASHED: Final = re.compile(r"\.[0-9a-f]{16,64}\.\w+$")
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".eot": "application/vnd.ms-fontobject",
    ".gif": "image/gif",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".wasm": "application/wasm",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
_PART: Final = re.compile(r"[\w@~][\w.@~+-]*")


class FileHandler(RequestHandler):
    """Answers with a file that the list of types knows: of our own, of Voila, or of an installed extension."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def initialize(
        self, files: dict[str, bytes] | None = None, folders: Sequence[Path] = (), kept: bool = False
    ) -> None:
        """Receive files by their address, folders to look in for others, and whether an address is of one state."""
        self.files = files or {}
        self.folders = folders
        self.kept = kept

    def set_default_headers(self) -> None:
        """Put the security headers on every answer."""
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", NO_CONTENT)

    def get(self, path: str) -> None:
        """Answer with the file."""
        media = _TYPES.get(Path(path).suffix.lower())
        content = self.files.get(path) if path in self.files else find_file(self.folders, path)
        if media is None or content is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        self.set_header("Content-Type", media)
        kept = self.kept or path in self.files or _HASHED.search(path)
        self.set_header("Cache-Control", "public, max-age=31536000, immutable" if kept else "public, no-cache")
        self.write(content)

    def head(self, path: str) -> None:
        """Answer as `get` does; Tornado leaves the body out."""
        self.get(path)

    def write_error(self, status_code: int, **_: Any) -> None:
        """Answer without words: nobody reads it."""
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(HTTPStatus(status_code).phrase)


def find_file(folders: Sequence[Path], path: str) -> bytes | None:
    """Return what lies at `path` below one of `folders`, None where there is nothing to be seen.

    No name may begin with a dot, and nothing outside the folders is reached: by ``..``, or by a link, unless the link
    is a package's own folder, as packages that are being developed have it.
    """
    parts = path.split("/")
    if not all(_PART.fullmatch(part) for part in parts):
        return None
    for folder in folders:
        package = folder.joinpath(*parts[: 2 if parts[0].startswith("@") else 1])
        target = folder.joinpath(*parts)
        if target.is_file() and target.resolve().is_relative_to(package.resolve()):
            return target.read_bytes()
    return None


class LifeHandler(PageHandler):
    """Tells a page whether its kernel is still there."""

    @authenticated
    async def get(self, kernel_id: str) -> None:
        """Answer in JSON."""
        self.set_header("Content-Type", "application/json")
        self.finish({"alive": kernel_id in self.kernels and await self.kernels.is_alive(kernel_id)})


class EndHandler(APIHandler):
    """Ends a kernel as its page is closed; pages say so without waiting for the answer."""

    def check_xsrf_cookie(self) -> None:
        """Take the browser's word for where the request comes from: a page that is closed cannot add a token."""
        origin = self.request.headers.get("Origin")
        if origin is None or urlsplit(origin).netloc != self.request.host:
            raise HTTPError(HTTPStatus.FORBIDDEN)

    @authenticated
    async def post(self, kernel_id: str) -> None:
        """End the kernel."""
        kernels: AppKernels = self.settings["kernel_manager"]
        kernels.end_soon(kernel_id)
        self.set_status(HTTPStatus.NO_CONTENT)
        self.finish()


class ModelHandler(KernelHandler):
    """Tells Voila's script of a kernel; it may do nothing to it."""

    SUPPORTED_METHODS = ("GET",)


def routes(frontend: Frontend) -> list[tuple[Any, ...]]:
    """Return the addresses that widgets need."""
    ours = f"{OURS}/static/{frontend.names['widgets.js']}"
    own = {ours: frontend.files[frontend.names["widgets.js"]]}
    return [
        (r"/_assets/([\w.-]+)", FileHandler, {"files": dict(frontend.files)}),
        (rf"{STATIC}/([\w.-]+)", FileHandler, {"folders": (static_folder(),), "kept": True}),
        (rf"{EXTENSIONS}/(.+)", FileHandler, {"files": own, "folders": extension_folders()}),
        (rf"/voila/api/shutdown/{KERNEL_ID}", EndHandler),
        (rf"/api/kernels/{KERNEL_ID}", ModelHandler),
        (rf"/api/kernels/{KERNEL_ID}/channels", VoilaKernelWebsocketHandler),
    ]
