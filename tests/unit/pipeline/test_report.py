"""The pages of one report: what stops one stops no other, and nothing of a page is kept once it is done."""

from __future__ import annotations

import gc
import threading
import weakref

import nbformat
import pytest

from analytics_lib.errors import CellFailed, PublishError
from analytics_lib.model.handover import JOURNAL
from analytics_lib.pipeline import Silent
from analytics_lib.pipeline.build import BuildRequest, build
from analytics_lib.pipeline.executors import executor
from analytics_lib.rendering.runner import Executed, read_handover
from analytics_lib.rendering.saving import EXECUTED_NAME

PAGES = 40


@pytest.fixture
def shops(bench):
    """A report of many pages; no notebook is run."""
    bench.notebook("shops", parameters="number: int = 1")
    bench.report("shops", for_each={"number": list(range(PAGES))})
    return bench


@pytest.fixture
def notebooks(monkeypatch):
    """Stand in for kernels: ``notebooks(stop)`` lets `stop` raise for a page; returned are the counts of what lives."""

    def notebooks(stop=lambda number: None):
        alive: weakref.WeakValueDictionary = weakref.WeakValueDictionary()
        lock, most = threading.Lock(), [0]

        def run_notebook(request):
            notebook = nbformat.read(request.notebook, as_version=4)
            with lock:
                alive[request.parameters["number"]] = notebook
                most[0] = max(most[0], len(alive))
            (request.folder / EXECUTED_NAME).write_text(nbformat.writes(notebook), encoding="utf-8")
            (request.folder / JOURNAL).write_text('{"recording": true}\n', encoding="utf-8")
            try:
                stop(request.parameters["number"])
            except KeyError as inner:
                raise CellFailed(f"no shop {inner}", where="notebooks/shops.ipynb cell 2") from inner
            return Executed(notebook, read_handover(request.folder), 0.0)

        monkeypatch.setattr(executor, "run_notebook", run_notebook)
        return alive, most

    return notebooks


def test_only_pages_under_way_are_in_memory(shops, notebooks):
    """Errors are kept until the end; what hangs on them is not."""

    def stop(number):
        if number % 2:
            raise KeyError(number)

    alive, most = notebooks(stop)
    result = shops.build(jobs=3)
    assert sum(page.status == "failed" for page in result.pages) == PAGES // 2
    assert result.rendered == PAGES // 2
    gc.collect()
    assert len(alive) == 0
    # A notebook that is done with may wait for the collector: what counts is that they do not pile up.
    assert most[0] < PAGES // 2
    assert all(page.error is None or page.error.__traceback__ is None for page in result.pages)


def test_what_nobody_expected_fails_one_page_and_says_where(shops, notebooks):
    def stop(number):
        if number == 7:
            raise ZeroDivisionError("division by zero")

    notebooks(stop)
    result = shops.build()
    assert result.rendered == PAGES - 1
    (failed,) = [page for page in result.pages if page.error]
    assert (failed.page, failed.status, result.exit_code) == ("7", "failed", 4)
    assert failed.error.message == "the page could not be made: ZeroDivisionError: division by zero"
    assert failed.error.where.startswith("test_report.py, line ")


def test_results_come_in_the_order_of_the_pages(shops, notebooks):
    notebooks()
    assert [page.page for page in shops.build(jobs=4).pages] == [str(number) for number in range(PAGES)]


def test_a_disk_that_is_full_ends_the_build(shops, notebooks, monkeypatch):
    notebooks()
    from analytics_lib.pipeline import render

    def store_version(*_):
        raise PublishError("the disk is full: the version could not be written")

    monkeypatch.setattr(render, "store_version", store_version)
    with pytest.raises(PublishError, match="the disk is full"):
        shops.build()
    assert not list((shops.root / ".analytics/runs").iterdir())
    monkeypatch.undo()
    notebooks()
    assert shops.build().rendered == PAGES  # no lock was left behind


def test_an_interrupt_publishes_nothing_of_a_report_that_is_not_done(shops, notebooks):
    """Raised where the build waits, as by Ctrl-C; pages that were stored are taken up by the next build."""
    run = []

    def stop(number):
        run.append(number)

    notebooks(stop)

    class Interrupting(Silent):
        def finished(self, result):
            super().finished(result)
            if len(self.results) == 5:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(shops.load(), BuildRequest(jobs=1), Interrupting())
    assert run == [0, 1, 2, 3, 4]
    assert not (shops.root / "site/shops").exists()
    assert not list((shops.root / ".analytics/runs").iterdir())
    assert shops.build(jobs=1).exit_code == 0
    assert run == list(range(PAGES))


def test_reports_named_twice_are_built_once(shops, notebooks):
    notebooks()
    assert len(shops.build("shops", "shops").pages) == PAGES
