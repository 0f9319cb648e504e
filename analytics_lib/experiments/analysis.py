"""An analysis: metrics of all variants, segments and days, from one scan of the data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np

from analytics_lib.errors import InputError, nearest
from analytics_lib.experiments.asking import asked_again
from analytics_lib.experiments.engine import Question
from analytics_lib.experiments.metrics import Mean, Proportion, Quantile, Ratio
from analytics_lib.experiments.results import Results
from analytics_lib.experiments.rows import correction_of
from analytics_lib.experiments.sample_ratio import sample_ratio
from analytics_lib.experiments.trial import Trial, is_plain_mean
from analytics_lib.model.aggregation import SEGMENT, SIZE, VARIANT, MomentRequest, QuantileRequest
from analytics_lib.model.labels import ordered

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray

    from analytics_lib.experiments.engine import Plan
    from analytics_lib.experiments.metrics import Metric
    from analytics_lib.experiments.sample_ratio import Weights
    from analytics_lib.model.aggregation import MomentAnswer, MomentSource

_MOST_VARIANTS: Final = 100
_MOST_EXTREMES: Final = 20
"""Of so many columns outliers are looked for; the smallest and largest values of more cost as much as sums."""
_LOOSE: Final = 1e-9
"""How far the variance of a share may be from p(1 − p): rounding."""


def analyze(  # noqa: PLR0913, PLR0917 - the parts of one experiment, each by its usual name
    data: pd.DataFrame | pa.Table | MomentSource,
    metrics: Mapping[str, Metric] | Sequence[Metric],
    variant: str = "variant",
    control: Any = None,
    unit: str | None = None,
    segments: Sequence[str] = (),
    cluster: str | None = None,
    strata: str | None = None,
    by_day: str | None = None,
    plan: Plan | None = None,
    correction: str | Mapping[str, str] | None = None,
    expected: Weights | None = None,
    alpha: float = 0.05,
) -> Results:
    """Compare every treatment with control in every metric, from one scan.

    Means by Welch's t-test, proportions by the pooled z-test, ratios by the delta method, quantiles by their order
    statistics (Woodruff 1952). Outliers are looked for in up to 20 means and ratios.

    Parameters
    ----------
    data
        One row a unit: a DataFrame, an Arrow table, or ``connect(…).table(…)`` and ``.query(…)``, whose rows stay in
        the database.
    metrics
        The metrics by name; those of a list are named by their columns.
    variant
        The column with a unit's variant.
    control
        Control's label; the lowest when left out.
    unit
        The column with a unit's identity, to find units that stand in the data twice.
    segments
        Columns whose values are compared each by itself as well.
    cluster
        The column of clusters, where whole clusters were randomised: variances and counts are then over clusters.
    strata
        A column known before the start, to weight the arms' strata alike.
    by_day
        The column with the day a unit came in: `Results.history` then has the answer after each day.
    plan
        `AlwaysValid` or `GroupSequential`, where the experiment is looked at while it runs.
    correction
        ``"holm"``, ``"benjamini_hochberg"`` or ``"bonferroni"`` over all metrics and treatments, or
        ``{"method": …, "family": "metric"}`` (or ``"treatment"``). Segments are a family of their own.
    expected
        Planned shares of the variants; equal when left out.
    alpha
        The significance level.

    Raises
    ------
    InputError
        A column is absent or holds what the metric cannot use, there is one variant, control is missing, units stand
        in the data twice, nothing varies, or an option has no such value.

    Examples
    --------
    >>> import pandas as pd
    >>> visits = pd.DataFrame({"variant": ["A", "B"] * 4, "orders": [1, 2, 0, 3, 2, 2, 1, 4]})
    >>> results = analyze(visits, {"orders": Mean("orders")})
    >>> results.to_frame()[["control", "treatment", "effect_size"]].values.tolist()
    [['A', 'B', 1.75]]
    """
    Question(alpha=alpha)  # says what is wrong with alpha
    named, adjusting = named_metrics(metrics), correction_of(correction)
    _require_possible(named, plan, cluster, strata, by_day)
    request = _request(named, variant, by_day, tuple([segments] if isinstance(segments, str) else segments), strata,
                       cluster, unit)  # fmt: skip
    source = as_source(data)
    answer = source.moments(request)
    variants = _variants(answer, variant, control)
    _require_sound(answer, named, request)
    answer = asked_again(source, answer, request, named)
    trial = Trial(named, variants[0], tuple(variants[1:]), answer, by_day, cluster is not None, alpha, plan)
    counts = {str(name): int(n) for name, n in zip(variants, trial.units[:, -1], strict=True)}
    return Results(trial, adjusting, sample_ratio(counts, expected), expected)


def as_source(data: Any) -> MomentSource:
    """Return data as what answers with moments."""
    if callable(getattr(data, "moments", None)):
        return cast("MomentSource", data)
    from analytics_lib.experiments.frames import Frame

    return Frame(data)


def named_metrics(metrics: Mapping[str, Metric] | Sequence[Metric]) -> dict[str, Metric]:
    """Return metrics by name; those of a list by their columns.

    Raises
    ------
    InputError
        There are none, one is no metric, or two have the same name.
    """
    if isinstance(metrics, (Mean, Ratio, Quantile)):
        metrics = [metrics]
    if isinstance(metrics, Mapping):
        named = {str(name): metric for name, metric in metrics.items()}
    elif isinstance(metrics, (list, tuple)):
        named = {_name(metric): metric for metric in metrics}
    else:
        raise InputError(f"metrics is {metrics!r}", hint='{"orders": Mean("orders")} is right')
    for name, metric in named.items():
        if not isinstance(metric, (Mean, Ratio, Quantile)):
            raise InputError(f"metric '{name}' is {metric!r}", hint=f'Mean("{name}") is right, or another declaration')
    if not named:
        raise InputError("there are no metrics", hint='{"orders": Mean("orders")} is right')
    if len(named) < len(metrics):
        raise InputError("two metrics have the same name", hint="give them as a mapping: name → metric")
    return named


def _name(metric: object) -> str:
    if isinstance(metric, Ratio):
        return f"{metric.numerator}_per_{metric.denominator}"
    if isinstance(metric, Quantile):
        return f"{metric.column}_q{metric.q:g}"
    return metric.column if isinstance(metric, Mean) else repr(metric)


def _require_possible(
    metrics: dict[str, Metric], plan: Plan | None, cluster: str | None, strata: str | None, by_day: str | None
) -> None:
    if plan is not None and not callable(getattr(plan, "critical", None)):
        raise InputError(f"the plan is {plan!r}", hint="AlwaysValid(n_star=…) and GroupSequential(looks=…) are right")
    if cluster is not None and by_day is not None:
        raise InputError(
            "days do not add where clusters were randomised: a cluster has units on several days",
            hint="leave out by_day, and analyze the rows up to each day",
        )
    if cluster is not None and strata is not None:
        raise InputError("clusters and strata were asked for together", hint="leave out one of them")
    for name, metric in metrics.items():
        for what, given in (("clusters", cluster), ("strata", strata), ("days", by_day)):
            if isinstance(metric, Quantile) and given is not None:
                raise InputError(
                    f"metric '{name}' is a quantile, which {what} do not add up to",
                    hint="analyze quantiles by themselves, without cluster, strata and by_day",
                )


def _request(
    metrics: dict[str, Metric],
    variant: str,
    by_day: str | None,
    segments: tuple[str, ...],
    strata: str | None,
    cluster: str | None,
    unit: str | None,
) -> MomentRequest:
    sums = [metric for metric in metrics.values() if not isinstance(metric, Quantile)]
    quantiles = [QuantileRequest(each.column, each.q) for each in metrics.values() if isinstance(each, Quantile)]
    heavy = dict.fromkeys(
        column
        for metric in sums
        if cluster is not None or is_plain_mean(metric) or isinstance(metric, Ratio)
        for role, column in metric.roles.items()
        if role in {"y", "d"}
    )
    return MomentRequest(
        variant,
        tuple(dict.fromkeys(column for metric in sums for column in metric.columns)),
        pairs=tuple(dict.fromkeys(pair for metric in sums for pair in metric.pairs if pair[0] != pair[1])),
        by=() if by_day is None else (by_day,),
        segments=segments,
        strata=strata,
        cluster=cluster,
        unit=unit,
        extremes=(*heavy, *((SIZE,) if cluster is not None else ())) if len(heavy) <= _MOST_EXTREMES else (),
        quantiles=tuple(quantiles),
    )


def _variants(answer: MomentAnswer, column: str, control: Any) -> list[Any]:
    """Return the labels of the variants, control first."""
    found = list(dict.fromkeys(answer.table.labels[VARIANT]))
    found = [found[at] for at in ordered([(label,) for label in found])]
    if None in found:
        raise InputError(f"units have no variant: '{column}' is missing", hint="leave these rows out")
    if len(found) == 1:
        raise InputError(f"column '{column}' has one value, {found[0]!r}", hint="at least two variants are needed")
    if len(found) > _MOST_VARIANTS:
        raise InputError(f"column '{column}' has {len(found):,} values", hint="name the column of variants")
    if control is None:
        return found
    names = [str(label) for label in found]  # files and command lines write 1 as "1"
    if str(control) not in names:
        raise InputError(f"there is no variant {control!r} in column '{column}'", hint=nearest(str(control), names))
    first = found.pop(names.index(str(control)))
    return [first, *found]


def _require_sound(answer: MomentAnswer, metrics: dict[str, Metric], request: MomentRequest) -> None:
    """Refuse data that a metric cannot use; what can be read with care is left to the trust checks."""
    labels, table = answer.table.labels, answer.table
    total = [row for row, segment in enumerate(labels.get(SEGMENT, [""] * len(table))) if segment == ""]
    for name in request.by:
        if None in labels[name]:
            raise InputError(f"units have no day: '{name}' is missing", hint="leave these rows out")
    _require_values(answer, request, np.array(total))
    place = {name: at for at, name in enumerate(table.columns)}
    for name, metric in metrics.items():
        if isinstance(metric, Proportion) and request.cluster is None:
            at = place[metric.column]
            n, mean, squares = table.n[total], table.mean[total, at], table.comoment[total, at, at]
            there = n > answer.missing[total, at]
            wrong = (mean < -_LOOSE) | (mean > 1 + _LOOSE) | (np.abs(squares - n * mean * (1 - mean)) > _LOOSE * n)
            if (there & wrong).any():
                raise InputError(
                    f"metric '{name}' is a proportion, and '{metric.column}' has values other than 0 and 1",
                    hint="Mean takes any number",
                )
    counts = answer.units
    if counts is None:
        return
    if counts.missing:
        raise InputError(f"{counts.missing:,} rows have no unit: '{request.unit}' is missing", hint="leave them out")
    variants = len(set(labels[VARIANT]))
    again = counts.rows - counts.distinct
    if counts.repeated > counts.in_two or again > counts.in_two * (variants - 1):
        raise InputError(
            f"units stand in the data twice: {counts.distinct:,} units have {counts.rows:,} rows",
            hint="add the rows of each unit up first, with the day it came in",
        )


def _require_values(answer: MomentAnswer, request: MomentRequest, total: NDArray[np.intp]) -> None:
    """Refuse missing values, unless a whole variant has none: what is absent is told by the trust checks."""
    variants = [answer.table.labels[VARIANT][row] for row in total]
    for at in np.flatnonzero(answer.missing[total].any(axis=0)):
        missing = dict.fromkeys(variants, 0)
        rows = dict.fromkeys(variants, 0)
        for name, row in zip(variants, total, strict=True):
            missing[name] += int(answer.missing[row, at])
            rows[name] += int(answer.table.n[row])
        partly = [name for name in missing if missing[name] and (request.cluster or missing[name] < rows[name])]
        if not partly and any(missing[name] < rows[name] for name in missing):
            continue
        which = partly[0] if partly else next(iter(missing))
        count = missing[which]
        raise InputError(
            f"'{request.measured[at]}' is missing for {count:,} unit{'s' * (count > 1)} of variant {which!r}",
            hint="put 0 in their place if that is what it means, or leave these units out",
        )
