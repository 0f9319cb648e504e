"""What a build says in the end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analytics_lib.errors import ChecksFailed, ParameterError, PublishError, RenderError
from analytics_lib.model.checks import CheckResult, ExpectationResult
from analytics_lib.pipeline.results import BuildResult, PageResult, gravest


def page(status, error=None):
    return PageResult("sales", "north", "north", {"region": "north"}, status, 1.23456, error=error)


@pytest.mark.parametrize(
    ("pages", "code"),
    [
        ([], 0),
        ([page("published"), page("unchanged"), page("restored")], 0),
        ([page("published"), page("held back", ChecksFailed("x"))], 3),
        ([page("failed", RenderError("x")), page("held back", ChecksFailed("x"))], 4),
        ([page("failed", RenderError("x")), page("invalid", ParameterError("x"))], 2),
        ([page("failed", PublishError("x"))], 4),
        ([page("held back"), page("published")], 3),
    ],
)
def test_the_gravest_page_gives_the_exit_code(pages, code):
    assert BuildResult(tuple(pages), Path("site")).exit_code == code


def test_json():
    result = BuildResult((page("published"), page("failed", RenderError("it broke", where="cell 3"))), Path("site"))
    said = json.loads(json.dumps(result.to_json()))
    assert said["exit_code"] == 4
    assert said["site"] == "site/index.html"
    assert said["pages"][0] == {
        "report": "sales", "page": "north", "parameters": {"region": "north"}, "status": "published", "seconds": 1.235,
        "href": None, "version": None, "error": None, "failed_run": None, "reasons": [],
    }  # fmt: skip
    assert said["pages"][1]["error"] == "cell 3: it broke"
    assert result.rendered == 1


def test_the_gravest_reason():
    def failed(sentence, severity, **more):
        return ExpectationResult("e", sentence, "x", severity, False, "3 of 9", **more)

    passed = ExpectationResult("e", "fine", "x", "error", True, "")
    checks = [
        CheckResult("s", "shop: orders", (passed, failed("a warning", "warning"), failed("no nulls", "error"))),
        CheckResult("s", "output: sales", (failed("no rows", "error", problem="there is no column x"),)),
    ]
    assert all(words in gravest(checks) for words in ("shop: orders", "no nulls", "3 of 9", "and 1 more"))
    assert "a warning" not in gravest(checks)
    assert "there is no column x" in gravest(checks[1:])
    assert "more" not in gravest(checks[1:])
    assert gravest([CheckResult("s", "o", (passed,))]) == ""
