"""What must hold before any result of an experiment is read: the checks of its data, each with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from analytics_lib.errors import InputError
from analytics_lib.experiments import influence, symptoms
from analytics_lib.experiments.evidence import Whole, count, number
from analytics_lib.experiments.sample_ratio import sample_ratio as split_test
from analytics_lib.experiments.sample_ratio import sample_ratio_sequential
from analytics_lib.model.aggregation import SEGMENT, SEGMENT_VALUE, VARIANT
from analytics_lib.model.decisions import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.experiments.sample_ratio import SampleRatio, Weights
    from analytics_lib.model.aggregation import MomentAnswer, UnitCounts

__all__ = ["Finding", "check", "exposed_before"]

_MISMATCH: Final = 0.001
"""p-value of a sample-ratio mismatch."""
_FEWEST: Final = 5
_TOLERATED: Final = 0.01
"""Share of units at fault up to which a finding is a warning."""


def check(
    answer: MomentAnswer,
    metrics: Mapping[str, Metric],
    control: Any,
    *,
    sample_ratio: SampleRatio | None = None,
    expected: Weights | None = None,
    day: str | None = None,
    start: date | None = None,
) -> tuple[Finding, ...]:
    """Return what speaks against an experiment's data: errors first, nothing when all is well.

    Parameters
    ----------
    answer
        The answer to the analysis' own request. Labels of segments and strata are allowed; only the split is
        checked within segments. Outliers need its `extremes` of the metrics' columns, units seen twice its `units`.
    metrics
        The metrics by name. Clusters are recognised by the column `SIZE`.
    control
        Control's label.
    sample_ratio
        The check of all units against the plan, at one look.
    expected
        The planned split, for the check after each day; see `sample_ratio_sequential`.
    day
        The label of days (the request's `by`), for "since when" and for novelty.
    start
        The experiment's first day; needs `day`.

    Raises
    ------
    InputError
        The answer has no such control or label.

    Examples
    --------
    >>> import pandas as pd
    >>> from analytics_lib.experiments import Mean
    >>> from analytics_lib.experiments.frames import Frame
    >>> from analytics_lib.model.aggregation import MomentRequest
    >>> frame = Frame(pd.DataFrame({"variant": ["A", "B"] * 20, "orders": range(40)}))
    >>> found = check(frame.moments(MomentRequest("variant", ("orders",))), {"orders": Mean("orders")}, "A")
    >>> [finding.sentence for finding in found]
    ['A has 20 units and B has 20, fewer than 100']
    """
    whole = Whole.from_answer(answer, control)
    if start is not None and day is None:
        raise InputError("a start was given without days", hint="name the column of days")
    found = [
        *_sample_ratio(whole, sample_ratio, expected, day),
        *_by_segment(answer, whole, expected),
        *(() if answer.units is None else _units(answer.units)),
        *_clusters(whole),
        *(() if start is None or day is None else exposed_before(answer, day, start)),
        *symptoms.absent(whole, metrics),
        *symptoms.missing(whole, metrics),
        *symptoms.covariates(whole, metrics),
        *symptoms.few_units(whole, metrics),
        *influence.outliers(whole, metrics),
        *(() if day is None else influence.novelty(whole, metrics, day)),
    ]
    return tuple(sorted(found, key=lambda finding: finding.severity != "error"))


def exposed_before(answer: MomentAnswer, day: str, start: date) -> tuple[Finding, ...]:
    """Return whether units were exposed before the experiment's first day; see `check` for the parameters."""
    table = Whole.from_answer(answer, None).table
    days = table.rollup(keep=(day,))
    early = sum(float(n) for label, n in zip(days.labels[day], days.n, strict=True) if label and label < start)
    if not early:
        return ()
    return (
        Finding(
            "exposure before start",
            _severity(early, float(days.n.sum())),
            f"{count(early)} units were exposed before the start on {start}",
            "leave them out, or correct the start: what they did before is no answer to the treatment",
        ),
    )


def _sample_ratio(
    whole: Whole, one_look: SampleRatio | None, expected: Weights | None, day: str | None
) -> Iterator[Finding]:
    """Find a sample-ratio mismatch.

    One look's χ² decides at its threshold. Where days are looked at, the always-valid check decides, or a χ² below the
    threshold divided by the days (Bonferroni); a χ² between the two is a warning.
    """
    advice = "look for what loses or adds units of {}: redirects, crashes, bots, a late exposure event; then start anew"
    since, looks = None, 1
    if day is not None and not whole.clustered:
        blocks = _daily(whole, day)
        looks = max(len(blocks), 1)
        if blocks:
            always = sample_ratio_sequential([*blocks.values()], expected, _MISMATCH)
            since = None if always.first_crossed is None else [*blocks][always.first_crossed]
            if since is not None and (one_look is None or not one_look.mismatch):
                off = f"sample-ratio mismatch since {since}: {always.sentence.split(': ', 1)[1]}"
                yield Finding("sample ratio", "error", off, advice.format(always.off))
                return
    if one_look is None or not one_look.mismatch:
        return
    sure = since is not None or one_look.pvalue < _MISMATCH / looks
    sentence = one_look.sentence if since is None else f"{one_look.sentence}; certain since {since}"
    yield Finding("sample ratio", "error" if sure else "warning", sentence, advice.format(one_look.off))


def _daily(whole: Whole, day: str) -> dict[date, dict[str, int]]:
    """Return the new units of each day by variant, every variant on every day."""
    table = whole.table.rollup(keep=(VARIANT, day))
    days = sorted({label for label in table.labels[day] if label is not None})
    blocks = {label: dict.fromkeys((str(variant) for variant in whole.variants), 0) for label in days}
    for variant, label, n in zip(table.labels[VARIANT], table.labels[day], table.n, strict=True):
        if label is not None:
            blocks[label][str(variant)] += int(n)
    return blocks


def _by_segment(answer: MomentAnswer, whole: Whole, expected: Weights | None) -> Iterator[Finding]:
    """Find segments with another split than planned, χ² at the threshold divided by their number; the worst is named.

    Segments with fewer than 5 units expected in an arm are left out.
    """
    labels = answer.table.labels
    found: dict[tuple[str, Any], dict[str, int]] = {}
    for at, segment in enumerate(labels.get(SEGMENT, ())):
        if segment != "" and not whole.clustered:
            key = (segment, labels[SEGMENT_VALUE][at])
            counts = found.setdefault(key, dict.fromkeys((str(name) for name in whole.variants), 0))
            counts[str(labels[VARIANT][at])] += int(answer.table.n[at])
    tested = {key: split_test(counts, expected, _MISMATCH) for key, counts in found.items()}
    tested = {key: each for key, each in tested.items() if min(each.expected_counts.values()) >= _FEWEST}
    off = {key: each for key, each in tested.items() if each.pvalue < _MISMATCH / len(tested)}
    if off:
        segment, value = worst = min(off, key=lambda key: off[key].pvalue)
        more = f", and in {len(off) - 1} more" if len(off) > 1 else ""
        yield Finding(
            "sample ratio",
            "warning",
            f"where '{segment}' is {value}{more}: {off[worst].sentence}",
            "look there for what loses or adds units, or whether the treatment itself changes the segment",
        )


def _units(units: UnitCounts) -> Iterator[Finding]:
    if units.in_two:
        share = number(100 * units.in_two / max(units.distinct, 1))
        yield Finding(
            "units in two variants",
            _severity(units.in_two, units.distinct),
            f"{count(units.in_two)} units ({share}%) are in more than one variant",
            "leave them out if they are few; else the assignment forgets units, or assigns something else than units",
        )
    twice = units.repeated - units.in_two
    if twice > 0:
        yield Finding(
            "unit twice",
            "error",
            f"{count(twice)} units have more than one row",
            "sum up the rows of each unit first: repeated rows count as independent ones and make errors too small",
        )
    if units.missing:
        yield Finding(
            "unit missing",
            _severity(units.missing, units.rows),
            f"{count(units.missing)} of {count(units.rows)} rows name no unit",
            "find out where the rows come from: they cannot be told from units that are there twice",
        )


def _clusters(whole: Whole) -> Iterator[Finding]:
    split = 0 if whole.clusters is None else whole.clusters.in_two
    if split:
        yield Finding(
            "clusters in two variants",
            "warning",
            f"{count(split)} clusters have units in more than one variant",
            "errors are those of clusters that are in one variant each: if units were randomised within clusters, "
            "analyze them without cluster, and with the cluster as stratum where clusters are few and large",
        )


def _severity(at_fault: float, total: float) -> Any:
    return "error" if at_fault > _TOLERATED * total else "warning"
