"""Files of the site as HTTP answers, each page in a sandbox: what it contains is not trusted."""

from __future__ import annotations

import asyncio
import html
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from tornado.web import Application, HTTPError, RequestHandler

if TYPE_CHECKING:
    from pathlib import Path

ASSETS = "_assets"

SANDBOX = "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox allow-downloads; frame-ancestors 'none'"
STRICT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; font-src data:; "
    "base-uri 'none'; form-action 'none'"
)

# A table of our own: the system's differ, and a script with a wrong type is refused under nosniff.
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
_IMMUTABLE = re.compile(r"[\w.-]+-[0-9a-f]{12,64}\.\w+")
_OWN_POLICY = re.compile(
    rb'<head>\s*<meta charset="utf-8">\s*<meta http-equiv="Content-Security-Policy" content="([^"]*)">'
)
_HEAD_BYTES = 4096
_LOCAL_HOST = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?", re.IGNORECASE)

_MESSAGES = {
    HTTPStatus.NOT_FOUND: "There is no page at this address. It may have been renamed, or not been published yet.",
    HTTPStatus.FORBIDDEN: "This server answers readers on its own machine only.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This site can only be read.",
}
_ERROR_PAGE = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{title}</title>\n'
    '<link rel="icon" href="data:,">\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n<p>{message}</p>\n'
    '<p><a href="/">All reports</a></p>\n</main>\n</body>\n</html>\n'
)


def application(site: Path, *, local_only: bool) -> Application:
    """Return the web application that serves `site`.

    Parameters
    ----------
    site
        The published folder; it is read anew for every answer, so a new version shows at once.
    local_only
        Refuse requests that name another host: a foreign page could otherwise point its own name here (DNS rebinding).
    """
    return Application([(r"/(.*)", SiteHandler, {"site": site.resolve(), "local_only": local_only})])


class SiteHandler(RequestHandler):
    """Answers GET and HEAD with a file of the site."""

    SUPPORTED_METHODS = ("GET", "HEAD")

    def initialize(self, site: Path, local_only: bool) -> None:
        """Receive what `application` was told."""
        self.site = site
        self.local_only = local_only

    def set_default_headers(self) -> None:
        """Put the security headers on every answer, errors too."""
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("X-Frame-Options", "DENY")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
        self.set_header("Cross-Origin-Resource-Policy", "same-origin")
        self.set_header("Content-Security-Policy", f"{SANDBOX}; {STRICT_POLICY}")
        self.set_header("Cache-Control", "no-cache")

    def prepare(self) -> None:
        """Refuse foreign host names."""
        if self.local_only and not _LOCAL_HOST.fullmatch(self.request.host):
            raise HTTPError(HTTPStatus.FORBIDDEN)

    async def get(self, path: str) -> None:
        """Answer with the file, or with ``index.html`` of a folder."""
        file = find(self.site, path)
        if file is None:
            raise HTTPError(HTTPStatus.NOT_FOUND)
        if file.is_dir():
            # Without the slash a browser would look for the page's links one folder too high.
            self.redirect(f"{self.request.path}/", permanent=False)
            return
        try:
            content = await asyncio.to_thread(file.read_bytes)
        except OSError:
            raise HTTPError(HTTPStatus.NOT_FOUND) from None
        self._describe(file, content)
        self.write(content)  # the ETag is the content's hash; a matching If-None-Match turns this into a 304

    async def head(self, path: str) -> None:
        """Answer as `get` does; Tornado leaves the body out."""
        await self.get(path)

    def _describe(self, file: Path, content: bytes) -> None:
        self.set_header("Content-Type", _TYPES.get(file.suffix.lower(), "application/octet-stream"))
        if file.suffix == ".html":
            self.set_header("Content-Security-Policy", f"{SANDBOX}; {page_policy(content)}")
        if file.parent == self.site / ASSETS:
            # A sandboxed page has an origin of its own, to which the site's files are foreign.
            self.set_header("Cross-Origin-Resource-Policy", "cross-origin")
            if _IMMUTABLE.fullmatch(file.name):
                self.set_header("Cache-Control", "public, max-age=31536000, immutable")

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say in a sentence what is wrong, and lead back to the list."""
        status = HTTPStatus(status_code)
        message = _MESSAGES.get(status, "The page could not be sent.")
        self.set_header("Content-Type", _TYPES[".html"])
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.set_header("Allow", "GET, HEAD")
        self.finish(_ERROR_PAGE.format(title=html.escape(status.phrase), message=html.escape(message)))


def find(site: Path, path: str) -> Path | None:
    """Return the file or folder of the site at an address, None where there is none to be seen.

    Names that begin with a dot are hidden; nothing outside `site` is reached, by ``..`` or by a link. A folder is
    returned as such only when its address lacks the final slash.
    """
    folder = not path or path.endswith("/")
    parts = path.removesuffix("/").split("/") if path.strip("/") else []
    if any(not part or part.startswith(".") or "\\" in part or "\0" in part for part in parts):
        return None
    try:
        target = site.joinpath(*parts, *(["index.html"] if folder else [])).resolve()
        if not target.is_relative_to(site) or (target.is_dir() and not (target / "index.html").is_file()):
            return None
        return target if target.is_file() or (target.is_dir() and not folder) else None
    except OSError:  # a name too long for the file system
        return None


def page_policy(content: bytes) -> str:
    """Return the policy that a page of ours carries, which hashes its inline parts; for other pages the strict one."""
    own = _OWN_POLICY.search(content[:_HEAD_BYTES])
    policy = own[1].decode("ascii", "ignore") if own else ""
    return policy if policy.startswith("default-src 'none'; ") and "\n" not in policy else STRICT_POLICY
