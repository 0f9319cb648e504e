"""What the moments of single metrics tell of an experiment's data: parts of `analytics_lib.experiments.trust`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from analytics_lib.experiments.arms import Samples, make_arms
from analytics_lib.experiments.engine import Question, estimate
from analytics_lib.experiments.evidence import count, number
from analytics_lib.experiments.metrics import Mean
from analytics_lib.model.aggregation import VARIANT
from analytics_lib.model.decisions import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analytics_lib.experiments.evidence import Whole
    from analytics_lib.experiments.metrics import Metric

_UNLIKELY: Final = 0.001
_FEW: Final = 100
_FEW_CLUSTERS: Final = 20
"""Below some 20 clusters an arm, cluster-robust intervals are too short (Cameron & Miller 2015, few clusters)."""
_FEW_SUCCESSES: Final = 5
_POWERED: Final = 2.8
"""Standard errors of the effect that a two-sided test at 0.05 finds with 80% power: 1.96 + 0.84."""


def absent(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find metrics that are zero or missing for all units of one arm only, where chance hardly leaves them so.

    At least the share (E y)² / E y² of units have y ≠ 0 (Cauchy & Schwarz), so that much is expected of the arm too.
    """
    for name, metric in metrics.items():
        for column in dict.fromkeys(metric.roles[role] for role in ("y", "d") if role in metric.roles):
            at = whole.table.columns.index(column)
            without, share = ~whole.nonzero[:, at], _share_nonzero(whole, at)
            for arm in np.flatnonzero(without & (whole.arms.n > 0)).tolist():
                if without.all() or (1.0 - share) ** whole.arms.n[arm] >= _UNLIKELY:
                    continue
                what = "zero" if whole.there[arm, at] else "missing"
                yield Finding(
                    "absent metric",
                    "error",
                    f"'{column}' is {what} for all {whole.sizes(arm)} of {whole.variants[arm]}, not so elsewhere",
                    "look at how this variant is logged: the event is probably not sent from there",
                    name,
                )


def _share_nonzero(whole: Whole, at: int) -> float:
    """Return the least share of units with a value other than zero, among arms that have any."""
    table = whole.table
    with_any = [whole.variants[arm] for arm in np.flatnonzero(whole.nonzero[:, at])]
    rows = np.array([label in with_any for label in table.labels[VARIANT]], dtype=bool)
    mean, square = table.mean[rows, at], table.comoment[rows, at, at]
    full = np.isfinite(mean) & np.isfinite(square)
    n = table.n[rows]
    first = float((n * mean)[full].sum())
    second = float((square + n * mean**2)[full].sum())
    held = whole.there[whole.nonzero[:, at], at].sum() / max(float(n.sum()), 1.0)
    return min(float(held) * first**2 / (second * float(n[full].sum())), 1.0) if second > 0 else 0.0


def missing(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find values that are missing more often in one arm than in control: the pooled z-test of two proportions."""
    columns = {column: name for name, metric in metrics.items() for column in metric.columns}
    gaps = {column: name for column, name in columns.items() if not whole.complete(column)}
    tests = max(len(gaps) * (len(whole.variants) - 1), 1)
    for column, name in gaps.items():
        at, n = whole.table.columns.index(column), whole.arms.n
        share = 1.0 - whole.there[:, at] / np.maximum(n, 1.0)
        for arm in range(1, len(whole.variants)):
            pair = [
                Samples.from_arrays(
                    ("y",), n[[at]], share[[at]][:, None], (n * share * (1.0 - share))[[at]][:, None, None]
                )
                for at in (0, arm)
            ]
            if not estimate(*make_arms(*pair), Question(equal_variances=True)).pvalue[0] < _UNLIKELY / tests:
                continue
            yield Finding(
                "missing values",
                "warning",
                f"'{column}' is missing for {number(100 * share[arm])}% of {whole.variants[arm]} and "
                f"{number(100 * share[0])}% of {whole.variants[0]}",
                "find out why: units that are left out unevenly make the arms different",
                name,
            )


def covariates(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find covariates that differ between the arms, as those do that the treatment has changed."""
    wanted: dict[tuple[str, str | None], str] = {}
    for name, metric in metrics.items():
        for role, column in metric.roles.items():
            if role.startswith("x") and role != "xd":
                wanted.setdefault((column, metric.roles.get("xd")), name)
    wanted = {
        (column, below): name
        for (column, below), name in wanted.items()
        if whole.complete(column, *filter(None, (below,)))
    }
    tests = max(len(wanted) * (len(whole.variants) - 1), 1)
    for (column, below), name in wanted.items():
        roles = {"y": column} | ({"d": below} if below else {})
        for treatment in whole.variants[1:]:
            _, _, pvalue = whole.compare(treatment, roles)
            if pvalue[0] < _UNLIKELY / tests:
                yield Finding(
                    "covariate",
                    "error",
                    f"the covariate '{column}' differs between {whole.variants[0]} and {treatment} "
                    f"(p = {pvalue[0]:.2g})",
                    "was it measured after the exposure? Take it from before, or leave it out; "
                    "else the assignment is not random",
                    name,
                )


def few_units(whole: Whole, metrics: Mapping[str, Metric]) -> Iterator[Finding]:
    """Find arms too small for a normal approximation, and metrics of which only an implausible change would be seen."""
    fewest = _FEW_CLUSTERS if whole.clustered else _FEW
    if (whole.arms.n < fewest).any():
        sizes = [f"{name} has {count(n)}" for name, n in zip(whole.variants, whole.arms.n.tolist(), strict=True)]
        first = sizes[0] + f" {whole.unit}"
        yield Finding(
            "few units",
            "warning",
            f"{', '.join([first, *sizes[1:-1]])} and {sizes[-1]}, fewer than {fewest}",
            "wait for more, or read nothing but the width of the intervals",
        )
    for name, metric in metrics.items():
        sentence = _few_successes(whole, metric) if type(metric).__name__ != "Quantile" else ""
        sentence = sentence or _powerless(whole, metric)
        if sentence:
            yield Finding(
                "few units",
                "warning",
                f"'{name}': {sentence}",
                "wait for more, or choose a metric that more units move",
                name,
            )


def _few_successes(whole: Whole, metric: Metric) -> str:
    """Say where the normal approximation of a proportion fails: fewer than 5 expected of either kind."""
    column = metric.roles["y"]
    if whole.clustered or not isinstance(metric, Mean) or not whole.complete(column):
        return ""
    pair = Samples.from_table(whole.arms, {"y": column})
    if not make_arms(pair, pair)[0].binary.all():
        return ""
    n = whole.arms.n
    share = float((n * pair.mean[:, 0]).sum() / max(n.sum(), 1.0))
    rarer = min(share, 1.0 - share) * n
    arm = int(np.argmin(rarer))
    if rarer[arm] >= _FEW_SUCCESSES:
        return ""
    kind = "successes" if share <= 0.5 else "failures"  # noqa: PLR2004 - the rarer of both
    return f"{whole.variants[arm]} can expect {number(float(rarer[arm]))} {kind}, fewer than {_FEW_SUCCESSES}"


def _powerless(whole: Whole, metric: Metric) -> str:
    """Say where less than a change by control's whole mean is never seen, of numbers that are not negative."""
    column = metric.roles["y"]
    if (
        not isinstance(metric, Mean)
        or not whole.complete(column)
        or not (whole.low.get(column, -np.ones(1)) >= 0).all()
    ):
        return ""
    mean = float(whole.arms.mean[0, whole.arms.columns.index(column)])
    for treatment in whole.variants[1:]:
        _, square, _ = whole.compare(treatment, metric.roles)
        least = _POWERED * float(np.sqrt(square[0]))
        size = mean / float(whole.arms.mean[0, -1]) if whole.clustered else mean
        if least > size > 0:
            return f"only a change of more than {number(100 * least / size)}% would be seen in {treatment}"
    return ""
