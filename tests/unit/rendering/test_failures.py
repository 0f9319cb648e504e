"""The page of a failed run: what ran, what failed and why, what did not run; as inert as any page."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook, new_output
from support.rendered import Outline, chart, code, display, text_of

from analytics_lib.errors import CellFailed, KernelDied
from analytics_lib.model.pages import ShownParameter
from analytics_lib.rendering.assets import load_assets
from analytics_lib.rendering.failures import SHOWN_CHARACTERS, FailedRun, render_failure

BEGUN = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def run():
    """A failed run, every free text of it hostile."""
    return FailedRun(
        report="network",
        title="Network <script>title()</script>",
        owner="Ops & <b>Research</b>",
        time_zone="America/New_York",
        parameters=(ShownParameter("origin", "Airport", "<script>parameter()</script>"),),
        begun=BEGUN,
        ended=BEGUN + timedelta(seconds=125),
        error=CellFailed(
            "the cell raised ValueError: <script>message()</script>",
            where="notebooks/network.ipynb cell 3, line 2",
            hint="give it <b>more</b>",
        ),
        log="\x1b[31mfatal\x1b[0m <script>log()</script>\n",
        kept=".analytics/failed/network/EWR.ipynb",
        page="EWR.html",
    )


def begun(cell):
    cell.metadata["papermill"] = {"start_time": "2026-11-21T04:00:00"}
    return cell


def stream(text, name="stdout"):
    return new_output("stream", name=name, text=text)


def raised(name="ValueError", value="no <b>rows</b>"):
    trace = [f"\x1b[31m{name}\x1b[0m", "----> 2 secret_line()", f"{name}: {value}"]
    return new_output("error", ename=name, evalue=value, traceback=trace)


def page_of(run, *cells, **options):
    return render_failure(new_notebook(cells=list(cells)), run, assets=load_assets(), **options)


@pytest.fixture
def cells():
    """A title, a cell that ran, one that failed, and two that were not reached."""
    return [
        begun(new_markdown_cell("# The notebook's own title\n\nIntroduction")),
        begun(code(stream("it ran"), source="first = 1")),
        begun(code(stream("so far"), raised(), source="second = 2\nsecret_line()")),
        new_markdown_cell("## What would follow"),
        code(stream("from a run long ago"), source="third = 3"),
    ]


def part(page, beginning, end):
    return page.split(beginning, 1)[1].split(end, 1)[0]


def test_what_ran_what_failed_and_what_did_not_run_are_told_apart(run, cells):
    page = page_of(run, *cells)
    before, failed = page.split('<section class="failed-cell"')
    failed, rest = failed.split("</section>")
    waiting = part(rest, '<details class="waiting">', "</details>")
    assert "Introduction" in before
    assert "it ran" in before
    assert "Cell 3 failed" in failed
    assert "so far" in failed
    assert "The cell raised ValueError: &lt;script&gt;message()&lt;/script&gt;." in failed
    assert "it ran" not in failed
    assert "Cells 4 and 5 did not run" in waiting
    assert "What would follow" in waiting
    assert "third" in waiting
    assert "from a run long ago" not in page
    assert "The notebook&#39;s own title" not in page


def test_the_reason_stands_on_top_with_its_place_and_its_hint(run, cells):
    top = text_of(page_of(run, *cells)).split("Begun")[0]
    assert "The cell raised ValueError: <script>message()</script>. Give it <b>more</b>." in top
    assert "notebooks/network.ipynb cell 3, line 2" in top


def test_the_traceback_is_folded_below_the_sentence(run, cells):
    page = page_of(run, *cells)
    assert page.count("Traceback</summary>") == 1
    fold = part(part(page, '<section class="failed-cell"', "</section>"), "<details>", "</details>")
    assert "secret_line()" in fold
    assert "\x1b" not in page


def test_parameters_times_and_the_kept_notebook_are_named(run, cells):
    text = text_of(page_of(run, *cells))
    for expected in (
        "Airport <script>parameter()</script>",
        "Begun 20 Nov 2026, 23:00 EST",
        "Stopped after 2 min 5 s",
        "Owner Ops & <b>Research</b>",
        "Notebook as far as it ran .analytics/failed/network/EWR.ipynb",
    ):
        assert expected in text


def test_nothing_of_it_acts(run, cells):
    hostile = display({"text/html": "<b onclick=x()>shown</b><script>output()</script><img src=http://example.org/x>"})
    page = page_of(run, begun(code(hostile, chart())), *cells)
    outline = Outline(page)
    own = {f"../_assets/{name}" for name in load_assets().files}
    assert {each["src"] for each in outline.all("script") if "src" in each} <= own
    assert [each for each in outline.all("script") if "src" not in each] == [{"type": "application/json"}]
    assert not outline.all("img")
    assert not any(name.startswith("on") for _, attributes in outline.elements for name in attributes)
    policy = next(each["content"] for each in outline.all("meta") if "http-equiv" in each)
    assert policy.startswith("default-src 'none'; script-src 'self';")


def test_it_leads_back_to_the_good_page_only_where_there_is_one(run, cells):
    assert 'href="EWR.html"' in page_of(run, *cells)
    assert "The last good page" not in page_of(replace(run, page=""), *cells)


def test_self_contained_it_asks_for_nothing(run, cells):
    page = page_of(run, begun(code(chart())), *cells, self_contained=True)
    outline = Outline(page)
    assert not [each for each in outline.all("script") if "src" in each]
    assert [each["href"] for each in outline.all("link")] == ["data:,"]
    policy = next(each["content"] for each in outline.all("meta") if "http-equiv" in each)
    assert policy.count("sha256-") == 3  # style, script, vega


def test_the_log_is_folded_and_absent_when_empty(run, cells):
    page = page_of(run, *cells)
    log = part(page, '<details class="log" id="log">', "</details>")
    assert "fatal &lt;script&gt;log()&lt;/script&gt;" in log
    assert '<a href="#log">' in page
    without = page_of(replace(run, log=" \n"), *cells)
    assert 'id="log"' not in without
    assert "#log" not in without


def test_a_kernel_that_died_leaves_the_cell_begun_last(run):
    died = replace(run, error=KernelDied("the kernel was ended by SIGKILL", where="notebooks/network.ipynb cell 2"))
    page = page_of(died, begun(code(source="first = 1")), begun(code(stream("so far"), source="die()")), code())
    failed = part(page, '<section class="failed-cell"', "</section>")
    assert "Cell 2 failed" in failed
    assert "so far" in failed
    assert "The kernel was ended by SIGKILL." in failed
    assert "Traceback" not in page
    assert "Cell 3 did not run" in page


def test_a_kernel_that_did_not_start_ran_no_cell(run):
    page = page_of(replace(run, error=KernelDied("the kernel did not start")), code(), code())
    assert "failed-cell" not in page
    assert "No cell ran" in page
    assert 'class="where">network' in page


def test_cells_are_numbered_as_their_author_counts(run):
    marker = new_markdown_cell(
        "An Exception was encountered at In [3]", metadata={"tags": ["papermill-error-cell-tag"]}
    )
    injected = code(source="top = 3", tags=["injected-parameters"])
    page = page_of(run, marker, begun(code(tags=["parameters"])), begun(injected), begun(code(raised())), code())
    assert "Cell 2 failed" in page
    assert "Cell 3 did not run" in page
    assert "An Exception was encountered" not in page
    assert "Code of the parameters" in page


def test_what_tags_keep_from_pages_stays_kept_but_the_failure_is_told(run):
    hidden = begun(code(stream("hidden output"), source="hidden_source()", tags=["remove-cell"]))
    quiet = begun(code(stream("quiet output"), source="quiet_source()", tags=["remove_output"]))
    failed = begun(code(stream("shown output"), raised(), source="secret_line()", tags=["remove-input"]))
    page = page_of(run, hidden, quiet, failed)
    for absent in ("hidden_source", "hidden output", "quiet output", "secret_line", "Traceback"):
        assert absent not in page
    assert "quiet_source" in page
    assert "shown output" in page
    assert "Cell 3 failed" in page
    gone = page_of(run, begun(code(stream("x output"), raised(), source="secret_line()", tags=["remove-cell"])))
    assert "Cell 1 failed" in gone
    assert "x output" not in gone
    assert "secret_line" not in gone


def test_an_endless_text_is_cut_at_its_beginning_and_says_so(run):
    endless = stream("begin " + "x" * SHOWN_CHARACTERS + " end")
    page = page_of(run, begun(code(endless)))
    assert "begin" not in page
    assert "x end" in page
    assert "[10 characters before this are left out; the kept notebook has them]" in page


def test_anchors_of_the_page_itself_are_not_taken_by_headings(run):
    page = page_of(run, begun(new_markdown_cell("Text\n\n## Log\n\n## Failed cell")), begun(code(raised())))
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
