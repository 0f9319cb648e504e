"""What was seen of an experiment, in the terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from analytics_lib.cli.output import console, print_error, print_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from analytics_lib.errors import AnalyticsError
    from analytics_lib.pipeline.planned import Power
    from analytics_lib.pipeline.registration import FirstNumbers
    from analytics_lib.registry import Look

_STYLES = {"ship": "green", "roll back": "red", "unhealthy": "red", "keep going": "cyan", "inconclusive": "yellow"}
_LEAST = 0.0001
_SHORTEST = 10
"""Columns of words keep so many letters of their heading."""
_DAYS = {"From", "To", "When", "Status"}
_NUMERIC = {
    "Units", "Mean", "Control", "Treated", "Change", "p", "Needed", "Days", "Planned", "Power", "Finds", "Clusters",
    "Rows", "Updated", "Quarantined", "Took", "As planned", "No covariate", "One look", "No clusters",
}  # fmt: skip


def print_first_numbers(numbers: FirstNumbers) -> None:
    """Print the first numbers of a registered experiment, for its owner to recognise."""
    if not numbers.units:
        console.print("Its results have no rows yet; they are looked at from the first day on.")
        return
    lines = table("Metric", *numbers.units, numeric=True)
    lines.add_row("units", *(f"{units:,}" for units in numbers.units.values()))
    for metric, means in numbers.means.items():
        lines.add_row(escape(metric), *(number_of(means.get(variant)) for variant in numbers.units))
    console.print(lines)


def print_look(look: Look, times: int | None = None) -> None:
    """Print a look: the decision first, what speaks against it, then the numbers."""
    data = look.data
    decision, verdict = data["decision"], str(look.verdict)
    count = "" if times is None else f", look {times}"
    console.print(f"[bold {_STYLES.get(verdict, '')}]{escape(verdict.capitalize())}[/] ({moment(look.at)}{count})")
    console.print(escape(f"{decision['reason']}."), soft_wrap=True)
    for finding in data["findings"]:
        style = "red" if finding["severity"] == "error" else "yellow"
        said = (
            f"[{style}]{finding['severity'].capitalize()}[/] {escape(finding['sentence'])}: {escape(finding['advice'])}"
        )
        console.print(said, soft_wrap=True)
    console.print(escape(data["summary"]), soft_wrap=True)
    console.print()
    console.print(_results(data["results"]))


def print_all(
    looks: Sequence[tuple[str, Look]], failures: Sequence[tuple[str, AnalyticsError]], *, as_json: bool
) -> None:
    """Print a line for each experiment that was looked at; those that could not be, as errors."""
    if as_json:
        told = [facts_of(name, look) for name, look in looks]
        print_json(told + [{"experiment": name, "error": str(error)} for name, error in failures])
        return
    if not looks and not failures:
        console.print("No experiment is running.")
    if looks:
        lines = table("Experiment", "Says", "Why")
        for name, look in looks:
            verdict, reason = str(look.verdict), look.data["decision"]["reason"]
            lines.add_row(escape(name), f"[{_STYLES.get(verdict, '')}]{verdict}[/]", escape(reason))
        console.print(lines)
    for name, error in failures:
        error.where = error.where or f"experiment '{name}'"
        print_error(error)


def facts_of(name: str, look: Look) -> dict[str, Any]:
    """Return a look as ``--json`` tells it."""
    return {"experiment": name, "at": look.at.isoformat(), "who": look.who, "verdict": look.verdict, **look.data}


def print_power(found: Sequence[Power]) -> None:
    """Print what each metric can find, and what that is planned from."""
    if found:
        console.print(f"From {escape(found[0].basis)}.")
    lines = table("Metric", "Treatment", "Mean", "Needed", "Days", "Planned", "Power", "Finds", "Note")
    for each in found:
        lines.add_row(
            escape(each.metric), escape(each.treatment), number_of(each.mean), count_of(each.units_needed),
            count_of(each.days_needed), count_of(each.planned_units), number_of(each.power_as_planned),
            percent_of(each.minimum_effect), escape(each.note or "–"),
        )  # fmt: skip
    console.print(lines)


def table(*columns: str, numeric: bool = False) -> Table:
    """Return a table without a frame; on a narrow terminal words are folded, numbers and days never.

    Parameters
    ----------
    columns
        The headings.
    numeric
        Whether all columns but the first hold numbers.
    """
    made = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for at, column in enumerate(columns):
        right = column in _NUMERIC or (numeric and at > 0)
        whole = right or column in _DAYS
        least = None if whole else min(len(column), _SHORTEST)
        made.add_column(
            escape(column), justify="right" if right else "left", overflow="fold", no_wrap=whole, min_width=least
        )
    return made


def moment(at: datetime) -> str:
    """Return a moment as a person here reads it."""
    return at.astimezone().strftime("%Y-%m-%d %H:%M")


def _results(rows: Mapping[str, list[Any]]) -> Table:
    lines = table("Metric", "Treatment", "Control", "Treated", "Change", "Between", "p", "Decision")
    for at, metric in enumerate(rows["metric"]):
        if "segment" in rows and rows["segment"][at]:
            continue
        low, high = (_share(rows[f"rel_effect_size_ci_{side}"][at]) for side in ("lower", "upper"))
        cells = (
            metric, str(rows["treatment"][at]),
            number_of(rows["mean_control"][at]), number_of(rows["mean_treatment"][at]),
            _share(rows["rel_effect_size"][at]), f"{low} and {high}", _chance(rows["pvalue_adjusted"][at]),
            rows["decision"][at],
        )  # fmt: skip
        lines.add_row(*(escape(cell) for cell in cells))
    return lines


def number_of(value: Any) -> str:
    """Return a number as it is shown."""
    return "–" if value is None or not math.isfinite(float(value)) else f"{float(value):.4g}"


def count_of(value: float | None) -> str:
    """Return a count as it is shown."""
    return "–" if value is None or not math.isfinite(value) else f"{value:,.0f}"


def percent_of(value: float | None) -> str:
    """Return a share as it is shown."""
    return "–" if value is None or not math.isfinite(value) else f"{value:.2%}"


def _chance(value: float | None) -> str:
    """Return a p-value as it is shown: four digits say enough."""
    if value is None:
        return "–"
    return f"{value:.4f}" if value >= _LEAST else f"<{_LEAST}"


def _share(value: Any) -> str:
    if value is None:
        return "–"
    return {"Infinity": "∞", "-Infinity": "−∞"}[value] if isinstance(value, str) else f"{value:+.2%}"
