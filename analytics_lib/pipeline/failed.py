"""Runs that failed: kept in the state, for each page the last one, for as long as it is why the page is stale.

A page's newest failed run is three files: ``PAGE.html`` to be looked at, which the site shows where the page has been
published before, ``PAGE.ipynb``, the notebook as far as it ran, and ``PAGE.log``, what its kernel wrote to its log.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from analytics_lib.errors import PublishError, RenderError
from analytics_lib.publishing.files import Replacements, disk_sentences, remove_tree
from analytics_lib.publishing.versions import NOTEBOOK_NAME
from analytics_lib.rendering.remains import LOG_NAME

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

    from analytics_lib.pipeline.pages import PagePlan
    from analytics_lib.pipeline.plan import ReportPlan
    from analytics_lib.pipeline.show import Shelf
    from analytics_lib.rendering.failures import FailedRun

FOLDER: Final = "failed"
_PAGE: Final = ".html"
_NOTEBOOK: Final = ".ipynb"
_LOG: Final = ".log"


def kept_run(state: Path, report: str, page: str) -> Path:
    """Return where a page's failed run is kept, to be looked at; there need not be one."""
    return _kept(state, report, page, _PAGE)


@dataclass(frozen=True)
class Failure:
    """A run that failed.

    Parameters
    ----------
    plan, page
        What was to be rendered.
    begun
        When its run began, UTC.
    error
        What stopped it.
    folder
        The run's folder, with what is left of it.
    """

    plan: ReportPlan
    page: PagePlan
    begun: datetime
    error: RenderError
    folder: Path


def keep_run(failure: Failure, shelf: Shelf, *, self_contained: bool) -> None:
    """Keep what is left of a run, in place of the page's last failed one; nobody else may use the templates meanwhile.

    Where that is nothing, or there is no room for it, the error gets a note that says so: what it tells matters more.

    Parameters
    ----------
    failure
        The run.
    shelf
        Where it is kept.
    self_contained
        Whether the site's pages carry their styles and scripts; the page of a run that the site cannot show does.
    """
    report, page = failure.plan.name, failure.page.name
    state = shelf.workspace.state
    place = _kept(state, report, page, _NOTEBOOK)
    notebook, log = _read(failure.folder / NOTEBOOK_NAME), _read(failure.folder / LOG_NAME)
    if notebook is None:
        _give_up(failure, state, "nothing is left of it")
        return
    published = any(each.page == page and each.version for each in shelf.registry.pages(report))
    run = _described(failure, shelf, log or b"", f"{page}.html" if published else "")
    try:
        with disk_sentences("the run that failed", place), Replacements() as files:
            html = _rendered(notebook, run, shelf, self_contained=self_contained or not published)
            files.add(_kept(state, report, page, _PAGE), html)
            files.add(place, notebook)
            if log is None:
                _kept(state, report, page, _LOG).unlink(missing_ok=True)
            else:
                files.add(_kept(state, report, page, _LOG), log)
            files.apply()
    except PublishError as error:
        _give_up(failure, state, error.message)
    except Exception as error:  # noqa: BLE001 - its page may hold anything; what stopped the run is told all the same
        _give_up(failure, state, f"its page could not be made: {type(error).__name__}: {error}")


def forget_run(state: Path, report: str, page: str) -> None:
    """Remove a page's failed run; where there is none, that is no error."""
    for ending in (_PAGE, _NOTEBOOK, _LOG):
        _kept(state, report, page, ending).unlink(missing_ok=True)


def forget_others(state: Path, report: str, pages: Container[str]) -> None:
    """Remove the failed runs of a report's pages but those of `pages`. Call it while holding the report's lock."""
    folder = state / FOLDER / report
    for path in folder.glob("*"):
        if path.stem not in pages:
            remove_tree(path)
    with suppress(OSError):  # there is none, or it is not empty
        folder.rmdir()


def _give_up(failure: Failure, state: Path, why: str) -> None:
    """Say why the run is not kept; the failed run before it is not this one, and goes."""
    failure.error.add_note(why)
    with suppress(OSError):
        forget_run(state, failure.plan.name, failure.page.name)


def _kept(state: Path, report: str, page: str, ending: str) -> Path:
    return state / FOLDER / report / f"{page}{ending}"


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _described(failure: Failure, shelf: Shelf, log: bytes, page: str) -> FailedRun:
    from analytics_lib.rendering.failures import FailedRun

    plan, root = failure.plan, shelf.workspace.root
    place = _kept(shelf.workspace.state, plan.name, failure.page.name, _NOTEBOOK)
    return FailedRun(
        report=plan.name,
        title=failure.page.title,
        owner=plan.file.report.owner,
        time_zone=plan.file.report.time_zone,
        parameters=failure.page.shown,
        begun=failure.begun,
        ended=datetime.now(UTC),
        error=failure.error,
        log=log.decode(errors="replace"),
        kept=place.relative_to(root).as_posix() if place.is_relative_to(root) else place.name,
        page=page,
    )


def _rendered(notebook: bytes, run: FailedRun, shelf: Shelf, *, self_contained: bool) -> bytes:
    import nbformat

    from analytics_lib.rendering.failures import render_failure

    executed = nbformat.reads(notebook.decode(), as_version=4)  # type: ignore[no-untyped-call]
    return render_failure(executed, run, assets=shelf.assets, self_contained=self_contained).encode()
