"""What is told of experiments on a narrow terminal: words are folded, no number and no day is cut."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from analytics_lib.cli import looks
from analytics_lib.pipeline.planned import Power
from analytics_lib.pipeline.registration import FirstNumbers
from analytics_lib.registry import Look

ROWS = {
    "metric": ["orders", "orders_per_session_and_country"],
    "treatment": ["one_step", "one_step"],
    "mean_control": [4.908, 1234.5],
    "mean_treatment": [5.483, 1300.1],
    "rel_effect_size": [0.1171, -0.18923],
    "rel_effect_size_ci_lower": [0.09, "-Infinity"],
    "rel_effect_size_ci_upper": [0.1448, None],
    "pvalue_adjusted": [2.094e-18, 0.11831],
    "decision": ["better", "no difference shown"],
}
DATA = {"decision": {"reason": "it wins"}, "findings": [], "summary": "One step wins.", "results": ROWS}


@pytest.fixture(params=[80, 120])
def printed(request, monkeypatch):
    """Return what a function prints on a terminal of that width."""

    def printed(function, *arguments):
        written = io.StringIO()
        monkeypatch.setattr(looks, "console", Console(file=written, width=request.param, highlight=False))
        function(*arguments)
        lines = written.getvalue().splitlines()
        assert all(len(line) <= request.param for line in lines)
        return " ".join(written.getvalue().split())

    return printed


def test_a_look(printed):
    said = printed(looks.print_look, Look("ann", datetime(2026, 3, 1, tzinfo=UTC), "ship", DATA))
    for whole in ("4.908", "5.483", "+11.71%", "+14.48%", "<0.0001", "0.1183", "-18.92%", "−∞", "one_step", "better"):
        assert whole in said


def test_power(printed):
    found = [Power("orders_per_session_and_country", "one_step", "2,000 units of its results", 1234.5, 0.3, 0.05,
                   1_234_567, 1234, 2_345_678, 0.98765, 0.04321, "a note of several words that is folded")]  # fmt: skip
    said = printed(looks.print_power, found)
    for whole in ("From 2,000 units of its results.", "1,234,567", "1,234", "2,345,678", "0.9877", "4.32%"):
        assert whole in said


def test_first_numbers_of_many_metrics(printed):
    means = {f"metric_number_{at}": {"control": 1.5, "one_step": None} for at in range(30)}
    said = printed(looks.print_first_numbers, FirstNumbers({"control": 1_000_000, "one_step": 999_999}, means))
    assert said.startswith("Metric control one_step units 1,000,000 999,999 metric_number_0 1.5 –")
    assert "metric_number_29 1.5 –" in said
    assert "no rows yet" in printed(looks.print_first_numbers, FirstNumbers({}, {}))


def test_the_list(printed):
    def show():
        lines = looks.table("Experiment", "Title", "Owner", "From", "To", "Status", "Last look", "Decided")
        words = ("checkout_in_one_step", "A title that is long enough to be folded", "growth@example.com")
        lines.add_row(*words, "2026-03-01", "2026-03-14", "running", "keep going", "–")
        looks.console.print(lines)

    said = printed(show)
    for whole in ("Experiment", "2026-03-01", "2026-03-14", "running"):
        assert whole in said
