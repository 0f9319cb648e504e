"""The table that a build ends with: on wide and narrow terminals, of few pages and of many."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from analytics_lib.cli import output, summary
from analytics_lib.errors import ChecksFailed, RenderError
from analytics_lib.pipeline.results import BuildResult, PageResult

LONG = "All customers since the beginning of time, in Europe, Africa and Asia"


@pytest.fixture
def printed(monkeypatch, capsys, tmp_path):
    """Print the end of a build on a terminal of so many columns; return the lines of both streams."""
    monkeypatch.chdir(tmp_path)  # where no site has been published

    def printed(*pages, columns=200):
        monkeypatch.setattr(summary, "console", Console(width=columns, highlight=False))
        for module in (summary, output):
            monkeypatch.setattr(module, "errors", Console(width=columns, highlight=False, stderr=True))
        summary.print_build(BuildResult(tuple(pages), Path("site"), seconds=61.04))
        said = capsys.readouterr()
        return said.out.splitlines(), said.err.splitlines()

    return printed


def page(number, status="published", report="sales", **more):
    href = f"{report}/p{number}.html" if status == "published" else None
    return PageResult(report, f"p{number}", f"p{number}", {}, status, 1.5, href=href, **more)


def test_counts_come_in_one_order(printed):
    failed = [page(number, "failed", error=RenderError(f"it broke {number}")) for number in range(3)]
    out, err = printed(*failed, *(page(number) for number in range(3, 20)))
    assert out[-1] == "17 published, 3 failed in 61.0 s."
    assert [line for line in err if line.startswith("Error")] == [f"Error it broke {number}." for number in range(3)]


def test_what_went_wrong_with_many_pages_is_said_once(printed):
    error = ChecksFailed("no nulls: 3 of 9", where="report 'sales'")
    _, err = printed(*(page(number, "held back", error=error) for number in range(1500)))
    assert err == [
        "Error report 'sales': no nulls: 3 of 9.",
        "      On 1,500 pages: sales p0, sales p1, sales p2 and 1,497 more",
    ]


def test_many_pages_are_summed_up_and_the_bad_ones_named(printed):
    pages = [page(number) for number in range(300)]
    pages[7] = page(7, "failed", error=RenderError("it broke"))
    other = [page(number, "unchanged", report="churn") for number in range(200)]
    out, _ = printed(*pages, *other, page(0, report="alone"))
    assert [line.split() for line in out[:-1]] == [
        ["Report", "Parameters", "Status", "Seconds", "Page"],
        ["sales", "299", "pages", "published", "⌀", "1.5", "sales/index.html"],
        ["sales", "p7", "failed", "1.5", "–"],
        ["churn", "200", "pages", "unchanged", "⌀", "1.5", "churn/index.html"],
        ["alone", "p0", "published", "1.5", "alone/p0.html"],
    ]
    assert out[-1] == "300 published, 200 unchanged, 1 failed in 61.0 s."


@pytest.mark.parametrize("columns", [50, 80, 120, 200])
def test_a_narrow_terminal_loses_no_status(printed, columns):
    """Long labels give way first, then the addresses, then the reports' names; no line is folded."""
    report = "a_long_name_of_a_report_of_the_finance_department"
    pages = [
        PageResult(report, "p1", LONG, {}, "published", 1.0, href=f"{report}/p1.html"),
        PageResult("sales", "p2", "short", {}, "held back", 12.5),
    ]
    out, _ = printed(*pages, columns=columns)
    table = out[:3]
    assert len(out) == 4
    assert all(len(line.rstrip()) <= columns for line in table)
    assert "published" in table[1]
    assert "All custome" in table[1]
    assert "held back" in table[2]
    assert "12.5" in table[2]
    assert (f"{report}/p1.html" in table[1]) == (columns >= 200)
    assert (LONG in table[1]) == (columns >= 200)


def test_one_page_alone(printed):
    out, _ = printed(PageResult("sales", "index", "Sales", {}, "unchanged", href="sales/index.html"))
    assert out[1].split() == ["sales", "–", "unchanged", "–", "sales/index.html"]
    assert out[-1] == "Nothing has changed: the page is up to date, nothing was rendered (61.0 s)."
