"""An analysis in two plain sentences, for people who decide and do not compute."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from analytics_lib.experiments.metrics import Proportion
from analytics_lib.experiments.rows import NUMBERS

if TYPE_CHECKING:
    from analytics_lib.experiments.results import Results

_NAMED: Final = 3
"""So many metrics are named in a sentence."""
_RAREST: Final = 10_000
_STRONG: Final = 0.01
_LARGE: Final = 1000


class _Row(NamedTuple):
    """What is said of one metric and treatment: `alone` is its p-value before, `pvalue` after the correction."""

    metric: str
    treatment: Any
    decision: str
    alone: float
    pvalue: float
    means: tuple[float, float]
    change: tuple[float, float, float]
    relative: bool
    share: bool


def summarize(results: Results) -> str:
    """Return two sentences: what moved, by how much and how surely; then what that means."""
    errors = [each for each in results.checks if each.severity == "error"]
    if errors:
        first = errors[0]
        return f"Do not read these numbers yet: {_inside(first.sentence)}. {_opening(_inside(first.advice))}."
    rows = _totals(results)
    moved = sorted((row for row in rows if row.decision in ("better", "worse")), key=lambda row: row.pvalue)
    if not moved:
        return _nothing(results, rows)
    sure = f"{100 * (1 - results.alpha):.3g}%"
    changes = [_change(row, sure) for row in moved[:_NAMED]]
    others = len(moved) - _NAMED
    more = f"; {others} more change{'s stand' if others > 1 else ' stands'} in the table" if others > 0 else ""
    names = {row.metric for row in moved}
    still = [row for row in rows if row.metric not in names]
    rest = f"; no difference is shown in {_metrics(still)}" if still else ""
    return f"Compared with {results.control}, {_listing(changes)}{more}. {_chance(moved)}{rest}."


def _nothing(results: Results, rows: list[_Row]) -> str:
    clearest = min(rows, key=lambda row: math.inf if math.isnan(row.alone) else row.alone)
    effect, low, high = _said(clearest)
    first = f"{_listing([str(name) for name in results.treatments])} shows no difference from {results.control}"
    if len(results.treatments) > 1:
        first = first.replace(" shows ", " show ")
    fits = f"{clearest.metric} changed by {effect}, and anything between {low} and {high} fits the data"
    if not clearest.change[1] < 0 < clearest.change[2]:  # corrected for being one of many
        fits = f"the clearest change, {clearest.metric} by {effect}, is no more than chance brings in {len(rows)} tests"
    return (
        f"{first} in {_metrics(rows)}: {fits}. "
        "That does not prove that there is none: a longer experiment would show smaller differences."
    )


def _change(row: _Row, sure: str) -> str:
    effect, low, high = _said(row)
    verb = "raised" if row.decision == "better" else "lowered"
    before, after = (_mean(mean, share=row.share) for mean in row.means)
    by = f"by {effect.removeprefix('-')} (between {low} and {high}, {sure} sure)"
    return f"{row.treatment} {verb} {row.metric} from {before} to {after}, {by}"


def _mean(value: float, *, share: bool) -> str:
    if share:
        return f"{100 * value:.3g}%"
    return f"{value:,.0f}" if abs(value) >= _LARGE else f"{value:.3g}"


def _totals(results: Results) -> list[_Row]:
    rows = results.rows
    found = []
    for at, metric in enumerate(rows["metric"]):
        if rows.get("segment", [""] * (at + 1))[at]:
            continue
        values = {name: rows[name][at] for name in NUMBERS}
        ends = [values[f"rel_effect_size{end}"] for end in ("", "_ci_lower", "_ci_upper")]
        relative = all(math.isfinite(end) for end in ends)
        if not relative:
            ends = [values[f"effect_size{end}"] for end in ("", "_ci_lower", "_ci_upper")]
        found.append(
            _Row(
                metric=metric,
                treatment=rows["treatment"][at],
                decision=rows["decision"][at],
                alone=rows["pvalue"][at],
                pvalue=rows["pvalue_adjusted"][at],
                means=(values["mean_control"], values["mean_treatment"]),
                change=(ends[0], ends[1], ends[2]),
                relative=relative,
                share=isinstance(results.metrics[metric], Proportion),
            )
        )
    return found


def _said(row: _Row) -> tuple[str, str, str]:
    """Return effect and limits with as many digits as the interval's width is worth."""
    scale = 100.0 if row.relative else 1.0
    values = [scale * value for value in row.change]
    width = values[2] - values[1]
    digits = digits_of(width)
    effect, low, high = (f"{value:,.{digits}f}{'%' if row.relative else ''}" for value in values)
    return effect, low, high


def digits_of(width: float) -> int:
    """Return how many decimals an interval so wide is worth.

    Examples
    --------
    >>> digits_of(6.35), digits_of(32.0), digits_of(math.inf)
    (1, 0, 1)
    """
    return max(0, 1 - math.floor(math.log10(width))) if 0 < width < math.inf else 1


def _chance(moved: list[_Row]) -> str:
    """Return how often chance alone would do this, for the least sure of the changes that are named."""
    pvalue = max(row.pvalue for row in moved[:_NAMED])
    if pvalue < 1 / _RAREST:
        often = f"fewer than 1 of {_RAREST:,}"
    else:
        size = 10 ** max(0, math.floor(math.log10(1 / pvalue)) - 1)
        often = f"about 1 of {round(1 / pvalue / size) * size:,}"
    which = "That is" if len(moved) == 1 else "Each is"
    strong = "hardly chance" if pvalue < _STRONG else "unlikely to be chance"
    return f"{which} {strong}: if the variants were alike, {often} such experiments would show as much"


def _metrics(rows: list[_Row]) -> str:
    names = list(dict.fromkeys(row.metric for row in rows))
    if len(names) > _NAMED:
        names = [*names[: _NAMED - 1], f"{len(names) - _NAMED + 1} other metrics"]
    return _listing(names)


def _listing(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _opening(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _inside(sentence: str) -> str:
    """Return a finding's words without their full stop."""
    return sentence.strip().rstrip(".")
