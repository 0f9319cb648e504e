"""Answers of the server of apps: its own pages. What widgets talk to stands in `analytics_lib.server.apps.channels`."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from jupyter_server.base.handlers import JupyterHandler
from tornado.iostream import StreamClosedError
from tornado.web import HTTPError, authenticated

from analytics_lib.errors import AnalyticsError, InputError, RenderError
from analytics_lib.server.apps import pages
from analytics_lib.server.apps.catalogue import find_app, list_apps
from analytics_lib.server.apps.cells import has_widget, is_hidden
from analytics_lib.server.apps.opening import open_app, read_query
from analytics_lib.server.apps.running import DEFAULT_TIMEOUT, AppExecutor, with_parameters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from nbformat import NotebookNode

    from analytics_lib.server.apps.catalogue import App
    from analytics_lib.server.apps.frontend import Frontend
    from analytics_lib.server.apps.kernels import AppKernels, Seat
    from analytics_lib.server.apps.opening import Opening
    from analytics_lib.workspace import Workspace

HEADERS: Final[Mapping[str, str]] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts are files of this server; styles may stand in the page, because JupyterLab's scripts write theirs there."""

_WIDGETS: Final = re.compile(
    r"^\s*(?:import|from)\s+(?:ipywidgets|ipyleaflet|bqplot|ipydatagrid)\b|\.explore\(", re.MULTILINE
)
_UNFINISHED: Final = RenderError("the page could not be finished", hint="the server's terminal says why")
_SENTENCES: Final = {
    HTTPStatus.NOT_FOUND: InputError("there is no page at this address", hint="the list of apps shows what there is"),
    HTTPStatus.FORBIDDEN: InputError("this server answers only readers on its own machine who open a page of it"),
    HTTPStatus.METHOD_NOT_ALLOWED: InputError("this page can only be read"),
}


@dataclass(frozen=True)
class Serving:
    """What all handlers are given.

    Parameters
    ----------
    workspace
        The workspace; its files are read anew for every page.
    frontend
        The files that pages name.
    title
        Title of the list of apps.
    report
        Told of every notebook that stopped.
    """

    workspace: Workspace
    frontend: Frontend
    title: str
    report: Callable[[AnalyticsError], None]


class PageHandler(JupyterHandler):
    """A page of ours: security headers, and errors as sentences."""

    def initialize(self, serving: Serving) -> None:
        """Receive what all handlers share."""
        self.serving = serving

    @property
    def kernels(self) -> AppKernels:
        """The kernels of apps."""
        kernels: AppKernels = self.settings["kernel_manager"]
        return kernels

    def set_default_headers(self) -> None:
        """Put the security headers on every answer, errors too."""
        self.clear_header("Server")
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Content-Security-Policy", POLICY)
        self.set_header("Content-Type", "text/html; charset=utf-8")

    def refuse(
        self, status: HTTPStatus, title: str, error: AnalyticsError, app: App | None = None, given: Any = None
    ) -> None:
        """Answer with a sentence."""
        self.set_status(status)
        self.finish(pages.render_refusal(title, error, self.serving.frontend, app=app, given=given))

    def write_error(self, status_code: int, **_: Any) -> None:
        """Say in a sentence what is wrong; a traceback is for the server's own log."""
        status = HTTPStatus(status_code)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.refuse(status, status.phrase, _SENTENCES.get(status, InputError("the page could not be made")))


class ListHandler(PageHandler):
    """The list of apps."""

    @authenticated
    async def get(self) -> None:
        """Answer with the list, as it is now."""
        apps, problems = await asyncio.to_thread(list_apps, self.serving.workspace.root)
        self.finish(pages.render_list(apps, problems, title=self.serving.title, frontend=self.serving.frontend))


class NothingHandler(PageHandler):
    """Every other address."""

    async def prepare(self, **options: Any) -> None:
        """Answer that there is nothing."""
        await super().prepare(**options)
        raise HTTPError(HTTPStatus.NOT_FOUND)


class AppHandler(PageHandler):
    """An app's page: its head at once, then each cell as it finishes."""

    _run: asyncio.Task[None] | None = None
    _left = False

    @authenticated
    async def get(self, name: str) -> None:
        """Check the address, start a kernel and show the notebook as it runs."""
        if self.request.headers.get("Sec-Fetch-Dest", "document") != "document":
            raise HTTPError(HTTPStatus.FORBIDDEN)  # a foreign page asks for it as a picture, to keep kernels busy
        opening = await self._opening(name)
        if opening is None:
            return
        if self.kernels.full:
            error = RenderError(
                f"all {self.kernels.seats} places are taken",
                hint="close an app that you do not need, or try again",
            )
            self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, opening.title, error)
            return
        self._run = asyncio.ensure_future(self._show(opening))
        with suppress(asyncio.CancelledError, StreamClosedError):  # the reader has left; the kernel was ended
            await self._run

    def on_connection_close(self) -> None:
        """End what nobody waits for any more."""
        self._left = True
        if self._run is not None:
            self._run.cancel()

    async def _opening(self, name: str) -> Opening | None:
        """Return what the app is run with; None where the answer is a sentence."""
        app: App | None = None
        given: dict[str, object] = {}
        workspace = self.serving.workspace
        try:
            app = await asyncio.to_thread(find_app, workspace.root, name)
            if app is None:
                raise HTTPError(HTTPStatus.NOT_FOUND)
            with suppress(AnalyticsError):  # what can be read of the address fills the form beside the sentence
                given = read_query(self.request.query_arguments, app.parameters, app.where)
            read_query(self.request.query_arguments, app.parameters, app.where)
            return await asyncio.to_thread(open_app, workspace, app, given)
        except AnalyticsError as error:
            title = app.title if app else f"App {name}"
            self.refuse(HTTPStatus.BAD_REQUEST, title, error, app, given)
            return None

    async def _show(self, opening: Opening) -> None:
        claim = self.kernels.claim(opening.app.notebook.path.parent, opening.app.memory_bytes)
        stays = False
        try:
            notebook = with_parameters(opening.app.notebook, opening.values, self.kernels.name)
            expected = any(_WIDGETS.search(cell.source) for cell in notebook.cells if cell.cell_type == "code")
            head = pages.render_head(
                opening, claim.kernel_id, self.serving.frontend, cells=len(notebook.cells), widgets=expected
            )
            await self._send(head)
            stays = await self._run_cells(opening, notebook, await asyncio.shield(claim.seat), expected=expected)
        except RenderError as error:
            if not self._left:
                self.serving.report(error)
                await self._send(pages.render_foot(error))
        except StreamClosedError:
            raise
        except Exception:
            self.log.exception("%s could not be finished", self.request.path)
            await self._send(pages.render_foot(_UNFINISHED))
        finally:
            if stays and not self._left:
                self.kernels.expect(claim.kernel_id)
            else:
                self.kernels.release(claim)
            self.kernels.prepare()

    async def _run_cells(self, opening: Opening, notebook: NotebookNode, seat: Seat, *, expected: bool) -> bool:
        """Show the cells as they finish; return whether widgets need the kernel to stay."""
        executor = AppExecutor(notebook, seat.manager, seat.client, opening.app.timeout or DEFAULT_TIMEOUT)
        body, widgets, loaded = pages.new_body(executor.widget_state), False, expected
        try:
            async for index, cell in executor.cells(opening.app.notebook.shown):
                widgets = widgets or has_widget(cell)
                scripts = pages.widget_scripts() if widgets and not loaded else ""
                loaded = loaded or widgets
                shown = pages.render_mark(index + 1) if is_hidden(cell) else pages.render_cell(body, cell, index + 1)
                await self._send(scripts + shown)
            await executor.settle()
        finally:
            seat.client.stop_channels()
        await self._send(pages.render_foot())
        return widgets

    async def _send(self, markup: str) -> None:
        self.write(markup)
        await self.flush()
